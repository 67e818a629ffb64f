"""A process of ours: start, watch, signal, stop; and what it prints."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

from lessonkit.errors import ProcessDidNotStart
from workers.lifeline import send_signal

START_TIMEOUT_S = 30.0
#: how long after its grace a process may take to go before it is killed
PATIENCE_S = 4.0
LINES_KEPT = 400
_LONGEST_LINE = 2000


class ChildProcess:
    """A Python process that leaves when it is told to, or when this one is gone.

    >>> async with WorkerProcess(queue, url, max_jobs=5) as worker:  # doctest: +SKIP
    ...     ...
    """

    what = "process"
    grace_s = 1.0

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        on_output: Callable[[str], None] = lambda line: None,
    ) -> None:
        """`arguments` are Python's; `on_output` is called with each line that it prints."""
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        # -P: a file of the learner's in this directory must not stand in for a module
        self._command = [sys.executable, "-P", *arguments, "--leave-with-parent"]
        self._environment = os.environ | {"PYTHONUNBUFFERED": "1"} | dict(environment)
        self._on_output = on_output
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises ProcessDidNotStart, and nothing is left."""
        # shielded: a process that is being started when its run is stopped must be known, to end
        starting = asyncio.ensure_future(self._start())
        try:
            await asyncio.shield(starting)
            await self._wait_until_ready()
        except BaseException:
            await starting
            await self.stop()
            raise

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def begun(self) -> bool:
        """Whether there is, or was, a process."""
        return self._process is not None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number where a signal ended it."""
        return self._process.returncode if self._process else None

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return "\n".join(self.lines)

    @property
    def how_it_ended(self) -> str:
        code = self.exit_code
        if code is None:
            return "has not ended"
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"

    def tail(self, lines: int = 12) -> str:
        """The last lines that it printed."""
        return "\n".join(list(self.lines)[-lines:])

    async def until(self, text: str, times: int = 1) -> None:
        """Wait until `text` is in so many of the lines that it prints, or it has ended."""
        while self.running:
            if sum(text in line for line in self.lines) >= times:
                return
            await asyncio.sleep(0.02)

    def send_signal(self, signum: signal.Signals) -> None:
        """Send it a signal, if it is still there."""
        assert self._process
        send_signal(self._process, signum)

    @contextlib.asynccontextmanager
    async def asleep(self) -> AsyncIterator[None]:
        """A context in which it is stopped, by SIGSTOP. It goes on afterwards, also when this
        process is gone by then: what wakes it waits for the end of a pipe."""
        waker = await asyncio.create_subprocess_exec(
            *("sh", "-c", 'read -r _; kill -CONT "$1"', "sh", str(self.pid)),
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        assert waker.stdin
        self.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            waker.stdin.close()
            await waker.wait()

    async def wait(self) -> None:
        """Wait until it has ended and all that it printed is read."""
        assert self._process
        await self._process.wait()
        # a process that it forked may hold its output open
        await asyncio.wait([self._reading], timeout=1.0)

    async def stop(self) -> None:
        """Tell it to leave, wait, and kill it if it does not."""
        if self.running:
            self.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.wait(), self.grace_s + PATIENCE_S)
            except TimeoutError:
                self.send_signal(signal.SIGKILL)
        if self._process:
            await self.wait()

    async def is_ready(self) -> bool:
        """Whether it does what it is there for."""
        raise NotImplementedError

    def __repr__(self) -> str:
        state = f"process {self.pid}" if self.running else self.how_it_ended
        return f"{type(self).__name__}({state})"

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            env=self._environment,
        )
        self._reading = asyncio.create_task(self._read())

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
        while not await self.is_ready():
            if not self.running or time.monotonic() > deadline:
                await self.stop()
                raise ProcessDidNotStart(
                    what=self.what, how=self.how_it_ended, log_tail=self.tail()
                )
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def started(processes: Sequence[ChildProcess]) -> AsyncIterator[None]:
    """A context in which all of these run: started at the same time, and stopped as well.

    Raises ProcessDidNotStart when one of them does not, and none is left.
    """
    try:
        async with asyncio.TaskGroup() as group:
            for process in processes:
                group.create_task(process.start())
        yield
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    finally:
        await asyncio.gather(*(process.stop() for process in processes))
