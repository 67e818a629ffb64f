"""Kinds of work, and what they did at one job at a time and at several: speed-up and lag."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import get_args

from lessonkit.batch import Batch
from lessonkit.errors import BadSetting
from lessonkit.result import BatchResult
from lessonkit.wide import Wide
from workers.contract import BEAT_S, ChorePayload

WORKS: tuple[str, ...] = get_args(ChorePayload.model_fields["work"].annotation)
PLACES: tuple[str, ...] = get_args(ChorePayload.model_fields["where"].annotation)
#: those that wait for something outside of this machine's processor
WAITING = ("call", "webhook", "query")
#: those of them that say so to the loop, with `await`
ASYNC = ("call", "webhook")
#: a job that computes and has a core to itself uses at least so much of it
ENOUGH = 0.85


@dataclass(frozen=True, repr=False)
class Chore:
    """A kind of `work`, and `where` it is done: in the worker's loop, in a thread, in a process."""

    work: str
    where: str

    def __post_init__(self) -> None:
        """Raises BadSetting for one that there is not."""
        for name, known in (("work", WORKS), ("where", PLACES)):
            value = getattr(self, name)
            if value not in known:
                wanted = "one of: " + ", ".join(map(repr, known))
                raise BadSetting(name=name, value=value, wanted=wanted)

    @property
    def waits(self) -> bool:
        """Whether it waits for something else, and does not compute."""
        return self.work in WAITING

    def payload(self, amount: float) -> ChorePayload:
        """A job of so many seconds, if it waits, or rounds, if it computes."""
        return ChorePayload.model_validate(vars(self) | {"amount": amount})

    def __str__(self) -> str:
        return f"{self.work}, {self.where}"

    __repr__ = __str__


@dataclass(frozen=True)
class Beat:
    """A worker's loop woke at `at_ms`, `late_ms` after it was due; ms since the epoch, on Redis'
    clock. Until then the worker and its processes had computed `cpu_s`, in seconds of one core."""

    at_ms: float
    late_ms: float
    cpu_s: float = 0.0


@dataclass(frozen=True)
class Lag:
    """When the loop was due and when it woke, in seconds since the first enqueue."""

    due_s: float
    woke_s: float

    @property
    def lag_s(self) -> float:
        return self.woke_s - self.due_s


@dataclass(frozen=True, repr=False)
class ChoreRun:
    """Equal jobs of one kind at one `max_jobs`, ended or under way, and their worker's pulse."""

    chore: Chore
    batch: Batch | BatchResult
    beats: tuple[Beat, ...] = ()
    first_ms: float = 0.0
    """When the first job was added, ms since the epoch."""

    @property
    def over(self) -> bool:
        return isinstance(self.batch, BatchResult)

    @property
    def now_s(self) -> float:
        """The last moment that is known of it, in seconds since the first enqueue."""
        return self.batch.now_s if isinstance(self.batch, Batch) else self.batch.makespan_s

    @property
    def makespan_s(self) -> float:
        """First enqueue to last finish; NaN while it is under way."""
        return self.batch.makespan_s if isinstance(self.batch, BatchResult) else math.nan

    @property
    def failed(self) -> int:
        """How many of its jobs failed."""
        return self.batch.failed if isinstance(self.batch, BatchResult) else 0

    @property
    def error(self) -> str:
        """What one of the jobs that failed died of; "" where none did."""
        records = self.batch.records if isinstance(self.batch, BatchResult) else ()
        return next((record.error for record in records if record.error), "")

    @property
    def lags(self) -> tuple[Lag, ...]:
        """How late the loop was, from the first enqueue on, and to the end of its jobs."""
        found = []
        for beat in self.beats if self.first_ms else ():
            woke_s = (beat.at_ms - self.first_ms) / 1000
            lag = Lag(woke_s - beat.late_ms / 1000, woke_s)
            if woke_s > 0 and lag.due_s < self.now_s:
                found.append(lag)
        if not self.over and self.beats and self.first_ms:  # a loop that stands still says nothing
            due_s = (self.beats[-1].at_ms - self.first_ms) / 1000 + BEAT_S
            if due_s < self.now_s:
                found.append(Lag(due_s, self.now_s))
        return tuple(found)

    @property
    def worst_lag_s(self) -> float:
        """The latest that the loop was while the jobs ran, so far."""
        return max((lag.lag_s for lag in self.lags), default=0.0)

    @property
    def cores_used(self) -> float:
        """How many cores were at work for it, on average: 1.0 is one core all the time. NaN while
        it is under way."""
        end_ms = self.first_ms + self.makespan_s * 1000
        before = [beat.cpu_s for beat in self.beats if beat.at_ms <= self.first_ms]
        after = [beat.cpu_s for beat in self.beats if beat.at_ms >= end_ms]
        if not (before and after):
            return math.nan
        return (after[0] - before[-1]) / self.makespan_s

    def __repr__(self) -> str:
        took = f"{self.makespan_s:.3f} s" if self.over else "under way"
        return (
            f"{self.batch.jobs} × {self.chore} at max_jobs {self.batch.max_jobs}: {took}, "
            f"the loop at most {self.worst_lag_s:.3f} s late"
        )


