"""A worker leaves, the next one takes over: the slots of both over time, and the signal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from lessonkit.attempts import Attempt
from lessonkit.outcomes import HandoverResult
from lessonkit.plots.ink import (
    CLOSED,
    INK,
    QUIET,
    SMALL_PX,
    TEXT_PX,
    Note,
    annotate,
    color_of,
    dress,
    ink_on,
    mixed,
    nice_end,
    seconds,
    shown,
)
from lessonkit.plots.lanes import Bar, absences_of, bars_of, box, joined, kind_of, lane_of, torn

#: how deep the teeth of a bar that was cut off are
TOOTH_PX = 5.0
NAMES = ("first", "second")
#: room for the lanes' names
LEFT_PX = 98


@dataclass
class ShutdownChart:
    """What `draw_shutdown` drew. `moving` are the artists that `update` changes."""

    ax: Axes
    away: PathPatch
    done: PathPatch
    running: PathPatch
    cut: PathPatch
    signal: Line2D
    now: Line2D
    labels: list[Text]
    absences: list[Text]
    still: list[Artist] = field(default_factory=list)
    _notes: list[Artist] = field(default_factory=list)

    @property
    def moving(self) -> tuple[Artist, ...]:
        bars = (self.away, *self.absences, self.done, self.running, self.cut)
        return (*bars, *self.labels, self.now, self.signal)

    def update(self, result: HandoverResult) -> bool:
        """Show how the run stands. Answers whether what stands still had to change as well."""
        grew = result.now_s > self.ax.get_xlim()[1]
        if grew:
            self.ax.set_xlim(0, result.now_s * 1.25)
        bars = bars_of(result)
        tooth_s = TOOTH_PX / self._px_per_s
        self.done.set_path(joined(box(bar) for bar in bars if bar.kind == "done"))
        self.running.set_path(joined(box(bar) for bar in bars if bar.kind == "running"))
        self.cut.set_path(joined(torn(bar, tooth_s) for bar in bars if bar.kind == "cut"))
        self._label(bars)
        self._showabsences_of(result)
        self.now.set_xdata([result.now_s] * 2)
        self.now.set_visible(bool(result.jobs) and not result.over)
        return self._mark(result) or grew

    @property
    def _px_per_s(self) -> float:
        scale = 72 / self.ax.figure.dpi
        return float(self.ax.get_window_extent().width * scale / self.ax.get_xlim()[1])

    def _label(self, bars: Sequence[Bar]) -> None:
        for label in self.labels:
            label.set_visible(False)
        inks = {"done": ink_on(to_hex(self.done.get_facecolor())), "running": INK, "cut": INK}
        for bar, label in zip(bars, self.labels, strict=False):
            name = shown(bar.job)
            left_s, right_s = bar.room
            wide_px = (right_s - left_s) * self._px_per_s
            texts = [f"{name} {bar.remark}", name] if bar.remark else [name]
            fits = [text for text in texts if wide_px > 0.6 * TEXT_PX * len(text) + 5]
            if fits:
                label.set(x=(left_s + right_s) / 2, y=bar.lane, text=fits[0])
                label.set(color=inks[bar.kind], visible=True)

    def _showabsences_of(self, result: HandoverResult) -> None:
        absences = absences_of(result, self.ax.get_xlim()[1])
        self.away.set_path(joined(corners for corners, _ in absences))
        for label in self.absences:
            label.set_visible(False)
        for (corners, words), label in zip(absences, self.absences, strict=False):
            (left_s, top), _, (right_s, bottom), *_ = corners
            if (right_s - left_s) * self._px_per_s > 0.56 * SMALL_PX * len(words) + 6:
                label.set(x=(left_s + right_s) / 2, y=(top + bottom) / 2, text=words, visible=True)

    def _mark(self, result: HandoverResult) -> bool:
        """The signal's line, and above it when it came and when the worker left."""
        if result.signal_s is None:
            return False
        plan = result.settings
        below = lane_of(0, plan.max_jobs, plan.max_jobs) - 0.5
        self.signal.set_data([result.signal_s] * 2, [self.ax.get_ylim()[1], below])
        notes = [
            Note(result.signal_s, f"{plan.signal_name} {seconds(result.signal_s)}", INK, "bold")
        ]
        if result.left_s is not None and result.left_after_s > 0:
            notes.insert(0, Note(result.left_s, f"left after {seconds(result.left_after_s)}"))
        if len(notes) == len(self._notes) and not result.over:
            return False
        for note in self._notes:
            note.remove()
        self._notes = annotate(self.ax, notes, self.ax.get_ylim()[1])
        return True


