"""Jobs that arrive one by one: the plan of their arrivals, and what was measured of them."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, NamedTuple, get_args

from lessonkit.batch import LONGEST_JOB_S, MAX_BATCH
from lessonkit.bounds import check_seconds, check_whole
from lessonkit.errors import BadSetting
from lessonkit.queueing import Band, chance_band, mean_wait_s, wait_percentile_s, waits_s
from lessonkit.result import BatchResult

Service = Literal["exponential", "fixed"]

MAX_RATE_PER_S = 1000.0


class Arrival(NamedTuple):
    """A job to come: when, in seconds from the beginning, and how long it will take."""

    at_s: float
    seconds: float


@dataclass(frozen=True)
class Arrivals:
    """A Poisson process: `jobs` jobs, `rate_per_s` of them in a second on average, whose times are
    exponential with the mean `mean_s`, or all the same ("fixed").

    The same `seed` makes the same arrivals, and more `jobs` only add to them. The arrivals are the
    same for both kinds of `service`.
    """

    rate_per_s: float
    mean_s: float
    jobs: int = 300
    seed: int = 1
    service: Service = "exponential"

    def __post_init__(self) -> None:
        """Raises BadSetting for a number that makes no sense."""
        rate = self.rate_per_s
        if not (
            isinstance(rate, int | float)
            and not isinstance(rate, bool)
            and 0 < rate <= MAX_RATE_PER_S
        ):
            wanted = f"a number of jobs per second above 0, up to {MAX_RATE_PER_S:g}"
            raise BadSetting(name="rate_per_s", value=rate, wanted=wanted)
        check_seconds("mean_s", self.mean_s, LONGEST_JOB_S)
        check_whole("jobs", self.jobs, MAX_BATCH)
        if not isinstance(self.seed, int):
            raise BadSetting(name="seed", value=self.seed, wanted="a whole number")
        if self.service not in get_args(Service):
            wanted = '"exponential" or "fixed"'
            raise BadSetting(name="service", value=self.service, wanted=wanted)

    def plan(self) -> tuple[Arrival, ...]:
        """When each job comes and how long it takes, in order."""
        chance, at_s = random.Random(self.seed), 0.0  # noqa: S311 - nothing is kept secret by it
        plan = list[Arrival]()
        for _ in range(self.jobs):
            at_s += chance.expovariate(self.rate_per_s)
            drawn_s = chance.expovariate(1.0) * self.mean_s
            plan.append(Arrival(at_s, self.mean_s if self.service == "fixed" else drawn_s))
        return tuple(plan)


class Look(NamedTuple):
    """What was seen in the queue at a moment, in seconds since the first enqueue."""

    at_s: float
    waiting: int
    running: int


@dataclass(frozen=True, repr=False)
class ArrivalsResult(BatchResult):
    """What became of jobs that arrived one by one. `seconds` is the mean time that was asked for.

    All figures come from `records`, but for those of `looks`: how many jobs waited and ran, as the
    queue was asked for it now and then during the run.
    """

    asked: Arrivals = Arrivals(1.0, 1.0)
    looks: tuple[Look, ...] = ()

    def first(self, jobs: int) -> ArrivalsResult:
        """The same run, as far as its first `jobs` jobs are concerned, but for `looks`."""
        check_whole("jobs", jobs, self.jobs)
        asked = replace(self.asked, jobs=jobs)
        return replace(self, jobs=jobs, records=self.records[:jobs], asked=asked, looks=())

    @property
    def service_s(self) -> tuple[float, ...]:
        """How long each job took: its last start to its finish is what a slot was taken for."""
        """How long each job took, from its first start to its finish; with more than one attempt,
        what lies between them is part of it."""
        pairs = zip(self.latency_s, self.wait_s, strict=True)
        return tuple(latency_s - wait_s for latency_s, wait_s in pairs)

    @property
    def rate_per_s(self) -> float:
        """Arrivals per second, from the first to the last of them."""
        span_s = self.records[-1].enqueued_s
        return (self.jobs - 1) / span_s if span_s else math.nan

    @property
    def mean_service_s(self) -> float:
        return _mean(self.service_s)

    @property
    def mean_wait_s(self) -> float:
        """Enqueue to start, on average."""
        return _mean(self.wait_s)

    @property
    def mean_latency_s(self) -> float:
        """W: enqueue to finish, on average."""
        return _mean(self.latency_s)

    @property
    def ideal_mean_wait_s(self) -> float:
        """How long these very jobs would wait on average for a worker that needs no time of its
        own: they come and take as long as they were asked to."""
        plan = self.asked.plan()
        waits = waits_s([each.at_s for each in plan], [each.seconds for each in plan], self.slots)
        return _mean(waits)

    def wait_percentile_s(self, percent: float) -> float:
        """The least wait that `percent` of the jobs did not exceed."""
        rank = math.ceil(percent / 100 * self.jobs)
        return sorted(self.wait_s)[max(rank, 1) - 1]

    @property
    def load(self) -> float:
        """The offered load, in erlangs: arrivals per second × mean service time, as measured."""
        return self.rate_per_s * self.mean_service_s

    @property
    def utilisation(self) -> float:
        """The share of the slots' time that they were taken, first enqueue to last finish."""
        return math.fsum(self.service_s) / (self.makespan_s * self.slots)

    @property
    def in_system(self) -> tuple[tuple[float, int], ...]:
        """How many jobs wait or run, over time: each moment at which that changes, and the number
        from then on."""
        return _steps(
            [(each.enqueued_s, +1) for each in self.records]
            + [(each.finished_s, -1) for each in self.records if each.finished_s is not None]
        )

    @property
    def waiting(self) -> tuple[tuple[float, int], ...]:
        """How many jobs wait, over time."""
        return _steps(
            [(each.enqueued_s, +1) for each in self.records]
            + [(each.started_s, -1) for each in self.records if each.started_s is not None]
        )

    @property
    def mean_in_system(self) -> float:
        """L: how many jobs were in the system on average, as the area under `in_system`."""
        steps = self.in_system
        area = math.fsum((end - begin) * count for (begin, count), (end, _) in pairwise(steps))
        return area / (steps[-1][0] - steps[0][0])

    @property
    def seen_in_system(self) -> float:
        """L as it was seen: the average over `looks`. NaN when nobody looked."""
        return _mean([look.waiting + look.running for look in self.looks])

    @property
    def predicted_wait_s(self) -> float:
        """The mean wait that Erlang's formula gives for the rate and service time measured."""
        return mean_wait_s(self.slots, self.rate_per_s, self.mean_service_s)

    def predicted_percentile_s(self, percent: float) -> float:
        """The wait that `percent` of the jobs do not exceed, by the same formula."""
        return wait_percentile_s(self.slots, self.rate_per_s, self.mean_service_s, percent)

    @property
    def is_modelled(self) -> bool:
        """Whether Erlang's formula is about such a run: exponential times, no limit, and a load
        that its slots can carry."""
        return (
            self.asked.service == "exponential" and self.limit == "off" and self.load < self.slots
        )

    def chance_band(self) -> Band:
        """Where the mean wait of such a run lies in 95 of 100, by chance alone, around what the
        formula gives."""
        return chance_band(self.slots, self.rate_per_s, self.mean_service_s, self.jobs)

    def __repr__(self) -> str:
        workers = f"{self.workers} workers × " if self.workers > 1 else ""
        limit = f", limit {self.limit}" if self.limit != "off" else ""
        failed = f", {self.failed} failed" if self.failed else ""
        return (
            f"{workers}max_jobs {self.max_jobs}{limit}: {self.jobs} jobs in "
            f"{self.makespan_s:.2f} s{failed}, {self.asked.service} service\n"
            f"  arrived  {self.rate_per_s:.1f}/s, took {_ms(self.mean_service_s)} each: "
            f"load {self.load:.2f}, slots {self.utilisation:.0%} busy\n"
            f"  waited   {_ms(self.mean_wait_s)} on average, half of them no more than "
            f"{_ms(self.wait_percentile_s(50))}, 95 % no more than "
            f"{_ms(self.wait_percentile_s(95))}\n"
            f"  Erlang C {_ms(self.predicted_wait_s)} on average, 95 % no more than "
            f"{_ms(self.predicted_percentile_s(95))}"
        )


def _steps(changes: list[tuple[float, int]]) -> tuple[tuple[float, int], ...]:
    now, steps = 0, dict[float, int]()
    for at_s, change in sorted(changes):
        now += change
        steps[at_s] = now
    return tuple(steps.items())


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def _ms(value_s: float) -> str:
    return f"{value_s * 1000:.1f} ms" if math.isfinite(value_s) else "without end"
