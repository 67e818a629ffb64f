"""Functions that a worker tells what happened."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from workers.attempt import describe
from workers.contract import Event

logger = logging.getLogger("workers")


class Happened(NamedTuple):
    """What a handler is told. `job` is the job's number, "" where the event is the worker's own."""

    event: Event
    job: str = ""
    attempt: int = 0
    error: BaseException | None = None
    final: bool = True
    """Of `failed`: no attempt is left."""

    @property
    def reason(self) -> str:
        return describe(self.error)


Handler = Callable[[Happened], None]


class Handlers:
    """The handlers of a worker, by event: `completed`, `failed`, `returned`, `error`.

    >>> on = Handlers()
    >>> @on("completed")
    ... def say_so(happened: Happened) -> None:
    ...     print(f"Job {happened.job} completed")
    >>> on.tell(Happened(Event.COMPLETED, job="1"))
    Job 1 completed
    """

    def __init__(self) -> None:
        self._handlers: dict[Event, list[Handler]] = defaultdict(list)

    def __call__(self, event: str) -> Callable[[Handler], Handler]:
        def attach(handler: Handler) -> Handler:
            self._handlers[Event(event)].append(handler)
            return handler

        return attach

    def tell(self, happened: Happened) -> None:
        """Call the event's handlers. One that raises is logged and stops nobody.

        An entry of the queue's stream will do as well: what it shares with Happened has the same
        names.
        """
        for handler in self._handlers[happened.event]:
            try:
                handler(happened)
            except Exception:
                logger.exception("[worker] a handler of %r failed", happened.event.value)
