"""Run a batch of jobs and measure it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from lessonkit.errors import BadSetting, RunTimedOut, WorkerDied
from workers.contract import MAX_JOBS_LIMIT, EmailPayload, Event

if TYPE_CHECKING:
    from lessonkit.processes import WorkerProcess
    from lessonkit.queue import Queue, QueueEvent


MAX_BATCH = 10_000
#: a server that is back within this time, in seconds, costs a run nothing but the time
AWAY_S = 5.0
LONGEST_JOB_S = 600


def _check_whole(name: str, value: object, most: int) -> None:
    if not (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most):
        raise BadSetting(name=name, value=value, wanted=f"a whole number from 1 to {most}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def ideal_makespan_s(jobs: int, max_jobs: int, seconds: float) -> float:
    """The least time that `jobs` jobs of `seconds` each take, `max_jobs` at a time: ⌈N/c⌉·t."""
    return math.ceil(jobs / max_jobs) * seconds


@dataclass(frozen=True)
class JobRecord:
    """The life of one job. Times are seconds since the batch's first enqueue, on Redis' clock."""

    id: str
    enqueued_s: float
    started_s: float | None = None
    finished_s: float | None = None
    slot: int | None = None
    """Which of the worker's slots it ran in, counted from 0: the lowest that was free."""
    state: str = "waiting"
    attempts: int = 0
    worker: str = ""
    error: str = ""

    @property
    def wait_s(self) -> float:
        """Enqueue to start; NaN for a job that has not started."""
        return math.nan if self.started_s is None else self.started_s - self.enqueued_s

    @property
    def latency_s(self) -> float:
        """Enqueue to finish; NaN for a job that has not finished."""
        return math.nan if self.finished_s is None else self.finished_s - self.enqueued_s


