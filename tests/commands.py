"""Commands under test: real processes, their output in files."""

import asyncio
import os
import signal
import subprocess
import sys

import psutil


class Command:
    """A command of ours under test."""

    def __init__(self, arguments, directory, *, stdin=subprocess.DEVNULL, **environment):
        self._out, self._err = directory / "out", directory / "err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = psutil.Popen(
                [sys.executable, "-P", *map(str, arguments)],
                stdin=stdin,
                stdout=out,
                stderr=err,
                env=os.environ | environment,
                start_new_session=True,
            )
        self.pid = self.process.pid

    @property
    def out(self):
        return self._out.read_text(errors="backslashreplace")

    @property
    def err(self):
        return self._err.read_text(errors="backslashreplace")

    @property
    def lines(self):
        return self.out.splitlines()

    @property
    def exit_code(self):
        """None while it runs."""
        return self.process.poll()

    def send(self, signum):
        self.process.send_signal(signum)

    async def end(self, timeout_s=15.0):
        """Wait until it ends by itself; answers its exit code."""
        return await asyncio.to_thread(self.process.wait, timeout_s)

    def kill(self):
        if self.process.stdin:
            self.process.stdin.close()
        if self.exit_code is None:
            self.send(signal.SIGKILL)
        self.process.wait()
