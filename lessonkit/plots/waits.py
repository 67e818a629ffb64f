"""The mean wait at each `max_jobs` beside Erlang's formula, and how the queue grew."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, MaxNLocator

from lessonkit.arrivals import ArrivalsResult
from lessonkit.plots.done import DASHES, HALO
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
    marker_of,
    mixed,
    nice_end,
    readable,
)
from lessonkit.queueing import Band, mean_wait_s

#: a bar of the band is so wide, in steps of max_jobs
BAR = 0.26
#: fixed times stand beside exponential ones
ASIDE = 0.18
#: runs that lie on top of each other are told apart by these as well
HATCHES = ("", "////", "....")


@dataclass
class WaitsChart:
    """What `draw_waits` drew."""

    ax: Axes
    predicted: Line2D
    measured: list[Line2D]
    bands: list[Rectangle]
    still: list[Artist] = field(default_factory=list)


def draw_waits(
    ax: Axes,
    results: Sequence[ArrivalsResult],
    bands: Sequence[Band | None],
    *,
    predictions_ms: Mapping[int, float] | None = None,
) -> WaitsChart:
    """Draw on `ax` the mean wait of each run by its slots, and return the artists.

    The dashed line is Erlang's prediction, the grey bars are `bands`, one for each result: where
    chance alone would put it. Runs without a steady state have no mean wait, and are left out.
    """
    said_ms = dict(predictions_ms or {})
    steady = [each for each in results if math.isfinite(each.predicted_wait_s)]
    first = (steady or results)[0]
    slots = range(min(each.slots for each in results), max(each.slots for each in results) + 1)
    _dress(ax, first.load, slots)
    highest_s = [each.mean_wait_s for each in steady] + [band.high_s for band in bands if band]
    ax.set_ylim(0, max([value * 1000 for value in highest_s] + [*said_ms.values(), 1.0]) * 1.1)
    never = Note(first.load, f"load {first.load:.1f}: with fewer slots no end")
    annotate(ax, [never], ax.get_ylim()[1])
    carried = [each for each in slots if each > first.load]
    theory_ms = [
        mean_wait_s(each, first.rate_per_s, first.mean_service_s) * 1000 for each in carried
    ]
    chart = WaitsChart(
        ax,
        ax.plot(carried, theory_ms, color=QUIET, linewidth=1.4, linestyle=DASHES, marker="_",
                markersize=13, zorder=3)[0],
        measured=[_draw_measured(ax, each, steady) for each in steady],
        bands=[_draw_band(ax, each, band) for each, band in zip(results, bands, strict=True)
               if band],
    )  # fmt: skip
    chart.still = [_draw_said(ax, slot, ms) for slot, ms in said_ms.items()]
    if len(carried) > 1:
        middle = carried[0] + 0.5, (theory_ms[0] + theory_ms[1]) / 2
        chart.still.append(_name(ax, "Erlang C", *middle, (4, 5)))
    if chart.bands:
        box = chart.bands[0]
        corner = box.get_x() + BAR, box.get_y() + box.get_height()
        chart.still.append(_name(ax, "95 of 100 runs", *corner, (4, -SMALL_PX)))
    return chart


def _name(ax: Axes, text: str, x: float, y: float, aside: tuple[float, float]) -> Artist:
    look: dict[str, Any] = {"fontsize": SMALL_PX, "color": QUIET, "path_effects": HALO}
    return ax.annotate(text, xy=(x, y), xytext=aside, textcoords="offset points", **look)


def _dress(ax: Axes, load: float, slots: range) -> None:
    dress(ax, "Mean wait, measured and predicted")
    ax.set_xlabel("slots (max_jobs)", color=QUIET, fontsize=SMALL_PX)
    ax.set_ylabel("ms", color=QUIET, fontsize=SMALL_PX)
    ax.grid(axis="x", visible=False)
    ax.grid(axis="y", color=RULE, linewidth=0.8)
    ax.set_xlim(min(load, slots[0]) - 0.75, slots[-1] + 0.75)
    ax.xaxis.set_major_locator(FixedLocator([*slots]))
    ax.yaxis.set_major_locator(MaxNLocator(6))
    ax.axvspan(ax.get_xlim()[0], load, color=CLOSED, zorder=0.5)


def _draw_measured(ax: Axes, run: ArrivalsResult, runs: Sequence[ArrivalsResult]) -> Line2D:
    """The mark of a run, and what it says; of two at the same slots, each on its own side."""
    alone = sum(each.slots == run.slots for each in runs) == 1
    fixed = run.asked.service == "fixed"
    x, color = run.slots + ASIDE * fixed, color_of(run.max_jobs)
    dot = ax.plot(
        [x], [run.mean_wait_s * 1000], marker_of(run.max_jobs), color=color, markersize=9, zorder=5,
        markerfacecolor="white" if fixed else color, markeredgewidth=2,
    )[0]  # fmt: skip
    ax.annotate(
        f"{run.mean_wait_s * 1000:.1f} ms" + " fixed" * fixed,
        xy=(x, run.mean_wait_s * 1000),
        xytext=(9, 4) if fixed or alone else (-9, 4),
        textcoords="offset points",
        ha="left" if fixed or alone else "right",
        fontsize=SMALL_PX,
        fontweight="bold",
        color=readable(color),
        path_effects=HALO,
        zorder=6,
    )
    return dot


def _draw_band(ax: Axes, run: ArrivalsResult, band: Band) -> Rectangle:
    left, low_ms = run.slots - BAR / 2, band.low_s * 1000
    box = Rectangle((left, low_ms), BAR, band.high_s * 1000 - low_ms, color="#d0d0d0", zorder=1.5)
    ax.add_patch(box)
    return box


def _draw_said(ax: Axes, slots: int, ms: float) -> Artist:
    """The learner's prediction, left of its slot."""
    return ax.annotate(
        f"you said {ms:g} ◆",
        xy=(slots - BAR / 2, ms),
        xytext=(-3, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=SMALL_PX,
        fontweight="bold",
        color=INK,
        path_effects=HALO,
        zorder=6,
    )


def describe_waits(results: Sequence[ArrivalsResult], bands: Sequence[Band | None]) -> str:
    """The chart in words, from the same data."""
    words = ["Mean wait by slots, measured and predicted."]
    for each, band in zip(results, bands, strict=True):
        if not band:
            continue
        words.append(
            f"{each.slots} slots, {each.asked.service} times: {each.mean_wait_s * 1000:.1f} ms "
            f"measured, {each.predicted_wait_s * 1000:.1f} ms predicted, by chance "
            f"{band.low_s * 1000:.1f} to {band.high_s * 1000:.1f} ms."
        )
    return " ".join(words)


@dataclass
class WaitingChart:
    """What `draw_waiting` drew."""

    ax: Axes
    areas: list[PolyCollection]


def draw_waiting(ax: Axes, results: Sequence[ArrivalsResult]) -> WaitingChart:
    """Draw on `ax` how many jobs of each run waited, over time, and return the artists.

    The longest queue comes first and the others lie on top of it.
    """
    dress(ax, "How many emails wait")
    ax.set_xlim(0, nice_end(max(each.makespan_s for each in results)))
    ax.set_ylim(0, max(_most(each) for each in results) * 1.08 + 1)
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    ax.grid(axis="y", color=RULE, linewidth=0.8)
    chart, notes = WaitingChart(ax, []), list[Note]()
    order = sorted(results, key=lambda each: -_most(each))
    for layer, (each, hatch) in enumerate(zip(order, HATCHES * len(order), strict=False)):
        color = color_of(each.max_jobs)
        area = ax.fill_between(
            [at_s for at_s, _ in each.waiting],
            [count for _, count in each.waiting],
            step="post",
            facecolor=mixed(color, "white", 0.55),
            edgecolor=color,
            hatch=hatch,
            linewidth=0.9,
            zorder=2 + 0.1 * layer,
        )
        chart.areas.append(area)
        fixed = ", fixed" * (each.asked.service == "fixed")
        name = f"at {each.max_jobs}{fixed}: up to {_most(each)}"
        place_s = ax.get_xlim()[1] * layer / len(order)
        notes.append(Note(place_s, name, readable(color), "bold"))
    annotate(ax, notes, ax.get_ylim()[1])
    return chart


def _most(run: ArrivalsResult) -> int:
    return max(count for _, count in run.waiting)


def describe_waiting(results: Sequence[ArrivalsResult]) -> str:
    """The chart in words, from the same data."""
    most = "; ".join(
        f"max_jobs {each.max_jobs}, {each.asked.service} times: up to {_most(each)}"
        for each in results
    )
    return f"How many emails wait, over time. {most}."
