"""Emails that arrived and emails that were sent, over time: what lies between is in the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from lessonkit.batch import Batch
from lessonkit.plots.data import Run, finishes_of, now_of, records_of
from lessonkit.plots.done import HALO
from lessonkit.plots.ink import (
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


@dataclass
class BacklogChart:
    """What `draw_backlog` drew. `moving` are the artists that `update` changes."""

    ax: Axes
    between: PathPatch
    arrived: Line2D
    sent: Line2D
    now: Line2D
    still: list[Artist] = field(default_factory=list)

    @property
    def moving(self) -> tuple[Artist, ...]:
        return (self.between, self.arrived, self.sent, self.now)

    def update(self, run: Run) -> bool:
        """Show how the run stands. Answers whether what stands still had to change as well."""
        now_s = now_of(run)
        if not isinstance(run, Batch):  # who was never sent still arrived
            now_s = max([now_s, *(each.enqueued_s for each in records_of(run))])
        arrived = _steps([each.enqueued_s for each in records_of(run)], now_s)
        sent = _steps(finishes_of(run), now_s)
        self.arrived.set_data(*arrived)
        self.sent.set_data(*sent)
        self.between.set_path(_area(arrived, sent))
        self.now.set_xdata([now_s, now_s])
        self.now.set_visible(isinstance(run, Batch) and 0 < run.done < run.jobs)
        if grew := now_s > self.ax.get_xlim()[1]:
            self.ax.set_xlim(0, now_s * 1.25)
        return grew


def draw_backlog(
    ax: Axes,
    run: Run,
    *,
    end_s: float | None = None,
    prediction: float | None = None,
    marks: Sequence[tuple[float, str]] = (),
    title: str = "Emails arrived, emails sent",
) -> BacklogChart:
    """Draw on `ax` how many emails of a run had arrived and how many were sent, over time.

    `marks` are moments with a name, in seconds; `prediction` is how many were expected to be sent.
    """
    dress(ax, title)
    ax.grid(axis="y", color=RULE, linewidth=0.8)
    ax.set_xlim(0, nice_end(max(now_of(run), end_s or 0)))
    ax.set_ylim(0, run.jobs * 1.06)
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    color = color_of(run.max_jobs)
    between = PathPatch(Path(np.zeros((0, 2))), facecolor=mixed(color, "white", 0.72), linewidth=0)
    ax.add_patch(between)
    chart = BacklogChart(
        ax,
        between=between,
        arrived=ax.plot([], [], drawstyle="steps-post", color=QUIET, linewidth=1.6, zorder=3)[0],
        sent=ax.plot([], [], drawstyle="steps-post", color=color, linewidth=2.6, zorder=4)[0],
        now=ax.axvline(0, color=QUIET, linewidth=1, zorder=3),
    )
    notes = [Note(at_s, name, INK) for at_s, name in marks]
    chart.still += [ax.axvline(at_s, color=INK, linewidth=1.2, zorder=5) for at_s, _ in marks]
    chart.still += annotate(ax, notes, ax.get_ylim()[1])
    chart.still += _name_lines(ax, readable(color))
    if prediction is not None:
        chart.still += _draw_prediction(ax, prediction)
    chart.update(run)
    return chart


def describe_backlog(run: Run) -> str:
    """The chart in words, from the same data."""
    arrived = sorted(each.enqueued_s for each in records_of(run))
    finishes = finishes_of(run)
    backlog = [
        (number - int(np.searchsorted(finishes, at_s, "right")), at_s)
        for number, at_s in enumerate(arrived, 1)
    ]
    most, at_s = max(backlog, default=(0, 0.0))
    return (
        f"Emails that arrived and emails that were sent, over time: {len(arrived)} of {run.jobs} "
        f"arrived, {len(finishes)} were sent. Most were in the system at {at_s:.1f} s: {most}."
    )


def _steps(times: Sequence[float], now_s: float) -> tuple[list[float], list[int]]:
    return [0.0, *sorted(times), now_s], [*range(len(times) + 1), len(times)]


def _area(upper: tuple[list[float], list[int]], lower: tuple[list[float], list[int]]) -> Path:
    """What lies between two flights of steps."""
    forth, back = _corners(*upper), _corners(*lower)[::-1]
    return Path(np.array([*forth, *back, forth[0]]), closed=True)


def _corners(times: Sequence[float], counts: Sequence[int]) -> list[tuple[float, float]]:
    corners = [(times[0], float(counts[0]))]
    for at_s, count in zip(times[1:], counts[1:], strict=True):
        corners += [(at_s, corners[-1][1]), (at_s, float(count))]
    return corners


def _name_lines(ax: Axes, color: str) -> list[Artist]:
    """In the corner that neither line reaches."""
    names = [
        ("— arrived", QUIET, 2 * SMALL_PX),
        ("▬ sent", color, SMALL_PX - 4),
    ]
    return [
        ax.annotate(
            name,
            xy=(1, 0),
            xycoords="axes fraction",
            xytext=(-4, up_px),
            textcoords="offset points",
            ha="right",
            fontsize=SMALL_PX,
            fontweight="bold",
            color=ink,
            path_effects=HALO,
        )
        for name, ink, up_px in names
    ]


def _draw_prediction(ax: Axes, prediction: float) -> list[Artist]:
    line = ax.axhline(prediction, color=INK, linewidth=1.6, linestyle=(0, (1, 1.6)), zorder=5)
    text = ax.annotate(
        f"◆ you said {prediction:g}",
        xy=(0, prediction),
        xycoords=("axes fraction", "data"),
        xytext=(6, -4),
        textcoords="offset points",
        va="top",
        fontsize=SMALL_PX,
        fontweight="bold",
        color=INK,
        path_effects=HALO,
        zorder=6,
    )
    return [line, text]
