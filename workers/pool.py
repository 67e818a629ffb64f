"""A pool of processes that belongs to a worker: for what computes in Python."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from multiprocessing.process import BaseProcess
from typing import TypeVar

T = TypeVar("T")

#: more than these would be slow to start, whatever the machine has
MOST_PROCESSES = 4
#: how long a process may take to go by itself
PATIENCE_S = 0.5


def usable_cores() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS; fewer than there are, in a container
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def pool_size() -> int:
    """How many processes a pool has: one for each core, and not very many."""
    return min(usable_cores(), MOST_PROCESSES)


class Pool:
    """Processes that compute for the jobs of a worker.

    They go with the worker, even when it is killed. A computation that has begun goes on when its
    job is cancelled: nobody waits for it, but its process is busy till then.
    """

    def __init__(self, processes: int | None = None) -> None:
        self.processes = processes or pool_size()
        self.cpu_s = 0.0
        """How long they have computed for jobs that ended, in seconds of one core."""
        self._executor: ProcessPoolExecutor | None = None
        self._children: list[BaseProcess] = []
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Have them all running: the first job should not wait for that."""
        async with self._starting:
            if self._executor is None:
                await self._start()

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """What `function` answers in one of the processes; both ways everything is pickled.

        Raises what it raises, and BrokenExecutor when its process died: then all are replaced, and
        the job's next attempt finds a pool that works.
        """
        await self.start()
        executor = self._executor
        assert executor
        try:
            loop = asyncio.get_running_loop()
            answer, cpu_s = await loop.run_in_executor(executor, _timed, function, *arguments)
        except BrokenExecutor:
            if self._executor is executor:
                self._executor = None
            raise
        self.cpu_s += cpu_s
        return answer

    async def close(self) -> None:
        """End them, also those that still compute: their jobs have gone back to the queue."""
        if self._executor:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None
            await asyncio.to_thread(_end, self._children)

    async def _start(self) -> None:
        # not a fork: a worker has threads, and their locks would be copied as they are
        spawn = multiprocessing.get_context("spawn")
        known = multiprocessing.active_children()
        executor = ProcessPoolExecutor(self.processes, spawn, initializer=_belong_to_worker)
        loop, pids = asyncio.get_running_loop(), set[int]()
        while len(pids) < self.processes:
            works = [loop.run_in_executor(executor, os.getpid) for _ in range(self.processes)]
            pids.update(await asyncio.gather(*works))
        self._children = [each for each in multiprocessing.active_children() if each not in known]
        self._executor = executor


def _timed(function: Callable[..., T], *arguments: object) -> tuple[T, float]:
    """In a process: what a function answers, and how long it computed."""
    began = time.process_time()
    return function(*arguments), time.process_time() - began


def _belong_to_worker() -> None:
    """In each process: leave when the worker is gone, and not before."""
    # Ctrl-C and a service manager's SIGTERM reach the whole group; the worker answers for it
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)
    threading.Thread(target=_leave_with_worker, daemon=True).start()


def _leave_with_worker() -> None:
    worker = multiprocessing.parent_process()
    assert worker
    worker.join()
    os._exit(0)


def _end(children: list[BaseProcess]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    for child in children:
        child.join(max(0.0, deadline - time.monotonic()))
        if child.is_alive():
            child.kill()
            child.join()
