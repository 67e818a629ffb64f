"""One row an email: how long it waited, when it started, and which worker process took it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from lessonkit.batch import Batch, JobRecord
from lessonkit.plots.data import Run, now_of, records_of
from lessonkit.plots.done import DASHES, HALO
from lessonkit.plots.ink import (
    INK,
    QUIET,
    SMALL_PX,
    Note,
    annotate,
    color_of,
    dress,
    mixed,
    nice_end,
    readable,
)
from lessonkit.rate import limited_span_s
from workers.contract import NO_LIMIT, Limit

#: the sign of each worker process, filled or not; further ones share the last
_SIGNS = (("●", "full"), ("○", "none"), ("◐", "left"), ("◑", "right"))


@dataclass
class StartsChart:
    """What `draw_starts` drew. `moving` are the artists that `update` changes."""

    ax: Axes
    waiting: LineCollection
    sending: LineCollection
    starts: list[Line2D]
    names: list[Text]
    now: Line2D
    still: list[Artist] = field(default_factory=list)

    @property
    def moving(self) -> tuple[Artist, ...]:
        return (self.waiting, self.sending, *self.starts, *self.names, self.now)

    def update(self, run: Run) -> bool:
        """Show how the run stands. Answers whether what stands still had to change as well."""
        rows, now_s = list(enumerate(records_of(run), 1)), now_of(run)
        begun = [(row, each, each.started_s) for row, each in rows if each.started_s is not None]
        self.waiting.set_segments(
            [[(each.enqueued_s, row), (_or(each.started_s, now_s), row)] for row, each in rows]
        )
        self.sending.set_segments(
            [
                [(started_s, row), (max(_or(each.finished_s, now_s), started_s), row)]
                for row, each, started_s in begun
            ]
        )
        pids = _pids(each for _, each, _ in begun)
        for number, (line, name) in enumerate(zip(self.starts, self.names, strict=True)):
            own = [
                (started_s, row)
                for row, each, started_s in begun
                if min(pids.index(each.pid), len(self.starts) - 1) == number
            ]
            line.set_data([x for x, _ in own], [y for _, y in own])
            who = f"process {pids[number]}" if number < len(pids) else ""
            name.set_text(f"{_SIGNS[number][0]} {who}: {len(own)}" if own else "")
        self.now.set_xdata([now_s, now_s])
        self.now.set_visible(isinstance(run, Batch) and bool(begun) and not run.ended)
        if grew := now_s > self.ax.get_xlim()[1]:
            self.ax.set_xlim(0, now_s * 1.25)
        return grew


def draw_starts(
    ax: Axes,
    run: Run,
    *,
    limit: Limit = NO_LIMIT,
    end_s: float | None = None,
    prediction_s: float | None = None,
    title: str = "When each email started",
) -> StartsChart:
    """Draw a run on `ax`, one row an email, and return the artists.

    Thin grey is waiting, thick is being sent, a sign a worker process. Dashed is the soonest that
    `limit` allows the last start. `end_s` is the time that the axis has to show at least.
    """
    span_s = limited_span_s(run.jobs, limit)
    dress(ax, title)
    ax.set_ylabel("email", color=QUIET, fontsize=SMALL_PX)
    ax.set_xlim(0, nice_end(max(span_s, now_of(run), prediction_s or 0, end_s or 0)))
    ax.set_ylim(run.jobs + 0.7, 0.3)
    ax.yaxis.set_major_locator(MaxNLocator(7, integer=True, prune="lower"))
    row_px = ax.get_window_extent().height / ax.figure.dpi * 72 / run.jobs
    color = color_of(run.max_jobs)
    thick, sign_px = min(7.0, max(1.2, 0.62 * row_px)), min(6.5, max(2.5, 0.85 * row_px))
    chart = StartsChart(
        ax,
        waiting=LineCollection([], colors=mixed(QUIET, "white", 0.55), linewidths=1.1, zorder=2),
        sending=LineCollection([], colors=color, linewidths=thick, zorder=3),
        starts=[_signs(ax, color, fill, sign_px) for _, fill in _SIGNS],
        names=[_name(ax, color, number) for number in range(len(_SIGNS))],
        now=ax.axvline(0, color=QUIET, linewidth=1, zorder=3),
        still=_draw_marks(ax, run.jobs, limit, prediction_s),
    )
    for lines in (chart.waiting, chart.sending):
        lines.set_capstyle("butt")
        ax.add_collection(lines, autolim=False)
    chart.update(run)
    return chart


def describe_starts(run: Run, *, limit: Limit = NO_LIMIT) -> str:
    """The chart in words, from the same data."""
    starts_s, records = run.starts_s, list(records_of(run))
    words = [f"When each email started: {len(starts_s)} of {run.jobs} have started."]
    by_second = Counter(math.floor(start_s) for start_s in starts_s)
    if by_second:
        words += [
            "Counted from the first enqueue: "
            + ", ".join(f"{n} from second {at} on" for at, n in sorted(by_second.items()))
            + "."
        ]
    by_process = Counter(each.pid for each in records if each.started_s is not None)
    words += [f"Process {pid} took {count}." for pid, count in by_process.items()]
    if limit.max:
        least_s = limited_span_s(run.jobs, limit)
        words.append(f"The limit allows the last start {least_s:g} s after the first.")
    return " ".join(words)


def _pids(records: Iterable[JobRecord]) -> list[int]:
    """Worker processes, in the order of their first starts: so each keeps its sign."""
    begun = sorted(records, key=lambda each: _or(each.started_s, math.inf))
    return list(dict.fromkeys(each.pid for each in begun))


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _signs(ax: Axes, color: str, fill: str, px: float) -> Line2D:
    (line,) = ax.plot([], [], "o", color=color, markersize=px, zorder=4, clip_on=False)
    half = fill in ("left", "right")
    line.set(markeredgewidth=1.2, markerfacecoloralt="white", fillstyle=fill if half else "full")
    line.set_markerfacecolor("white" if fill == "none" else color)
    return line


def _name(ax: Axes, color: str, number: int) -> Text:
    """In the corner that no row reaches: later emails start later."""
    return ax.annotate(
        "",
        xy=(1, 1),
        xycoords="axes fraction",
        xytext=(0, -4 - number * (SMALL_PX + 4)),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=SMALL_PX,
        fontweight="bold",
        color=readable(color),
        path_effects=HALO,
        zorder=6,
    )


def _draw_marks(ax: Axes, jobs: int, limit: Limit, prediction_s: float | None) -> list[Artist]:
    marks: list[Artist] = []
    notes: list[Note] = []
    if limit.max and jobs > limit.max:
        soonest_s = limited_span_s(jobs, limit)
        marks.append(ax.axvline(soonest_s, color=QUIET, linewidth=1.2, linestyle=DASHES))
        notes.append(Note(soonest_s, f"soonest {soonest_s:g} s"))
    if prediction_s is not None:
        notes.append(Note(prediction_s, f"◆ you said {prediction_s:g} s", INK, "bold"))
        marks.append(ax.axvline(prediction_s, color=INK, linewidth=1.6, linestyle=(0, (1, 1.6))))
    return marks + annotate(ax, notes, ax.get_ylim()[1])
