"""What a learner sees: frames of a lab, and whole notebooks."""

from __future__ import annotations

import asyncio
import statistics
import time
from functools import partial
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from lessonkit.batch import Batch, JobRecord
from tests.bench.bench import Bench
from tests.bench.compare import Figures, Row, Target, in_turns, say
from tests.bench.contender import ROOT
from tests.kernels import AsyncKernelManager

FRAMES, ROUNDS = 5, 2


async def frames(bench: Bench) -> list[Row]:
    """CPU of one frame of a lab's two charts, with 5, 1,000 and 10,000 jobs."""
    entrants = {f"{jobs:,}": partial(_frame_ms, jobs) for jobs in (5, 1_000, 10_000)}
    found: Figures = await in_turns("lab frame", entrants, rounds=ROUNDS)
    return [
        Row(f"CPU of a lab's frame, {jobs} jobs (ms)", figures, target=Target(most=60))
        for jobs, figures in found.items()
    ]


async def _frame_ms(jobs: int) -> float:
    from lessonkit.labs.chart import FRAME_S, RunCharts

    batch = _under_way(jobs)
    charts = RunCharts()
    charts.begin(batch, [])
    spent_s = []
    for _ in range(FRAMES):
        await asyncio.sleep(FRAME_S)  # sooner, it draws none
        began = time.process_time()
        assert charts.follow(batch)
        spent_s.append(time.process_time() - began)
    return 1000 * statistics.median(spent_s)


def _under_way(jobs: int) -> Batch:
    """A batch of which all jobs but the last five have ended, five at a time."""
    batch = Batch(jobs, max_jobs=5, seconds=0.1)
    for number in range(jobs):
        turn, slot = divmod(number, 5)
        ended = number < jobs - 5
        batch.records[str(number + 1)] = JobRecord(
            str(number + 1),
            enqueued_s=0.0,
            started_s=turn * 0.1,
            finished_s=(turn + 1) * 0.1 if ended else None,
            slot=slot,
            state="completed" if ended else "active",
        )
    return batch


async def notebooks(bench: Bench) -> list[Row]:
    """Run-All of each notebook in its own kernel, two at a time."""
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    turn = asyncio.Semaphore(2)

    async def run_all_s(path: Path) -> float:
        client = NotebookClient(
            nbformat.read(path, as_version=4),
            timeout=120,
            allow_errors=True,
            kernel_manager_class=AsyncKernelManager,
            resources={"metadata": {"path": path.parent}},
        )
        async with turn:
            say(f"running {path.name}")
            began = time.perf_counter()
            await client.async_execute()
            return time.perf_counter() - began

    times = await asyncio.gather(*(run_all_s(path) for path in paths))
    rows = [Row(f"Run-All of {path.name} (s)", [s]) for path, s in zip(paths, times, strict=True)]
    return [*rows, Row("Run-All of all notebooks, one after another (s)", [sum(times)])]
