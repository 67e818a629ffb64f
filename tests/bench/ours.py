"""Our worker, with functions that do nothing or sleep; jobs are added by lessonkit's script."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import replace
from typing import Any

from arq.worker import func

import workers.worker
from tests.bench.contender import Contender
from tests.bench.script import Add, main, nap, nop
from workers import codec
from workers.connection import connect
from workers.contract import EVENTS_KEPT

QUEUE = "lesson:bench"
OURS = Contender("ours", (sys.executable, "-m", __spec__.name), (QUEUE,), rate_per_s=12_000)
OURS_WITHOUT_EVENTS = replace(OURS, name="ours without events", options=("without-events",))


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


def without_events(script: str) -> str:
    """A visit that writes none. There is no such switch, for the lessons live on them."""
    writers = r"^(local function (?:write|tell_of_all)\([^)]*\))\n.*?^end$"
    silent, found = re.subn(writers, r"\1 end", script, flags=re.MULTILINE | re.DOTALL)
    if found != 2 or "XADD" in silent:
        raise ValueError("visit.lua writes its events in another way than the bench knows")
    return silent


async def build_worker(url: str, slots: int, option: str = "") -> Any:
    if option:
        workers.worker.VISIT = without_events(workers.worker.VISIT)
    functions = [func(nop, name="nop"), func(nap, name="nap")]
    codecs: dict[str, Any] = {"job_serializer": codec.dumps, "job_deserializer": codec.loads}
    worker = workers.worker.Worker(functions, url=url, queue_name=QUEUE, max_jobs=slots, **codecs)
    await worker.pool.ping()
    return worker.main


if __name__ == "__main__":
    main(connect_producer, build_worker)
