"""arq at its default poll_delay and at its best, and with events as one would add them."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import Any

from arq.connections import ArqRedis
from arq.worker import Worker, func

from tests.bench.contender import Contender
from tests.bench.script import Add, main, nap, nop
from workers.contract import EVENTS_KEPT

#: below 0.01 s it spends its time on asking
BEST_POLL_S, DEFAULT_POLL_S = 0.01, 0.5


def _contender(name: str, poll_s: float, rate_per_s: int, *options: str) -> Contender:
    command = (sys.executable, "-m", __spec__.name)
    return Contender(
        name,
        command,
        ("arq:queue",),
        options=(str(poll_s), *options),
        poll_s=poll_s,
        rate_per_s=rate_per_s,
    )


ARQ = _contender("arq (poll_delay 0.01)", BEST_POLL_S, 1300)
ARQ_AS_IT_COMES = _contender("arq (poll_delay 0.5)", DEFAULT_POLL_S, 300)
ARQ_WITH_EVENTS = _contender("arq with XADD in its hooks", BEST_POLL_S, 500, "events")


async def connect_producer(url: str) -> Add:
    redis = ArqRedis.from_url(url)

    async def add(function: str, arguments: list[dict[str, Any]]) -> None:
        for at in range(0, len(arguments), 50):
            chunk = arguments[at : at + 50]
            await asyncio.gather(*(redis.enqueue_job(function, **each) for each in chunk))

    await redis.ping()
    return add


async def build_worker(url: str, slots: int, poll_s: str, events: str = "") -> Any:
    redis = ArqRedis.from_url(url)
    settings: dict[str, Any] = {"max_jobs": slots, "poll_delay": float(poll_s)}
    if events:
        settings |= {
            "on_job_start": partial(_tell, "active"),
            "after_job_end": partial(_tell, "completed"),
        }
    functions = [func(nop, name="nop"), func(nap, name="nap")]
    worker = Worker(functions, redis_pool=redis, handle_signals=False, **settings)
    await redis.ping()
    return worker.main


async def _tell(event: str, ctx: dict[str, Any]) -> None:
    """What one would write to have events of stock arq, capped as ours are."""
    entry = {"event": event, "job": ctx["job_id"], "attempt": ctx["job_try"]}
    await ctx["redis"].xadd("events", entry, maxlen=EVENTS_KEPT, approximate=True)


if __name__ == "__main__":
    main(connect_producer, build_worker)
