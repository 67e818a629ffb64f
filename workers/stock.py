"""arq's own worker, as it comes, on a queue of ours: to be seen beside the one of `worker.py`.

    python -m workers.stock email --max-jobs 5

Nothing here changes how it works. The settings are those of our queue, and arq's hooks write to the
queue's stream when a job begins and when it has ended.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from contextlib import suppress
from typing import Any

from arq.jobs import Job
from arq.worker import Worker, get_kwargs

from workers import codec
from workers.connection import connect, find_url
from workers.contract import DEFAULT_PREFIX, KINDS, Event, Keys
from workers.lifeline import leave_with_parent
from workers.programs import load_settings
from workers.settings import checked_max_jobs
from workers.stream import new_worker_name, tell


def main() -> int:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser("python -m workers.stock", description=__doc__)
    parser.add_argument("queue", choices=list(KINDS))
    parser.add_argument("--max-jobs", type=checked_max_jobs, default=1, metavar="N")
    parser.add_argument("--prefix", default=DEFAULT_PREFIX)
    parser.add_argument("--leave-with-parent", action="store_true", help=argparse.SUPPRESS)
    asyncio.run(_run(parser.parse_args()))
    return 0


async def _run(options: argparse.Namespace) -> None:
    keys = Keys.of(options.queue, options.prefix)
    settings: dict[str, Any] = get_kwargs(load_settings(options.queue))
    settings |= {"queue_name": keys.queue, "max_jobs": options.max_jobs}
    settings |= {"redis_pool": connect(find_url()), "handle_signals": False}
    del settings["redis_settings"]
    worker = Worker(**settings, **_hooks(keys), ctx={"queue": keys.queue})
    working = asyncio.create_task(worker.main())

    def leave() -> None:
        working.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, leave)
    if options.leave_with_parent:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Jupyter's Interrupt is not meant for us
        watch = asyncio.create_task(leave_with_parent(leave))
    with suppress(asyncio.CancelledError):
        await working
    await worker.close()
    if options.leave_with_parent:
        watch.cancel()


def _hooks(keys: Keys) -> dict[str, Any]:
    name = new_worker_name()

    async def on_startup(ctx: dict[str, Any]) -> None:
        await tell(ctx["redis"], keys, name, Event.READY)
        # it begins to poll when there is something to find: else it were chance how long the first
        # job waits, anything up to poll_delay
        while not await ctx["redis"].zcard(keys.queue):  # noqa: ASYNC110 - Redis wakes nobody
            await asyncio.sleep(0.005)

    async def on_job_start(ctx: dict[str, Any]) -> None:
        about = {"job": ctx["job_id"], "attempt": ctx["job_try"]}
        await tell(ctx["redis"], keys, name, Event.ACTIVE, **about)

    async def after_job_end(ctx: dict[str, Any]) -> None:
        about = {"job": ctx["job_id"], "attempt": ctx["job_try"]}
        job = Job(ctx["job_id"], ctx["redis"], keys.queue, _deserializer=codec.loads)
        result = await job.result_info()
        if result is None:
            await tell(ctx["redis"], keys, name, Event.RETURNED, **about)
        elif result.success:
            await tell(ctx["redis"], keys, name, Event.COMPLETED, **about)
        else:
            about |= {"error": codec.error_text(result.result), "final": 1}
            await tell(ctx["redis"], keys, name, Event.FAILED, **about)

    return {
        "on_startup": on_startup,
        "on_job_start": on_job_start,
        "after_job_end": after_job_end,
    }


if __name__ == "__main__":
    sys.exit(main())
