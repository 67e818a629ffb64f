"""Worker processes: start, watch, stop; and what they print."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType

from lessonkit.errors import WorkerDidNotStart
from lessonkit.queue import Queue
from workers.contract import Event

START_TIMEOUT_S = 30.0
LINES_KEPT = 400
_LONGEST_LINE = 2000


class WorkerProcess:
    """A `python -m workers` of ours. It leaves when it is told to, or when this process is gone.

    >>> async with WorkerProcess(queue, url, max_jobs=5) as worker:  # doctest: +SKIP
    ...     ...
    """

    def __init__(
        self,
        queue: Queue,
        url: str,
        *,
        max_jobs: int,
        grace_s: float = 1.0,
        on_output: Callable[[str], None] = lambda line: None,
    ) -> None:
        """`grace_s` is how long its jobs may go on when it is told to leave; `on_output` is called
        with each line that it prints. Experiments on concurrency run without the limiter."""
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._queue, self._url, self._grace_s, self._on_output = queue, url, grace_s, on_output
        prefix = queue.keys.queue.removesuffix(queue.kind.queue)
        self._command = [sys.executable, "-P", "-m", "workers", queue.kind.queue]
        self._command += ["--max-jobs", str(max_jobs), "--limit", "off", "--prefix", prefix]
        self._command += ["--grace", str(grace_s), "--leave-with-parent"]
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> WorkerProcess:
        # shielded: a process that is being started when its run is stopped must be known, to end
        starting = asyncio.ensure_future(self._start())
        try:
            await asyncio.shield(starting)
            await self._wait_until_ready()
        except BaseException:
            await starting
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def how_it_ended(self) -> str:
        code = self._process.returncode if self._process else None
        if code is None:
            return "has not ended"
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"

    def tail(self, lines: int = 12) -> str:
        """The last lines that it printed."""
        return "\n".join(list(self.lines)[-lines:])

    async def stop(self) -> None:
        """Tell it to leave, wait, and kill it if it does not."""
        if self.running:
            self._signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._wait(), self._grace_s + 4.0)
            except TimeoutError:
                self._signal(signal.SIGKILL)
        if self._process:
            await self._wait()

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | {"REDIS_URL": self._url, "PYTHONUNBUFFERED": "1"},
        )
        self._reading = asyncio.create_task(self._read())

    async def _wait(self) -> None:
        assert self._process
        await self._process.wait()
        # a process that it forked may hold its output open
        await asyncio.wait([self._reading], timeout=1.0)

    async def _read(self) -> None:
        assert self._process
        assert self._process.stdout
        rest = b""
        while chunk := await self._process.stdout.read(65_536):
            *lines, rest = (rest + chunk).split(b"\n")
            rest = rest[:_LONGEST_LINE]
            for line in lines:
                self._take(line)
        if rest:
            self._take(rest)

    def _take(self, data: bytes) -> None:
        line = data[:_LONGEST_LINE].decode(errors="replace")
        self.lines.append(line)
        self._on_output(line)

    async def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not await self._is_ready():
            if not self.running or time.monotonic() > deadline:
                await self.stop()
                assert self._process
                code = self._process.returncode
                raise WorkerDidNotStart(exit_code=code, log_tail=self.tail())
            await asyncio.sleep(0.01)

    async def _is_ready(self) -> bool:
        own = f"{self.pid}@"
        events = await self._queue.read_events()
        return any(event.event == Event.READY and event.worker.startswith(own) for event in events)

    def _signal(self, signum: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            assert self._process
            self._process.send_signal(signum)
