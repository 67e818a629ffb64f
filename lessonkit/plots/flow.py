"""A flow over its last seconds: jobs per second beside the capacity, and how many wait and run."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from lessonkit.flow import KEPT_S, THROUGHPUT_S, Flow
from lessonkit.plots.done import DASHES, HALO
from lessonkit.plots.ink import BLUE, INK, QUIET, RULE, SMALL_PX, color_of, dress, readable

#: an axis that holds what there is grows in such steps, so that it does not jump at each frame
GROWTH = 1.3
LEAST_PER_S, LEAST_JOBS = 4.0, 6.0
#: so many of the latest changes are named
MARKS = 5


@dataclass
class FlowChart:
    """What one of the functions below drew. `moving` are the artists that `update` changes."""

    ax: Axes
    least: float
    lines: tuple[Line2D, ...]
    colored: LineCollection
    marks: tuple[tuple[Line2D, Text], ...] = ()

    @property
    def moving(self) -> tuple[Artist, ...]:
        return (*self.lines, self.colored, *(artist for mark in self.marks for artist in mark))

    def update(self, flow: Flow) -> bool:
        """Show the last seconds. Answers whether what stands still had to change as well."""
        values, colored = self._values(flow)
        times_s = [note.at_s - flow.now.at_s for note in flow.notes]
        for line, heights in zip(self.lines, values, strict=True):
            line.set_data(times_s, heights)
        points = list(zip(times_s, colored, strict=True))
        self.colored.set_segments(list(pairwise(points)))
        self.colored.set_color([color_of(note.setting.max_jobs) for note in flow.notes][1:])
        self._mark(flow)
        return self._fit(max(max(heights) for heights in (*values, colored)))

    def _values(self, flow: Flow) -> tuple[tuple[list[float], ...], list[float]]:
        """The heights of `lines`, and those of the line that has the colours of `max_jobs`."""
        raise NotImplementedError

    def _mark(self, flow: Flow) -> None:
        """Say where `max_jobs` was changed."""
        top = self.ax.get_ylim()[1]
        changes = [*reversed(flow.changes)]
        for number, (line, text) in enumerate(self.marks):
            there = number < len(changes) and changes[number][0] > flow.now.at_s - KEPT_S
            line.set_visible(there)
            text.set_visible(there)
            if there:
                at_s, max_jobs = changes[number]
                line.set_xdata([at_s - flow.now.at_s] * 2)
                line.set_color(readable(color_of(max_jobs)))
                text.set(text=f"max_jobs {max_jobs} ", color=readable(color_of(max_jobs)))
                # the newest of those that lie close together is read best on top
                text.set_position((at_s - flow.now.at_s, top * (0.97 - 0.09 * (number % 3))))

    def _fit(self, highest: float) -> bool:
        """Have the axis hold what there is, and shrink when that is far less."""
        top = self.ax.get_ylim()[1]
        if highest <= top and (highest > top / 3 or top <= self.least * GROWTH):
            return False
        self.ax.set_ylim(0, max(highest, self.least) * GROWTH)
        return True


class ThroughputChart(FlowChart):
    """Jobs per second: finished, arriving, and the capacity."""

    def _values(self, flow: Flow) -> tuple[tuple[list[float], ...], list[float]]:
        capacities = [note.setting.capacity_per_s for note in flow.notes]
        arrivals = [note.setting.rate_per_s for note in flow.notes]
        return (capacities, arrivals), flow.throughputs()


class QueueChart(FlowChart):
    """Jobs that wait, and jobs that run."""

    def _values(self, flow: Flow) -> tuple[tuple[list[float], ...], list[float]]:
        waiting = [float(note.waiting) for note in flow.notes]
        return (waiting,), [float(note.running) for note in flow.notes]


def draw_throughput(ax: Axes, flow: Flow) -> ThroughputChart:
    """Draw on `ax` how many jobs finish per second, beside arrivals and capacity, and return the
    artists."""
    _dress(ax, f"Jobs per second, over the last {THROUGHPUT_S:g} s", LEAST_PER_S)
    capacity = _line(ax, "capacity", 0.56, QUIET, 1.4, linestyle=DASHES)
    arriving = _line(ax, "arriving", 0.3, INK, 1.1)
    chart = ThroughputChart(
        ax, LEAST_PER_S, (capacity, arriving), _colored(ax, "finished"), _marks(ax)
    )
    chart.update(flow)
    return chart


def draw_queue(ax: Axes, flow: Flow) -> QueueChart:
    """Draw on `ax` how many jobs wait and run, and return the artists."""
    _dress(ax, "Jobs in the queue", LEAST_JOBS)
    waiting = _line(ax, "waiting", 0.3, INK, 1.8)
    chart = QueueChart(ax, LEAST_JOBS, (waiting,), _colored(ax, "running"))
    chart.update(flow)
    return chart


def describe_throughput(flow: Flow) -> str:
    """The chart in words, from the same data."""
    setting, now = flow.setting, flow.throughputs()[-1]
    changes = ", then ".join(
        f"{max_jobs} {flow.now.at_s - at_s:.0f} s ago" for at_s, max_jobs in flow.changes
    )
    changed = f" max_jobs was changed to {changes}." if changes else ""
    return (
        f"Jobs per second over the last {KEPT_S:g} s: {now:.1f} finish now, "
        f"{setting.rate_per_s:g} arrive; at max_jobs {setting.max_jobs} the capacity is "
        f"{setting.capacity_per_s:.1f}.{changed}"
    )


def describe_queue(flow: Flow) -> str:
    """The chart in words, from the same data."""
    most = max(note.waiting for note in flow.notes)
    return (
        f"Jobs in the queue over the last {KEPT_S:g} s: {flow.now.waiting} wait and "
        f"{flow.now.running} run now; at most {most} waited."
    )


def _dress(ax: Axes, title: str, least: float) -> None:
    dress(ax, title)
    ax.set_xlabel("seconds ago", color=QUIET, fontsize=SMALL_PX)
    ax.set_xlim(-KEPT_S, 0)
    ax.set_ylim(0, least * GROWTH)
    ax.xaxis.set_major_locator(MultipleLocator(5))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda at_s, _: f"{abs(at_s):.0f}"))
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    ax.grid(axis="y", color=RULE, linewidth=0.8)


def _line(ax: Axes, name: str, spot: float, color: str, width: float, **look: Any) -> Line2D:
    look |= {"color": color, "linewidth": width}
    _name(ax, name, spot, **look)
    return ax.plot([], [], drawstyle="steps-post", zorder=3, **look)[0]


def _colored(ax: Axes, name: str) -> LineCollection:
    _name(ax, name, 0.0, color=BLUE, linewidth=3)
    lines = LineCollection([], linewidths=2.8, zorder=4)
    ax.add_collection(lines, autolim=False)
    return lines


def _name(ax: Axes, name: str, spot: float, **look: Any) -> None:
    """What a line looks like, and its name, above the ax."""
    ax.plot([spot, spot + 0.05], [1.06] * 2, transform=ax.transAxes, clip_on=False, **look)
    ax.text(
        spot + 0.065, 1.06, name, transform=ax.transAxes, va="center", fontsize=SMALL_PX, color=INK
    )


def _marks(ax: Axes) -> tuple[tuple[Line2D, Text], ...]:
    words: dict[str, Any] = {"ha": "right", "va": "top", "fontsize": SMALL_PX, "zorder": 6}
    words |= {"fontweight": "bold", "path_effects": HALO, "clip_on": True, "visible": False}
    return tuple(
        (
            ax.axvline(0, linewidth=1.2, linestyle=(0, (1, 1)), visible=False),
            ax.text(0, 0, "", **words),
        )
        for _ in range(MARKS)
    )
