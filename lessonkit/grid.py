"""The same emails at each number of worker processes and each `max_jobs`: a grid of runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lessonkit.errors import BadSetting
from lessonkit.result import BatchResult
from lessonkit.wide import Wide


@dataclass(frozen=True, repr=False)
class Grid(Wide):
    """Runs of the same emails. `grid[2, 4]` is the one of two processes at `max_jobs` 4."""

    runs: tuple[BatchResult, ...]

    @property
    def workers(self) -> tuple[int, ...]:
        """The numbers of processes, from the least on."""
        return tuple(sorted({run.workers for run in self.runs}))

    @property
    def max_jobs(self) -> tuple[int, ...]:
        """The numbers of slots in each process, from the least on."""
        return tuple(sorted({run.max_jobs for run in self.runs}))

    @property
    def title(self) -> str:
        """What was sent, in words."""
        one = self.runs[0]
        limit = "" if one.limit == "off" else f", limit {one.limit}"
        return f"{one.jobs} emails of {one.seconds:g} s{limit}"

    def __iter__(self) -> Iterator[BatchResult]:
        return iter(self.runs)

    def __getitem__(self, key: tuple[int, int]) -> BatchResult:
        for run in self.runs:
            if (run.workers, run.max_jobs) == key:
                return run
        wanted = f"(workers, max_jobs) of {self.workers} and {self.max_jobs}"
        raise BadSetting(name="the run", value=key, wanted=wanted)

    def __repr__(self) -> str:
        rows = [("processes × max_jobs", "took", "per second", "at once", "emails by process")]
        rows += [
            (
                f"{run.workers} × {run.max_jobs}",
                f"{run.makespan_s:.3f} s",
                f"{run.throughput_jobs_per_s:.1f}",
                str(run.peak_concurrency),
                ", ".join(f"{pid}: {count}" for pid, count in run.jobs_by_pid.items()),
            )
            for run in self.runs
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(str.rjust, row[:-1], widths)) + f"  {row[-1]}" for row in rows]
        return "\n".join([f"Grid: {self.title}", *lines])
