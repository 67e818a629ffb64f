"""What may make a Redis server lose jobs that it was given."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import ResponseError


async def risks(redis: Redis) -> list[str]:
    """Each ends in what to do. A server that does not say how it is set is not accused."""
    found: list[str] = []
    try:
        about = await redis.info()
    except ResponseError:
        return found
    policy = about.get("maxmemory_policy", "noeviction")
    if policy != "noeviction" and about.get("maxmemory"):
        found.append(
            f"Redis throws jobs away when its memory is full (its maxmemory-policy is {policy}): "
            "set maxmemory-policy to noeviction."
        )
    if about.get("aof_enabled") == 0 and not await _takes_snapshots(redis):
        found.append("Redis forgets all jobs when it restarts: set appendonly to yes.")
    return found


async def _takes_snapshots(redis: Redis) -> bool:
    try:
        return bool((await redis.config_get("save"))["save"])
    except (ResponseError, KeyError):  # managed servers let nobody ask
        return True
