"""Run it: the same emails through each number of worker processes, at each `max_jobs`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from lessonkit import background
from lessonkit.batch import Batch, run_batch
from lessonkit.errors import BadSetting
from lessonkit.grid import Grid
from lessonkit.processes import WorkerProcess, started
from lessonkit.progress import CellProgress
from lessonkit.queue import Queue
from lessonkit.resources import STOP_GRACE_S
from lessonkit.result import BatchResult
from lessonkit.session import Lab

#: how often a run is looked at: the shortest take no longer than an email
TICK_S = 0.03
#: a grid of more runs than this has no room in a chart
MOST_RUNS = 25

Watcher = Callable[[str, Batch], None]


async def scale(
    lab: Lab,
    *,
    workers: Sequence[int] = (1, 2, 4),
    max_jobs: Sequence[int] = (1, 2, 4),
    jobs: int = 16,
    seconds: float = 0.06,
    limit: str = "off",
) -> Grid:
    """Send `jobs` emails of `seconds` each through each number of `workers` at each `max_jobs`.

    The processes are started once; from run to run their `max_jobs` is changed while they run, and
    those that are no part of a run have none. Raises BadSetting for a number that makes no sense,
    and what `Lab.run` raises when a run cannot end.
    """
    plan = planned(workers, max_jobs, jobs, seconds, limit)
    with CellProgress() as progress:
        running = run_grid(lab, plan, on_change=lambda said, _: progress.phase(said))
        return await background.join(running, progress.show)


def planned(
    workers: Iterable[int], max_jobs: Iterable[int], jobs: int, seconds: float, limit: str
) -> list[Batch]:
    """The runs of a grid, in order. Raises BadSetting where there is none to make."""
    for name, values in (("workers", workers), ("max_jobs", max_jobs)):
        if not isinstance(values, list | tuple | range) or not values:
            raise BadSetting(name=name, value=values, wanted="some whole numbers, like (1, 2, 4)")
    plan = [Batch(jobs, slots, seconds, count, limit) for count in workers for slots in max_jobs]
    if len(plan) > MOST_RUNS:
        raise BadSetting(name="the grid", value=len(plan), wanted=f"at most {MOST_RUNS} runs")
    order = sorted({(batch.workers, batch.max_jobs) for batch in plan})
    return [Batch(jobs, slots, seconds, count, limit) for count, slots in order]


async def run_grid(
    lab: Lab, plan: Sequence[Batch], *, on_change: Watcher = lambda said, batch: None
) -> Grid:
    """Run a plan on a queue of its own, on the background loop. However it ends, its workers are
    gone then, and the queue is."""
    count, limit = max(batch.workers for batch in plan), plan[0].limit
    runs: list[BatchResult] = []
    on_change(f"starting {count} processes", plan[0])
    async with lab.own_queue() as (queue, url):
        settings: dict[str, Any] = {"max_jobs": 1, "limit": limit, "grace_s": STOP_GRACE_S}
        fleet = [WorkerProcess(queue, url, **settings) for _ in range(count)]
        with lab.known(fleet):
            async with started(fleet):
                for number, batch in enumerate(plan, 1):
                    where = f"run {number} of {len(plan)}, {batch.workers} × {batch.max_jobs}"

                    def follow(now: Batch, where: str = where) -> None:
                        on_change(f"{where}: {now.done} of {now.jobs} sent", now)

                    await _open_slots(queue, fleet, batch)
                    some = fleet[: batch.workers]
                    runs.append(
                        await run_batch(queue, some, batch, on_change=follow, tick_s=TICK_S)
                    )
    return Grid(tuple(runs))


async def _open_slots(queue: Queue, fleet: Sequence[WorkerProcess], batch: Batch) -> None:
    """Each process that takes part has `max_jobs` slots, and the others have none: they idle."""
    await asyncio.gather(
        *(
            each.change_max_jobs(batch.max_jobs if number < batch.workers else 0)
            for number, each in enumerate(fleet)
        )
    )
    await queue.forget_starts()  # those of the run before are no part of this one
