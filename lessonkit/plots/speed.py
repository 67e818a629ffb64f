"""Kinds of work, a bar each: how many times as fast they are at more than one at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.container import BarContainer

from lessonkit.chores import SpeedUp, SpeedUps
from lessonkit.plots.ink import (
    INK,
    ORANGE,
    PURPLE,
    QUIET,
    SKY,
    SMALL_PX,
    TEXT_PX,
    Note,
    annotate,
    dress,
    mixed,
)

#: where work is done: its colour and its hatch, in every chart of kinds of work
COLORS = {"loop": PURPLE, "thread": SKY, "process": ORANGE}
HATCHES = {"loop": "", "thread": "///", "process": ".."}
#: room for the names of kinds of work
LEFT_PX = 118


@dataclass
class SpeedUpsChart:
    """What `draw_speed_ups` drew: a bar for each kind, in their order."""

    ax: Axes
    bars: BarContainer
    still: list[Artist] = field(default_factory=list)


def draw_speed_ups(
    ax: Axes, speed_ups: SpeedUps, *, prediction: float | None = None, title: str = ""
) -> SpeedUpsChart:
    """Draw the speed-up of each kind on `ax`, and return the artists.

    Dashes are where it would be if all jobs ran at the same moment, and at the number of cores;
    `prediction` is what was expected of photos in the loop.
    """
    most = speed_ups.max_jobs
    dress(ax, title or f"Speed-up: max_jobs {most} against 1")
    ax.set_xlabel("times as fast", color=QUIET, fontsize=SMALL_PX)
    fastest = [each.speed_up for each in speed_ups if not each.failed]
    ax.set_xlim(0, max(most, prediction or 0, *fastest, 1) * 1.14)
    name_rows(ax, [str(each.chore) for each in speed_ups])
    widths = [0.0 if each.failed else each.speed_up for each in speed_ups]
    bars = ax.barh(range(len(widths)), widths, height=0.66, linewidth=0, zorder=2)
    labels: list[Artist] = []
    for row, (each, bar) in enumerate(zip(speed_ups, bars, strict=True)):
        color = COLORS[each.chore.where]
        bar.set(
            facecolor=color, hatch=HATCHES[each.chore.where], edgecolor=mixed(color, "white", 0.6)
        )
        labels.append(_label(ax, row, each, most))
    marks: list[Artist] = [
        ax.axvline(at, color=QUIET, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1.5)
        for at in {most, speed_ups.cores}
        if at <= most
    ]
    notes = [Note(most, f"ideal {most}×")]
    if speed_ups.cores < most:
        notes.append(Note(speed_ups.cores, f"{speed_ups.cores} core{'s' * (speed_ups.cores != 1)}"))
    if prediction is not None:
        notes.append(Note(prediction, f"◆ you said {prediction:g}×", INK, "bold"))
        marks.append(
            ax.axvline(prediction, color=INK, linewidth=1.6, linestyle=(0, (1, 1.6)), zorder=1.6)
        )
    return SpeedUpsChart(ax, bars, [*labels, *marks, *annotate(ax, notes, ax.get_ylim()[1])])


def name_rows(ax: Axes, names: list[str]) -> None:
    """Rows from the top, with their names."""
    ax.set_ylim(len(names) - 0.45, -0.55)
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(axis="y", length=0)


def describe_speed_ups(speed_ups: SpeedUps) -> str:
    """The chart in words, from the same data."""
    words = [
        f"Bars: how many times as fast {speed_ups.jobs} jobs are at max_jobs "
        f"{speed_ups.max_jobs} as at 1, on {speed_ups.cores} cores."
    ]
    words += [f"{each.chore}: {_value(each)}." for each in speed_ups]
    return " ".join(words)


def _value(each: SpeedUp) -> str:
    if each.failed:
        return f"{each.failed} failed"
    return f"{each.speed_up:.1f}×"


def _label(ax: Axes, row: int, each: SpeedUp, most: int) -> Artist:
    """What a bar's length is, behind its end, or in it where there is no room."""
    at = 0.0 if each.failed else each.speed_up
    inside = at > 0.8 * most
    return ax.annotate(
        _value(each),
        xy=(at, row),
        xytext=(-5 if inside else 5, 0),
        textcoords="offset points",
        ha="right" if inside else "left",
        va="center",
        fontsize=TEXT_PX,
        fontweight="bold",
        color=INK,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.85},
        zorder=4,
    )
