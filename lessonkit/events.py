"""An entry of a queue's stream: what happened, to which job, when."""

from __future__ import annotations

import json
import math
import re
from contextlib import suppress
from dataclasses import dataclass

from workers.codec import printable
from workers.contract import Event, Keys

#: a worker's name begins with its pid
_WORKER = re.compile(r"[0-9]{1,9}@")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


@dataclass(frozen=True)
class QueueEvent:
    """What happened, as the queue's stream tells it. `at_ms` is Redis' clock, ms since the epoch;
    `job` is the job's number, "" where the event is the worker's own."""

    id: str
    """That of its entry, which it may share with its neighbours."""
    event: Event
    at_ms: float
    job: str = ""
    attempt: int = 0
    worker: str = ""
    error: str = ""
    final: bool = False
    """Of `failed`: no attempt is left."""
    delay_ms: float = 0.0
    """Of `retrying`: how long until the next attempt."""
    progress: float = 0.0
    queue: str = ""

    @property
    def ends(self) -> bool:
        """Whether nothing more will happen to its job."""
        return self.event == Event.COMPLETED or (self.event == Event.FAILED and self.final)

    @classmethod
    def read(
        cls, entry_id: bytes, fields: dict[bytes, bytes], queue: str, keys: Keys
    ) -> list[QueueEvent]:
        """What an entry of the stream tells, of the queue of this name and these keys: one event,
        or one for each of the jobs to which the same happened. One that others wrote, and that is
        no event of ours, tells nothing."""
        with suppress(ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return cls._read(entry_id, fields, queue, keys)
        return []

    @classmethod
    def _read(
        cls, entry_id: bytes, fields: dict[bytes, bytes], queue: str, keys: Keys
    ) -> list[QueueEvent]:
        text = {key.decode(): value.decode(errors="replace") for key, value in fields.items()}
        one = [(text.get("job", ""), text.get("attempt", 0))]
        worker = text.get("worker", "")
        if worker and not _WORKER.match(worker):
            return []
        return [
            cls(
                id=entry_id.decode(),
                event=Event(text["event"]),
                at_ms=_finite(text["at"]),
                job=keys.number(job_id),
                attempt=int(attempt),
                worker=worker,
                error=printable(text.get("error", "")),
                final=text.get("final") == "1",
                delay_ms=_finite(text.get("delay_ms", "0")),
                progress=_finite(text.get("progress", "0")),
                queue=queue,
            )
            for job_id, attempt in (json.loads(text["jobs"]) if "jobs" in text else one)
        ]
