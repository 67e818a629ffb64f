"""One thread with one asyncio loop, on which everything that touches Redis or a process runs.

A widget's callback runs on the main thread while the kernel is idle, and on a thread of its own
while a cell runs; a cell runs on the kernel's loop. None of them may block, and a Redis client
belongs to one loop: so all hand their work to this one.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from lessonkit.errors import RunStopped

T = TypeVar("T")

#: Interrupt reaches a top-level `await` only when the kernel's loop wakes, so a waiting cell wakes it
WAKE_S = 0.1

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


async def join(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on the background loop and wait for it in a cell.

    When the cell is interrupted, `work` is cancelled, has its time to clean up, and the cell ends
    in RunStopped.
    """
    future = spawn(work)
    try:
        return await _ended(future)
    except (KeyboardInterrupt, asyncio.CancelledError):
        future.cancel()
        raise RunStopped from None


async def _ended(future: concurrent.futures.Future[T]) -> T:
    while not future.done():
        await asyncio.sleep(WAKE_S)
    return future.result()
