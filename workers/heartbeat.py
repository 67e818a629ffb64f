"""A worker's pulse: how late its loop is, over time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from redis.exceptions import RedisError

from workers.contract import BEAT_S, BEATS_KEPT, Keys


async def beat(ctx: dict[str, Any], cpu_s: Callable[[], float] = time.process_time) -> None:
    """Wake every `BEAT_S` seconds, and write to a stream of the queue's by how much that was late.

    As late is whatever else the loop has to do: taking the next job, going on with one after its
    `await`. Each entry tells `cpu_s` as well, how long the worker has computed so far. `ctx` is
    what arq gives to `on_startup`.
    """
    beats = deque[dict[str, Any]](maxlen=BEATS_KEPT)
    async with asyncio.TaskGroup() as group:
        group.create_task(_note(beats, cpu_s))
        # apart from it, or a slow Redis would look like a slow loop
        group.create_task(_tell(ctx, beats))


async def _note(beats: deque[dict[str, Any]], cpu_s: Callable[[], float]) -> None:
    while True:
        due = time.monotonic() + BEAT_S
        await asyncio.sleep(BEAT_S)
        late_ms = max(0.0, time.monotonic() - due) * 1000
        beats.append({"at_s": time.time(), "late_ms": f"{late_ms:.3f}", "cpu_s": f"{cpu_s():.4f}"})


async def _tell(ctx: dict[str, Any], beats: deque[dict[str, Any]]) -> None:
    redis, key = ctx["redis"], Keys(ctx["queue"]).heartbeat
    seconds, micros = await redis.time()
    ahead_s = seconds + micros / 1e6 - time.time()  # of Redis' clock, by which all events go
    while True:
        await asyncio.sleep(BEAT_S)
        with suppress(RedisError, OSError, asyncio.TimeoutError):
            async with redis.pipeline(transaction=False) as pipe:
                for told in list(beats):
                    at_ms = (told["at_s"] + ahead_s) * 1000
                    entry = {"at": f"{at_ms:.3f}", "worker": ctx["worker"]} | told
                    pipe.xadd(key, entry, maxlen=BEATS_KEPT, approximate=True)
                count = len(beats)
                await pipe.execute()
            for _ in range(count):
                beats.popleft()
