"""What becomes of a job whose worker is gone: the settings of a drill, and its facts."""

from __future__ import annotations

import math
import signal
from dataclasses import dataclass

from lessonkit.attempts import Attempt, Ending, Shift
from lessonkit.bounds import check_seconds, check_whole
from lessonkit.errors import BadSetting

#: gone; asked to leave; asleep, and back when another worker has done its job
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP)
MOST_WORKERS, LONGEST_S = 4, 60.0


@dataclass(frozen=True)
class Drill:
    """The settings of a drill: some workers, one email, and what befalls those who have it."""

    seconds: float = 1.5
    """How long the provider takes for the email."""
    kill_at_s: float = 1.2
    """How long a worker has had the email when the signal comes."""
    kills: int = 1
    """How many workers get it: the one that has the email, then the one that has it next, …"""
    workers: int = 2
    signum: signal.Signals = signal.SIGKILL

    def __post_init__(self) -> None:
        """Raises BadSetting for one that makes no sense."""
        check_whole("workers", self.workers, MOST_WORKERS)
        for name in ("seconds", "kill_at_s"):
            check_seconds(name, getattr(self, name), LONGEST_S)
        if type(self.kills) is not int or not 0 <= self.kills < self.workers:
            wanted = f"0 to {self.workers - 1}, so that one of {self.workers} workers is left"
            raise BadSetting(name="kills", value=self.kills, wanted=wanted)
        if self.signum not in SIGNALS:
            *most, last = (f"signal.{each.name}" for each in SIGNALS)
            raise BadSetting(
                name="signum", value=self.signum, wanted=f"{', '.join(most)} or {last}"
            )

    @property
    def signal_name(self) -> str:
        return signal.Signals(self.signum).name


@dataclass(frozen=True)
class Kill:
    """A signal to the worker that had the email."""

    pid: int
    at_s: float
    lease_left_s: float
    """How much of its lease was left then; 0 if it gave the email back."""


@dataclass(frozen=True)
class LeaseSample:
    """What the lease of the email was at a moment: `left_s` 0 is none."""

    at_s: float
    left_s: float
    pid: int | None = None
    """Whose it was."""


@dataclass(frozen=True, repr=False)
class RescueResult:
    """What happened, or has happened so far. Times are seconds since the first enqueue."""

    settings: Drill
    attempts: tuple[Attempt, ...] = ()
    shifts: tuple[Shift, ...] = ()
    kills: tuple[Kill, ...] = ()
    lease: tuple[LeaseSample, ...] = ()
    """The email's lease, looked at some twenty times a second."""
    refusals_s: tuple[float, ...] = ()
    """When the report of a worker that had lost its lease was refused."""
    error: str = ""
    """Why the email failed, if it did."""
    outputs: tuple[str, ...] = ()
    """What each worker printed, in the order of `shifts`."""
    now_s: float = 0.0
    over: bool = False
    """Whether the email has ended and all workers have left."""

    @property
    def killed_pid(self) -> int | None:
        """Who had the email when the first signal came; None when none found it."""
        return self.kills[0].pid if self.kills else None

    @property
    def killed_s(self) -> float:
        return self.kills[0].at_s if self.kills else math.nan

    @property
    def lease_left_s(self) -> float:
        """How much of its lease was left then."""
        return self.kills[0].lease_left_s if self.kills else math.nan

    @property
    def rescue(self) -> Attempt | None:
        """The attempt that came after the first kill."""
        return next((each for each in self.attempts if each.started_s > self.killed_s), None)

    @property
    def rescued_by_pid(self) -> int | None:
        return self.rescue.pid if self.rescue else None

    @property
    def rescued_after_s(self) -> float:
        """From the first kill until another worker began with the email; NaN before it has."""
        return self.rescue.started_s - self.killed_s if self.rescue else math.nan

    @property
    def sent_s(self) -> float:
        """When the email was sent; NaN when it was not."""
        ends = (each.ended_s for each in self.attempts if each.ending == Ending.COMPLETED)
        return next((end_s for end_s in ends if end_s is not None), math.nan)

    @property
    def sent_after_s(self) -> float:
        """From the first kill until the email was sent."""
        return self.sent_s - self.killed_s

    @property
    def attempts_counted(self) -> int:
        """How many attempts the queue has counted; one that was given back is none."""
        counted = [each.number - (each.ending == Ending.RETURNED) for each in self.attempts]
        return max(counted, default=0)

    @property
    def stalled(self) -> int:
        """How often the lease of a worker ran out."""
        return sum(each.ending == Ending.STALLED for each in self.attempts)

    @property
    def refused_s(self) -> float | None:
        """When the first worker that had lost its lease was told so; None when none was."""
        return min(self.refusals_s, default=None)

    @property
    def running(self) -> Attempt | None:
        """The attempt that is under way, by a worker that is there."""
        last = self.attempts[-1] if self.attempts else None
        return last if last and self.end_s(last) is None else None

    @property
    def lease_now_s(self) -> float:
        """How much of the lease was left when it was last looked at."""
        return self.lease[-1].left_s if self.lease else 0.0

    def end_s(self, attempt: Attempt) -> float | None:
        """When an attempt ended; None while it goes on.

        That a killed worker's has ended is known to the queue only when its lease runs out.
        """
        for kill in self.kills:
            if kill.pid == attempt.pid and attempt.started_s < kill.at_s:
                return min(kill.at_s, attempt.ended_s or math.inf)
        return attempt.ended_s

    @property
    def stage(self) -> str:
        """What is going on, in words."""
        if self.over:
            return "the email has ended, the workers have left"
        if not self.attempts:
            return "starting the workers"
        if self.running:
            return f"process {self.running.pid} sends the email"
        if self.attempts[-1].ending in (Ending.COMPLETED, Ending.FAILED):
            return "the email has ended, the workers leave"
        return f"nobody sends the email, {self.lease_now_s:.1f} s of the lease are left"

    @property
    def story(self) -> str:
        """What became of the email, in a sentence."""
        if not math.isnan(self.sent_s):
            who = next(each.pid for each in self.attempts if each.ending == Ending.COMPLETED)
            return f"process {who} sent it, in attempt {self.attempts_counted}"
        return f"it failed: {self.error}" if self.error else "it has not been sent yet"

    def __repr__(self) -> str:
        plan = self.settings
        lines = [f"1 email of {plan.seconds:g} s, {plan.workers} workers: {self.story}"]
        for kill in self.kills:
            lines.append(
                f"  {plan.signal_name} to process {kill.pid} at {kill.at_s:.2f} s, "
                f"{kill.lease_left_s:.2f} s of its lease left"
            )
        if self.rescue:
            lines.append(
                f"  process {self.rescued_by_pid} began with it {self.rescued_after_s:.2f} s "
                "after that"
            )
        return "\n".join(lines)
