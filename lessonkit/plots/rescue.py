"""A job whose worker is gone: who had it and when, and below, what was left of its lease."""

from __future__ import annotations

import itertools
import math
import signal
from dataclasses import dataclass, field
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from lessonkit.attempts import Ending
from lessonkit.plots.held import (
    absent_in_rescue,
    bars_of_rescue,
    is_orphaned,
    lanes_of_rescue,
    lease_line,
)
from lessonkit.plots.ink import (
    INK,
    QUIET,
    SMALL_PX,
    Note,
    annotate,
    color_of,
    dress,
    mixed,
    nice_end,
    seconds,
)
from lessonkit.plots.lanechart import LanesChart, lanes_on
from lessonkit.plots.lanes import joined
from lessonkit.rescues import RescueResult
from workers.leases import LEASE_S

#: room for the lanes' names
LEFT_PX = 104
#: between the lanes and the lease, in lanes
GAP = 0.5


@dataclass
class RescueChart(LanesChart):
    """What `draw_rescue` drew. `moving` are the artists that `update` changes."""

    lease: Line2D
    held: PathPatch
    """What is under the line while the one whose lease it is is there."""
    orphaned: PathPatch
    """And while it is not."""
    kills: Line2D
    failures: Line2D
    stalls: list[Text]
    """Where a lease ran out, and the queue's event said so."""
    now: Line2D
    said_s: float | None = None
    """What was predicted: how long after the kill the rescue would come."""
    _said: Line2D | None = None
    _shown: tuple[int, int] = (0, 0)
    _notes: list[Artist] = field(default_factory=list)

    @property
    def moving(self) -> tuple[Artist, ...]:
        lease = (self.held, self.orphaned, self.lease)
        return (*self.drawn, *lease, *self.stalls, self.now, self.kills, self.failures)

    def update(self, result: RescueResult) -> bool:
        """Show how the drill stands. Answers whether what stands still had to change as well."""
        grew = result.now_s > self.ax.get_xlim()[1]
        if grew:
            self.ax.set_xlim(0, result.now_s * 1.25)
        self.show(bars_of_rescue(result), absent_in_rescue(result, self.ax.get_xlim()[1]))
        self._show_lease(result)
        stalls = [each.ended_s for each in result.attempts if each.ending == Ending.STALLED]
        for text, at_s in zip(self.stalls, stalls, strict=False):
            text.set(x=at_s, visible=True)
        failed = [each for each in result.attempts if each.ending == Ending.FAILED]
        ends = [each.ended_s or 0.0 for each in failed]
        self.failures.set_data(ends, [lanes_of_rescue(result).get(each.pid, 0) for each in failed])
        lanes = [(kill.at_s, lanes_of_rescue(result).get(kill.pid, 0)) for kill in result.kills]
        self.kills.set_data(
            [x for at_s, _ in lanes for x in (at_s, at_s, math.nan)],
            [y for _, lane in lanes for y in (lane - 0.5, lane + 0.5, math.nan)],
        )
        self.now.set_xdata([result.now_s] * 2)
        self.now.set_visible(bool(result.attempts) and not result.over)
        named = _name_lanes(self.ax, result)
        return self._mark(result) or grew or named

    def _show_lease(self, result: RescueResult) -> None:
        line = lease_line(result)
        top, bottom = _lease_area(result.settings.workers)
        points = [(x, bottom - (bottom - top) * left_s / LEASE_S) for x, left_s in line]
        self.lease.set_data([x for x, _ in points], [y for _, y in points])
        pieces = [
            (orphaned, [(x0, bottom), (x0, y0), (x1, y1), (x1, bottom)])
            for (x0, y0), (x1, y1) in itertools.pairwise(points)
            for orphaned in [is_orphaned((x0 + x1) / 2, result)]
            if x1 > x0
        ]
        self.held.set_path(joined(each for orphaned, each in pieces if not orphaned))
        self.orphaned.set_path(joined(each for orphaned, each in pieces if orphaned))

    def _mark(self, result: RescueResult) -> bool:
        """Above the lanes: when the signal came, when the rescue, and what was predicted."""
        shown = (len(result.kills), len(result.attempts))
        if shown == self._shown or not result.kills:
            return False
        self._shown = shown
        for note in self._notes:
            note.remove()
        self._notes = annotate(self.ax, self._notes_of(result), self.ax.get_ylim()[1])
        return True

    def _notes_of(self, result: RescueResult) -> list[Note]:
        name = result.settings.signal_name
        notes = [Note(result.killed_s, f"{name} {seconds(result.killed_s)}", INK, "bold")]
        if self.said_s is not None:
            at_s = result.killed_s + self.said_s
            notes.append(Note(at_s, f"◆ you said {self.said_s:g} s", INK, "bold"))
            self._said = self._said or self.ax.axvline(
                at_s, color=INK, linewidth=1.6, linestyle=(0, (1, 1.6)), zorder=2.5
            )
        if result.rescue:
            text = f"{seconds(result.rescued_after_s)} later"
            notes.append(Note(result.rescue.started_s, text))
        return notes


