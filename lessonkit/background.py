"""One thread with one asyncio loop, on which everything that touches Redis or a process runs.

A widget's callback runs on the main thread while the kernel is idle, and on a thread of its own
while a cell runs; a cell runs on the kernel's loop. None of them may block, and a Redis client
belongs to one loop: so all hand their work to this one.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import suppress
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


async def join(work: Awaitable[T], while_waiting: Callable[[], None] = lambda: None) -> T:
    """Run `work` on the background loop and wait for it in a cell, calling `while_waiting` now and
    then. When the cell is interrupted, `work` is cancelled and cleans up, and RunStopped is raised.
    """
    begun, ended = threading.Event(), threading.Event()

    async def whole() -> T:
        begun.set()
        try:
            return await work
        finally:
            ended.set()

    future, done, here = spawn(whole()), asyncio.Event(), asyncio.get_running_loop()
    future.add_done_callback(lambda _: here.call_soon_threadsafe(done.set))
    try:
        while not future.done():
            while_waiting()
            # at once when it is done: who follows a queue is told as it happens
            with suppress(TimeoutError):
                async with asyncio.timeout(WAKE_S):
                    await done.wait()
    except (KeyboardInterrupt, asyncio.CancelledError):
        future.cancel()
        if begun.is_set():  # blocks on purpose: an interrupted cell may await nothing more
            ended.wait(CLEAN_UP_S)
        raise RunStopped from None
    return future.result()


async def together(*works: Coroutine[Any, Any, T]) -> list[T]:
    """Do all of these until the first one fails, or all are done, and answer what they answered;
    none is left."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class FromCells:
    """Stands, in cells, for an object that lives on the background loop.

    Its coroutines and asynchronous iterators can be awaited in cells; all else is the object's own.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if inspect.iscoroutinefunction(value):
            return lambda *args, **kwargs: join(value(*args, **kwargs))
        if inspect.isasyncgenfunction(value):
            return lambda *args, **kwargs: _each(value(*args, **kwargs))
        return value

    def __dir__(self) -> list[str]:
        return dir(self._inner)

    def __repr__(self) -> str:
        return repr(self._inner)


async def _each(items: AsyncGenerator[T, None]) -> AsyncIterator[T]:
    try:
        while True:
            try:
                yield await join(anext(items))
            except StopAsyncIteration:
                return
    finally:
        await join(items.aclose())
