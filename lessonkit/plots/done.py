"""Emails done over time, as steps: how fast a run is, beside the ideal and beside other runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from lessonkit.batch import BatchResult, ideal_makespan_s
from lessonkit.plots.data import Run, finishes_of, now_of
from lessonkit.plots.ink import (
    INK,
    QUIET,
    RULE,
    SMALL_PX,
    TITLE_PX,
    Note,
    annotate,
    color_of,
    dress,
    marker_of,
    nice_end,
    readable,
    seconds,
)

DASHES = (0, (4, 3))
#: keeps a text readable across the lines behind it
HALO = [withStroke(linewidth=3, foreground="white")]


@dataclass
class DoneChart:
    """What `draw_done` drew. `moving` are the artists that `update` changes."""

    ax: Axes
    line: Line2D
    head: Line2D
    tip: Text
    earlier: list[Line2D]
    ideal: list[Line2D]
    still: list[Artist] = field(default_factory=list)
    _earlier_runs: Sequence[BatchResult] = ()
    _notes: list[Note] = field(default_factory=list)
    _labels: list[Artist] = field(default_factory=list)

    @property
    def moving(self) -> tuple[Artist, ...]:
        return (self.line, self.head, self.tip)

    def update(self, run: Run) -> bool:
        """Show how the run stands. Answers whether what stands still had to change as well."""
        finishes, now_s = finishes_of(run), now_of(run)
        done = len(finishes)
        self.line.set_data(*_steps(finishes, now_s))
        ended = isinstance(run, BatchResult) or run.ended
        self.head.set_data([now_s], [done])
        self.head.set_visible(now_s > 0)
        left = now_s < 0.75 * self.ax.get_xlim()[1]
        self.tip.set(position=(now_s, done), text=f"  {done} done" if left else f"{done} done  ")
        self.tip.set_horizontalalignment("left" if left else "right")
        self.tip.set_visible(now_s > 0 and not ended)
        grew = now_s > self.ax.get_xlim()[1]
        if grew:
            self.ax.set_xlim(0, now_s * 1.25)
        if ended:
            self._label(_named([*self._earlier_runs, run]) + self._notes)
        return grew or ended

    def _label(self, notes: Sequence[Note]) -> None:
        for label in self._labels:
            label.remove()
        self._labels = annotate(self.ax, notes, self.ax.get_ylim()[1])


def draw_done(
    ax: Axes,
    run: Run,
    *,
    earlier: Sequence[BatchResult] = (),
    end_s: float | None = None,
    prediction_s: float | None = None,
    title: str = "Emails done",
) -> DoneChart:
    """Draw a run on `ax`, ideals dashed, earlier runs for comparison; return the artists.

    `end_s` is the time that the axis has to show (default: that of all runs).
    """
    runs = [*earlier, run]
    jobs = max(each.jobs for each in runs)
    ideal_s = ideal_makespan_s(run.jobs, run.slots, run.seconds)
    dress(ax, title)
    ax.grid(axis="y", color=RULE, linewidth=0.8)
    times = [now_of(each) for each in runs]
    ax.set_xlim(0, nice_end(max([*times, ideal_s, prediction_s or 0, end_s or 0])))
    ax.set_ylim(0, jobs * 1.06)
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))

    color = color_of(run.max_jobs)
    chart = DoneChart(
        ax,
        earlier=[_draw_earlier(ax, each) for each in earlier],
        ideal=[_draw_ideal(ax, each) for each in runs],
        line=ax.plot([], [], drawstyle="steps-post", color=color, linewidth=3, zorder=4)[0],
        head=ax.plot(
            [], [], marker_of(run.max_jobs), color=color, markersize=8, zorder=5, clip_on=False
        )[0],
        tip=ax.text(0, 0, "", fontsize=TITLE_PX, fontweight="bold", va="bottom"),
    )
    chart.tip.set(color=readable(color), zorder=6, path_effects=HALO)
    chart._earlier_runs = earlier
    if prediction_s is not None:
        chart._notes.append(Note(prediction_s, f"◆ you said {prediction_s:g} s", INK, "bold"))
        chart.still.append(
            ax.axvline(prediction_s, color=INK, linewidth=1.6, linestyle=(0, (1, 1.6)))
        )
    _name_ideal(ax, run)
    chart._label(_named(earlier) + chart._notes)
    chart.update(run)
    return chart


def describe_done(run: Run, *, earlier: Sequence[BatchResult] = ()) -> str:
    """The chart in words, from the same data."""
    ideal_s = ideal_makespan_s(run.jobs, run.slots, run.seconds)
    words = [
        f"Emails done over time: at max_jobs {run.max_jobs}, {len(finishes_of(run))} of {run.jobs} "
        f"after {seconds(now_of(run))}; the ideal is {ideal_s:g} s."
    ]
    words += [
        f"For comparison, at max_jobs {each.max_jobs}: "
        f"{len(finishes_of(each))} of {each.jobs} after {seconds(each.makespan_s)}."
        for each in earlier
    ]
    return " ".join(words)


def _steps(finishes: Sequence[float], now_s: float) -> tuple[list[float], list[int]]:
    return [0.0, *finishes, now_s], [*range(len(finishes) + 1), len(finishes)]


def _draw_earlier(ax: Axes, run: BatchResult) -> Line2D:
    finishes = finishes_of(run)
    return ax.plot(
        *_steps(finishes, run.makespan_s),
        drawstyle="steps-post",
        color=color_of(run.max_jobs),
        linewidth=1.8,
        marker=marker_of(run.max_jobs),
        markersize=7,
        markevery=[-1],
        clip_on=False,
        zorder=3,
    )[0]


def _draw_ideal(ax: Axes, run: Run) -> Line2D:
    """In the ideal, as many emails as there are slots are done every `seconds`."""
    waves = range(math.ceil(run.jobs / run.slots) + 1)
    return ax.plot(
        [wave * run.seconds for wave in waves],
        [min(wave * run.slots, run.jobs) for wave in waves],
        drawstyle="steps-post",
        color=QUIET,
        linewidth=1.3,
        linestyle=DASHES,
        zorder=2.5,
    )[0]


def _name_ideal(ax: Axes, run: Run) -> None:
    """Beside the rise in the middle of its line."""
    wave = math.ceil(run.jobs / run.slots / 2)
    low, high = (wave - 1) * run.slots, min(wave * run.slots, run.jobs)
    ax.annotate(
        "ideal",
        xy=(wave * run.seconds, (low + high) / 2),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=SMALL_PX,
        color=QUIET,
        path_effects=HALO,
    )


def _named(runs: Sequence[Run]) -> list[Note]:
    """A label for the end of each run; where there are many, a short one."""
    name = "max_jobs" if len(runs) < 3 else "at"
    return [
        Note(
            now_of(run),
            f"{name} {run.max_jobs}: {seconds(now_of(run))}",
            readable(color_of(run.max_jobs)),
            "bold",
        )
        for run in runs
    ]