@dataclass(frozen=True, repr=False)
class BatchResult:
    """What a batch of equal jobs did at one `max_jobs`: every figure comes from `records`."""

    jobs: int
    max_jobs: int
    seconds: float
    """How long one job takes by itself."""
    records: tuple[JobRecord, ...]

    @property
    def makespan_s(self) -> float:
        """First enqueue to last finish."""
        return max(record.finished_s or 0.0 for record in self.records)

    @property
    def ideal_s(self) -> float:
        return ideal_makespan_s(self.jobs, self.max_jobs, self.seconds)

    @property
    def throughput_jobs_per_s(self) -> float:
        return self.jobs / self.makespan_s

    @property
    def wait_s(self) -> tuple[float, ...]:
        """Enqueue to start, of each job in the order they were added."""
        return tuple(record.wait_s for record in self.records)

    @property
    def latency_s(self) -> tuple[float, ...]:
        """Enqueue to finish, of each job in the order they were added."""
        return tuple(record.latency_s for record in self.records)

    @property
    def peak_concurrency(self) -> int:
        """The most jobs that ran at the same moment. A job that ends as another starts does not
        overlap it."""
        steps = [
            step
            for record in self.records
            if record.started_s is not None and record.finished_s is not None
            for step in ((record.started_s, +1), (record.finished_s, -1))
        ]
        running = peak = 0
        for _, change in sorted(steps):
            running += change
            peak = max(peak, running)
        return peak

    @property
    def failed(self) -> int:
        return sum(record.state == "failed" for record in self.records)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON data, the values of each job under `records`."""
        return {
            "jobs": self.jobs,
            "max_jobs": self.max_jobs,
            "seconds": self.seconds,
            "makespan_s": self.makespan_s,
            "ideal_s": self.ideal_s,
            "throughput_jobs_per_s": self.throughput_jobs_per_s,
            "peak_concurrency": self.peak_concurrency,
            "records": [
                asdict(record) | {"wait_s": record.wait_s, "latency_s": record.latency_s}
                for record in self.records
            ],
        }

    def __repr__(self) -> str:
        return (
            f"BatchResult(jobs={self.jobs}, max_jobs={self.max_jobs}, seconds={self.seconds:g},\n"
            f"            makespan_s={self.makespan_s:.3f}, ideal_s={self.ideal_s:g}, "
            f"throughput_jobs_per_s={self.throughput_jobs_per_s:.2f}, "
            f"peak_concurrency={self.peak_concurrency})"
        )


@dataclass
class Batch:
    """A batch under way: what is known of it so far."""

    jobs: int
    max_jobs: int
    seconds: float
    records: dict[str, JobRecord] = field(default_factory=dict)
    """Number of the job -> its record, in the order they were added."""
    _first_ms: float = 0.0
    _began: float = 0.0

    def __post_init__(self) -> None:
        """Raises BadSetting for a number that makes no sense."""
        _check_whole("jobs", self.jobs, MAX_BATCH)
        _check_whole("max_jobs", self.max_jobs, MAX_JOBS_LIMIT)
        if not (_is_number(self.seconds) and 0 <= self.seconds <= LONGEST_JOB_S):
            wanted = f"a number of seconds from 0 to {LONGEST_JOB_S}"
            raise BadSetting(name="seconds", value=self.seconds, wanted=wanted)

    @property
    def done(self) -> int:
        return sum(record.finished_s is not None for record in self.records.values())

    @property
    def now_s(self) -> float:
        """Seconds since the first enqueue; it stands still when all jobs have ended."""
        if self.done == self.jobs:
            return max(record.finished_s or 0.0 for record in self.records.values())
        return time.monotonic() - self._began if self._began else 0.0

    def apply(self, event: QueueEvent) -> None:
        """Take in what the queue's stream tells of a job."""
        if not event.job:
            return
        if not self._first_ms:
            self._first_ms, self._began = event.at_ms, time.monotonic()
        at_s = (event.at_ms - self._first_ms) / 1000
        old = self.records.get(event.job) or JobRecord(event.job, enqueued_s=at_s)
        self.records[event.job] = _after(old, event, at_s, self._lowest_free_slot)

    def _lowest_free_slot(self) -> int:
        taken = {record.slot for record in self.records.values() if record.state == "active"}
        return next(slot for slot in range(len(taken) + 1) if slot not in taken)

    def result(self) -> BatchResult:
        return BatchResult(self.jobs, self.max_jobs, self.seconds, tuple(self.records.values()))


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


async def run_batch(
    queue: Queue,
    worker: WorkerProcess,
    batch: Batch,
    *,
    on_change: Callable[[Batch], None] = lambda batch: None,
    tick_s: float = 0.08,
) -> BatchResult:
    """Add the batch's jobs to the queue at once and wait till the last has ended.

    `on_change` is called with the batch at most every `tick_s` seconds and once at the end.
    Raises WorkerDied when the worker ends before its jobs do, and RunTimedOut when they take
    far longer than they could on a machine that keeps up at all.
    """
    patience_s = 30 + 5 * ideal_makespan_s(batch.jobs, batch.max_jobs, batch.seconds)
    deadline = time.monotonic() + patience_s
    last = await queue.last_event_id()
    await queue.add_many(
        EmailPayload(
            to=f"founder{number}@example.com",
            subject="Welcome aboard",
            html="<p>Your account is ready.</p>",
            seconds=batch.seconds,
        )
        for number in range(1, batch.jobs + 1)
    )
    heard = time.monotonic()
    while batch.done < batch.jobs:
        try:
            for event in await queue.read_events(last):
                batch.apply(event)
                last = event.id
            heard = time.monotonic()
        except (RedisError, OSError):
            if time.monotonic() - heard > AWAY_S:
                raise
        on_change(batch)
        if batch.done < batch.jobs:
            log_tail, done = worker.tail(), {"done": batch.done, "jobs": batch.jobs}
            if not worker.running:
                raise WorkerDied(how=worker.how_it_ended, log_tail=log_tail, **done)
            if time.monotonic() > deadline:
                raise RunTimedOut(waited_s=patience_s, log_tail=log_tail, **done)
            await asyncio.sleep(tick_s)
    return batch.result()
