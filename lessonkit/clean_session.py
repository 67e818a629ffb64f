"""A kernel that nobody has used, in a directory of its own. Afterwards nothing of it is left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import zmq.asyncio
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from workers.contract import SETTINGS, servers_directory

START_TIMEOUT_S = 60.0
#: how often a kernel is looked at, whether it lives
LOOK_S = 0.5
#: how long what was killed may take to go
LEAVE_S = 10.0


class KernelDied(Exception):
    """Raised when the kernel ended in the middle of a cell."""


class OutOfTime(Exception):
    """Raised when a cell did not end in time: `limit_s`."""

    def __init__(self, limit_s: float) -> None:
        super().__init__(limit_s)
        self.limit_s = limit_s


@dataclass(frozen=True)
class Reply:
    """What became of a cell: what it `raised`, in one line, or the text of a `value`."""

    raised: str = ""
    value: str = ""


@contextlib.asynccontextmanager
async def clean_session(timeout_s: float) -> AsyncIterator[CleanSession]:
    """A session whose `run()` raises OutOfTime so long after it was ready."""
    session = CleanSession()
    try:
        await session.start()
        session.limit(START_TIMEOUT_S)
        await session.run("")
        session.limit(timeout_s)
        yield session
    finally:
        await session.leave()


class CleanSession:
    """A kernel, where nothing of it is left after `leave()`.

    What cells print and show is not read: nothing that they say there can be taken for an answer,
    and nothing can fill the memory.
    """

    def __init__(self) -> None:
        beside = servers_directory().parent  # where a path is short enough for a socket
        self.directory = Path(tempfile.mkdtemp(prefix="lesson-", dir=beside))
        self._manager: AsyncKernelManager | None = None
        self._client: Any = None

    def limit(self, limit_s: float) -> None:
        """Have so much time from now on."""
        self._limit_s, self._ends = limit_s, time.monotonic() + limit_s

    async def start(self) -> None:
        """Start the kernel."""
        folders = {name: self.directory / name for name in ("cwd", "tmp", "ipython", "runtime")}
        for folder in folders.values():
            folder.mkdir()
        self._manager = AsyncKernelManager(
            # one for all: a manager ends its own, and that waits for each socket to be closed
            context=zmq.asyncio.Context.instance(),
            kernel_spec_manager=_ThisPython(),
            transport="ipc",  # a TCP port may be taken by a kernel beside this one
            connection_file=str(folders["runtime"] / "kernel.json"),
        )
        # what a teacher may have set must not change what their learners get
        environment = {key: text for key, text in os.environ.items() if key not in SETTINGS}
        environment |= {
            "LESSONKIT_SERVERS": str(self.directory / "servers"),
            "TMPDIR": str(folders["tmp"]),
            "IPYTHONDIR": str(folders["ipython"]),
        }
        nowhere = asyncio.subprocess.DEVNULL
        await self._manager.start_kernel(
            cwd=str(folders["cwd"]), env=environment, stdout=nowhere, stderr=nowhere
        )
        self._client = self._manager.client()
        self._client.start_channels(iopub=False, stdin=False, hb=False, control=False)

    async def run(self, source: str, value: str = "") -> Reply:
        """Run a cell; `value` is an expression whose text is wanted then. Raises KernelDied, and
        OutOfTime when the limit is over."""
        expressions = {"value": value} if value else {}
        request = self._client.execute(
            source, allow_stdin=False, user_expressions=expressions, stop_on_error=False
        )
        while True:
            left_s = self._ends - time.monotonic()
            if left_s <= 0:
                raise OutOfTime(self._limit_s)
            try:
                message = await self._client.get_shell_msg(timeout=min(left_s, LOOK_S))
            except queue.Empty:
                if not (self._manager and await self._manager.is_alive()):
                    raise KernelDied from None
                continue
            if message["parent_header"].get("msg_id") == request:
                return _reply(message["content"])

    async def leave(self) -> None:
        """End the kernel, all that it started, and its directory."""
        if self._client:
            self._client.shell_channel.stop()  # the others were never opened
        if self._manager and self._manager.has_kernel:
            await self._manager.shutdown_kernel(now=True)
        deadline = time.monotonic() + LEAVE_S
        while (family := list(self._family())) and time.monotonic() < deadline:
            for process in family:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            await asyncio.sleep(0.1)  # one of them may just have started another
        shutil.rmtree(self.directory, ignore_errors=True)

    def _family(self) -> Iterator[psutil.Process]:
        """What carries the session's environment, as all that its kernel has started does, and what
        has its directory in its command."""
        mark = str(self.directory)
        for process in psutil.process_iter(["environ", "cmdline", "status"]):
            about = process.info
            said = f"{(about['environ'] or {}).get('LESSONKIT_SERVERS')} {about['cmdline']}"
            # a server writes its title, which names its socket, over its environment
            if mark in said and about["status"] != psutil.STATUS_ZOMBIE:
                yield process


def _reply(content: dict[str, Any]) -> Reply:
    if content["status"] != "ok":
        return Reply(raised=f"{content.get('ename')}: {content.get('evalue')}")
    found = content.get("user_expressions", {}).get("value", {})
    if found.get("status") == "error":
        return Reply(raised=f"{found['ename']}: {found['evalue']}")
    return Reply(value=found.get("data", {}).get("text/plain", ""))


class _ThisPython(KernelSpecManager):
    """Knows one kernel, this Python's: what a user has installed as `python3` may be another."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:  # noqa: ARG002 - it is Jupyter's
        return KernelSpec(resource_dir=str(Path(sys.prefix)), **get_kernel_dict())
