"""What there is to see of a rescue: attempts in lanes, who is not there, and the lease."""

from __future__ import annotations

import itertools
import math
import signal

from lessonkit.attempts import Attempt, Ending
from lessonkit.plots.lanes import Bar, Corners, rectangle
from lessonkit.rescues import LeaseSample, RescueResult
from workers.leases import LEASE_S

_AWAY = {signal.SIGKILL: "was killed", signal.SIGTERM: "has left", signal.SIGSTOP: "sleeps"}


def bars_of_rescue(result: RescueResult) -> list[Bar]:
    """A bar for each attempt; the one under way ends now."""
    lanes, bars = lanes_of_rescue(result), []
    for number, each in enumerate(result.attempts):
        end_s = result.end_s(each)
        end_s = max(result.now_s, each.started_s) if end_s is None else end_s
        lane, name = lanes.get(each.pid, 0), "again" if number else "email"
        bars.append(Bar(lane, each.started_s, end_s, _kind(each, result), name))
    return bars


def _kind(attempt: Attempt, result: RescueResult) -> str:
    if _is_final(attempt):
        return "done"
    return "running" if result.end_s(attempt) is None else "cut"


def _is_final(attempt: Attempt) -> bool:
    return attempt.ending in (Ending.COMPLETED, Ending.FAILED)


def absent_in_rescue(result: RescueResult, end_s: float) -> list[tuple[Corners, str]]:
    """Where a worker is not there, and what to write on it."""
    lanes = lanes_of_rescue(result)
    return [
        (
            rectangle(kill.at_s, _back_s(result, end_s), lane - 0.5, lane + 0.5),
            _AWAY[result.settings.signum],
        )
        for kill in result.kills
        for lane in [lanes.get(kill.pid, 0)]
    ]


def _back_s(result: RescueResult, end_s: float) -> float:
    """When the workers that are gone are back: only sleepers are, as soon as they are heard of."""
    return end_s if result.refused_s is None else result.refused_s


def lease_line(result: RescueResult) -> list[tuple[float, float]]:
    """When, and how much of the lease was left: the samples, and the corners between them."""
    end_s = next((e.ended_s for e in result.attempts if _is_final(e)), None)
    samples = [each for each in result.lease if end_s is None or each.at_s < end_s]
    line = [(each.at_s, each.left_s) for each in samples[:1]]
    for before, after in itertools.pairwise(samples):
        line += _corners(before, after)
    if line and end_s is not None:
        line += [(end_s, max(0.0, line[-1][1] - (end_s - line[-1][0]))), (end_s, 0.0)]
    return line


def _corners(before: LeaseSample, after: LeaseSample) -> list[tuple[float, float]]:
    """From one sample to the next: where it was renewed between them, or began anew, it is full."""
    here = [(after.at_s, after.left_s)]
    if after.left_s <= before.left_s:
        return here
    renewed_s = max(before.at_s, after.at_s - (LEASE_S - after.left_s))
    left_s = max(0.0, before.left_s - (renewed_s - before.at_s))
    return [(renewed_s, left_s), (renewed_s, LEASE_S), *here]


def is_orphaned(at_s: float, result: RescueResult) -> bool:
    """Whether nobody had the email then."""
    spans = [(each.started_s, result.end_s(each)) for each in result.attempts]
    return not any(start_s <= at_s <= (end_s or math.inf) for start_s, end_s in spans)


def lanes_of_rescue(result: RescueResult) -> dict[int, int]:
    """Worker process -> its lane, from the top."""
    return {shift.pid: number for number, shift in enumerate(result.shifts)}
