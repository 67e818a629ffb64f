"""arq as it comes, at its default poll_delay and at its best."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from arq.connections import ArqRedis
from arq.worker import Worker, func

from tests.bench.contender import Contender
from tests.bench.script import Add, main, nap, nop

#: below 0.01 s it spends its time on asking
BEST_POLL_S, DEFAULT_POLL_S = 0.01, 0.5


def _contender(name: str, poll_s: float, rate_per_s: int) -> Contender:
    command = (sys.executable, "-m", __spec__.name)
    options = (str(poll_s),)
    return Contender(
        name, command, ("arq:queue",), options=options, poll_s=poll_s, rate_per_s=rate_per_s
    )


ARQ = _contender("arq, poll_delay 0.01", BEST_POLL_S, 1500)
ARQ_AS_IT_COMES = _contender("arq, poll_delay 0.5", DEFAULT_POLL_S, 500)


async def connect_producer(url: str) -> Add:
    redis = ArqRedis.from_url(url)

    async def add(function: str, arguments: list[dict[str, Any]]) -> None:
        for at in range(0, len(arguments), 50):
            chunk = arguments[at : at + 50]
            await asyncio.gather(*(redis.enqueue_job(function, **each) for each in chunk))

    await redis.ping()
    return add


async def build_worker(url: str, slots: int, poll_s: str) -> Any:
    redis = ArqRedis.from_url(url)
    functions = [func(nop, name="nop"), func(nap, name="nap")]
    worker = Worker(
        functions, redis_pool=redis, max_jobs=slots, poll_delay=float(poll_s), handle_signals=False
    )
    await redis.ping()
    return worker.main


if __name__ == "__main__":
    _, role, url, *rest = sys.argv  # a producer does not poll
    sys.argv = [*sys.argv[:3], *(rest if role == "worker" else [])]
    main(connect_producer, build_worker)
