"""Run it: a launch day with emails at random, a crowd at once, and a worker that is killed."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from lessonkit import background
from lessonkit.feed import Poisson
from lessonkit.fleet import DayBatch, LaunchDay, LaunchResult, batch_of
from lessonkit.processes import WorkerProcess
from lessonkit.progress import CellProgress
from lessonkit.session import Lab

#: how long after the last email the day is over; who has not been served by then never is
CLOSING_S = 4.0


class DayIsOver(Exception):
    """Emails are left that nobody will send."""


async def launch(
    lab: Lab, day: LaunchDay, *, workers: int, max_jobs: int, limit: str
) -> LaunchResult:
    """Live through `day` with `workers` real processes of `max_jobs` slots each, and a `limit` like
    "10/1s" or "off" on all of them together. One of the processes is killed for real.

    Raises BadSetting for a setting that makes no sense, and what `Lab.run` raises.
    """
    batch = batch_of(day, workers, max_jobs, limit)
    with CellProgress() as progress:
        living = live_through(lab, day, batch, on_phase=progress.phase)
        return await background.join(living, lambda: progress.show(batch))


async def live_through(
    lab: Lab, day: LaunchDay, batch: DayBatch, **watchers: Callable[[Any], None]
) -> LaunchResult:
    """What `launch` does, on the background loop; `watchers` are those of `Lab.measure`."""
    feed = Poisson(day.plan(), partial(_kill_and_close, day, batch))
    with contextlib.suppress(DayIsOver):
        await lab.measure(batch, feed=feed, **watchers)
    return batch.result_of(day)


async def kill_one(day: LaunchDay, batch: DayBatch, workers: list[WorkerProcess]) -> None:
    """Kill the worker that has the most to do."""
    await asyncio.sleep(day.kill_at_s)
    busy = Counter(each.pid for each in batch.records.values() if each.state == "active")
    victim = max(workers, key=lambda each: busy[each.pid])
    workers.remove(victim)  # it is expected to end
    batch.killed_s = batch.now_s
    victim.send_signal(signal.SIGKILL)
    batch.killed_pid = victim.pid
    await victim.wait()


async def _kill_and_close(day: LaunchDay, batch: DayBatch, workers: list[WorkerProcess]) -> None:
    """The day ends, whether or not all is done."""
    await kill_one(day, batch, workers)
    await asyncio.sleep(day.lasts_s - day.kill_at_s + (CLOSING_S if workers else 0.5))
    raise DayIsOver
