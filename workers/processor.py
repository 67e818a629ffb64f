"""What a processor is given, and how arq is given a processor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from arq.worker import Function, func

from workers.contract import JobKind, Payload, number_of

P = TypeVar("P", bound=Payload)


class Job:
    """The job that a processor works on."""

    def __init__(self, ctx: dict[str, Any]) -> None:
        self.id = number_of(ctx["job_id"])
        """Its number in its queue."""
        self.attempt: int = ctx["job_try"]
        """1 the first time it runs."""


def arq_function(kind: JobKind, processor: Callable[[Job, P], Awaitable[Any]]) -> Function:
    """The function that arq calls with a job's context and payload: it checks the payload against
    its model and hands both on to `processor`."""

    async def run(ctx: dict[str, Any], payload: object) -> Any:
        model: Any = kind.payload.model_validate(payload)
        return await processor(Job(ctx), model)

    return func(run, name=kind.function)
