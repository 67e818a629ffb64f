"""What queueing theory says of a queue with `slots` servers, before it is built: M/M/c.

Arrivals are Poisson, service times exponential and independent, and who came first is served first.
The formulas are Erlang's: A. K. Erlang, "Solution of some Problems in the Theory of Probabilities
of Significance in Automatic Telephone Exchanges", Elektroteknikeren 13 (1917). In today's notation
they are in A. O. Allen, *Probability, Statistics, and Queueing Theory*, 2nd ed. (1990), chapter 5,
and in I. Adan and J. Resing, *Queueing Systems* (2015), chapter 5.

An `offered load` is arrivals per second × mean service time, in erlangs: how many slots are busy on
average. At a load of `slots` or more there is no steady state, and all means are infinite.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from lessonkit.bounds import check_whole
from lessonkit.errors import BadSetting

#: how many runs are drawn to see what chance alone does
DRAWS = 400


def offered_load(rate_per_s: float, mean_s: float) -> float:
    """How many slots are busy on average, in erlangs: λ·s."""
    return rate_per_s * mean_s


def erlang_c(slots: int, load: float) -> float:
    """The share of jobs that have to wait at an offered `load` in erlangs; 1 when it is too high.

    By way of Erlang's B, whose recursion B(n) = a·B(n-1) / (n + a·B(n-1)) does not overflow.
    """
    check_whole("slots", slots, 100_000)
    if load >= slots:
        return 1.0
    blocked = 1.0
    for number in range(1, slots + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked / (1 - load / slots * (1 - blocked))


def mean_wait_s(slots: int, rate_per_s: float, mean_s: float) -> float:
    """The mean wait before service: C / (cμ - λ), where μ is 1 / `mean_s`; infinite at a load of
    `slots` or more."""
    load = offered_load(rate_per_s, mean_s)
    if load >= slots:
        return math.inf
    return erlang_c(slots, load) * mean_s / (slots - load)


def wait_exceeds(slots: int, rate_per_s: float, mean_s: float, wait_s: float) -> float:
    """The share of jobs that wait longer than `wait_s`: C·exp(-(cμ - λ)·t)."""
    load = offered_load(rate_per_s, mean_s)
    if load >= slots:
        return 1.0
    return erlang_c(slots, load) * math.exp(-(slots - load) / mean_s * wait_s)


def wait_percentile_s(slots: int, rate_per_s: float, mean_s: float, percent: float) -> float:
    """The wait that `percent` of the jobs do not exceed; 0 where so many do not wait at all."""
    load = offered_load(rate_per_s, mean_s)
    if load >= slots:
        return math.inf
    waiting, beyond = erlang_c(slots, load), 1 - percent / 100
    return max(0.0, math.log(waiting / beyond) * mean_s / (slots - load))


def least_slots(rate_per_s: float, mean_s: float, target_s: float) -> int:
    """The smallest number of slots whose mean wait is `target_s` or less. Raises BadSetting."""
    if not target_s > 0:
        raise BadSetting(name="target_s", value=target_s, wanted="a time above 0 s")
    slots = math.floor(offered_load(rate_per_s, mean_s)) + 1
    while mean_wait_s(slots, rate_per_s, mean_s) > target_s:
        slots += 1
    return slots


def waits_s(arrivals_s: Sequence[float], services_s: Sequence[float], slots: int) -> list[float]:
    """How long each job waits when whichever slot frees first takes the next one: the recursion of
    J. Kiefer and J. Wolfowitz (1955). For any times, not only for those that Erlang's formulas are
    about."""
    free_s, waits = [0.0] * slots, list[float]()
    for arrival_s, service_s in zip(arrivals_s, services_s, strict=True):
        start_s = max(arrival_s, heappop(free_s))
        waits.append(start_s - arrival_s)
        heappush(free_s, start_s + service_s)
    return waits


@dataclass(frozen=True)
class Band:
    """Where the mean wait of a run lies in 95 of 100 runs, if nothing but chance is at work."""

    low_s: float
    high_s: float

    def __contains__(self, mean_s: float) -> bool:
        return self.low_s <= mean_s <= self.high_s


def chance_band(slots: int, rate_per_s: float, mean_s: float, jobs: int, seed: int = 0) -> Band:
    """Where the mean wait of `jobs` jobs, the first of which finds nobody there, lies in 95 of 100
    runs of an M/M/c queue.

    From independent replications of the model, because there is no short cut: neighbours wait
    alike, so a run of some hundred jobs holds only a few independent ones. Batch means of that one
    run would give a band that misses the true mean in 25 to 45 of 100 runs, where 5 are promised.
    """
    chance = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
    means = sorted(_mean_of_a_run(chance, slots, rate_per_s, mean_s, jobs) for _ in range(DRAWS))
    return Band(means[round(0.025 * DRAWS)], means[round(0.975 * DRAWS) - 1])


def _mean_of_a_run(
    chance: random.Random, slots: int, rate_per_s: float, mean_s: float, jobs: int
) -> float:
    now_s, arrivals_s = 0.0, list[float]()
    for _ in range(jobs):
        now_s += chance.expovariate(rate_per_s)
        arrivals_s.append(now_s)
    services_s = [chance.expovariate(1 / mean_s) for _ in range(jobs)]
    return math.fsum(waits_s(arrivals_s, services_s, slots)) / jobs
