"""A worker leaves, the next one takes over: the slots of both over time, and the signal."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lessonkit.attempts import Attempt
from lessonkit.outcomes import HandoverResult
from lessonkit.plots.ink import (
    INK,
    QUIET,
    Note,
    annotate,
    color_of,
    dress,
    nice_end,
    seconds,
    shown,
)
from lessonkit.plots.lanechart import LanesChart, lanes_on
from lessonkit.plots.lanes import absences_of, bars_of, kind_of, lane_of

NAMES = ("first", "second")
#: room for the lanes' names
LEFT_PX = 98


@dataclass
class ShutdownChart(LanesChart):
    """What `draw_shutdown` drew. `moving` are the artists that `update` changes."""

    signal: Line2D
    now: Line2D
    _notes: list[Artist] = field(default_factory=list)

    @property
    def moving(self) -> tuple[Artist, ...]:
        return (*self.drawn, self.now, self.signal)

    def update(self, result: HandoverResult) -> bool:
        """Show how the run stands. Answers whether what stands still had to change as well."""
        grew = result.now_s > self.ax.get_xlim()[1]
        if grew:
            self.ax.set_xlim(0, result.now_s * 1.25)
        self.show(bars_of(result), absences_of(result, self.ax.get_xlim()[1]))
        self.now.set_xdata([result.now_s] * 2)
        self.now.set_visible(bool(result.jobs) and not result.over)
        return self._mark(result) or grew

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
    chart = ShutdownChart(
        **lanes_on(ax, color_of(plan.max_jobs), bars=2 * plan.jobs, absences=len(NAMES)),
        # it is sent to the first worker alone
        signal=ax.plot([], [], color=INK, linewidth=2.2, zorder=4, solid_capstyle="butt")[0],
        now=ax.axvline(0, color=QUIET, linewidth=1, zorder=3, visible=False),
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
