"""A grid of runs as a heat map: how long the same emails took, by processes and `max_jobs`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from lessonkit.batch import BatchResult
from lessonkit.plots.ink import (
    BLUE,
    CLOSED,
    INK,
    LIFT_PX,
    QUIET,
    SMALL_PX,
    TITLE_PX,
    dress,
    ink_on,
    mixed,
    seconds,
)

#: (processes, max_jobs)
Spot = tuple[int, int]

#: between two lines of a cell, in CSS pixels
_LINE_PX = 15


@dataclass
class HeatChart:
    """What `draw_heat` drew: a cell and its lines of text by (processes, max_jobs)."""

    ax: Axes
    cells: dict[Spot, Rectangle] = field(default_factory=dict)
    texts: dict[Spot, list[Text]] = field(default_factory=dict)
    equals: list[Artist] = field(default_factory=list)
    moving: tuple[Artist, ...] = ()

    def update(self, _: object) -> bool:
        """A run that is under way is in no cell yet."""
        return False


def draw_heat(
    ax: Axes,
    runs: Iterable[BatchResult],
    *,
    workers: Sequence[int],
    max_jobs: Sequence[int],
    said: Mapping[Spot, str] | None = None,
    marked: Spot | None = None,
    title: str = "How long the emails took",
) -> HeatChart:
    """Draw the latest of `runs` for each of `workers` × `max_jobs` on `ax`; answer the artists.

    The stronger its blue, the quicker. `said` is written into a cell, `marked` is outlined. A sign
    = is where cells with the same number of slots meet at a corner.
    """
    dress(ax, title)
    ax.grid(visible=False)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0)
    ax.set_xlim(0, len(max_jobs))
    ax.set_ylim(len(workers), 0)
    ax.set_xticks([column + 0.5 for column in range(len(max_jobs))], map(str, max_jobs))
    ax.set_yticks([line + 0.5 for line in range(len(workers))], map(str, workers))
    ax.set_xlabel("max_jobs of each process", color=QUIET, fontsize=SMALL_PX)
    ax.set_ylabel("processes", color=QUIET, fontsize=SMALL_PX)
    _write(ax, 0, 0, "stronger blue: quicker · =: as many slots", top=LIFT_PX - 19)
    found = {(run.workers, run.max_jobs): run for run in runs}
    chart, said = HeatChart(ax), said or {}
    for line, count in enumerate(workers):
        for column, slots in enumerate(max_jobs):
            spot = count, slots
            chart.cells[spot], chart.texts[spot] = _draw_cell(
                ax, (column, line), found.get(spot), found.values(), said.get(spot, "")
            )
    chart.equals = _draw_equals(ax, workers, max_jobs)
    if marked in chart.cells:
        chart.cells[marked].set(edgecolor=INK, linewidth=2.4, zorder=3)
    return chart


def describe_heat(runs: Iterable[BatchResult]) -> str:
    """The chart in words, from the same data."""
    found = {(run.workers, run.max_jobs): run for run in runs}
    if not found:
        return "How long the emails took, by processes and max_jobs: no run yet."
    return (
        "How long the emails took, by processes and max_jobs: "
        + "; ".join(
            f"{_processes(count)} at max_jobs {slots} {seconds(run.makespan_s)}, "
            f"{run.peak_concurrency} at once"
            for (count, slots), run in sorted(found.items())
        )
        + "."
    )


def equal_slots(runs: Iterable[BatchResult]) -> dict[int, list[BatchResult]]:
    """The runs by their number of slots in all, where more than one has it."""
    by_slots: dict[int, list[BatchResult]] = {}
    for run in runs:
        by_slots.setdefault(run.slots, []).append(run)
    return {slots: some for slots, some in sorted(by_slots.items()) if len(some) > 1}


def _draw_cell(
    ax: Axes,
    corner: tuple[int, int],
    run: BatchResult | None,
    runs: Iterable[BatchResult],
    said: str,
) -> tuple[Rectangle, list[Text]]:
    color = CLOSED if run is None else _blue(run, runs)
    cell = Rectangle(corner, 1, 1, facecolor=color, edgecolor="white", linewidth=3, zorder=2)
    ax.add_patch(cell)
    if run is None:
        lines = [("–", SMALL_PX, "normal")]
    else:
        lines = [
            (seconds(run.makespan_s), TITLE_PX, "bold"),
            (f"{run.peak_concurrency} at once", SMALL_PX, "normal"),
        ]
    if said:
        lines.append((f"◆ you said {said}", SMALL_PX - 1, "bold"))
    ink = QUIET if run is None else ink_on(color)
    texts: list[Text] = [
        ax.annotate(
            text,
            xy=(corner[0] + 0.5, corner[1] + 0.5),
            xytext=(0, ((len(lines) - 1) / 2 - number) * _LINE_PX),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=px,
            fontweight=weight,
            color=ink,
            parse_math=False,
            zorder=4,
        )
        for number, (text, px, weight) in enumerate(lines)
    ]
    return cell, texts


def _blue(run: BatchResult, runs: Iterable[BatchResult]) -> str:
    """From pale to dark as the run is among the slowest or the quickest; by ratios, as a run with
    twice the slots takes half the time."""
    logs = [math.log(max(each.makespan_s, 1e-3)) for each in runs]
    span = max(logs) - min(logs)
    share = (max(logs) - math.log(max(run.makespan_s, 1e-3))) / span if span else 0.0
    pale = mixed(BLUE, "white", 0.86 * (1 - share))
    return mixed(pale, "black", 0.25 * share)


def _draw_equals(ax: Axes, workers: Sequence[int], max_jobs: Sequence[int]) -> list[Artist]:
    artists: list[Artist] = []
    for line, (few, many) in enumerate(itertools.pairwise(workers), 1):
        for column, (low, high) in enumerate(itertools.pairwise(max_jobs), 1):
            if few * high == many * low:
                spot = ax.plot(
                    [column], [line], "o", color="white", markersize=17, zorder=5, clip_on=False
                )
                artists += [*spot, _write(ax, column, line, "=", ha="center", weight="bold")]
    return artists


def _write(
    ax: Axes,
    x: float,
    y: float,
    text: str,
    *,
    top: float = 0.0,
    ha: str = "left",
    weight: str = "normal",
) -> Text:
    return ax.annotate(
        text,
        xy=(x, y),
        xytext=(0, top),
        textcoords="offset points",
        ha=ha,
        va="center",
        fontsize=SMALL_PX if weight == "normal" else TITLE_PX + 1,
        fontweight=weight,
        color=QUIET if weight == "normal" else INK,
        annotation_clip=False,
        zorder=6,
    )


def _processes(count: int) -> str:
    return f"{count} process{'es' * (count != 1)}"
