"""What a session holds, on the loop it was opened on: a server, a client, processes, queues."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from arq.connections import ArqRedis
from redis.exceptions import RedisError

from lessonkit.batch import Batch, BatchResult, Feed, run_batch
from lessonkit.closed import Closed
from lessonkit.errors import LabClosed, ServerLost
from lessonkit.processes import ChildProcess, WorkerProcess, started
from lessonkit.queue import Queue
from lessonkit.server import Server, open_server
from lessonkit.shared import Shared
from workers.attempt import describe
from workers.connection import connect, safe_url
from workers.contract import DEFAULT_PREFIX, EMAIL, JobKind

#: how long closing waits for those who remove a queue of their own
LAST_WORD_S = 3.0
#: a run that is stopped has its emails given up: nobody waits for them
STOP_GRACE_S = 0.2


def _ignore(_: object) -> None:
    pass


class Scratch:
    """A directory that goes with this process, also when it is killed: what removes it is a shell
    that waits for the end of a pipe."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="lessonkit-"))
        self._shell = subprocess.Popen(
            ["sh", "-c", 'read -r _; rm -rf -- "$1"', "sh", str(self.path)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def remove(self) -> None:
        assert self._shell.stdin
        self._shell.stdin.close()
        self._shell.wait()


class Resources:
    """A server and what is on it. `shut()` ends all of it, whoever started it."""

    def __init__(self, owner: str = "a Python session", *, private: bool = False) -> None:
        """`owner` is whose server this is, in words; with `private`, REDIS_URL is passed over."""
        self.owner, self.private = owner, private
        self._server: Server | None = None
        self._redis: ArqRedis | None = None
        self._shared: Shared | None = None
        """On a server of somebody else."""
        self._processes: list[ChildProcess] = []
        self._guests: list[asyncio.Task[Any]] = []
        self._opening = asyncio.Lock()
        self._closed = False
        self._scratch: Scratch | None = None

    @property
    def directory(self) -> Path:
        """A directory of the session's own, for what its workers read and write. It goes with the
        session. Raises LabClosed."""
        if self._closed or not self._server:
            raise LabClosed
        if self._server.directory:
            return self._server.directory
        if not self._scratch:
            self._scratch = Scratch()
        return self._scratch.path

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
            if self._shared:
                await self._shared.use(queue)
            yield queue, server.url
        except (RedisError, OSError) as error:
            raise ServerLost(url=safe_url(server.url), reason=describe(error).rstrip(".")) from None
        finally:
            with contextlib.suppress(RedisError, OSError):
                await queue.obliterate()
                if self._shared:
                    await self._shared.removed(queue)
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
                self._server = await self._find_server()
                self._redis = connect(self._server.url)
                if not self._server.is_private:
                    self._shared = Shared(self._redis)
                    await self._shared.enter()
            return self._server, self._redis

    async def _find_server(self) -> Server:
        return await open_server(self.owner, private=self.private)

    async def shut(self) -> Closed:
        """What `close()` does, on the loop that the session was opened on."""
        self._closed = True
        processes = [process for process in self._processes if process.running]
        pids = [process.pid for process in processes]
        await asyncio.gather(*(process.stop() for process in processes))
        if self._guests:  # they see that their workers have left, and leave
            await asyncio.wait(set(self._guests), timeout=LAST_WORD_S)
        if self._shared:
            with contextlib.suppress(RedisError, OSError):
                await self._shared.leave()
            self._shared = None
        if self._redis:
            await self._redis.aclose()
        if self._server:
            pids += self._server.pids
            await self._server.stop()
        if self._scratch:
            await asyncio.to_thread(self._scratch.remove)
        return Closed(pids)
