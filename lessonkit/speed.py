"""Measure kinds of work: five at a time against one at a time, and how late the loop is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lessonkit import background
from lessonkit.batch import Batch, run_batch
from lessonkit.bounds import check_seconds, check_whole
from lessonkit.chores import WAITING, Beat, Chore, ChoreRun, SpeedUp, SpeedUps, chores_of
from lessonkit.processes import WorkerProcess, started
from lessonkit.progress import CellProgress
from lessonkit.queue import Queue
from lessonkit.session import STOP_GRACE_S, Lab
from workers import contract
from workers.contract import CHORES, Payload
from workers.pool import pool_size, usable_cores

PROGRAM = Path(contract.__file__).with_name("chores.py")
MOST_JOBS, MOST_AT_A_TIME, LONGEST_S = 20, 10, 2.0
#: how many rounds are tried to find out how many make a second: some hundredths of one
TRIED = {"photo": 60, "password": 20_000, "backup": 200}
#: how often the loop's pulse is read
TICK_S = 0.08
#: how long a beat may take to come after the last job
LAST_BEAT_S = 2.0


def _ignore(_: object) -> None:
    pass


Say = Callable[[str], None]
Watcher = Callable[[ChoreRun], None]


async def measure_speed_ups(
    lab: Lab, kinds: Iterable[object], *, jobs: int = 5, max_jobs: int = 5, seconds: float = 0.1
) -> SpeedUps:
    """Run `jobs` jobs of each of `kinds` at `max_jobs` 1, and again at `max_jobs`.

    A kind is a pair of work and place, such as ("photo", "thread"). A job is as much work as takes
    this machine `seconds` by itself, and the same work at both. Raises BadSetting for what makes no
    sense, and WorkerDied, ProcessDidNotStart, RunTimedOut, RunStopped or ServerLost when the run
    cannot end.
    """
    chores = chores_of(kinds)
    check_chores(jobs, max_jobs, seconds)
    with CellProgress() as progress:
        running = _measure(lab, chores, jobs, max_jobs, seconds, progress.phase)
        return await background.join(running, progress.show)


def check_chores(jobs: int, max_jobs: int, seconds: float) -> None:
    """Raise BadSetting for a number that makes no sense."""
    check_whole("jobs", jobs, MOST_JOBS)
    check_whole("max_jobs", max_jobs, MOST_AT_A_TIME)
    check_seconds("seconds", seconds, LONGEST_S)


async def _measure(
    lab: Lab, chores: Sequence[Chore], jobs: int, max_jobs: int, seconds: float, say: Say
) -> SpeedUps:
    found, amounts = [], dict[str, float]()
    say("starting the worker")
    async with _worker(lab) as worker:
        for number, chore in enumerate(chores, 1):
            say(f"{number} of {len(chores)}: {chore}")
            await worker.process.change_max_jobs(1)
            if chore.work not in amounts:
                amounts[chore.work] = await worker.amount(chore.work, seconds)
            one = await worker.run(chore, jobs, seconds, amounts[chore.work])
            await worker.process.change_max_jobs(max_jobs)
            many = await worker.run(chore, jobs, seconds, amounts[chore.work])
            found.append(SpeedUp(chore, one, many))
    return SpeedUps(tuple(found), jobs, max_jobs, usable_cores(), pool_size())


async def run_chore(
    lab: Lab,
    chore: Chore,
    *,
    jobs: int,
    max_jobs: int,
    seconds: float,
    on_phase: Say = _ignore,
    on_change: Watcher = _ignore,
    on_output: Say = _ignore,
) -> ChoreRun:
    """Run jobs of one kind with a fresh worker, on the background loop. However it ends, the worker
    is gone then, and its queue is."""
    on_phase("starting the worker")
    async with _worker(lab, on_output) as worker:
        on_phase("trying how much work that is")
        amount = await worker.amount(chore.work, seconds)
        await worker.process.change_max_jobs(max_jobs)
        on_phase("running")
        return await worker.run(chore, jobs, seconds, amount, on_change)


@contextlib.asynccontextmanager
async def _worker(lab: Lab, on_output: Say = _ignore) -> AsyncIterator[_ChoreWorker]:
    """A worker on a queue that nobody else has; its `max_jobs` is 1 to begin with."""
    async with lab.own_queue(CHORES) as (queue, url):
        process = WorkerProcess(
            queue, url, max_jobs=1, grace_s=STOP_GRACE_S, program=PROGRAM, on_output=on_output
        )
        with lab.known([process]):
            async with started([process]):
                yield _ChoreWorker(queue, process)


@dataclass(frozen=True)
class _Jobs:
    """Adds these jobs, all at once."""

    payloads: Sequence[Payload]
    lasts_s: float = 0.0

    async def run(self, queue: Queue, workers: list[WorkerProcess]) -> None:  # noqa: ARG002
        await queue.add_many(self.payloads)


class _ChoreWorker:
    """A worker process that does chores, and its queue."""

    def __init__(self, queue: Queue, process: WorkerProcess) -> None:
        self.process, self._queue = process, queue

    async def amount(self, work: str, seconds: float) -> float:
        """How much of a work takes `seconds` by itself, by the best of a few real jobs."""
        if work in WAITING:
            return seconds
        chore, rounds = Chore(work, "loop"), TRIED[work]
        tries = [await self.run(chore, 1, 0.0, rounds) for _ in range(3)]
        return max(1.0, rounds * seconds / min(each.makespan_s for each in tries))

    async def run(
        self,
        chore: Chore,
        jobs: int,
        seconds: float,
        amount: float,
        on_change: Watcher = _ignore,
    ) -> ChoreRun:
        """Do `jobs` jobs of that `amount`, and watch the loop meanwhile."""
        assert self.process.max_jobs
        batch = Batch(jobs, self.process.max_jobs, seconds)
        pulse = _Pulse(self._queue)
        await pulse.until(0)
        following = asyncio.create_task(pulse.follow())
        try:
            result = await run_batch(
                self._queue,
                [self.process],
                batch,
                feed=_Jobs([chore.payload(amount)] * jobs),
                on_change=lambda _: on_change(ChoreRun(chore, batch, pulse.beats, batch.first_ms)),
                tick_s=0.01 if on_change is _ignore else TICK_S,
            )
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        # a queue's jobs are numbered on and on
        records = tuple(replace(each, id=str(n)) for n, each in enumerate(result.records, 1))
        result = replace(result, records=records)
        await pulse.until(batch.first_ms + result.makespan_s * 1000)
        run = ChoreRun(chore, result, pulse.beats, batch.first_ms)
        on_change(run)
        return run


class _Pulse:
    """The beats of a worker's loop, as far as they have been read."""

    def __init__(self, queue: Queue) -> None:
        self.beats: tuple[Beat, ...] = ()
        self._queue, self._last = queue, "0-0"

    async def follow(self) -> None:
        """Read them, over and over."""
        while True:
            await self.read()
            await asyncio.sleep(TICK_S)

    async def until(self, at_ms: float) -> None:
        """Read until there is one, of this moment or later: a loop that stood still beats
        afterwards."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_BEAT_S):
                while not self.beats or self.beats[-1].at_ms < at_ms:
                    await asyncio.sleep(0.01)
                    await self.read()

    async def read(self) -> None:
        entries = await self._queue.redis.xrange(
            self._queue.keys.heartbeat, min=f"({self._last}", count=5000
        )
        if entries:
            self._last = entries[-1][0].decode()
            self.beats += tuple(
                Beat(*(float(told[name]) for name in (b"at", b"late_ms", b"cpu_s")))
                for _, told in entries
            )
