"""What becomes of the jobs when a worker is told to leave: the settings of a run, and its facts."""

from __future__ import annotations

import math
import signal
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from lessonkit.attempts import Attempt, Ending, Shift
from lessonkit.bounds import check_seconds, check_whole
from lessonkit.errors import BadSetting

SIGNALS = (signal.SIGTERM, signal.SIGKILL)
MOST_EMAILS, MOST_JOBS, LONGEST_S = 20, 5, 60.0


class Outcome(StrEnum):
    """What became of a job."""

    #: the first worker finished it
    FINISHED = "finished"
    #: the first worker gave it back in the middle of it, the second one ran it from the start
    RAN_AGAIN = "went back"
    #: the first worker died over it, the second one ran it from the start
    RESCUED = "rescued"
    #: the first worker did not take it, the second one ran it
    WAITED = "waited"
    #: its processor raised, at each attempt
    FAILED = "failed"
    #: nobody finished it, and it is in no queue
    LOST = "lost"
    #: it has not ended yet
    OPEN = "not yet"


@dataclass(frozen=True)
class Handover:
    """The settings of a run: what is in the queue, and how the first worker is told to leave."""

    jobs: int = 5
    seconds: float = 0.8
    """How long the provider takes for one email."""
    max_jobs: int = 2
    grace_s: float = 10.0
    """How long the first worker may finish what it runs."""
    signal_at_s: float = 1.2
    """When it is told to leave, in seconds since the first enqueue."""
    signum: signal.Signals = signal.SIGTERM

    def __post_init__(self) -> None:
        """Raises BadSetting for one that makes no sense."""
        check_whole("jobs", self.jobs, MOST_EMAILS)
        check_whole("max_jobs", self.max_jobs, MOST_JOBS)
        for name in ("seconds", "grace_s", "signal_at_s"):
            check_seconds(name, getattr(self, name), LONGEST_S)
        if self.signum not in SIGNALS:
            wanted = "signal.SIGTERM or signal.SIGKILL"
            raise BadSetting(name="signum", value=self.signum, wanted=wanted)

    @property
    def signal_name(self) -> str:
        return signal.Signals(self.signum).name

    @property
    def patience_s(self) -> float:
        """How long it may take on a machine that keeps up at all."""
        rounds = math.ceil(self.jobs / self.max_jobs) + 1
        return 30 + self.signal_at_s + 5 * rounds * self.seconds


