"""What a batch of jobs did: the life of each, and the figures that follow from them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


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
    """Which of the workers' slots it ran in, counted from 0: the lowest that was free."""
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

    @property
    def pid(self) -> int:
        """The worker process that ran it; 0 for a job that has not started."""
        return int(self.worker.partition("@")[0] or 0)


def starts_s_of(records: Iterable[JobRecord]) -> tuple[float, ...]:
    """When these jobs started, sorted, in seconds since the first enqueue."""
    return tuple(sorted(each.started_s for each in records if each.started_s is not None))


@dataclass(frozen=True, repr=False)
class BatchResult:
    """What a batch of equal jobs did at one setting: every figure comes from `records`."""

    jobs: int
    max_jobs: int
    seconds: float
    """How long one job takes by itself."""
    records: tuple[JobRecord, ...]
    workers: int = 1
    """How many worker processes there were, each with `max_jobs` slots."""
    limit: str = "off"
    """How many jobs all of them together might start in a time, such as "10/1s"."""
    stock: bool = False
    """Whether arq's own worker ran them, as it comes."""

    @property
    def makespan_s(self) -> float:
        """First enqueue to last finish."""
        return max(record.finished_s or 0.0 for record in self.records)

    @property
    def slots(self) -> int:
        """How many jobs could run at the same moment: `max_jobs` of each worker."""
        return self.max_jobs * self.workers

    @property
    def ideal_s(self) -> float:
        """The least time that the slots of all workers leave. A limit leaves a time of its own,
        which is no part of it: see `limited_span_s`."""
        return ideal_makespan_s(self.jobs, self.slots, self.seconds)

    @property
    def starts_s(self) -> tuple[float, ...]:
        """When jobs started, sorted, in seconds since the first enqueue."""
        return starts_s_of(self.records)

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that ran the jobs, in the order of their first starts."""
        started = sorted(self.records, key=lambda record: record.started_s or 0.0)
        return tuple(dict.fromkeys(record.pid for record in started if record.worker))

    @property
    def jobs_by_pid(self) -> dict[int, int]:
        """How many jobs each process started, in the order of their first starts."""
        started = Counter(record.pid for record in self.records)
        return {pid: started[pid] for pid in self.pids}

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
        ran = [
            (record.started_s, record.finished_s)
            for record in self.records
            if record.started_s is not None and record.finished_s is not None
        ]
        starts, ends = sorted(start for start, _ in ran), sorted(end for _, end in ran)
        ended = peak = 0
        for started, at_s in enumerate(starts, 1):
            while ended < len(ends) and ends[ended] <= at_s:
                ended += 1
            peak = max(peak, started - ended)
        return peak

    @property
    def failed(self) -> int:
        return sum(record.state == "failed" for record in self.records)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON data, the values of each job under `records`; `workers`, `limit`
        and `stock`, which `python -m lessonkit compare` cannot choose, are left out."""
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
        more = f" workers={self.workers}," if self.workers > 1 else ""
        more += f" limit={self.limit!r}," if self.limit != "off" else ""
        more += " stock=True," if self.stock else ""
        return (
            f"BatchResult(jobs={self.jobs}, max_jobs={self.max_jobs}, seconds={self.seconds:g},"
            f"{more}\n"
            f"            makespan_s={self.makespan_s:.3f}, ideal_s={self.ideal_s:g},\n"
            f"            throughput_jobs_per_s={self.throughput_jobs_per_s:.2f},\n"
            f"            peak_concurrency={self.peak_concurrency})"
        )