def draw_shutdown(
    ax: Axes, result: HandoverResult, *, end_s: float | None = None, title: str = ""
) -> ShutdownChart:
    """Draw a run on `ax`, a lane a slot of each worker, and return the artists.

    `end_s` is the time that the axis has to show (default: what the run needs).
    """
    plan = result.settings
    dress(ax, title or f"grace {plan.grace_s:g} s", mark=plan.max_jobs)
    ax.set_xlim(0, nice_end(max(result.now_s, end_s or expected_end_s(result))))
    lanes = [
        lane_of(worker, slot, plan.max_jobs) for worker in (0, 1) for slot in range(plan.max_jobs)
    ]
    ax.set_ylim(lanes[-1] + 0.55, -0.55)
    ax.set_yticks(lanes, [f"{name}, slot {n + 1}" for name in NAMES for n in range(plan.max_jobs)])
    color = color_of(plan.max_jobs)
    text: dict[str, Any] = {"ha": "center", "va": "center", "clip_on": True, "parse_math": False}
    chart = ShutdownChart(
        ax,
        away=_add(ax, CLOSED, zorder=0.6, linewidth=0.0),
        done=_add(ax, color, edgecolor="white", linewidth=1.2),
        running=_add(
            ax, mixed(color, "white", 0.62), edgecolor="white", linewidth=1.2, hatch="///"
        ),
        cut=_add(
            ax, mixed(color, "white", 0.8), edgecolor=mixed(color, "black", 0.3), linewidth=1.4
        ),
        # it is sent to the first worker alone
        signal=ax.plot([], [], color=INK, linewidth=2.2, zorder=4, solid_capstyle="butt")[0],
        now=ax.axvline(0, color=QUIET, linewidth=1, zorder=3, visible=False),
        labels=[
            ax.text(0, 0, "", fontsize=TEXT_PX, fontweight="bold", zorder=5, **text)
            for _ in range(2 * plan.jobs)
        ],
        absences=[
            ax.text(0, 0, "", fontsize=SMALL_PX, color=QUIET, zorder=1, **text) for _ in NAMES
        ],
    )
    chart.update(result)
    return chart


def expected_end_s(result: HandoverResult) -> float:
    """How long a run will take, about: for the axis of one that has just begun."""
    plan = result.settings
    rounds = math.ceil(plan.jobs / plan.max_jobs)
    return max(plan.signal_at_s, plan.seconds) + 0.8 + rounds * plan.seconds


def describe_shutdown(result: HandoverResult) -> str:
    """The chart in words, from the same data."""
    plan = result.settings
    words = [f"Slots of two workers over time, max_jobs {plan.max_jobs}, grace {plan.grace_s:g} s."]
    if result.signal_s is not None:
        words.append(f"{plan.signal_name} at {seconds(result.signal_s)}: {result.goodbye}.")
    for worker, shift in zip(NAMES, result.shifts, strict=False):
        for slot in range(plan.max_jobs):
            runs = [
                f"email {shown(each.job)} from {each.started_s:.2f} {_until(each, result)}"
                for each in result.attempts
                if (each.worker, each.slot) == (shift.worker, slot)
            ]
            if runs:
                words.append(f"The {worker} worker's slot {slot + 1} ran {', '.join(runs)}.")
    return " ".join(words)


def _until(attempt: Attempt, result: HandoverResult) -> str:
    end_s = result.end_s(attempt)
    if end_s is None:
        return "on"
    cut = ", where it was cut off" if kind_of(attempt, result) == "cut" else ""
    return f"to {seconds(end_s)}{cut}"


def _add(ax: Axes, color: str, **look: Any) -> PathPatch:
    patch = PathPatch(joined([]), facecolor=color, **look)
    ax.add_patch(patch)
    return patch
