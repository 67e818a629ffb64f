"""How many jobs start in a time: counted in every window, and what a limit leaves."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from workers.contract import Limit


class Window(NamedTuple):
    """A window of time, without its end, and how many jobs started in it."""

    begin_s: float
    starts: int


def starts_in_windows(starts_s: Sequence[float], window_s: float = 1.0) -> list[int]:
    """For each start, how many starts the `window_s` seconds hold that begin with it."""
    times = sorted(starts_s)
    return [bisect_left(times, time + window_s) - index for index, time in enumerate(times)]


def busiest_window(starts_s: Sequence[float], window_s: float = 1.0) -> Window:
    """The first of the windows, wherever they begin, that hold the most starts.

    It is exact: a window can be moved on to the first start in it and loses none, so those that
    begin with a start are all that need to be counted.
    """
    counts = starts_in_windows(starts_s, window_s)
    if not counts:
        return Window(0.0, 0)
    most = max(counts)
    return Window(sorted(starts_s)[counts.index(most)], most)


def limited_span_s(jobs: int, limit: Limit) -> float:
    """The least time from the first to the last start of `jobs` jobs that a limit leaves them:
    `limit.max` start at once, as many after each `limit.per_s`. 0 without a limit."""
    return (jobs - 1) // limit.max * limit.per_s if limit.max else 0.0


def starts_in_the_last(starts_s: Sequence[float], window_s: float = 1.0) -> list[tuple[float, int]]:
    """How many starts the last `window_s` seconds hold, over time: each moment at which that
    changes, and the number from then on. The largest number is that of the busiest window."""
    changes = [(time, +1) for time in starts_s] + [(time + window_s, -1) for time in starts_s]
    now, steps = 0, list[tuple[float, int]]()
    for time, change in sorted(changes):
        now += change
        if steps and steps[-1][0] == time:
            steps.pop()
        steps.append((time, now))
    return steps
