"""A Redis that is somebody else's: what sessions made there goes with the last of them."""

from __future__ import annotations

from dataclasses import replace

from arq.connections import ArqRedis

from lessonkit.queue import Queue
from workers.contract import DEFAULT_PREFIX, EMAIL

#: the queues that sessions have made and not yet removed: a session that was killed removed none
MADE = f"{DEFAULT_PREFIX}made"
#: whoever is there listens to this channel, on which nothing is said: Redis counts who does, and a
#: session that was killed does so no longer
HERE = f"{DEFAULT_PREFIX}here"


class Shared:
    """A session's presence on a server that it shares with others."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis, self._presence = redis, redis.pubsub()

    async def enter(self) -> None:
        """Be there, for others that leave to see."""
        await self._presence.subscribe(HERE)

    async def use(self, queue: Queue) -> None:
        """Note that it is used, and made by us unless it was there before."""
        if not await self._redis.exists(queue.keys.ids):
            await self._redis.sadd(MADE, queue.keys.queue)  # type: ignore[misc]

    async def removed(self, queue: Queue) -> None:
        """Note that it is no more."""
        await self._redis.srem(MADE, queue.keys.queue)  # type: ignore[misc]

    async def leave(self) -> None:
        """Go. The last one removes the queues that sessions have made, with all that is in them."""
        ((_, present),) = await self._redis.pubsub_numsub(HERE)
        if present == 1:  # 0 when the server was away meanwhile: then others may be there
            for name in await self._redis.smembers(MADE):  # type: ignore[misc]
                kind = replace(EMAIL, queue=name.decode())
                await Queue(kind, self._redis, prefix="").obliterate()
            await self._redis.delete(MADE)
        await self.aclose()

    async def aclose(self) -> None:
        """Go, and leave all as it is."""
        await self._presence.aclose()  # type: ignore[no-untyped-call]
