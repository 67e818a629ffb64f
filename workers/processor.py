"""What a processor is given, and how arq is given a processor."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from arq.worker import Function, JobExecutionFailed, func
from pydantic import ValidationError
from redis.exceptions import RedisError

from workers.attempt import redis_id
from workers.codec import printable
from workers.contract import EVENTS_KEPT, JobKind, Keys, Payload, reasons

P = TypeVar("P", bound=Payload)

PROGRESS = Path(__file__).with_name("progress.lua").read_text()


class Job:
    """The job that a processor works on, under our worker or a stock one."""

    def __init__(self, ctx: dict[str, Any], kind: JobKind) -> None:
        self._ctx = ctx
        # a stock worker does not say which queue it is of: it has the usual one
        self._keys = Keys(ctx["queue"]) if "queue" in ctx else Keys.of(kind.queue)
        self.id = printable(self._keys.number(ctx["job_id"]))
        """Its number in its queue."""
        self.attempt: int = ctx["job_try"]
        """1 the first time it runs."""

    async def progress(self, percent: float) -> None:
        """Tell how far it is, from 0 to 100. With Redis away nobody hears, and the job goes on."""
        job_id = self._ctx["job_id"]
        tell = self._ctx["redis"].register_script(PROGRESS)
        fields = [redis_id(job_id), self._ctx.get("worker", ""), self.attempt, f"{percent:g}"]
        with suppress(RedisError, OSError, asyncio.TimeoutError):
            await tell([self._keys.queue], [*fields, EVENTS_KEPT])


def arq_function(kind: JobKind, processor: Callable[[Job, P], Awaitable[Any]]) -> Function:
    """The function that arq calls with a job's context and payload.

    It checks the payload against its model and hands both on to `processor`.
    """

    async def run(ctx: dict[str, Any], payload: object) -> Any:
        try:
            model: Any = kind.payload.model_validate(payload)
        except ValidationError as error:
            raise JobExecutionFailed(f"the payload is refused: {reasons(error)}") from None
        return await processor(Job(ctx, kind), model)

    return func(run, name=kind.function)
