"""Run a batch of jobs and measure it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from redis.exceptions import RedisError

from lessonkit.bounds import check_seconds, check_whole
from lessonkit.errors import BadSetting, RunTimedOut, WorkerDied
from lessonkit.queue import AWAY_S
from lessonkit.rate import limited_span_s
from lessonkit.result import BatchResult as BatchResult
from lessonkit.result import JobRecord as JobRecord
from lessonkit.result import ideal_makespan_s as ideal_makespan_s
from lessonkit.result import starts_s_of
from workers.contract import MAX_JOBS_LIMIT, EmailPayload, Event, Limit

if TYPE_CHECKING:
    from lessonkit.processes import WorkerProcess
    from lessonkit.queue import Queue, QueueEvent


MAX_BATCH, MAX_WORKERS = 10_000, 8
LONGEST_JOB_S = 600


@dataclass
class Batch:
    """A batch under way: what is known of it so far."""

    jobs: int
    max_jobs: int
    seconds: float
    workers: int = 1
    limit: str = "off"
    stock: bool = False
    """Run it with arq's own worker, as it comes."""
    records: dict[str, JobRecord] = field(default_factory=dict)
    """Number of the job -> its record, in the order they were added."""
    first_ms: float = 0.0
    """When the first job was added, ms since the epoch on Redis' clock; 0 before."""
    _began: float = 0.0

    def __post_init__(self) -> None:
        """Raises BadSetting for a number that makes no sense."""
        check_whole("jobs", self.jobs, MAX_BATCH)
        check_whole("max_jobs", self.max_jobs, MAX_JOBS_LIMIT)
        check_seconds("seconds", self.seconds, LONGEST_JOB_S)
        check_whole("workers", self.workers, MAX_WORKERS)
        try:
            Limit.of(self.limit)
        except (TypeError, ValueError):
            wanted = 'one like "10/1s", or "off"'
            raise BadSetting(name="limit", value=self.limit, wanted=wanted) from None
        if self.stock and self.limit != "off":
            wanted = '"off": arq has no limiter'
            raise BadSetting(name="limit", value=self.limit, wanted=wanted)

    @property
    def slots(self) -> int:
        """How many jobs can run at the same moment: `max_jobs` of each worker."""
        return self.max_jobs * self.workers

    @property
    def patience_s(self) -> float:
        """How long its jobs may take, once they are there, on a machine that keeps up at all."""
        slots_s = ideal_makespan_s(self.jobs, self.slots, self.seconds)
        return 30 + 5 * (slots_s + limited_span_s(self.jobs, Limit.of(self.limit)))

    @property
    def done(self) -> int:
        return sum(record.finished_s is not None for record in self.records.values())

    @property
    def ended(self) -> bool:
        """Whether all jobs have. A frame asks it again and again, and sees it at the last ones."""
        records = self.records.values()
        return len(records) >= self.jobs and all(
            record.finished_s is not None for record in reversed(records)
        )

    @property
    def starts_s(self) -> tuple[float, ...]:
        """When jobs started so far, sorted, in seconds since the first enqueue."""
        return starts_s_of(self.records.values())

    @property
    def now_s(self) -> float:
        """Seconds since the first enqueue; it stands still when all jobs have ended."""
        if self.ended:
            return max(record.finished_s or 0.0 for record in self.records.values())
        return time.monotonic() - self._began if self._began else 0.0

    def apply(self, event: QueueEvent) -> None:
        """Take in what the queue's stream tells of a job."""
        if not event.job:
            return
        if not self.first_ms:
            self.first_ms, self._began = event.at_ms, time.monotonic()
        at_s = (event.at_ms - self.first_ms) / 1000
        old = self.records.get(event.job) or JobRecord(event.job, enqueued_s=at_s)
        self.records[event.job] = _after(old, event, at_s, self._lowest_free_slot)

    def _lowest_free_slot(self) -> int:
        taken = {record.slot for record in self.records.values() if record.state == "active"}
        return next(slot for slot in range(len(taken) + 1) if slot not in taken)

    def result(self) -> BatchResult:
        records = tuple(self.records.values())
        settings = self.jobs, self.max_jobs, self.seconds
        return BatchResult(*settings, records, self.workers, self.limit, self.stock)


