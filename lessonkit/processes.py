"""The processes of ours that run beside a notebook: workers and the API."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from lessonkit.child import START_TIMEOUT_S
from lessonkit.child import ChildProcess as ChildProcess
from lessonkit.child import started as started
from lessonkit.errors import RunTimedOut, WorkerDied
from lessonkit.queue import Queue
from workers.contract import Event


class WorkerProcess(ChildProcess):
    """`python -m workers QUEUE …`, ready when it has said so in the queue's stream."""

    what = "worker"

    def __init__(
        self,
        queue: Queue,
        url: str,
        *,
        max_jobs: int | None,
        limit: str = "off",
        grace_s: float = 1.0,
        backoff_s: float = 1.0,
        program: Path | str | None = None,
        environment: Mapping[str, str] | None = None,
        processes: int = 1,
        stock: bool = False,
        on_output: Callable[[str], None] = lambda line: None,
        says_pid: bool = False,
    ) -> None:
        """`max_jobs` None leaves that to the worker's own setting; `limit` is like "10/1s";
        `grace_s` is how long its jobs may go on when it is to leave, `backoff_s` how long a job
        that failed waits for its second attempt; `program` is a file with the queue's
        WorkerSettings, in place of those of `workers`; `environment` is what it finds in its own
        besides what is in this one. Of several `processes`, this is the one that keeps them
        running, and it is ready when all of them are. With `stock` the worker is arq's own, which
        takes none of these but `max_jobs`. With `says_pid`, `on_output` is told who printed a line
        as well."""
        self.grace_s = grace_s
        self.max_jobs = max_jobs
        self.name = ""
        """What it is called in Redis: pid, host and a few random signs, once it is ready."""
        self._queue, self._processes = queue, processes
        self._after: str | None = None
        prefix = queue.keys.queue.removesuffix(queue.kind.queue)
        what = queue.kind.queue if program is None else str(program)
        arguments = ["-m", "workers.stock" if stock else "workers", what, "--prefix", prefix]
        if max_jobs is not None:
            arguments += ["--max-jobs", str(max_jobs)]
        if not stock:
            arguments += ["--limit", limit, "--grace", str(grace_s), "--backoff", str(backoff_s)]
        if processes > 1:
            arguments += ["--processes", str(processes)]
        say = (lambda line: on_output(f"{self.pid} {line}")) if says_pid else on_output
        super().__init__(arguments, {"REDIS_URL": url} | dict(environment or {}), say)

    async def start(self) -> None:
        self._after = await self._queue.last_event_id()
        await super().start()

    async def is_ready(self) -> bool:
        assert self._after is not None
        if self._processes > 1:
            return sum("Listening for jobs" in line for line in self.lines) >= self._processes
        own = f"{self.pid}@"
        for event in await self._queue.read_events(self._after):
            if event.event == Event.READY and event.worker.startswith(own):
                self.name = event.worker
        return bool(self.name)

    async def change_max_jobs(self, max_jobs: int) -> None:
        """Have it run so many jobs at a time from now on, and wait until it says that it does.

        Raises WorkerDied when it ends meanwhile, RunTimedOut when it does not heed it.
        """
        deadline = time.monotonic() + START_TIMEOUT_S
        await self._queue.ask_for_max_jobs(self.name, max_jobs)
        while self.max_jobs != max_jobs:
            found = {"done": 0, "jobs": 0, "log_tail": self.tail()}
            if not self.running:
                raise WorkerDied(how=self.how_it_ended, **found)
            if time.monotonic() > deadline:
                raise RunTimedOut(waited_s=START_TIMEOUT_S, **found)
            await asyncio.sleep(0.005)

    def _take(self, data: bytes) -> None:
        super()._take(data)
        if changed := re.fullmatch(rb"\[worker\] max_jobs is now (\d+)", data):
            self.max_jobs = int(changed[1])


class ApiProcess(ChildProcess):
    """`python -m lessonkit api` on a free port of this machine, behind a token."""

    what = "API server"

    def __init__(self, url: str, on_output: Callable[[str], None] = lambda line: None) -> None:
        self._token = secrets.token_urlsafe(24)
        environment = {"REDIS_URL": url, "LESSONKIT_API_TOKEN": self._token}
        super().__init__(["-m", "lessonkit", "api", "--port", "0"], environment, on_output)

    @property
    def url(self) -> str:
        """Where it listens; "" before it does."""
        for line in self.lines:
            if line.startswith("[api] Listening on "):
                return line.rpartition(" ")[2]
        return ""

    @property
    def headers(self) -> dict[str, str]:
        """What each request must carry."""
        return {"Authorization": f"Bearer {self._token}"}

    async def is_ready(self) -> bool:
        return bool(self.url)
