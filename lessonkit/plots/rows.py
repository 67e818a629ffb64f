"""What there is to see of events: a row for each job, and each event in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lessonkit.events import QueueEvent
from workers.contract import Event


@dataclass(frozen=True)
class Row:
    """A job, or a worker, and what happened to it, in order."""

    name: str
    events: tuple[QueueEvent, ...]

    @property
    def is_job(self) -> bool:
        return bool(self.events[0].job)


def rows_of(events: Sequence[QueueEvent], names: Mapping[str, str] | None = None) -> list[Row]:
    """Jobs in the order of their first event; then a row for the workers' own events, but for that
    they are there.

    `names` are by the job's number; a job without one is called by its queue.
    """
    found: dict[tuple[str, str], list[QueueEvent]] = {}
    of_workers = []
    for event in events:
        if event.job:
            found.setdefault((event.queue, event.job), []).append(event)
        elif event.event != Event.READY:
            of_workers.append(event)
    rows = []
    for (queue, job), told in found.items():
        name = f"{job} {names[job]}" if names and job in names else f"{queue} {job}"
        rows.append(Row(name, tuple(told)))
    if of_workers:
        rows.append(Row("workers", tuple(of_workers)))
    return rows


def label_of(event: QueueEvent) -> str:
    """The event's name, and what a chart has room for."""
    if event.event == Event.PROGRESS:
        return f"{event.progress:g} %"
    if event.event == Event.FAILED:
        return f"failed ({event.attempt}{', final' * event.final})"
    if event.event == Event.ACTIVE and event.attempt > 1:
        return f"active ({event.attempt})"
    return str(event.event)


def more_of(event: QueueEvent) -> str:
    """What an event tells besides its name, in words."""
    if event.error:
        return event.error + " (final)" * event.final
    if event.event == Event.RETRYING:
        return f"again in {event.delay_ms:g} ms"
    if event.event == Event.PROGRESS:
        return f"{event.progress:g} %"
    return ""
