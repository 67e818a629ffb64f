"""A worker's own entries in its queue's stream of events."""

from __future__ import annotations

import os
import secrets
import socket
from typing import Any

from redis.asyncio import Redis

from workers.contract import EVENTS_KEPT, Event, Keys


def new_worker_name() -> str:
    """A name that no other worker has; it begins with the process' pid."""
    return f"{os.getpid()}@{socket.gethostname()}/{secrets.token_hex(3)}"


async def tell(redis: Redis, keys: Keys, worker: str, event: Event, **fields: Any) -> None:
    """Write an event, at Redis' own time. Raises RedisError when Redis does not take it."""
    seconds, micros = await redis.time()
    at = f"{seconds * 1000 + micros / 1000:.3f}"
    entry: dict[Any, Any] = {"event": event.value, "at": at, "worker": worker} | fields
    await redis.xadd(keys.events, entry, maxlen=EVENTS_KEPT, approximate=True)