@dataclass(frozen=True, repr=False)
class HandoverResult:
    """What happened, or has happened so far. Times are seconds since the first enqueue."""

    settings: Handover
    jobs: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    shifts: tuple[Shift, ...] = ()
    """The first worker, and then the second."""
    signal_s: float | None = None
    """When the signal was sent."""
    exit_code: int | None = None
    """The first worker's; minus the signal's number where a signal ended it."""
    outputs: tuple[str, ...] = ()
    """What each worker printed."""
    now_s: float = 0.0
    over: bool = False
    """Whether the queue is empty and both workers have left."""

    @cached_property
    def outcomes(self) -> dict[str, Outcome]:
        """What became of each job, by its number."""
        return {job: self._outcome(job) for job in self.jobs}

    def count(self, outcome: Outcome) -> int:
        """How many jobs came to that."""
        return sum(each == outcome for each in self.outcomes.values())

    @property
    def finished(self) -> int:
        """Jobs that the first worker finished."""
        return self.count(Outcome.FINISHED)

    @property
    def waited(self) -> int:
        """Jobs that the first worker did not take."""
        return self.count(Outcome.WAITED)

    @property
    def went_back(self) -> int:
        """Jobs that the first worker gave back in the middle of them."""
        return len({each.job for each in self.attempts if each.ending == Ending.RETURNED})

    @property
    def ran_twice(self) -> int:
        """Jobs that were started more than once."""
        return sum(len(self.attempts_at(job)) > 1 for job in self.jobs)

    @property
    def lost(self) -> int:
        """Jobs that nobody finished, and that are in no queue."""
        return self.count(Outcome.LOST)

    @property
    def attempts_counted(self) -> dict[str, int]:
        """How many attempts the queue has counted for each job; one that went back is none."""
        counted = {job: [0] for job in self.jobs}
        for each in self.attempts:
            counted[each.job].append(each.number - (each.ending == Ending.RETURNED))
        return {job: max(numbers) for job, numbers in counted.items()}

    @property
    def running_at_signal(self) -> tuple[str, ...]:
        """The jobs that were in the middle of an attempt when the signal was sent."""
        at_s = math.nan if self.signal_s is None else self.signal_s
        return tuple(
            each.job
            for each in self.attempts
            if each.started_s <= at_s and (each.ended_s is None or at_s < each.ended_s)
        )

    @property
    def stage(self) -> str:
        """What is going on, in words."""
        if self.over:
            return "both workers have left"
        if not self.jobs:
            return "starting the first worker"
        if self.signal_s is None:
            return "the first worker sends emails"
        if self.exit_code is None:
            return f"the first worker got {self.settings.signal_name}"
        if len(self.shifts) < 2:
            return "the first worker has left, the second one is starting"
        return "the second worker sends what is left"

    @property
    def left_s(self) -> float | None:
        """When the first worker was gone; None while it is there."""
        closed_s = self.shifts[0].closed_s if self.shifts else None
        was_killed = self.exit_code is not None and self.exit_code < 0
        return self.signal_s if was_killed else closed_s

    @property
    def left_after_s(self) -> float:
        """From the signal until the first worker was gone; NaN while it is there."""
        if self.left_s is None or self.signal_s is None:
            return math.nan
        return self.left_s - self.signal_s

    def end_s(self, attempt: Attempt) -> float | None:
        """When an attempt ended; None while it goes on.

        That a killed worker's have ended is known to the queue only when their leases run out.
        """
        is_first = bool(self.shifts) and attempt.worker == self.shifts[0].worker
        if not is_first or self.left_s is None:
            return attempt.ended_s
        ended_s = math.inf if attempt.ended_s is None else attempt.ended_s
        return max(attempt.started_s, min(ended_s, self.left_s))

    @property
    def goodbye(self) -> str:
        """How the first worker left, in words."""
        if self.exit_code is None:
            return "the first worker has not left yet"
        when = f", {self.left_after_s:.2f} s after the signal" if self.left_after_s > 0 else ""
        return f"the first worker left with exit code {self.exit_code}{when}"

    def attempts_at(self, job: str) -> list[Attempt]:
        """The attempts at one job, in order."""
        return [each for each in self.attempts if each.job == job]

    def _outcome(self, job: str) -> Outcome:
        attempts = self.attempts_at(job)
        endings = [each.ending for each in attempts]
        if not endings or endings[-1] != Ending.COMPLETED:
            failed = Ending.FAILED in endings[-1:]
            ended = Outcome.FAILED if failed else Outcome.LOST
            return ended if self.over else Outcome.OPEN
        if Ending.STALLED in endings:
            return Outcome.RESCUED
        if Ending.RETURNED in endings:
            return Outcome.RAN_AGAIN
        is_first = attempts[-1].worker == self.shifts[0].worker
        return Outcome.FINISHED if is_first else Outcome.WAITED

    def __repr__(self) -> str:
        plan = self.settings
        ended = [each for each in Outcome if each != Outcome.LOST and self.count(each)]
        words = [f"{self.count(each)} {each}" for each in ended] + [f"{self.lost} lost"]
        return (
            f"{plan.jobs} emails of {plan.seconds:g} s, max_jobs {plan.max_jobs}, "
            f"{plan.signal_name} at {plan.signal_at_s:g} s, grace {plan.grace_s:g} s:\n"
            f"  {' · '.join(words)}\n"
            f"  {self.goodbye}"
        )