def _after(
    old: JobRecord, event: QueueEvent, at_s: float, free_slot: Callable[[], int]
) -> JobRecord:
    known = asdict(old)
    if event.event == Event.ACTIVE:
        started_s = at_s if old.started_s is None else old.started_s
        known |= {"started_s": started_s, "slot": free_slot(), "state": "active"}
        known |= {"attempts": event.attempt, "worker": event.worker}
    elif event.event == Event.COMPLETED:
        known |= {"finished_s": at_s, "state": "completed"}
    elif event.event == Event.FAILED and event.final:
        known |= {"finished_s": at_s, "state": "failed", "error": event.error}
    elif event.event in (Event.RETRYING, Event.RETURNED, Event.STALLED):
        known |= {"state": "delayed"}
    return JobRecord(**known)


def welcome_emails(count: int, seconds: float) -> list[EmailPayload]:
    """Emails to `count` customers; for each of them the provider takes `seconds`."""
    return [
        EmailPayload(
            to=f"founder{number}@example.com",
            subject="Welcome aboard",
            html="<p>Your account is ready.</p>",
            seconds=seconds,
        )
        for number in range(1, count + 1)
    ]


class Feed(Protocol):
    """Whoever adds a batch's jobs, where they are not all added at once."""

    @property
    def lasts_s(self) -> float:
        """How long it takes."""

    async def run(self, queue: Queue, workers: list[WorkerProcess]) -> None:
        """Add them to the queue of these workers; cancelled when the last job has ended."""


async def run_batch(
    queue: Queue,
    workers: list[WorkerProcess],
    batch: Batch,
    *,
    feed: Feed | None = None,
    on_change: Callable[[Batch], None] = lambda batch: None,
    tick_s: float = 0.08,
) -> BatchResult:
    """Add the batch's jobs to the queue, at once or as `feed` does it, and wait till the last has
    ended.

    `on_change` is called with the batch at most every `tick_s` seconds and once at the end.
    Raises WorkerDied when a worker that is in the list ends before the jobs do, and RunTimedOut
    when they take far longer than they could on a machine that keeps up at all.
    """
    last = await queue.last_event_id()
    if not feed:
        await queue.add_many(welcome_emails(batch.jobs, batch.seconds))
    feeding = asyncio.ensure_future(feed.run(queue, workers)) if feed else None
    patience_s = batch.patience_s + (feed.lasts_s if feed else 0.0)
    heard, deadline = time.monotonic(), time.monotonic() + patience_s
    try:
        while not batch.ended:
            try:
                for event in await queue.read_events(last):
                    batch.apply(event)
                    last = event.id
                heard = time.monotonic()
            except (RedisError, OSError):
                if time.monotonic() - heard > AWAY_S:
                    raise
            on_change(batch)
            if not batch.ended:
                if feeding and feeding.done():
                    feeding.result()  # which raises what went wrong in it
                _expect(workers, batch)
                if time.monotonic() > deadline:
                    raise _trouble(RunTimedOut, batch, workers, waited_s=patience_s)
                await asyncio.sleep(tick_s)
    finally:
        if feeding:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
    return batch.result()


def _expect(workers: Sequence[WorkerProcess], batch: Batch) -> None:
    for worker in workers:
        if not worker.running:
            raise _trouble(WorkerDied, batch, [worker], how=worker.how_it_ended)


def _trouble(
    kind: type[RunTimedOut] | type[WorkerDied],
    batch: Batch,
    workers: Sequence[WorkerProcess],
    **data: Any,
) -> RunTimedOut | WorkerDied:
    tail = workers[0].tail() if workers else ""
    return kind(done=batch.done, jobs=batch.jobs, log_tail=tail, **data)
