"""Our worker, with functions that do nothing or sleep; jobs are added by lessonkit's script."""

from __future__ import annotations

import sys
import time
from typing import Any

from arq.worker import func

from tests.bench.contender import Contender
from tests.bench.script import Add, main, nap, nop
from workers import codec
from workers.connection import connect
from workers.contract import EVENTS_KEPT
from workers.worker import Worker

QUEUE = "lesson:bench"
OURS = Contender("ours", (sys.executable, "-m", __spec__.name), (QUEUE,), rate_per_s=10_000)


async def connect_producer(url: str) -> Add:
    from lessonkit.queue import ADD  # a worker does without it

    redis = connect(url)
    script = redis.register_script(ADD)

    async def add(function: str, arguments: list[dict[str, Any]]) -> None:
        job = {"f": function, "a": [], "t": None, "et": int(time.time() * 1000)}
        for at in range(0, len(arguments), 1000):
            envelopes = [codec.dumps(job | {"k": each}) for each in arguments[at : at + 1000]]
            await script([QUEUE], [0, EVENTS_KEPT, *envelopes])

    await redis.ping()
    return add


async def build_worker(url: str, slots: int) -> Any:
    functions = [func(nop, name="nop"), func(nap, name="nap")]
    codecs: dict[str, Any] = {"job_serializer": codec.dumps, "job_deserializer": codec.loads}
    worker = Worker(functions, url=url, queue_name=QUEUE, max_jobs=slots, **codecs)
    await worker.pool.ping()
    return worker.main


if __name__ == "__main__":
    main(connect_producer, build_worker)
