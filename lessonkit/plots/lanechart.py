"""What charts of workers share: bars of attempts in lanes, and where a worker is not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from lessonkit.plots.ink import CLOSED, INK, QUIET, SMALL_PX, TEXT_PX, ink_on, mixed, shown
from lessonkit.plots.lanes import Bar, Corners, box, joined, torn

#: how deep the teeth of a bar that was cut off are
TOOTH_PX = 5.0


@dataclass
class LanesChart:
    """The artists of `lanes_on`; a chart adds what is its own."""

    ax: Axes
    away: PathPatch
    done: PathPatch
    running: PathPatch
    cut: PathPatch
    labels: list[Text]
    absences: list[Text]

    @property
    def drawn(self) -> tuple[Artist, ...]:
        """The artists that `show` changes."""
        return (self.away, *self.absences, self.done, self.running, self.cut, *self.labels)

    def show(self, bars: Sequence[Bar], absences: Sequence[tuple[Corners, str]]) -> None:
        """Draw these; a name is left out where it has no room."""
        tooth_s = TOOTH_PX / self.px_per_s
        self.done.set_path(joined(box(bar) for bar in bars if bar.kind == "done"))
        self.running.set_path(joined(box(bar) for bar in bars if bar.kind == "running"))
        self.cut.set_path(joined(torn(bar, tooth_s) for bar in bars if bar.kind == "cut"))
        self._label(bars)
        self._show_absences(absences)

    @property
    def px_per_s(self) -> float:
        """How wide a second is, in CSS pixels."""
        scale = 72 / self.ax.figure.dpi
        return float(self.ax.get_window_extent().width * scale / self.ax.get_xlim()[1])

    def _label(self, bars: Sequence[Bar]) -> None:
        for label in self.labels:
            label.set_visible(False)
        inks = {"done": ink_on(to_hex(self.done.get_facecolor())), "running": INK, "cut": INK}
        for bar, label in zip(bars, self.labels, strict=False):
            name = shown(bar.job)
            left_s, right_s = bar.room
            wide_px = (right_s - left_s) * self.px_per_s
            texts = [f"{name} {bar.remark}", name] if bar.remark else [name]
            fits = [text for text in texts if wide_px > 0.6 * TEXT_PX * len(text) + 5]
            if fits:
                label.set(x=(left_s + right_s) / 2, y=bar.lane, text=fits[0])
                label.set(color=inks[bar.kind], visible=True)

    def _show_absences(self, absences: Sequence[tuple[Corners, str]]) -> None:
        self.away.set_path(joined(corners for corners, _ in absences))
        for label in self.absences:
            label.set_visible(False)
        for (corners, words), label in zip(absences, self.absences, strict=False):
            (left_s, top), _, (right_s, bottom), *_ = corners
            if (right_s - left_s) * self.px_per_s > 0.56 * SMALL_PX * len(words) + 6:
                label.set(x=(left_s + right_s) / 2, y=(top + bottom) / 2, text=words, visible=True)


def lanes_on(ax: Axes, color: str, *, bars: int, absences: int) -> dict[str, Any]:
    """The artists of a LanesChart on `ax`, with names for so many bars and absences."""
    white: dict[str, Any] = {"edgecolor": "white", "linewidth": 1.2}
    text: dict[str, Any] = {"ha": "center", "va": "center", "clip_on": True, "parse_math": False}
    bold: dict[str, Any] = {"fontsize": TEXT_PX, "fontweight": "bold", "zorder": 5} | text
    quiet: dict[str, Any] = {"fontsize": SMALL_PX, "color": QUIET, "zorder": 1} | text
    edge = mixed(color, "black", 0.3)
    return {
        "ax": ax,
        "away": _add(ax, CLOSED, zorder=0.6, linewidth=0.0),
        "done": _add(ax, color, **white),
        "running": _add(ax, mixed(color, "white", 0.62), hatch="///", **white),
        "cut": _add(ax, mixed(color, "white", 0.8), edgecolor=edge, linewidth=1.4),
        "labels": [ax.text(0, 0, "", **bold) for _ in range(bars)],
        "absences": [ax.text(0, 0, "", **quiet) for _ in range(absences)],
    }


def _add(ax: Axes, color: str, **look: Any) -> PathPatch:
    patch = PathPatch(joined([]), facecolor=color, **look)
    ax.add_patch(patch)
    return patch
