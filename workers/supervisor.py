"""`--processes N`: several worker processes, kept running."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

from workers.lifeline import send_signal

#: after a crash, the pause before the next start; doubled with each crash that follows soon
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 30.0
#: a process that ran this long was well: its next crash is a first one again
WELL_S = 10.0


class Supervisor:
    """Starts worker processes, restarts those that crash, and passes signals on."""

    def __init__(self, count: int, arguments: Sequence[str]) -> None:
        """`arguments` are those of one `python -m workers`."""
        self._count = count
        self._command = [sys.executable, "-m", "workers", *arguments, "--leave-with-parent"]
        self._running: dict[int, asyncio.subprocess.Process] = {}
        self._leaving = asyncio.Event()

    async def run(self) -> int:
        """Keep them running until told to leave; the exit code is 0 if all left in peace."""
        print(f"[workers] Starting {self._count} processes")
        codes = await asyncio.gather(*(self._keep(number) for number in range(self._count)))
        print("[workers] All processes have left")
        # of a process that a signal killed, what a shell would say
        return max(128 - code if code < 0 else code for code in codes)

    def leave(self) -> None:
        """Have all processes leave gracefully."""
        self._leaving.set()
        self._signal_all(signal.SIGTERM)

    def exit_at_once(self, signum: int) -> None:
        """End everything now; leases run out, and other workers take over."""
        self._signal_all(signal.SIGKILL)
        os._exit(128 + signum)

    async def _keep(self, number: int) -> int:
        """Run one process over and over; answers its last exit code."""
        crashes = 0
        while True:
            began = time.monotonic()
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.PIPE, start_new_session=True
            )
            self._running[number] = process
            if self._leaving.is_set():  # told so while it was being started
                send_signal(process, signal.SIGTERM)
            code = await process.wait()
            if self._leaving.is_set() or code == 0:
                return code
            crashes = 1 if time.monotonic() - began > WELL_S else crashes + 1
            pause_s = min(FIRST_PAUSE_S * 2 ** (crashes - 1), LONGEST_PAUSE_S)
            print(
                f"[workers] Process {process.pid} ended with exit code {code}; "
                f"its successor starts in {pause_s:g} s"
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), pause_s)
                return code

    def _signal_all(self, signum: signal.Signals) -> None:
        for process in self._running.values():
            send_signal(process, signum)
