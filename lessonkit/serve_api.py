"""Run the HTTP API as a process: where it listens, which Redis it uses, how it ends."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys

import uvicorn

from lessonkit.api import create_app
from lessonkit.errors import PortTaken, SeveralServers
from lessonkit.server import Server, open_server
from lessonkit.shared import Shared
from workers.connection import NoServer, connect, find_url, open_servers
from workers.lifeline import leave_with_parent as when_parent_is_gone

#: requests that are being answered have this long when it is told to stop
GRACE_S = 5


async def serve_api(host: str, port: int, *, leave_with_parent: bool = False) -> int:
    """Serve until told to stop; answers the exit code.

    `LESSONKIT_API_TOKEN` is the token that requests must carry; without it they need none. Raises
    PortTaken, and what `open_server` raises.
    """
    listening = _listen(host, port)
    server = await _redis_server()
    app = create_app(
        connect(server.url), token=os.environ.get("LESSONKIT_API_TOKEN", ""), hosts=(host,)
    )
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="[api] %(message)s")
    logging.getLogger("uvicorn.access").setLevel(logging.INFO)
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=GRACE_S)
    uvicorn_server = _ApiServer(config)
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        # uvicorn has its own, and when it is done raises the signal again for the one before
        loop.add_signal_handler(signum, lambda: None)
    if leave_with_parent:
        watch = asyncio.create_task(when_parent_is_gone(lambda: _stop(uvicorn_server)))
    redis = connect(server.url)
    presence = Shared(redis)
    try:
        if not leave_with_parent:  # else its session is there for as long
            await presence.enter()
        await uvicorn_server.serve(sockets=[listening])
    finally:
        if leave_with_parent:
            watch.cancel()
        await presence.aclose()
        await redis.aclose()
        await server.stop()
    print("[api] Closed", flush=True)
    return 0


async def _redis_server() -> Server:
    """The one of `REDIS_URL`, the one that is open on this machine, or one of our own."""
    if os.environ.get("REDIS_URL") or not open_servers():
        return await open_server("python -m lessonkit api")
    try:
        return Server(find_url(), program="")
    except NoServer as several:
        raise SeveralServers(choices=str(several)) from None


class _ApiServer(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if sockets and self.started:
            host, port = sockets[0].getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            print(f"[api] Listening on http://{shown}:{port}", flush=True)


def _stop(server: uvicorn.Server) -> None:
    server.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # the protocol by its name, or asyncio leaves answers waiting for more to send with them
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise PortTaken(host=host, port=port, reason=error.strerror or str(error)) from None
    return listening
