"""What there is to see when a worker leaves and another takes over: bars in lanes, and absences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from matplotlib.path import Path

from lessonkit.attempts import Attempt, Ending
from lessonkit.outcomes import HandoverResult

BAR = 0.76
#: between the lanes of the two workers, in lanes
GAP = 0.5
#: on the side of a bar that was cut off
TEETH = 4

Corners = list[tuple[float, float]]


@dataclass(frozen=True)
class Bar:
    """An attempt as it is drawn: `kind` is done, running or cut."""

    lane: float
    start_s: float
    end_s: float
    kind: str
    job: str
    remark: str = ""
    signal_s: float | None = None

    @property
    def room(self) -> tuple[float, float]:
        """From when to when there is room for a label: the signal's line must not strike it out."""
        if self.signal_s is None or not self.start_s < self.signal_s < self.end_s:
            return self.start_s, self.end_s
        if self.signal_s - self.start_s > self.end_s - self.signal_s:
            return self.start_s, self.signal_s
        return self.signal_s, self.end_s


def kind_of(attempt: Attempt, result: HandoverResult) -> str:
    """How an attempt is drawn: done, running, or cut, because its worker left or was gone."""
    if attempt.ending in (Ending.COMPLETED, Ending.FAILED):
        return "done"
    return "running" if result.end_s(attempt) is None else "cut"


def bars_of(result: HandoverResult) -> list[Bar]:
    """A bar for each attempt; those under way end now."""
    order = [shift.worker for shift in result.shifts]
    bars, seen = [], set[str]()
    for each in result.attempts:
        kind, end_s = kind_of(each, result), result.end_s(each)
        worker = order.index(each.worker)
        remark = "cut" if kind == "cut" else "again" if each.job in seen else ""
        remark = "failed" if each.ending == Ending.FAILED else remark
        lane = lane_of(worker, each.slot, result.settings.max_jobs)
        end_s = max(result.now_s, each.started_s) if end_s is None else end_s
        signal_s = None if worker else result.signal_s
        bars.append(Bar(lane, each.started_s, end_s, kind, each.job, remark, signal_s))
        seen.add(each.job)
    return bars


def absences_of(result: HandoverResult, end_s: float) -> list[tuple[Corners, str]]:
    """Where a worker is not there, and what to write on it."""
    most = result.settings.max_jobs
    found = []
    if result.left_s is not None:
        how = "has left" if result.exit_code in (None, 0) else "was killed"
        corners = rectangle(result.left_s, end_s, -0.5, lane_of(0, most, most) - 0.5)
        found.append((corners, how))
    ready_s = result.shifts[1].ready_s if len(result.shifts) > 1 else end_s
    corners = rectangle(0.0, ready_s, lane_of(1, 0, most) - 0.5, lane_of(1, most, most) - 0.5)
    return [*found, (corners, "not there yet")]


def lane_of(worker: int, slot: int, max_jobs: int) -> float:
    """Where a slot of the first worker (0) or the second (1) is, from the top."""
    return slot + worker * (max_jobs + GAP)


def box(bar: Bar) -> Corners:
    """A bar with straight sides."""
    return rectangle(bar.start_s, bar.end_s, bar.lane - BAR / 2, bar.lane + BAR / 2)


def rectangle(left_s: float, right_s: float, top: float, bottom: float) -> Corners:
    """Its corners, from a time to a time and from a lane to a lane."""
    return [(left_s, top), (right_s, top), (right_s, bottom), (left_s, bottom)]


def torn(bar: Bar, tooth_s: float) -> Corners:
    """A bar whose right side has teeth, the tips of which are at its end."""
    tooth_s = min(tooth_s, (bar.end_s - bar.start_s) / 2)
    left_top, _, _, left_bottom = box(bar)
    edge = [
        (bar.end_s - tooth_s * (step % 2), bar.lane - BAR / 2 + BAR * step / (2 * TEETH))
        for step in range(2 * TEETH + 1)
    ]
    return [left_top, *edge, left_bottom]


def joined(shapes: Iterable[Corners]) -> Path:
    """All shapes as one path."""
    paths = [Path([*corners, corners[0]], closed=True) for corners in shapes]
    return Path.make_compound_path(*paths)
