"""Starts in the last second, over time, beside a limit: what the provider of a service counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from lessonkit.batch import Batch
from lessonkit.plots.data import Run, now_of
from lessonkit.plots.done import HALO
from lessonkit.plots.ink import (
    CLOSED,
    INK,
    QUIET,
    RULE,
    SMALL_PX,
    Note,
    annotate,
    color_of,
    dress,
    mixed,
    nice_end,
    readable,
)
from lessonkit.rate import Window, busiest_window, starts_in_the_last
from workers.contract import NO_LIMIT, Limit

#: the room below zero for the ticks that stand for the starts, as a part of the height
RUG = 0.1


@dataclass
class RateChart:
    """What `draw_rate` drew. `moving` are the artists that `update` changes."""

    ax: Axes
    window_s: float
    limit: Limit
    line: Line2D
    under: PathPatch
    over: PathPatch
    rug: Line2D
    busiest: Rectangle
    now: Line2D
    still: list[Artist] = field(default_factory=list)
    _notes: list[Note] = field(default_factory=list)
    _labels: list[Artist] = field(default_factory=list)

    @property
    def moving(self) -> tuple[Artist, ...]:
        return (self.busiest, self.under, self.over, self.line, self.rug, self.now)

    def update(self, run: Run) -> bool:
        """Show how the run stands. Answers whether what stands still had to change as well."""
        ended = not isinstance(run, Batch) or run.ended
        steps = starts_in_the_last(run.starts_s, self.window_s)
        if not ended:
            steps = [step for step in steps if step[0] <= now_of(run)]
        last_s = steps[-1][0] if ended and steps else now_of(run)
        self.line.set_data([*(t for t, _ in steps), last_s], [*(n for _, n in steps), _last(steps)])
        self.under.set_path(_area(steps, last_s, 0))
        # without a limit nothing is above it
        self.over.set_path(_area(steps if self.limit.max else [], last_s, self.limit.max))
        self.rug.set_data(run.starts_s, [self.ax.get_ylim()[0] / 2] * len(run.starts_s))
        self.now.set_xdata([now_of(run)] * 2)
        self.now.set_visible(not ended and bool(steps))
        return self._fit(steps, last_s, ended, busiest_window(run.starts_s, self.window_s))

    def _fit(
        self, steps: Sequence[tuple[float, int]], last_s: float, ended: bool, most: Window
    ) -> bool:
        """Mark the busiest window, and have the axes hold what there is now."""
        self.busiest.set(x=most.begin_s, width=self.window_s if most.starts else 0.0)
        if grew := last_s > self.ax.get_xlim()[1]:
            self.ax.set_xlim(0, last_s * 1.25)
        if ended and steps:
            for label in self._labels:
                label.remove()
            name = f"busiest {_span(self.window_s)}: {most.starts} starts"
            color = readable(str(self.line.get_color()))
            notes = [*self._notes, Note(most.begin_s, name, color, "bold")]
            self._labels = annotate(self.ax, notes, self.ax.get_ylim()[1])
        return grew or ended


def draw_rate(
    ax: Axes,
    run: Run,
    *,
    limit: Limit = NO_LIMIT,
    end_s: float | None = None,
    top: float = 0.0,
    prediction: float | None = None,
    title: str = "",
) -> RateChart:
    """Draw on `ax` how many jobs had started in the last second, and return the artists.

    Below are the starts themselves, as ticks. `limit` is drawn as a line and says how long the
    window is (1 s without a limit). The axes show at least `end_s` seconds and `top` starts;
    `prediction` is how many starts were expected of the busiest window.
    """
    window_s = limit.per_s or 1.0
    most = busiest_window(run.starts_s, window_s).starts
    highest = max(most, limit.max * 1.3, prediction or 0, top) or run.jobs
    last_s = max(run.starts_s, default=0.0) + window_s
    dress(ax, title or f"Starts in the last {_span(window_s)}", mark=run.max_jobs)
    ax.grid(axis="y", color=RULE, linewidth=0.8)
    ax.set_xlim(0, nice_end(max(last_s, end_s or 0)))
    ax.set_ylim(-RUG * highest, highest * 1.08)
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    ax.axhline(0, color="#a8a8a8", linewidth=0.8, zorder=1)

    color = color_of(run.max_jobs)
    box = Rectangle((0, -RUG * highest), 0, highest * (1.08 + RUG), color=CLOSED, zorder=0.6)
    under = PathPatch(_area([], 0, 0), color=mixed(color, "white", 0.72), linewidth=0, zorder=2)
    over = PathPatch(_area([], 0, 0), hatch="////", linewidth=0, zorder=2.1)
    over.set(facecolor=mixed(color, "white", 0.72), edgecolor=color)
    for patch in (box, under, over):
        ax.add_patch(patch)
    chart = RateChart(
        ax,
        window_s,
        limit,
        line=ax.plot([], [], drawstyle="steps-post", color=color, linewidth=2.4, zorder=4)[0],
        under=under,
        over=over,
        rug=ax.plot([], [], "|", color=readable(color), markersize=9, markeredgewidth=1.2)[0],
        busiest=box,
        now=ax.axvline(0, color=QUIET, linewidth=1, zorder=3),
        still=_draw_limit(ax, limit, window_s) if limit.max else [],
    )
    if prediction is not None:
        chart.still += _draw_prediction(ax, prediction)
    chart.update(run)
    return chart


def describe_rate(run: Run, *, limit: Limit = NO_LIMIT) -> str:
    """The chart in words, from the same data."""
    window_s = limit.per_s or 1.0
    most = busiest_window(run.starts_s, window_s)
    words = (
        f"Starts in the last {_span(window_s)}, over time: {len(run.starts_s)} of {run.jobs} "
        f"emails have started. The busiest {_span(window_s)} begins at {most.begin_s:.2f} s and "
        f"holds {most.starts} starts"
    )
    if not limit.max:
        return f"{words}; there is no limit."
    place = "above" if most.starts > limit.max else "not above"
    return f"{words}, {place} the limit of {limit.max}."


def _span(window_s: float) -> str:
    return "second" if window_s == 1 else f"{window_s:g} s"


def _last(steps: Sequence[tuple[float, int]]) -> int:
    return steps[-1][1] if steps else 0


def _area(steps: Sequence[tuple[float, int]], last_s: float, level: int) -> Path:
    """The area between a level and the line, where the line is above it."""
    boxes = [
        [(begin, level), (end, level), (end, count), (begin, count), (begin, level)]
        for (begin, count), (end, _) in pairwise([*steps, (last_s, 0)])
        if count > level
    ]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(boxes)
    return Path(np.array(boxes).reshape(-1, 2), np.array(codes, dtype=Path.code_type))


def _draw_limit(ax: Axes, limit: Limit, window_s: float) -> list[Artist]:
    line = ax.axhline(limit.max, color=INK, linewidth=1.2, zorder=5)
    text = ax.annotate(
        f"limit: {limit.max} in any {_span(window_s)}",
        xy=(1, limit.max),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        fontsize=SMALL_PX,
        color=INK,
        path_effects=HALO,
        zorder=6,
    )
    return [line, text]


def _draw_prediction(ax: Axes, prediction: float) -> list[Artist]:
    line = ax.axhline(prediction, color=INK, linewidth=1.6, linestyle=(0, (1, 1.6)), zorder=5)
    text = ax.annotate(
        f"◆ you said {prediction:g}",
        xy=(0.62, prediction),  # to the left of what the limit's line is called
        xycoords=("axes fraction", "data"),
        xytext=(0, -4),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=SMALL_PX,
        fontweight="bold",
        color=INK,
        path_effects=HALO,
        zorder=6,
    )
    return [line, text]
