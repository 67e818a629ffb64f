"""What all charts share: one meaning for each colour and marker, quiet axes, direct labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.ticker import MaxNLocator

BLUE, VERMILLION = "#0072B2", "#D55E00"
SKY, PURPLE, ORANGE = "#56B4E9", "#CC79A7", "#E69F00"
INK, QUIET, RULE, CLOSED = "#333333", "#646464", "#dcdcdc", "#efefef"

#: Okabe-Ito without its green, which beside vermillion many cannot tell apart, its pale yellow,
#: and black, which is for failure
_COLORS = {1: BLUE, 5: VERMILLION}
_OTHERS = (PURPLE, ORANGE, SKY)
_MARKERS = {1: "o", 5: "s", 2: "^", 3: "D", 4: "v", 6: "P", 7: "X", 8: "p", 9: "<", 10: ">"}

TEXT_PX, SMALL_PX, TITLE_PX = 11.5, 11, 13
#: the room between an ax and its title, for direct labels
LIFT_PX = 36
NOTE_ROWS = 2


def color_of(max_jobs: int) -> str:
    """The colour that stands for a `max_jobs` in every chart: 1 is blue, 5 is vermillion."""
    return _COLORS.get(max_jobs) or _OTHERS[max_jobs % 3]


def marker_of(max_jobs: int) -> str:
    """The marker that says the same as the colour, for those who cannot go by colour."""
    return _MARKERS.get(max_jobs, "h")


def mixed(color: str, other: str, share: float) -> str:
    """`color` with a `share` (0 to 1) of `other` in it."""
    red, green, blue = (
        (1 - share) * a + share * b for a, b in zip(to_rgb(color), to_rgb(other), strict=True)
    )
    return to_hex((red, green, blue))


def readable(color: str) -> str:
    """`color`, dark enough for small text on white."""
    return mixed(color, "black", max(0.0, _light(color) - 0.34) * 1.6)


def ink_on(color: str) -> str:
    """The colour of a text on a bar of this `color`."""
    return "white" if _light(color) < 0.55 else INK


def _light(color: str) -> float:
    red, green, blue = to_rgb(color)
    return 0.3 * red + 0.59 * green + 0.11 * blue


def shown(name: str, most: int = 12) -> str:
    """A name from a job, fit for a chart: short, one line, only what the font can draw."""
    clean = "".join(
        sign if sign.isprintable() and sign < "\u0530" else "?" for sign in str(name)[: most + 1]
    )
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def nice_end(end_s: float) -> float:
    """Where a time axis that has to show `end_s` should end: with a little room."""
    return max(end_s, 0.05) * 1.08


def dress(ax: Axes, title: str, *, mark: int | None = None) -> list[Artist]:
    """Quiet spines and grid, and a title; with `mark`, the sign of that `max_jobs` before it."""
    ax.tick_params(colors=QUIET, labelsize=SMALL_PX, labelcolor=INK, length=3, width=0.8)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color("#a8a8a8")
    ax.grid(axis="x", color=RULE, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.set_xlabel("seconds since the first enqueue", color=QUIET, fontsize=SMALL_PX)
    ax.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    artists: list[Artist] = []
    if mark is not None:
        height = ax.get_window_extent().height / ax.figure.dpi * 72
        spot = ax.plot(
            [0.016],
            [1 + (LIFT_PX + 4.5) / height],
            marker_of(mark),
            transform=ax.transAxes,
            clip_on=False,
            color=color_of(mark),
            markersize=8.5,
        )
        artists += spot
    artists.append(
        ax.annotate(
            title,
            xy=(0, 1),
            xycoords="axes fraction",
            textcoords="offset points",
            xytext=(14 if mark is not None else 0, LIFT_PX),
            fontsize=TITLE_PX,
            fontweight="bold",
            color=INK,
            parse_math=False,
        )
    )
    return artists


@dataclass(frozen=True)
class Note:
    """A direct label: `text` about the point `x`."""

    x: float
    text: str
    color: str = QUIET
    weight: str = "normal"


def annotate(ax: Axes, notes: Sequence[Note], y: float) -> list[Artist]:
    """Write notes above height `y`, in data units, in as many rows as it takes for none to overlap.

    Text widths are estimated, so that nothing needs to be drawn to know them. Where `NOTE_ROWS` do
    not suffice, the earlier ones of `notes` are left out.
    """
    px = SMALL_PX
    low, high = ax.get_xlim()
    wide_px = ax.get_window_extent().width / ax.figure.dpi * 72
    rows: list[list[tuple[float, float]]] = []
    artists: list[Artist] = []
    for note in reversed(notes):
        at = (note.x - low) / (high - low) * wide_px
        length = 0.6 * px * len(note.text) + 4
        # beside its point, on the side that has the room
        right = at + length > wide_px and at > wide_px / 2
        span = (at - length, at) if right else (at, at + length)
        free = (all(span[1] <= a or b <= span[0] for a, b in row) for row in rows)
        number = next((number for number, fits in enumerate(free) if fits), len(rows))
        if number == NOTE_ROWS:
            continue
        if number == len(rows):
            rows.append([])
        rows[number].append(span)
        artists.append(
            ax.annotate(
                note.text,
                xy=(note.x, y),
                xytext=(-2 if right else 2, 4 + number * (px + 4)),
                textcoords="offset points",
                ha="right" if right else "left",
                va="bottom",
                fontsize=px,
                fontweight=note.weight,
                color=note.color,
                parse_math=False,
                annotation_clip=False,
            )
        )
    return artists


def seconds(value_s: float) -> str:
    """A measured time as people read it: `5.03 s`, or `–` when there is none."""
    return f"{value_s:.2f} s" if math.isfinite(value_s) else "–"
