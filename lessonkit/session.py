"""What a notebook opens and closes: its own Redis, its own workers."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

from lessonkit import background
from lessonkit.batch import Batch, BatchResult
from lessonkit.closed import Closed
from lessonkit.follow import Story, follow
from lessonkit.processes import ApiProcess, ChildProcess, WorkerProcess
from lessonkit.progress import CellProgress
from lessonkit.queue import Queue
from lessonkit.resources import STOP_GRACE_S as STOP_GRACE_S
from lessonkit.resources import Resources
from lessonkit.server import Outage
from workers.connection import safe_url
from workers.contract import EMAIL, KINDS, REPORTS, Payload

#: a worker's handlers speak a moment after the event that they are told of
LAST_LINE_S = 0.05
#: of what the workers of a run print, the last so many lines are kept
OUTPUT_KEPT = 10_000


class Lab(Resources):
    """A session: a Redis server, private unless `REDIS_URL` names one, and the processes on it.

    All of it dies with the kernel. Made by `open_lab()`.
    """

    def __init__(self, *, private: bool = False) -> None:
        super().__init__(_owner(), private=private)
        self.output = ""
        """What the workers of the last `run` printed; of several, each line begins with its pid."""
        self._from_cells: list[ChildProcess] = []

    # ---- from a cell ---------------------------------------------------------------------------

    async def run(
        self,
        jobs: int = 5,
        seconds: float = 1.0,
        max_jobs: int = 1,
        *,
        workers: int = 1,
        limit: str = "off",
        stock: bool = False,
    ) -> BatchResult:
        """Send `jobs` emails of `seconds` each through `workers` processes, each of which runs
        `max_jobs` at a time; with a `limit` like "10/1s", all of them start no more than that.
        With `stock`, the workers are arq's own, as they come, in place of ours.

        Raises BadSetting for a number that makes no sense, and WorkerDied, ProcessDidNotStart,
        RunTimedOut, RunStopped or a server's error when the run cannot end.
        """
        batch, output = (
            Batch(jobs, max_jobs, seconds, workers, limit, stock),
            deque[str](maxlen=OUTPUT_KEPT),
        )
        self.output = ""
        with CellProgress() as progress:
            measuring = self.measure(batch, on_phase=progress.phase, on_output=output.append)
            try:
                return await background.join(measuring, lambda: progress.show(batch))
            finally:
                self.output = "\n".join(output)

    async def queue(self, name: str = "email") -> Any:
        """A queue by its name; its coroutines and its `events()` can be awaited in cells.

        `email` and `reports` take their own payloads; a queue of any other name takes emails.
        """
        return background.FromCells(await background.join(self._queue(name)))

    async def send(
        self, payload: Payload, queue: str = "email", *, timeout_s: float = 5.0
    ) -> Story:
        """Add a job, follow it until it has ended or `timeout_s` is over, and tell its story.

        Raises BadPayload when the queue is one for other jobs.
        """
        return await background.join(self._send(payload, queue, timeout_s))

    async def follow(self, job: str, queue: str = "email", *, timeout_s: float = 10.0) -> Story:
        """The story of a job that was added, once it has ended or `timeout_s` is over."""
        return await background.join(self._follow(job, queue, timeout_s))

    async def start_worker(
        self,
        queue: str = "email",
        *,
        max_jobs: int | None = None,
        limit: str = "off",
        grace_s: float = 10.0,
        backoff_s: float = 1.0,
        program: Path | str | None = None,
        processes: int = 1,
    ) -> Any:
        """Start a worker of a queue, which goes on until it is told to `stop()`.

        Of several `processes`, what is started is the one that keeps them running. Without
        `max_jobs` it is the worker's own setting: for `email` WORKER_CONCURRENCY or 3, for
        `reports` 1. What it answers has the worker's `pid`, its `output` so far, and `send_signal`.
        The settings are those of `WorkerProcess`. Raises ProcessDidNotStart.
        """
        there = await background.join(self._queue(queue))
        server, _ = await background.join(self.open())
        settings: dict[str, Any] = {"limit": limit, "grace_s": grace_s, "backoff_s": backoff_s}
        settings |= {"program": program, "processes": processes}
        worker = WorkerProcess(there, server.url, max_jobs=max_jobs, **settings)
        return await self._start(worker)

    async def kill_redis(self) -> Outage:
        """Kill the session's own server with SIGKILL, as a crash would, and wait until its guard
        has started it again. Raises NotOurServer for the one that `REDIS_URL` names."""
        server, _ = await background.join(self.open())
        return await background.join(server.kill())

    async def start_api(self) -> Any:
        """Start the HTTP API: its `url`, the `headers` that requests must carry, its `output`."""
        for kind in (EMAIL, REPORTS):
            await background.join(self._queue(kind.queue))
        server, _ = await background.join(self.open())
        return await self._start(ApiProcess(server.url))

    async def _send(self, payload: Payload, queue: str, timeout_s: float) -> Story:
        there = await self._queue(queue)
        return await self._follow(await there.add(payload), queue, timeout_s)

    async def _follow(self, job: str, queue: str, timeout_s: float) -> Story:
        story = await follow(await self._queue(queue), job, timeout_s)
        await asyncio.sleep(LAST_LINE_S)
        return story

    async def _queue(self, name: str) -> Queue:
        _, redis = await self.open()
        queue = Queue(KINDS.get(name) or replace(EMAIL, queue=name), redis)
        if self._shared:
            await self._shared.use(queue)
        return queue

    async def _start(self, process: ChildProcess) -> Any:
        self._processes.append(process)
        self._from_cells.append(process)
        await background.join(process.start())
        return background.FromCells(process)

    async def _begin_anew(self) -> None:
        """End what cells started: the cell that did is about to run again."""
        ended, self._from_cells = self._from_cells, []
        await asyncio.gather(*(process.stop() for process in ended))
        self._processes = [process for process in self._processes if process not in ended]

    async def close(self) -> Closed:
        """End all workers and the server; see that they are gone."""
        return await background.join(self.shut())

    def __repr__(self) -> str:
        if self._closed:
            return "Lab(closed)"
        if not self._server:
            return "Lab(no server yet)"
        kind = "its own server" if self._server.is_private else "the server of REDIS_URL"
        return f"Lab({kind}, {safe_url(self._server.url)})"


_open: Lab | None = None


async def open_lab(*, private: bool = False) -> Lab:
    """Open this kernel's session. One that is open already is answered, with its server and what is
    in it, and without the workers and APIs that cells have started: a set-up cell begins anew.

    With `private` it has a server of its own even where `REDIS_URL` names another.
    """
    global _open
    if _open and not _open._closed and _open.private != private:
        await _open.close()
    if _open is None or _open._closed:
        _open = await background.join(_opened(private))
    else:
        await background.join(_open._begin_anew())
    return _open


async def _opened(private: bool) -> Lab:
    lab = Lab(private=private)
    await lab.open()
    return lab


def _owner() -> str:
    """Whose server this is, in words: Jupyter says which notebook a kernel is for."""
    notebook = os.environ.get("JPY_SESSION_NAME")
    name = Path(notebook).name if notebook else "a Python session"
    return f"{name}, process {os.getpid()}"
