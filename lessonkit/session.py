"""What a notebook opens and closes: its own Redis, its own workers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from arq.connections import ArqRedis
from redis.exceptions import RedisError

from lessonkit import background
from lessonkit.batch import Batch, BatchResult, Feed, run_batch
from lessonkit.closed import Closed
from lessonkit.errors import LabClosed, ServerLost
from lessonkit.follow import Story, follow
from lessonkit.processes import ApiProcess, ChildProcess, WorkerProcess, started
from lessonkit.progress import CellProgress
from lessonkit.queue import Queue
from lessonkit.server import Outage, Server, open_server
from workers.attempt import describe
from workers.connection import connect, safe_url
from workers.contract import DEFAULT_PREFIX, EMAIL, KINDS, JobKind, Payload

#: how long closing waits for those who remove a queue of their own
LAST_WORD_S = 3.0
#: a run that is stopped has its emails given up: nobody waits for them
STOP_GRACE_S = 0.2


def _ignore(_: object) -> None:
    pass


class Lab:
    """A session: a Redis server, private unless `REDIS_URL` names one, and the processes on it.

    All of it dies with the kernel. Made by `open_lab()`.
    """

    def __init__(self) -> None:
        self._server: Server | None = None
        self._redis: ArqRedis | None = None
        self._processes: list[ChildProcess] = []
        self._guests: list[asyncio.Task[Any]] = []
        self._opening = asyncio.Lock()
        self._closed = False
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self.output = ""
        """What the workers of the last `run` printed; of several, each line begins with its pid."""

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
        batch, output = Batch(jobs, max_jobs, seconds, workers, limit, stock), list[str]()
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
    ) -> Any:
        """Start a worker of a queue, which goes on until it is told to `stop()`.

        Without `max_jobs` it is the worker's own setting: for `email` WORKER_CONCURRENCY or 3, for
        `reports` 1. What it answers has the worker's `pid`, its `output` so far, and `send_signal`.
        The settings are those of `WorkerProcess`. Raises ProcessDidNotStart.
        """
        server, redis = await background.join(self.open())
        settings: dict[str, Any] = {"limit": limit, "grace_s": grace_s, "backoff_s": backoff_s}
        settings["program"] = program
        worker = WorkerProcess(
            Queue(KINDS[queue], redis), server.url, max_jobs=max_jobs, **settings
        )
        return await self._start(worker)

    async def kill_redis(self) -> Outage:
        """Kill the session's own server with SIGKILL, as a crash would, and wait until its guard
        has started it again. Raises NotOurServer for the one that `REDIS_URL` names."""
        server, _ = await background.join(self.open())
        return await background.join(server.kill())

    async def start_api(self) -> Any:
        """Start the HTTP API: its `url`, the `headers` that requests must carry, its `output`."""
        server, _ = await background.join(self.open())
        return await self._start(ApiProcess(server.url))

    async def _send(self, payload: Payload, queue: str, timeout_s: float) -> Story:
        there = await self._queue(queue)
        return await follow(there, await there.add(payload), timeout_s)

    async def _follow(self, job: str, queue: str, timeout_s: float) -> Story:
        return await follow(await self._queue(queue), job, timeout_s)

    async def _queue(self, name: str) -> Queue:
        _, redis = await self.open()
        return Queue(KINDS.get(name) or replace(EMAIL, queue=name), redis)

    async def _start(self, process: ChildProcess) -> Any:
        self._processes.append(process)
        await background.join(process.start())
        return background.FromCells(process)

    @property
    def directory(self) -> Path:
        """A directory of the session's own, for what its workers read and write. It goes with the
        session. Raises LabClosed."""
        if self._closed or not self._server:
            raise LabClosed
        if self._server.directory:
            return self._server.directory
        if not self._scratch:
            self._scratch = tempfile.TemporaryDirectory(prefix="lessonkit-")
        return Path(self._scratch.name)

    async def close(self) -> Closed:
        """End all workers and the server; see that they are gone."""
        return await background.join(self.shut())

    # ---- on the background loop ----------------------------------------------------------------

    async def measure(
        self,
        batch: Batch,
        *,
        feed: Feed | None = None,
        on_phase: Callable[[str], None] = _ignore,
        on_change: Callable[[Batch], None] = _ignore,
        on_output: Callable[[str], None] = _ignore,
    ) -> BatchResult:
        """Run a batch with fresh workers, on a queue of its own; its jobs are added at once, or as
        `feed` does it. Whatever happens, the workers are stopped and the jobs are removed."""
        on_phase("starting Redis")
        async with self.own_queue() as (queue, url):
            on_phase(f"starting the worker{'s' * (batch.workers > 1)}")
            settings: dict[str, Any] = {
                "max_jobs": batch.max_jobs,
                "limit": batch.limit,
                "grace_s": STOP_GRACE_S,
                "stock": batch.stock,
            }
            settings |= {"on_output": on_output, "says_pid": batch.workers > 1}
            workers = [WorkerProcess(queue, url, **settings) for _ in range(batch.workers)]
            with self.known(workers):
                async with started(workers):
                    on_phase("running")
                    return await run_batch(queue, workers, batch, feed=feed, on_change=on_change)

    @contextlib.asynccontextmanager
    async def own_queue(self, kind: JobKind = EMAIL) -> AsyncIterator[tuple[Queue, str]]:
        """A queue that nobody else has, and its server's URL; it is removed afterwards.

        Raises ServerLost when the server goes away meanwhile.
        """
        server, redis = await self.open()
        guest = asyncio.current_task()
        assert guest
        self._guests.append(guest)
        # what an earlier run or a worker in a terminal does is no part of it
        queue = Queue(kind, redis, prefix=f"{DEFAULT_PREFIX}{secrets.token_hex(4)}:")
        try:
            yield queue, server.url
        except (RedisError, OSError) as error:
            raise ServerLost(url=safe_url(server.url), reason=describe(error).rstrip(".")) from None
        finally:
            with contextlib.suppress(RedisError, OSError):
                await queue.obliterate()
            self._guests.remove(guest)

    @contextlib.contextmanager
    def known(self, processes: Collection[ChildProcess]) -> Iterator[None]:
        """Have `shut()` end these as well, as long as they are there."""
        self._processes += processes
        try:
            yield
        finally:
            self._processes = [each for each in self._processes if each not in processes]

    async def open(self) -> tuple[Server, ArqRedis]:
        """The session's server and a client, started when they are first asked for and again when
        the server is gone."""
        async with self._opening:
            if self._closed:
                raise LabClosed
            if not (self._server and self._redis and self._server.running):
                if self._server and self._redis:  # it is gone; let go of what it held
                    await self._redis.aclose()
                    await self._server.stop()
                self._server = await open_server(_owner())
                self._redis = connect(self._server.url)
            return self._server, self._redis

    async def shut(self) -> Closed:
        """What `close()` does, on the loop that the session was opened on."""
        self._closed = True
        processes = [process for process in self._processes if process.running]
        pids = [process.pid for process in processes]
        await asyncio.gather(*(process.stop() for process in processes))
        if self._guests:  # they see that their workers have left, and leave
            await asyncio.wait(set(self._guests), timeout=LAST_WORD_S)
        if self._redis:
            await self._redis.aclose()
        if self._server:
            pids += self._server.pids
            await self._server.stop()
        if self._scratch:
            self._scratch.cleanup()
        return Closed(pids)

    def __repr__(self) -> str:
        if self._closed:
            return "Lab(closed)"
        if not self._server:
            return "Lab(no server yet)"
        kind = "its own server" if self._server.is_private else "the server of REDIS_URL"
        return f"Lab({kind}, {safe_url(self._server.url)})"


_open: Lab | None = None


async def open_lab() -> Lab:
    """Open this kernel's session; one that is open already is answered as it is."""
    global _open
    if _open is None or _open._closed:
        _open = await background.join(_opened())
    return _open


async def _opened() -> Lab:
    lab = Lab()
    await lab.open()
    return lab


def _owner() -> str:
    """Whose server this is, in words: Jupyter says which notebook a kernel is for."""
    notebook = os.environ.get("JPY_SESSION_NAME")
    name = Path(notebook).name if notebook else "a Python session"
    return f"{name}, process {os.getpid()}"
