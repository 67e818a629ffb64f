"""A queue that never ends, as it flows: rates, lengths and times over the last seconds."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

from lessonkit.events import QueueEvent
from lessonkit.queueing import mean_wait_s, offered_load
from workers.contract import Event

#: how far back a flow is remembered, and how often it is noted down at most
KEPT_S, NOTED_S = 30.0, 0.2
#: throughput is that of the last seconds, so that single jobs do not show
THROUGHPUT_S = 2.0
#: what is said in numbers is about the last seconds, so that it follows the sliders
RECENT_S = 10.0


@dataclass(frozen=True)
class Setting:
    """What a flow is set to: arrivals per second, the worker's `max_jobs`, a job's mean time."""

    rate_per_s: float
    max_jobs: int
    mean_s: float

    @property
    def capacity_per_s(self) -> float:
        """The most jobs per second that all slots can do."""
        return self.max_jobs / self.mean_s

    @property
    def predicted_wait_s(self) -> float:
        """The mean wait by Erlang's formula, once things have settled; infinite if they cannot."""
        return mean_wait_s(self.max_jobs, self.rate_per_s, self.mean_s)

    @property
    def load(self) -> float:
        return offered_load(self.rate_per_s, self.mean_s)


@dataclass(frozen=True)
class Note:
    """How things stood at a moment: what is there, and all that has added up since the start."""

    at_s: float
    setting: Setting
    waiting: int = 0
    running: int = 0
    arrived: int = 0
    started: int = 0
    finished: int = 0
    waited_s: float = 0.0
    """The waits of all jobs that have started."""
    stayed_s: float = 0.0
    """The times from arrival to finish of all jobs that have finished."""
    in_system_s: float = 0.0
    """The area under the number of jobs that wait or run."""
    busy_s: float = 0.0
    """The area under the number of jobs that run."""
    open_s: float = 0.0
    """The area under the number of slots."""


class Flow:
    """What the queue's events tell, in a memory that does not grow with their number: a note now
    and then, and the jobs that are in the queue."""

    def __init__(self, setting: Setting, zero_ms: float) -> None:
        """Times are seconds since `zero_ms`, ms since the epoch on Redis' clock."""
        self.setting, self._zero_ms = setting, zero_ms
        self.now = Note(0.0, setting)
        self.notes: deque[Note] = deque([self.now], maxlen=int(KEPT_S / NOTED_S) + 2)
        self.changes: deque[tuple[float, int]] = deque(maxlen=8)
        """When `max_jobs` was changed, and to what."""
        self._arrived_s: dict[str, float] = {}
        self._running: set[str] = set()

    def take(self, event: QueueEvent) -> None:
        """Take in an event; they come in the order in which they happened."""
        if not event.job:
            return
        at_s, job = self._pass_until(event.at_ms), event.job
        if event.event == Event.WAITING:
            self._arrived_s[job] = at_s
            self._count(arrived=1)
        elif job not in self._arrived_s:
            return
        elif event.event == Event.ACTIVE and job not in self._running:
            self._running.add(job)
            self._count(started=1, waited_s=at_s - self._arrived_s[job])
        elif event.ends:
            self._running.discard(job)
            self._count(finished=1, stayed_s=at_s - self._arrived_s.pop(job))
        elif event.event in (Event.RETURNED, Event.RETRYING, Event.STALLED):
            self._running.discard(job)
            self._count()

    def note(self, now_ms: float, setting: Setting) -> None:
        """Note down how things stand, and what the flow is set to from now on."""
        at_s = self._pass_until(now_ms)
        if setting.max_jobs != self.setting.max_jobs:
            self.changes.append((at_s, setting.max_jobs))
        self.setting = setting
        self.now = replace(self.now, setting=setting)
        self.notes.append(self.now)

    def _pass_until(self, now_ms: float) -> float:
        """Let the time pass in which nothing changed; answers the moment that it is then."""
        now, at_s = self.now, max((now_ms - self._zero_ms) / 1000, self.now.at_s)
        passed_s = at_s - now.at_s
        self.now = replace(
            now,
            at_s=at_s,
            in_system_s=now.in_system_s + passed_s * (now.waiting + now.running),
            busy_s=now.busy_s + passed_s * now.running,
            open_s=now.open_s + passed_s * self.setting.max_jobs,
        )
        return at_s

    def _count(self, **more: float) -> None:
        added = {name: getattr(self.now, name) + value for name, value in more.items()}
        running = len(self._running)
        waiting = len(self._arrived_s) - running
        self.now = replace(self.now, waiting=waiting, running=running, **added)

    # ---- over the last seconds -----------------------------------------------------------------

    def throughputs(self) -> list[float]:
        """Jobs that finished per second, over the `THROUGHPUT_S` before each of the notes."""
        rates, first = list[float](), 0
        for note in self.notes:
            while self.notes[first].at_s < note.at_s - THROUGHPUT_S - NOTED_S / 2:
                first += 1
            before = self.notes[first]
            span_s = note.at_s - before.at_s
            rates.append((note.finished - before.finished) / span_s if span_s else 0.0)
        return rates

    def recent(self) -> Recent:
        """What the last `RECENT_S` were like."""
        first = next(
            (note for note in self.notes if note.at_s >= self.now.at_s - RECENT_S), self.now
        )
        return Recent(first, self.now)


@dataclass(frozen=True)
class Recent:
    """What lies between two notes. What cannot be told from so little is NaN."""

    first: Note
    last: Note

    @property
    def span_s(self) -> float:
        return self.last.at_s - self.first.at_s

    @property
    def arrivals_per_s(self) -> float:
        """λ, as counted."""
        return self._ratio(self.last.arrived - self.first.arrived, self.span_s)

    @property
    def throughput_jobs_per_s(self) -> float:
        return self._ratio(self.last.finished - self.first.finished, self.span_s)

    @property
    def mean_wait_s(self) -> float:
        """Of those that started."""
        started = self.last.started - self.first.started
        return self._ratio(self.last.waited_s - self.first.waited_s, started)

    @property
    def mean_latency_s(self) -> float:
        """W: of those that finished."""
        finished = self.last.finished - self.first.finished
        return self._ratio(self.last.stayed_s - self.first.stayed_s, finished)

    @property
    def mean_in_system(self) -> float:
        """L: how many waited or ran on average."""
        return self._ratio(self.last.in_system_s - self.first.in_system_s, self.span_s)

    @property
    def utilisation(self) -> float:
        """The share of the slots' time that they were taken."""
        return self._ratio(
            self.last.busy_s - self.first.busy_s, self.last.open_s - self.first.open_s
        )

    @staticmethod
    def _ratio(part: float, whole: float) -> float:
        return part / whole if whole else math.nan
