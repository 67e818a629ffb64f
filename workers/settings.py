"""arq's settings for our queues, for our worker and for `arq workers.email.WorkerSettings`."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from arq.connections import RedisSettings

from workers import codec
from workers.connection import NoServer, find_url, settings_of
from workers.contract import MAX_JOBS_LIMIT, JobKind, Keys, Limit, Payload
from workers.handlers import Handlers
from workers.processor import Job, arq_function

P = TypeVar("P", bound=Payload)

#: a stock worker renews nothing, it takes a job for this long and ten seconds
JOB_TIMEOUT_S = 3600
KEEP_RESULT_S = 3600


class BadSetting(ValueError):
    """A setting that cannot be used; the text says what is wanted."""


def worker_settings(
    kind: JobKind,
    processor: Callable[[Job, P], Awaitable[Any]],
    *,
    max_jobs: int,
    on: Handlers | None = None,
    limit: Limit | None = None,
) -> dict[str, Any]:
    """Everything that a worker of this queue needs but its server."""
    return {
        "functions": [arq_function(kind, processor)],
        "queue_name": Keys.of(kind.queue).queue,
        "redis_settings": _redis_settings(),
        "max_jobs": max_jobs,
        "max_tries": 3,
        "job_timeout": JOB_TIMEOUT_S,
        "keep_result": KEEP_RESULT_S,
        "job_serializer": codec.dumps,
        "job_deserializer": codec.loads,
        # what follows is for our worker; arq's command leaves it out
        "limit": limit,
        "handlers": on,
    }


def worker_concurrency(default: int) -> int:
    """`WORKER_CONCURRENCY`, or the default. Raises BadSetting."""
    value = os.environ.get("WORKER_CONCURRENCY")
    return default if value is None else checked_max_jobs(value, "WORKER_CONCURRENCY")


def checked_max_jobs(value: str, name: str = "--max-jobs") -> int:
    """A number of slots from text. Raises BadSetting."""
    if value.isascii() and value.isdigit() and 1 <= int(value) <= MAX_JOBS_LIMIT:
        return int(value)
    raise BadSetting(f"{name} is {value!r}: give a whole number from 1 to {MAX_JOBS_LIMIT}")


def _redis_settings() -> RedisSettings:
    try:
        return settings_of(find_url())
    except NoServer:
        return RedisSettings()