def draw_rescue(
    ax: Axes,
    result: RescueResult,
    *,
    end_s: float | None = None,
    said_s: float | None = None,
    title: str = "Who has the email, and for how long still",
) -> RescueChart:
    """Draw a drill on `ax`, a lane a worker and the email's lease below, and return the artists.

    `end_s` is the time that the axis has to show (default: what the drill needs), `said_s` how long
    after the kill the rescue was predicted.
    """
    plan = result.settings
    dress(ax, title, mark=1)
    said_end_s = result.killed_s + said_s if said_s is not None and result.kills else 0.0
    ax.set_xlim(0, nice_end(max(result.now_s, end_s or expected_end_s(result), said_end_s)))
    top, bottom = _lease_area(plan.workers)
    ax.set_ylim(bottom + 0.12, -0.55)
    ax.axhline(bottom, color=QUIET, linewidth=0.8, zorder=2)
    ax.axhline(top, color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    color = color_of(1)
    pale = mixed(QUIET, "white", 0.55)
    held = PathPatch(joined([]), facecolor=mixed(color, "white", 0.75), linewidth=0, zorder=1.5)
    orphaned = PathPatch(
        joined([]), facecolor="white", edgecolor=pale, hatch="////", linewidth=0, zorder=1.5
    )
    for patch in (held, orphaned):
        ax.add_patch(patch)
    chart = RescueChart(
        **lanes_on(ax, color, bars=plan.workers + 1, absences=plan.workers),
        lease=ax.plot([], [], color=INK, linewidth=1.6, zorder=3)[0],
        held=held,
        orphaned=orphaned,
        kills=ax.plot([], [], color=INK, linewidth=2.4, zorder=4, solid_capstyle="butt")[0],
        failures=ax.plot([], [], "X", color=INK, markeredgecolor="white", markersize=13, zorder=5)[
            0
        ],
        stalls=[_stall(ax, top, bottom) for _ in range(plan.workers)],
        now=ax.axvline(0, color=QUIET, linewidth=1, zorder=3, visible=False),
        said_s=said_s,
    )
    ax.annotate(
        "lease of the email",
        xy=(0, top),
        xytext=(4, 3),
        textcoords="offset points",
        fontsize=SMALL_PX,
        color=QUIET,
    )
    chart.update(result)
    return chart


def describe_rescue(result: RescueResult) -> str:
    """The chart in words, from the same data."""
    plan = result.settings
    words = [f"{plan.workers} workers over time, one email of {plan.seconds:g} s, and its lease."]
    for each in result.attempts:
        end_s = result.end_s(each)
        until = "on" if end_s is None else f"to {seconds(end_s)}"
        words.append(f"Process {each.pid} had the email from {each.started_s:.2f} {until}.")
    for kill in result.kills:
        words.append(
            f"{plan.signal_name} to process {kill.pid} at {seconds(kill.at_s)}, when "
            f"{seconds(kill.lease_left_s)} of its lease were left."
        )
    if result.rescue:
        words.append(
            f"Process {result.rescued_by_pid} began {seconds(result.rescued_after_s)} after that."
        )
    return " ".join(words)


def _stall(ax: Axes, top: float, bottom: float) -> Text:
    """A name that ends at its point, in the corner that a line which runs out leaves free."""
    y = top + 0.3 * (bottom - top)
    look: dict[str, Any] = {"ha": "right", "va": "center", "clip_on": True}
    return ax.text(0, y, "stalled ▸", fontsize=SMALL_PX, color=INK, visible=False, zorder=5, **look)


def _name_lanes(ax: Axes, result: RescueResult) -> bool:
    """Name the lanes after the workers that are known. Answers whether anything changed."""
    count = result.settings.workers
    names = [f"worker {number}" for number in range(1, count + 1)]
    for pid, lane in lanes_of_rescue(result).items():
        names[lane] = f"process {pid}"
    names += [f"{LEASE_S:g} s left", "0 s"]
    if names == [label.get_text() for label in ax.get_yticklabels()]:
        return False
    ax.set_yticks([*range(count), *_lease_area(count)], names)
    return True


def expected_end_s(result: RescueResult) -> float:
    """How long a drill will take, about: for the axis of one that has just begun."""
    plan = result.settings
    if plan.signum == signal.SIGTERM:
        return plan.kills * plan.kill_at_s + plan.seconds + 0.4
    return max(plan.kills, 1) * (min(plan.kill_at_s, plan.seconds) + LEASE_S) + plan.seconds


def _lease_area(workers: int) -> tuple[float, float]:
    """Where a full lease and none are on the chart, in lanes from the top."""
    top = workers - 0.5 + GAP
    return top, top + max(1.3, 0.6 * workers)
