"""Who ran which job, in which slot and when: spans of time, from what a queue's stream tells.

A job may run more than once. A `JobRecord` tells its first start and its last end; here each of its
attempts has a span of its own, and so has each worker.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from lessonkit.events import QueueEvent
from workers.contract import Event


class Ending(StrEnum):
    """How an attempt ended."""

    #: it has not
    ACTIVE = "active"
    #: the processor returned
    COMPLETED = "completed"
    #: the processor raised
    FAILED = "failed"
    #: its worker left and gave the job back; the attempt does not count
    RETURNED = "returned"
    #: its worker was gone: nobody said so, the lease ran out
    STALLED = "stalled"


_ENDINGS = {
    Event.COMPLETED: Ending.COMPLETED,
    Event.FAILED: Ending.FAILED,
    Event.RETURNED: Ending.RETURNED,
    Event.STALLED: Ending.STALLED,
}


@dataclass(frozen=True)
class Attempt:
    """One worker's run of one job. Times are seconds since the first enqueue, on Redis' clock."""

    job: str
    number: int
    """As the queue counts: an attempt that was given back is not counted, its successor has the
    same number."""
    worker: str
    slot: int
    """Which of the worker's slots it ran in, counted from 0: the lowest that was free."""
    started_s: float
    ended_s: float | None = None
    ending: Ending = Ending.ACTIVE

    @property
    def pid(self) -> int:
        """The worker's process."""
        return int(self.worker.partition("@")[0])


@dataclass(frozen=True)
class Shift:
    """A worker's time at work. Times as in Attempt; None for what has not happened."""

    worker: str
    ready_s: float
    draining_s: float | None = None
    """Since when it takes no more jobs."""
    closed_s: float | None = None

    @property
    def pid(self) -> int:
        return int(self.worker.partition("@")[0])


def jobs_of(events: Iterable[QueueEvent]) -> tuple[str, ...]:
    """The jobs that were added, in order."""
    return tuple(event.job for event in events if event.event == Event.WAITING)


def first_enqueue_ms(events: Sequence[QueueEvent]) -> float | None:
    """When the first job was added, ms since the epoch; None when none was."""
    return next((event.at_ms for event in events if event.event == Event.WAITING), None)


def attempts_of(events: Sequence[QueueEvent]) -> tuple[Attempt, ...]:
    """The attempts that the events tell of, in the order in which they began."""
    zero_ms = first_enqueue_ms(events) or 0.0
    attempts: list[Attempt] = []
    open_ones: dict[str, int] = {}  # job -> where in `attempts` its present one is
    for event in events:
        at_s = (event.at_ms - zero_ms) / 1000
        if event.event in _ENDINGS and event.job in open_ones:
            number = open_ones.pop(event.job)
            ending = _ENDINGS[event.event]
            attempts[number] = replace(attempts[number], ended_s=at_s, ending=ending)
        elif event.event == Event.ACTIVE:
            taken = {attempts[n].slot for n in open_ones.values() if _same(attempts[n], event)}
            slot = next(slot for slot in range(len(taken) + 1) if slot not in taken)
            open_ones[event.job] = len(attempts)
            attempts.append(Attempt(event.job, event.attempt, event.worker, slot, at_s))
    return tuple(attempts)


def shifts_of(events: Sequence[QueueEvent]) -> tuple[Shift, ...]:
    """The workers that the events tell of, in the order in which they were ready."""
    zero_ms = first_enqueue_ms(events) or (events[0].at_ms if events else 0.0)
    shifts: dict[str, Shift] = {}
    for event in events:
        at_s = (event.at_ms - zero_ms) / 1000
        if event.event == Event.READY:
            shifts[event.worker] = Shift(event.worker, at_s)
        elif event.worker in shifts and event.event == Event.DRAINING:
            shifts[event.worker] = replace(shifts[event.worker], draining_s=at_s)
        elif event.worker in shifts and event.event == Event.CLOSED:
            shifts[event.worker] = replace(shifts[event.worker], closed_s=at_s)
    return tuple(shifts.values())


def _same(attempt: Attempt, event: QueueEvent) -> bool:
    return attempt.worker == event.worker
