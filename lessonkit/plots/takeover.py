"""How long a job of a killed worker has to wait, here and elsewhere, on one scale of time."""

from __future__ import annotations

from matplotlib.axes import Axes

from lessonkit.plots.done import HALO
from lessonkit.plots.ink import (
    BLUE,
    INK,
    QUIET,
    TEXT_PX,
    Note,
    annotate,
    dress,
    mixed,
    seconds,
)
from lessonkit.takeover import TakeOver, take_overs

#: room for names
LEFT_PX = 112
TICKS_S = (1, 3, 10, 30, 100, 300)
#: of the axis, whose scale is a logarithm
LOW_S, HIGH_S = 0.7, 3000


def draw_take_overs(
    ax: Axes, *, measured_s: float | None = None, said_s: float | None = None
) -> list[TakeOver]:
    """Draw on `ax` from when to when each takes over, and what was measured and predicted; return
    what was drawn, from the top."""
    shown = list(take_overs())
    dress(ax, "When another worker can begin")
    ax.set_xlabel("seconds after the kill, on a logarithmic scale")
    ax.set_xscale("log")
    ax.set_xlim(LOW_S, HIGH_S)
    ax.set_xticks(TICKS_S, [f"{tick:g}" for tick in TICKS_S])
    ax.minorticks_off()
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_yticks(range(len(shown)), [each.name for each in shown])
    for row, each in enumerate(shown):
        color = BLUE if row == 0 else mixed(QUIET, "white", 0.35)
        ax.barh(row, each.latest_s - each.soonest_s, left=each.soonest_s, height=0.5, color=color)
        ax.annotate(
            f"{each.soonest_s:g} to {each.latest_s:g} s",
            xy=(each.latest_s, row),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=TEXT_PX,
            fontweight="bold" if row == 0 else "normal",
            color=INK,
            path_effects=HALO,
            zorder=5,
        )
    notes = []
    if said_s is not None:
        at_s = min(max(said_s, LOW_S), HIGH_S)
        notes.append(Note(at_s, f"◆ you said {said_s:g} s", INK, "bold"))
        ax.axvline(at_s, color=INK, linewidth=1.6, linestyle=(0, (1, 1.6)), zorder=2.5)
    if measured_s is not None:
        notes.append(Note(measured_s, f"measured {seconds(measured_s)}"))
        ax.plot([measured_s], [0], "o", color="white", markeredgecolor=INK, markersize=8, zorder=4)
    _annotate(ax, notes)
    return shown


def describe_take_overs(*, measured_s: float | None = None, said_s: float | None = None) -> str:
    """The chart in words, from the same data."""
    words = ["How long after a kill another worker can begin:"]
    words += [
        f"{each.name}, {each.soonest_s:g} to {each.latest_s:g} s, for it has {each.why}."
        for each in take_overs()
    ]
    if measured_s is not None:
        words.append(f"Measured here: {seconds(measured_s)}.")
    if said_s is not None:
        words.append(f"You said {said_s:g} s.")
    return " ".join(words)


def _annotate(ax: Axes, notes: list[Note]) -> None:
    """`annotate` measures on a straight scale, so it is given one of its own."""
    straight = ax.twiny()
    straight.set_xlim(0, 1)
    straight.axis("off")
    at = ax.transData + ax.transAxes.inverted()
    placed = [
        Note(float(at.transform((note.x, 0.0))[0]), note.text, note.color, note.weight)
        for note in notes
    ]
    annotate(straight, placed, ax.get_ylim()[1])
