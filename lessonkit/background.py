"""One thread with one asyncio loop, on which everything that touches Redis or a process runs.

A widget's callback runs on the main thread while the kernel is idle, and on a thread of its own
while a cell runs; a cell runs on the kernel's loop. None of them may block, and a Redis client
belongs to one loop: so all hand their work to this one.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from lessonkit.errors import RunStopped

T = TypeVar("T")

#: Interrupt reaches a top-level `await` only when the kernel's loop wakes: a waiting cell wakes it
WAKE_S = 0.1
#: how long a cell that was interrupted waits for its work to clean up
CLEAN_UP_S = 10.0

_loop: asyncio.AbstractEventLoop | None = None
_lock = threading.Lock()


def loop() -> asyncio.AbstractEventLoop:
    """The background loop; its thread is started when it is first asked for."""
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="lessonkit", daemon=True).start()
        return _loop


def spawn(work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
    """Start `work` on the background loop, from any thread."""
    return asyncio.run_coroutine_threadsafe(work, loop())


async def join(work: Coroutine[Any, Any, T], while_waiting: Callable[[], None] = lambda: None) -> T:
    """Run `work` on the background loop and wait for it in a cell, calling `while_waiting` now and
    then. When the cell is interrupted, `work` is cancelled and cleans up, and RunStopped is raised.
    """
    ended = threading.Event()

    async def whole() -> T:
        try:
            return await work
        finally:
            ended.set()

    future = spawn(whole())
    try:
        while not future.done():
            while_waiting()
            await asyncio.sleep(WAKE_S)
    except (KeyboardInterrupt, asyncio.CancelledError):
        future.cancel()
        ended.wait(CLEAN_UP_S)  # blocks on purpose: an interrupted cell may await nothing more
        raise RunStopped from None
    return future.result()
