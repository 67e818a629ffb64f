"""How a process lives with those around it: who started it, and who reads what it says."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import sys
from collections.abc import Callable
from typing import Any


async def leave_with_parent(leave: Callable[[], None]) -> None:
    """Call `leave` when standard input ends: a killed kernel cleans nothing up, but its pipe ends.

    A process that it forked may hold the pipe open, so see whether the parent is there as well.
    """
    parent, ended = os.getppid(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def read() -> None:
        if not os.read(0, 4096):
            ended.set()

    loop.add_reader(0, read)
    try:
        while not ended.is_set() and os.getppid() == parent:
            try:
                await asyncio.wait_for(ended.wait(), 1.0)
            except TimeoutError:
                continue
    finally:
        loop.remove_reader(0)
    _let_output_go()
    leave()


def send_signal(process: asyncio.subprocess.Process, signum: signal.Signals) -> None:
    """Send a child a signal, if it is still there.

    Its own `send_signal` polls it first, and may take its exit code from whoever waits for it.
    """
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signum)


def outlive_readers() -> None:
    """Have standard output never fail: a job that prints must not fail for that.

    Its reader may go, as after `python -m workers | head`, and may not know every character.
    """
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Output(1, "w", closefd=False)),
        encoding=sys.stdout.encoding,
        errors="backslashreplace",
        line_buffering=True,
    )


class _Output(io.FileIO):
    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            return len(data)


def _let_output_go() -> None:
    """Whoever read our output is gone too: a job that prints must not fail for that."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
