"""The child's side of contender.py, for contenders in Python."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

Add = Callable[[str, list[dict[str, Any]]], Awaitable[Any]]


async def nop(ctx: Any) -> None:
    """Do nothing."""


async def nap(ctx: Any, number: int, seconds: float) -> None:
    """Sleep, and say when."""
    start = time.time()
    await asyncio.sleep(seconds)
    print(number, start, time.time(), flush=True)


def main(
    connect_producer: Callable[[str], Awaitable[Add]],
    build_worker: Callable[..., Awaitable[Callable[[], Awaitable[Any]]]],
) -> None:
    """Be a producer or a worker, as the command says."""
    role, url, *options = sys.argv[1:]
    if role == "producer":
        asyncio.run(_produce(connect_producer, url))
    else:
        asyncio.run(_work(build_worker, url, int(options[0]), *options[1:]))


async def _produce(connect_producer: Callable[[str], Awaitable[Add]], url: str) -> None:
    add = await connect_producer(url)
    print("ready", flush=True)
    for line in sys.stdin:
        name, first, count, *seconds = line.split()
        arguments: list[dict[str, Any]] = [{}] * int(count)
        if name == "nap":
            numbers = range(int(first), int(first) + int(count))
            arguments = [{"number": number, "seconds": float(seconds[0])} for number in numbers]
        began = time.time()
        await add(name, arguments)
        print(began, flush=True)


async def _work(
    build_worker: Callable[..., Awaitable[Callable[[], Awaitable[Any]]]],
    url: str,
    slots: int,
    *options: str,
) -> None:
    start = await build_worker(url, slots, *options)
    print("ready", flush=True)
    if not sys.stdin.readline():
        return
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    await start()


def _leave_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)
