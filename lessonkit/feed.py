"""Run it: jobs arrive one by one, whether or not the workers keep up."""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from lessonkit import background
from lessonkit.arrivals import Arrival, Arrivals, ArrivalsResult, Look, Service
from lessonkit.batch import Batch
from lessonkit.processes import WorkerProcess
from lessonkit.progress import CellProgress
from lessonkit.queue import Queue
from lessonkit.session import Lab
from workers.contract import EmailPayload, State

#: the queue is asked this often how many jobs it holds
LOOK_S = 0.05

#: a producer that gets so late, as on a machine that slept, does not catch up
LATE_S = 1.0

Meanwhile = Callable[[list[WorkerProcess]], Coroutine[Any, Any, None]]


async def arrive(
    lab: Lab,
    *,
    rate_per_s: float,
    mean_s: float,
    max_jobs: int,
    jobs: int = 300,
    seed: int = 1,
    service: Service = "exponential",
    workers: int = 1,
    limit: str = "off",
    meanwhile: Meanwhile | None = None,
) -> ArrivalsResult:
    """Send emails at random moments, `rate_per_s` in a second on average, through real workers,
    and see how long each had to wait.

    Emails and their times are those of `Arrivals`; the workers are those of `Lab.run`. `meanwhile`
    is a coroutine function that is called, on the background loop, with the list of running
    workers when the emails begin. A worker that it kills it takes out of the list; one that it
    starts it adds. Raises BadSetting for a setting that makes no sense, and what `Lab.run` raises.
    """
    asked = Arrivals(rate_per_s, mean_s, jobs, seed, service)
    batch = Batch(jobs, max_jobs, mean_s, workers, limit)
    feed = Poisson(asked.plan(), meanwhile)
    with CellProgress() as progress:
        measuring = lab.measure(batch, feed=feed, on_phase=progress.phase)
        done = await background.join(measuring, lambda: progress.show(batch))
    known: dict[str, Any] = {"workers": workers, "limit": limit}
    known |= {"asked": asked, "looks": tuple(feed.looks)}
    return ArrivalsResult(jobs, max_jobs, mean_s, done.records, **known)


@dataclass
class Poisson:
    """Adds jobs when they are due, and looks at the queue meanwhile."""

    plan: Sequence[Arrival]
    meanwhile: Meanwhile | None = None
    looks: list[Look] = field(default_factory=list)

    @property
    def lasts_s(self) -> float:
        """When the last job comes."""
        return self.plan[-1].at_s

    async def run(self, queue: Queue, workers: list[WorkerProcess]) -> None:
        """Add all jobs and see `meanwhile` through, then look on until cancelled."""
        works = [self._add(queue), self._look(queue)]
        if self.meanwhile:
            works.append(self.meanwhile(workers))
        await background.together(*works)

    async def _add(self, queue: Queue) -> None:
        """Times are absolute: a job that comes late does not delay those after it."""
        clock, left, number = asyncio.get_running_loop().time, deque(self.plan), 0
        began = clock()
        while left:
            await asyncio.sleep(began + left[0].at_s - clock())
            due = list[EmailPayload]()
            while left and left[0].at_s <= clock() - began:
                number += 1
                due.append(email(number, left.popleft().seconds))
            await queue.add_many(due)

    async def _look(self, queue: Queue) -> None:
        clock = asyncio.get_running_loop().time
        first = clock() + self.plan[0].at_s
        while True:
            counts = await queue.counts()
            at_s = clock() - first
            if at_s >= 0:
                self.looks.append(Look(at_s, counts[State.WAITING], counts[State.ACTIVE]))
            await asyncio.sleep(LOOK_S)


class Endless:
    """Adds jobs at random moments until cancelled, at a rate that may be changed meanwhile."""

    def __init__(self, rate_per_s: float, mean_s: float) -> None:
        """Times are exponential with the mean `mean_s`. At a rate of 0 none is added."""
        self.rate_per_s, self.mean_s = rate_per_s, mean_s
        self.held = False
        """While this is set, those that come are turned away."""
        self._retuned = asyncio.Event()

    def tune(self, rate_per_s: float, mean_s: float) -> None:
        """Change both, from now on; on the loop that `run` is on."""
        self.rate_per_s, self.mean_s = rate_per_s, mean_s
        self._retuned.set()

    async def run(self, queue: Queue) -> None:
        """Until cancelled."""
        clock, chance = asyncio.get_running_loop().time, random.Random()  # noqa: S311
        number, due_s = 0, clock()
        while True:
            due_s = max(due_s, clock() - LATE_S)
            due_s += chance.expovariate(self.rate_per_s) if self.rate_per_s else math.inf
            if await self._is_retuned(due_s - clock()):
                # the gap to the next one has no memory: at another rate it is drawn anew
                due_s = clock()
            elif not self.held:
                number += 1
                await queue.add(email(number, chance.expovariate(1 / self.mean_s)))

    async def _is_retuned(self, within_s: float) -> bool:
        """Whether the rate is changed in this time; it waits no longer."""
        self._retuned.clear()
        try:
            async with asyncio.timeout(None if math.isinf(within_s) else max(0.0, within_s)):
                await self._retuned.wait()
        except TimeoutError:
            return False
        return True


def email(number: int, seconds: float) -> EmailPayload:
    """An email to a customer of this number, for which the provider takes `seconds`."""
    to, subject = f"customer{number}@example.com", "Your order is on its way"
    return EmailPayload(to=to, subject=subject, html="<p>Thank you.</p>", seconds=seconds)
