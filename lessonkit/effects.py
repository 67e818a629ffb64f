"""What a job did in the world, beside what its queue knows of it: emails in an outbox, attempts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path

from lessonkit.attempts import Attempt, Ending, attempts_of, jobs_of
from lessonkit.events import QueueEvent
from workers.contract import EmailPayload, Event


@dataclass(frozen=True)
class Effect:
    """An email in an outbox. `at_ms` is when it came there, ms since the epoch, on this machine's
    clock; `pid` is the process that sent it."""

    to: str
    subject: str
    pid: int
    at_ms: float
    key: str | None = None
    """Its idempotency key."""
    refused: bool = False
    """It did not go out, for its key had been used before."""


@dataclass(frozen=True)
class JobEffects:
    """A job: its email, the attempts at it, and what it put into the outbox.

    The processor may have sent that email, or others with the same subject.
    """

    job: str
    email: EmailPayload
    attempts: tuple[Attempt, ...] = ()
    effects: tuple[Effect, ...] = ()
    error: str = ""
    """What its processor raised, the last time that it did."""

    @property
    def sent(self) -> tuple[Effect, ...]:
        """The emails that went out."""
        return tuple(each for each in self.effects if not each.refused)

    @property
    def refused(self) -> int:
        """How many were handed to the outbox and did not go out."""
        return len(self.effects) - len(self.sent)

    @property
    def state(self) -> str:
        """What the queue says of the job."""
        if not self.attempts:
            return "waiting"
        last = self.attempts[-1].ending
        return "waiting" if last == Ending.STALLED else str(last)

    @property
    def ended(self) -> bool:
        return self.state == Ending.COMPLETED or self.state == Ending.FAILED


@dataclass(frozen=True, repr=False)
class ProgramRun:
    """What became of the jobs that a program of a worker ran, so far. Times as in Attempt."""

    program: str
    jobs: tuple[JobEffects, ...]
    ended_s: Mapping[str, float] = field(default_factory=dict)
    """When a worker was seen to be gone, by its name."""
    now_s: float = 0.0
    over: bool = False
    clock_ms: float = 0.0
    """What this machine's clock showed when the first job was added; NaN when it is not known."""
    strays: tuple[Effect, ...] = ()
    """Emails in the outbox that are about none of the jobs."""
    outbox: Path = Path()
    output: str = ""
    """What the workers printed, each line after its worker's pid."""

    @property
    def stage(self) -> str:
        """What is going on, in words."""
        if self.over:
            return "all jobs have ended"
        attempts = [each for job in self.jobs for each in job.attempts]
        if not attempts:
            return "starting the worker"
        if not any(map(self.was_killed, attempts)):
            return "the worker sends emails"
        if all(self.end_s(each) is not None for each in attempts):
            return "the worker was killed, the lease of its job runs out"
        return "another worker sends emails"

    @property
    def emails(self) -> int:
        """How many went out."""
        return sum(len(job.sent) for job in self.jobs) + len(self.strays)

    @property
    def refused(self) -> int:
        """How many were handed to the outbox and did not go out."""
        return sum(job.refused for job in self.jobs)

    def end_s(self, attempt: Attempt) -> float | None:
        """When an attempt ended; None while it goes on. A killed worker's end with it, which the
        queue knows only when their leases run out."""
        gone_s = self.ended_s.get(attempt.worker, math.inf)
        ended_s = math.inf if attempt.ended_s is None else attempt.ended_s
        end_s = max(attempt.started_s, min(gone_s, ended_s))
        return end_s if math.isfinite(end_s) else None

    def was_killed(self, attempt: Attempt) -> bool:
        """Whether its worker was gone before it had ended."""
        if attempt.ending in (Ending.COMPLETED, Ending.FAILED):
            return False
        return attempt.ending == Ending.STALLED or attempt.worker in self.ended_s

    def at_s(self, effect: Effect) -> float:
        """When an email went out, on the axis of the attempts."""
        return (effect.at_ms - self.clock_ms) / 1000

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for job in self.jobs:
            tries = len(job.attempts)
            yield (
                f"{self.program}: job {job.job} {job.state} after {_count(tries, 'attempt')}, "
                f"{_count(len(job.sent), 'email')} in the outbox"
                + f", {job.refused} refused"
                * bool(job.refused)
            )


@dataclass(frozen=True, repr=False)
class EffectsResult:
    """The same emails through several programs: `result["plain"]` is the run of `plain.py`."""

    runs: tuple[ProgramRun, ...]

    def __getitem__(self, program: str) -> ProgramRun:
        for run in self.runs:
            if run.program == program:
                return run
        raise KeyError(f"{program!r} was not run, but {', '.join(map(str, self.programs))}")

    def __iter__(self) -> Iterator[ProgramRun]:
        return iter(self.runs)

    @property
    def programs(self) -> tuple[str, ...]:
        return tuple(run.program for run in self.runs)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.runs))


def read_outbox(directory: Path) -> tuple[Effect, ...]:
    """The emails in an outbox, in the order in which they came there."""
    effects = [_read(path) for folder in ("new", "refused") for path in _files(directory / folder)]
    return tuple(sorted(effects, key=lambda effect: effect.at_ms))


def jobs_with_effects(
    events: Sequence[QueueEvent], emails: Iterable[EmailPayload], effects: Iterable[Effect]
) -> tuple[JobEffects, ...]:
    """The jobs that the events tell of, one for each of `emails`, in order; to each belong its
    attempts, and the effects with its subject."""
    attempts = attempts_of(events)
    errors = {event.job: event.error for event in events if event.event == Event.FAILED}
    return tuple(
        JobEffects(
            job,
            email,
            tuple(each for each in attempts if each.job == job),
            tuple(each for each in effects if each.subject == email.subject),
            errors.get(job, ""),
        )
        for job, email in zip(jobs_of(events), emails, strict=False)
    )


def _files(directory: Path) -> Iterable[Path]:
    return directory.iterdir() if directory.is_dir() else ()


def _read(path: Path) -> Effect:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    key = message["Idempotency-Key"]
    return Effect(
        to=str(message["To"]),
        subject=str(message["Subject"]),
        pid=int(message["X-Process"] or 0),  # which another sender of mail would not write
        at_ms=path.stat().st_mtime * 1000,
        key=None if key is None else str(key),
        refused=path.parent.name == "refused",
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
