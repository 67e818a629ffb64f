"""What there is to see in a run, under way or ended: bars, finishes, the last moment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lessonkit.batch import Batch, BatchResult, JobRecord

Run = Batch | BatchResult


class Span(NamedTuple):
    """When a job held its slot; `state` is active, completed or failed."""

    slot: int
    start_s: float
    end_s: float
    state: str
    job: str


def records_of(run: Run) -> Iterable[JobRecord]:
    """The records of a run, in the order in which its jobs were added."""
    return run.records.values() if isinstance(run, Batch) else run.records


def now_of(run: Run) -> float:
    """The last moment that is known of a run, in seconds since its first enqueue."""
    return run.now_s if isinstance(run, Batch) else run.makespan_s


def spans_of(run: Run) -> list[Span]:
    """The bars of a run: of jobs that run, till now, and of jobs that have ended."""
    now_s = now_of(run)
    return [
        Span(
            record.slot,
            record.started_s,
            max(now_s if record.finished_s is None else record.finished_s, record.started_s),
            record.state,
            record.id,
        )
        for record in records_of(run)
        if record.started_s is not None
        and record.slot is not None
        and (record.finished_s is not None or record.state == "active")
    ]


def finishes_of(run: Run) -> list[float]:
    """When its emails were done, in seconds since the first enqueue, sorted; failed ones never."""
    return sorted(
        record.finished_s
        for record in records_of(run)
        if record.finished_s is not None and record.state != "failed"
    )