@dataclass(frozen=True, repr=False)
class SpeedUp:
    """The same jobs at `max_jobs` 1 and at more."""

    chore: Chore
    one: ChoreRun
    many: ChoreRun

    @property
    def speed_up(self) -> float:
        """How many times as fast they were; NaN when one of them failed."""
        if self.failed:
            return math.nan
        return self.one.makespan_s / self.many.makespan_s

    @property
    def worst_lag_s(self) -> float:
        """The latest that the loop was, at more than one at a time."""
        return self.many.worst_lag_s

    @property
    def cores_used(self) -> float:
        """How many cores were at work on average, at more than one at a time."""
        return self.many.cores_used

    @property
    def failed(self) -> int:
        """How many jobs failed, at more than one at a time."""
        return self.many.failed


@dataclass(frozen=True, repr=False)
class SpeedUps(Wide):
    """Several kinds of work, each measured at both. `speed_ups["photo", "loop"]` is one of them."""

    all: tuple[SpeedUp, ...]
    jobs: int
    max_jobs: int
    cores: int
    """How many cores the workers could use."""
    processes: int
    """How many processes a worker had for those who compute there."""

    def __iter__(self) -> Iterator[SpeedUp]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def __getitem__(self, kind: tuple[str, str]) -> SpeedUp:
        """The one of this work and place. Raises BadSetting where it was not measured."""
        wanted = Chore(*kind)
        for each in self.all:
            if each.chore == wanted:
                return each
        measured = ", ".join(repr((e.chore.work, e.chore.where)) for e in self.all)
        raise BadSetting(name="kind", value=kind, wanted=f"one that was measured: {measured}")

    @property
    def busy(self) -> str:
        """A sentence when this machine had no core to give to a job that computes; else ""."""
        shares = [each.one.cores_used for each in self if not each.chore.waits and not each.failed]
        if not shares or max(shares) > ENOUGH:
            return ""
        return (
            f"This machine was busy with other things: one job that computes got {max(shares):.1f} "
            "of a core. Speed-ups of what computes mean little then; run it again later."
        )

    @property
    def head(self) -> tuple[str, ...]:
        """The names of what `rows` tell."""
        at_many = f"at {self.max_jobs}"
        return ("work", "where", "at 1", at_many, "speed-up", "cores used", "worst lag")

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """What was measured, as text, a row each."""
        return [_row(each) for each in self.all]

    def __repr__(self) -> str:
        lines = [
            f"{self.jobs} jobs of each kind, at max_jobs 1 and {self.max_jobs}, on "
            f"{self.cores} core{'s' * (self.cores != 1)}:"
        ]
        for row in (self.head, *self.rows):
            lines.append("{:10}{:10}{:>9}{:>9}{:>10}{:>12}{:>11}".format(*row))
        return "\n".join(lines)


def _row(each: SpeedUp) -> tuple[str, ...]:
    if each.failed:
        took = ("failed", "failed", "–", "–")
    else:
        took = (
            f"{each.one.makespan_s:.2f} s",
            f"{each.many.makespan_s:.2f} s",
            f"{each.speed_up:.1f}×",
            f"{each.cores_used:.1f}",
        )
    return (each.chore.work, each.chore.where, *took, f"{each.worst_lag_s * 1000:.0f} ms")


def chores_of(kinds: Iterable[object]) -> tuple[Chore, ...]:
    """Chores from pairs like ("photo", "thread"). Raises BadSetting for what is none."""
    found = []
    for kind in kinds:
        if isinstance(kind, Chore):
            found.append(kind)
        elif isinstance(kind, tuple) and len(kind) == 2:
            found.append(Chore(*kind))
        else:
            raise BadSetting(name="kind", value=kind, wanted='a pair like ("photo", "thread")')
    if not found:
        raise BadSetting(name="kinds", value=(), wanted="at least one kind of work")
    return tuple(found)
