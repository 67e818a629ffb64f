"""An entry of a queue's stream: what happened, to which job, when."""

from __future__ import annotations

from dataclasses import dataclass

from workers.contract import Event, Keys


@dataclass(frozen=True)
class QueueEvent:
    """An entry of the queue's stream. `at_ms` is Redis' clock, ms since the epoch; `job` is the
    job's number, "" where the event is the worker's own."""

    id: str
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
    ) -> QueueEvent:
        """An entry as Redis has it, of the queue of this name and these keys."""
        text = {key.decode(): value.decode(errors="replace") for key, value in fields.items()}
        return cls(
            id=entry_id.decode(),
            event=Event(text["event"]),
            at_ms=float(text["at"]),
            job=keys.number(text.get("job", "")),
            attempt=int(text.get("attempt", 0)),
            worker=text.get("worker", ""),
            error=text.get("error", ""),
            final=text.get("final") == "1",
            delay_ms=float(text.get("delay_ms", 0)),
            progress=float(text.get("progress", 0)),
            queue=queue,
        )
