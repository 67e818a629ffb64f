"""saq, another queue for asyncio and Redis."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from tests.bench.contender import Contender
from tests.bench.script import Add, main, nap, nop

SAQ = Contender(
    "saq", (sys.executable, "-m", __spec__.name), ("saq:default:incomplete",), rate_per_s=1300
)


async def connect_producer(url: str) -> Add:
    from saq.queue.redis import RedisQueue

    queue = RedisQueue.from_url(url)
    await queue.connect()

    async def add(function: str, arguments: list[dict[str, Any]]) -> None:
        for at in range(0, len(arguments), 50):
            chunk = arguments[at : at + 50]
            await asyncio.gather(*(queue.enqueue(function, **each) for each in chunk))

    return add


async def build_worker(url: str, slots: int) -> Any:
    from saq import Worker
    from saq.queue.redis import RedisQueue

    queue = RedisQueue.from_url(url)
    await queue.connect()
    return Worker(queue, functions=[nop, nap], concurrency=slots).start


if __name__ == "__main__":
    main(connect_producer, build_worker)
