"""A worker's pulse: how late its loop was over time, a row for each kind of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.text import Text

from lessonkit.chores import ChoreRun
from lessonkit.plots.done import HALO
from lessonkit.plots.ink import INK, QUIET, TEXT_PX, dress, mixed, nice_end
from lessonkit.plots.speed import COLORS, HATCHES, name_rows

#: how much of its row the latest beat fills
FULL = 0.8
#: a row's scale shows at least so much
LEAST_TOP_S = 0.1


@dataclass
class LagsChart:
    """What `draw_lags` drew. `moving` are the artists that `update` changes."""

    ax: Axes
    top_s: float
    teeth: list[PathPatch]
    labels: list[Text]
    now: Line2D
    still: list[Artist] = field(default_factory=list)

    @property
    def moving(self) -> tuple[Artist, ...]:
        return (*self.teeth, *self.labels, self.now)

    def update(self, run: ChoreRun) -> bool:
        """Show how a run stands, in the one row of its chart. Answers whether what stands still had
        to change as well."""
        grew = run.now_s > self.ax.get_xlim()[1]
        if grew:
            self.ax.set_xlim(0, run.now_s * 1.25)
        self.top_s = max(self.top_s, run.worst_lag_s)
        self._show(0, run)
        self.now.set_xdata([run.now_s] * 2)
        self.now.set_visible(bool(run.first_ms) and not run.over)
        return grew

    def _show(self, row: int, run: ChoreRun) -> None:
        self.teeth[row].set_path(_teeth(run, row, FULL / self.top_s))
        worst = max(run.lags, key=lambda lag: lag.lag_s, default=None)
        self.labels[row].set_text(f"{worst.lag_s * 1000:.0f} ms late" if worst else "")
        if worst:
            low, high = self.ax.get_xlim()
            late = worst.woke_s > 0.7 * (high - low)
            gap_s = 0.01 * (high - low) * (-1 if late else 1)
            self.labels[row].set(x=worst.woke_s + gap_s, ha="right" if late else "left")


def draw_lags(
    ax: Axes,
    runs: Sequence[ChoreRun],
    *,
    end_s: float | None = None,
    top_s: float = LEAST_TOP_S,
    title: str = "",
) -> LagsChart:
    """Draw on `ax` how late the worker's loop was in each run, a row each, and return the artists.

    A tooth begins when the loop was due and ends when it woke; it is as high as it is long. All
    rows have one scale, which shows at least `top_s` seconds; the axis shows at least `end_s`.
    """
    dress(ax, title or "How late the worker's loop was")
    ax.set_xlim(0, nice_end(max([end_s or 0.0, *(run.now_s for run in runs)])))
    name_rows(ax, [str(run.chore) for run in runs])
    teeth, labels = [], []
    for row, run in enumerate(runs):
        base = row + FULL / 2
        ax.axhline(base, color="#a8a8a8", linewidth=0.8, zorder=1)
        color = COLORS[run.chore.where]
        patch = PathPatch(
            _teeth(run, row, 0.0),
            facecolor=color,
            edgecolor=mixed(color, "black", 0.35),
            hatch=HATCHES[run.chore.where],
            linewidth=1.0,
            zorder=2,
        )
        ax.add_patch(patch)
        teeth.append(patch)
        label = ax.text(0, row - 0.02, "", fontsize=TEXT_PX, color=INK, va="center", zorder=4)
        label.set(fontweight="bold", path_effects=HALO, parse_math=False)
        labels.append(label)
    top_s = max([top_s, *(run.worst_lag_s for run in runs)])
    now = ax.axvline(0, color=QUIET, linewidth=1, zorder=3, visible=False)
    chart = LagsChart(ax, top_s, teeth, labels, now)
    for row, run in enumerate(runs):
        chart._show(row, run)
    return chart


def describe_lags(runs: Sequence[ChoreRun]) -> str:
    """The chart in words, from the same data."""
    words = ["How late the worker's loop was over time."]
    for run in runs:
        worst = max(run.lags, key=lambda lag: lag.lag_s, default=None)
        if worst:
            words.append(
                f"{run.chore}: at most {worst.lag_s * 1000:.0f} ms, from {worst.due_s:.2f} to "
                f"{worst.woke_s:.2f} s."
            )
    return " ".join(words)


def _teeth(run: ChoreRun, row: int, scale: float) -> Path:
    """The teeth as one path."""
    base = row + FULL / 2
    corners = [
        [(lag.due_s, base), (lag.woke_s, base - lag.lag_s * scale), (lag.woke_s, base)]
        for lag in run.lags
    ]
    closed = [[*tooth, tooth[0]] for tooth in corners]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(closed)
    return Path(np.array(closed).reshape(-1, 2), np.array(codes, dtype=Path.code_type))
