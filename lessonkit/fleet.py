"""A launch day: what is coming, what is demanded of the fleet, and what became of it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lessonkit.arrivals import Arrival, Arrivals
from lessonkit.attempts import Attempt, Ending, attempts_of
from lessonkit.batch import Batch
from lessonkit.bounds import check_seconds, check_whole
from lessonkit.errors import BadSetting
from lessonkit.events import QueueEvent
from lessonkit.rate import busiest_window
from lessonkit.result import BatchResult
from workers.contract import Limit

LONGEST_DAY_S = 60.0


@dataclass(frozen=True)
class LaunchDay:
    """What is coming, and what is demanded. The same `seed` makes the same day."""

    rate_per_s: float = 20.0
    """Emails that arrive in a second on average, at random moments."""
    mean_s: float = 0.12
    """How long the provider takes for one, on average."""
    jobs: int = 100
    """Emails that arrive like this."""
    crowd: int = 12
    """More emails, all at the same moment."""
    crowd_at_s: float = 3.0
    kill_at_s: float = 1.2
    """When a worker gets SIGKILL; nobody starts it again."""
    provider: str = "30/1s"
    """How many starts the provider allows in any such time."""
    target_s: float = 0.8
    """95 % of the emails are to start within this time."""
    most_slots: int = 12
    """Slots of all workers together: each costs memory, and a connection to the provider."""
    seed: int = 6

    def __post_init__(self) -> None:
        """Raises BadSetting for a number that makes no sense."""
        self.arrivals  # noqa: B018 - which checks its own
        check_whole("crowd", self.crowd, 1000)
        check_whole("most_slots", self.most_slots, 1000)
        for name in ("crowd_at_s", "kill_at_s", "target_s"):
            check_seconds(name, getattr(self, name), LONGEST_DAY_S)
        if self.kill_at_s >= self.lasts_s:
            wanted = f"a time before the last email, which comes at {self.lasts_s:.1f} s"
            raise BadSetting(name="kill_at_s", value=self.kill_at_s, wanted=wanted)
        try:
            limited = Limit.of(self.provider).max
        except (TypeError, ValueError):
            limited = 0
        if not limited:
            raise BadSetting(name="provider", value=self.provider, wanted='a limit like "30/1s"')

    @property
    def arrivals(self) -> Arrivals:
        return Arrivals(self.rate_per_s, self.mean_s, self.jobs, self.seed)

    @property
    def load(self) -> float:
        """How many slots are busy on average, in erlangs."""
        return self.rate_per_s * self.mean_s

    @property
    def lasts_s(self) -> float:
        """When the last email comes."""
        return max(each.at_s for each in self.plan())

    def plan(self) -> tuple[Arrival, ...]:
        """When each email comes and how long it takes, in order."""
        times = Arrivals(1.0, self.mean_s, self.crowd, self.seed + 1).plan()
        crowd = [Arrival(self.crowd_at_s, each.seconds) for each in times]
        return tuple(sorted([*self.arrivals.plan(), *crowd]))


class Demand(NamedTuple):
    """One of the demands: what is wanted, what was measured, and whether that will do."""

    wanted: str
    measured: str
    met: bool


@dataclass(frozen=True, repr=False)
class LaunchResult(BatchResult):
    """What became of a launch day. Times are seconds since the first enqueue."""

    day: LaunchDay = field(default_factory=LaunchDay)
    attempts: tuple[Attempt, ...] = ()
    killed_pid: int = 0
    killed_s: float = math.nan

    @property
    def starts_s(self) -> tuple[float, ...]:
        """When attempts started, sorted: the provider counts a rescued email twice."""
        return tuple(sorted(each.started_s for each in self.attempts))

    @property
    def busiest_second(self) -> int:
        """The most starts in any window of the provider's."""
        return busiest_window(self.starts_s, Limit.of(self.day.provider).per_s).starts

    @property
    def sent(self) -> int:
        return sum(each.state == "completed" for each in self.records)

    @property
    def rescued(self) -> int:
        """Emails that the killed worker had, and that another one sent."""
        tries = Counter(each.job for each in self.attempts)
        return sum(tries[each.id] > 1 and each.state == "completed" for each in self.records)

    @property
    def wait_95_s(self) -> float:
        """The least time within which 95 % of the emails started; infinite when so many did not."""
        waits = sorted(math.inf if math.isnan(wait) else wait for wait in self.wait_s)
        waits += [math.inf] * (self.jobs - len(waits))
        return waits[math.ceil(0.95 * len(waits)) - 1]

    @property
    def over_s(self) -> float:
        """The last moment of the day that anything is known of."""
        moments = [each.enqueued_s for each in self.records] + [self.makespan_s]
        return max([*moments, *(each.started_s for each in self.attempts)])

    def was_cut(self, attempt: Attempt) -> bool:
        """Whether the kill ended it."""
        if attempt.pid != self.killed_pid:
            return False
        return attempt.ended_s is None or attempt.ending == Ending.STALLED

    def end_s(self, attempt: Attempt) -> float:
        """When an attempt ended: the queue learns of the kill only when a lease runs out."""
        if self.was_cut(attempt):
            return max(attempt.started_s, self.killed_s)
        return self.over_s if attempt.ended_s is None else attempt.ended_s

    @property
    def slots_left(self) -> int:
        """How many slots there were after the kill."""
        return self.max_jobs * (self.workers - 1)

    @property
    def demands(self) -> tuple[Demand, ...]:
        """Each demand of the day, beside what was measured."""
        day, allowed = self.day, Limit.of(self.day.provider)
        return (
            Demand(
                f"95 % start within {day.target_s:g} s",
                f"{self.wait_95_s:.2f} s" if math.isfinite(self.wait_95_s) else "never",
                self.wait_95_s <= day.target_s,
            ),
            Demand(
                f"no more than {allowed.max} starts in any {allowed.per_s:g} s",
                f"{self.busiest_second} starts",
                self.busiest_second <= allowed.max,
            ),
            Demand(
                "every email is sent, though a worker is killed",
                f"{self.sent} of {self.jobs}, {self.rescued} rescued",
                self.sent == self.jobs,
            ),
            Demand(
                f"no more than {day.most_slots} slots in all",
                f"{self.workers} × {self.max_jobs} = {self.slots}",
                self.slots <= day.most_slots,
            ),
        )

    @property
    def survived(self) -> bool:
        return all(demand.met for demand in self.demands)

    def __repr__(self) -> str:
        head = f"{self.workers} × max_jobs {self.max_jobs}, limit {self.limit}: "
        head += "survived" if self.survived else "did not survive"
        lines = [
            f"  {'✓' if each.met else '✗'} {each.wanted}: {each.measured}" for each in self.demands
        ]
        return "\n".join([head, *lines])


@dataclass
class DayBatch(Batch):
    """A launch day under way: also what happened to whom."""

    events: list[QueueEvent] = field(default_factory=list)
    killed_pid: int = 0
    killed_s: float = math.nan

    def apply(self, event: QueueEvent) -> None:
        super().apply(event)
        self.events.append(event)

    def result_of(self, day: LaunchDay) -> LaunchResult:
        """What has become of the day."""
        attempts, records = attempts_of(self.events), tuple(self.records.values())
        own = [each for each in attempts if each.pid == self.killed_pid]
        # our clock may be a little behind the server's: what it started, it started before
        killed_s = max([self.killed_s, *(each.started_s for each in own)])
        more: dict[str, Any] = {"killed_pid": self.killed_pid, "killed_s": killed_s}
        more |= {"day": day, "attempts": attempts}
        return LaunchResult(
            self.jobs, self.max_jobs, self.seconds, records, self.workers, self.limit, **more
        )


def batch_of(day: LaunchDay, workers: int, max_jobs: int, limit: str) -> DayBatch:
    """The emails of `day` at these settings. Raises BadSetting."""
    return DayBatch(day.jobs + day.crowd, max_jobs, day.mean_s, workers, limit)
