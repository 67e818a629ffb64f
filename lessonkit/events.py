"""An entry of a queue's stream: what happened, to which job, when."""

from __future__ import annotations

import json
from dataclasses import dataclass

from workers.contract import Event, Keys


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
        or one for each of the jobs to which the same happened."""
        text = {key.decode(): value.decode(errors="replace") for key, value in fields.items()}
        one = [(text.get("job", ""), text.get("attempt", 0))]
        return [
            cls(
                id=entry_id.decode(),
                event=Event(text["event"]),
                at_ms=float(text["at"]),
                job=keys.number(job_id),
                attempt=int(attempt),
                worker=text.get("worker", ""),
                error=text.get("error", ""),
                final=text.get("final") == "1",
                delay_ms=float(text.get("delay_ms", 0)),
                progress=float(text.get("progress", 0)),
                queue=queue,
            )
            for job_id, attempt in (json.loads(text["jobs"]) if "jobs" in text else one)
        ]
