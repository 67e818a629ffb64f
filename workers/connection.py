"""How both sides find and reach Redis."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from arq.connections import ArqRedis, RedisSettings
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.connection import HiredisRespSerializer
from redis.exceptions import AuthenticationError, NoScriptError
from redis.exceptions import TimeoutError as RedisTimeout

from workers import codec
from workers.contract import SOCKET_NAME, servers_directory

#: a command that takes longer than this is given up, and the server counts as away
COMMAND_TIMEOUT_S = 2.0


class NoServer(Exception):
    """There is no single server to join; the text says what to do."""


def connect(url: str, **options: Any) -> ArqRedis:
    """An arq client with our codec. Nothing is sent yet. Raises ValueError for a bad URL."""
    options = {"socket_timeout": COMMAND_TIMEOUT_S, "socket_connect_timeout": 2.0} | options
    pool = ConnectionPool.from_url(url, **tls_options(url), **options)
    pool.connection_class = _improved(pool.connection_class)
    client = ArqRedis(pool, job_serializer=codec.dumps, job_deserializer=codec.loads)
    client.auto_close_connection_pool = True  # nobody else has the pool
    return client


def _improved(kind: type[AbstractConnection]) -> type[AbstractConnection]:
    """A connection that packs commands in C, and whose sending can be cancelled.

    redis-py packs in C for synchronous clients only. With a timeout it sends within
    `asyncio.wait_for`, which on Python 3.11 may swallow a cancellation that comes meanwhile: a run
    that was stopped would go on.
    """
    packer = HiredisRespSerializer()  # arq brings hiredis

    class Connection(kind):  # type: ignore[misc,valid-type]
        socket_timeout: float | None

        def pack_command(self, *args: Any) -> list[bytes]:
            packed: list[bytes] = packer.pack(*args)
            return packed

        async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
            timeout_s, self.socket_timeout = self.socket_timeout, None
            try:
                async with asyncio.timeout(timeout_s):
                    await super().send_packed_command(command, check_health)
            finally:
                self.socket_timeout = timeout_s

    return Connection


class Line:
    """A connection on which one task runs one script, again and again.

    What redis-py does besides for each command, because others may use the connection, takes as
    long as two small jobs.
    """

    def __init__(self, client: ArqRedis, script: str) -> None:
        pool: Any = client.connection_pool
        self._connection: AbstractConnection = pool.make_connection()
        self._script = script
        self._sha = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()

    async def run(self, key: str, arguments: Sequence[Any]) -> Any:
        """The script's answer. Raises RedisError; the next run then begins on a new connection."""
        command = ("EVALSHA", self._sha, 1, key, *arguments)
        try:
            return await self._ask(command)
        except NoScriptError:
            await self._ask(("SCRIPT", "LOAD", self._script))
            return await self._ask(command)

    async def _ask(self, command: Sequence[Any]) -> Any:
        await self._connection.send_command(*command)  # connects, if it is not connected
        return await self._connection.read_response()

    async def close(self) -> None:
        await self._connection.disconnect()


def tls_options(url: str) -> dict[str, Any]:
    """What redis-py must be told besides the URL: by itself it trusts a certificate for whatever
    name. Raises ValueError for a bad URL."""
    parts = _split(url)
    trusts_all = parse_qs(parts.query).get("ssl_cert_reqs") == ["none"]
    return {"ssl_check_hostname": True} if parts.scheme == "rediss" and not trusts_all else {}


def what_to_do(trouble: BaseException, url: str) -> str:
    """The next step for whoever cannot reach Redis at this URL."""
    text = str(trouble)
    if isinstance(trouble, AuthenticationError):
        return "Mend the user or password in REDIS_URL."
    if "mismatch" in text:
        return "Put into REDIS_URL a name that the server's certificate is for."
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return (
            "If the certificate is from an authority of your own, add "
            "?ssl_ca_certs=/path/to/its/certificate.pem to REDIS_URL."
        )
    if url.startswith("rediss:") and isinstance(trouble, RedisTimeout):
        # a server without TLS waits for the end of what it takes for a command
        return (
            "Start it, or mend REDIS_URL. If there is no TLS at this port, begin REDIS_URL with "
            "redis:// in place of rediss://."
        )
    return "Start it, or mend REDIS_URL."


def safe_url(url: str) -> str:
    """The URL with its password hidden, wherever it stands and whatever is in it."""
    hidden = re.sub(r"^([^:]*://[^:@/]*):.*@", r"\1:***@", url, flags=re.DOTALL)
    return re.sub(r"(password=)[^&]*", r"\1***", hidden)


class _Settings(RedisSettings):
    """arq's own settings show their password to whoever looks at them."""

    def __repr__(self) -> str:
        return f"RedisSettings({self.unix_socket_path or f'{self.host}:{self.port}'})"


def settings_of(url: str) -> RedisSettings:
    """The URL for a stock arq worker. (arq's own reader leaves %-escapes in passwords.)"""
    parts = _split(url)
    query = parse_qs(parts.query)
    tls: dict[str, Any] = {
        name: values[0] for name, values in query.items() if name.startswith("ssl_")
    }
    tls |= tls_options(url) if "ssl_check_hostname" not in tls else {}
    tls["ssl_check_hostname"] = str(tls.get("ssl_check_hostname")).lower() in ("true", "1", "yes")
    database = (query.get("db") or [parts.path.strip("/") if parts.scheme != "unix" else ""])[0]
    return _Settings(
        host=parts.hostname or "localhost",
        port=parts.port or 6379,
        unix_socket_path=unquote(parts.path) if parts.scheme == "unix" else None,
        database=int(database or 0),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        ssl=parts.scheme == "rediss",
        **tls,
    )


def _split(url: str) -> SplitResult:
    """The parts of the URL. Raises ValueError, whose text never quotes what may be a password."""
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise ValueError("it must begin with redis://, rediss:// or unix://")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError(
            "its port is no number; in a password, write / as %2F, # as %23, ? as %3F and @ as %40"
        ) from None
    return parts


def find_url() -> str:
    """`REDIS_URL`, or the one server that a notebook or `python -m lessonkit server` has open here.

    Raises NoServer, which says what to do, where there is none or more than one.
    """
    if url := os.environ.get("REDIS_URL"):
        return url
    match open_servers():
        case []:
            raise NoServer(
                "No Redis server is open on this machine. Open one with a notebook's set-up cell "
                "or with `python -m lessonkit server`, or set REDIS_URL."
            )
        case [(url, _)]:
            return url
        case several:
            choices = "\n".join(f"  REDIS_URL={url}    ({owner})" for url, owner in several)
            raise NoServer(
                f"{len(several)} Redis servers are open on this machine. "
                f"Choose one by putting its REDIS_URL before the command:\n{choices}"
            )


def open_servers() -> list[tuple[str, str]]:
    """URL and owner of each server of ours that answers on this machine."""
    directory = servers_directory()
    # whoever else may write there could have us talk to a server of theirs
    if not directory.is_dir() or directory.stat().st_uid != os.getuid():
        return []
    return [
        (f"unix://{path}", _owner(path))
        for path in sorted(directory.glob(f"*/{SOCKET_NAME}"))
        if _answers(path)
    ]


def _owner(socket_path: Path) -> str:
    try:
        return socket_path.with_name("owner").read_text().strip()
    except OSError:
        return "owner unknown"


def _answers(socket_path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(1.0)
        try:
            line.connect(str(socket_path))
        except OSError:
            return False
        return True
