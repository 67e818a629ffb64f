"""The chores queue: the same work in the worker's loop, in a thread, or in a process.

`python -m workers workers/chores.py`
"""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import Any

from workers.contract import CHORES, ChorePayload
from workers.handlers import Handlers, Happened
from workers.heartbeat import beat
from workers.pool import Pool
from workers.processor import Job
from workers.settings import worker_settings
from workers.work import WORK

on = Handlers()
pool = Pool()


async def do_chore(job: Job, chore: ChorePayload) -> Any:
    """Do a piece of work where the payload says."""
    print(f"[chores] Job {job.id}: {chore.work} in the {chore.where}")
    work = WORK[chore.work]
    if chore.where == "thread":
        return await asyncio.to_thread(work, chore.amount)
    if chore.where == "process":
        return await pool.run(work, chore.amount)
    answer = work(chore.amount)  # in the loop, which does nothing else meanwhile …
    return await answer if inspect.isawaitable(answer) else answer  # … but at an await


async def start_up(ctx: dict[str, Any]) -> None:
    """Start what the worker needs besides its jobs."""
    await pool.start()
    ctx["heartbeat"] = asyncio.create_task(beat(ctx, lambda: time.process_time() + pool.cpu_s))


async def shut_down(ctx: dict[str, Any]) -> None:
    """Leave nothing behind."""
    ctx["heartbeat"].cancel()
    await asyncio.gather(ctx["heartbeat"], return_exceptions=True)
    await pool.close()


@on("failed")
def say_failed(happened: Happened) -> None:
    """Say why."""
    print(f"[worker:chores] Job {happened.job} failed: {happened.reason}")


WorkerSettings = worker_settings(CHORES, do_chore, max_jobs=5, on=on)
WorkerSettings |= {"on_startup": start_up, "on_shutdown": shut_down}
