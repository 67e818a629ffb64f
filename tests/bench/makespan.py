"""Jobs that take time: how much later than the ideal the last one ends, and how soon one starts."""

from __future__ import annotations

import asyncio
import statistics
from functools import partial

from lessonkit.batch import ideal_makespan_s
from tests.bench.bench import Bench
from tests.bench.compare import Figures, Row, Target, in_turns, percentile, row
from tests.bench.contender import Crew
from tests.bench.contenders import BULLMQ, SAQ
from tests.bench.ours import OURS
from tests.bench.stock_arq import ARQ, ARQ_AS_IT_COMES

#: jobs, seconds of each, max_jobs, rounds
BATCHES = (
    (5, 1.0, 1, 2),
    (5, 1.0, 5, 3),
    (20, 0.1, 1, 3),
    (20, 0.1, 5, 5),
    (50, 0.1, 1, 2),
    (50, 0.1, 5, 3),
)
STARTS = 100


async def makespan(bench: Bench) -> list[Row]:
    """First enqueue to the end of the last job, above the ideal ⌈jobs / max_jobs⌉ · seconds."""
    # arq sleeps most of the time: it is measured at the same time, on servers of its own
    sleepers = asyncio.create_task(_arq_makespans(bench))
    rows = []
    for jobs, seconds, slots, rounds in BATCHES:
        what = f"makespan above the ideal, {jobs} × {seconds:g} s, max_jobs {slots} (ms)"
        async with bench.crews(OURS, BULLMQ, slots=slots) as crews:
            entrants = {
                name: partial(_overhead_ms, crew, jobs, seconds, slots)
                for name, crew in crews.items()
            }
            found = await in_turns(what, entrants, rounds)
        rows.append(row(what, found, Target(most=1, of=BULLMQ.name)))
    for each, slow in zip(rows, await sleepers, strict=True):
        each.beside.update(slow)
    return rows


async def _arq_makespans(bench: Bench) -> list[Figures]:
    found = []
    for jobs, seconds, slots, _ in BATCHES:
        async with bench.crews(ARQ, ARQ_AS_IT_COMES, slots=slots) as crews:
            times = [_overhead_ms(crew, jobs, seconds, slots) for crew in crews.values()]
            overheads = await asyncio.gather(*times)
        found.append({name: [ms] for name, ms in zip(crews, overheads, strict=True)})
    return found


async def _overhead_ms(crew: Crew, jobs: int, seconds: float, slots: int) -> float:
    await crew.settle()
    began = await crew.add_naps(jobs, seconds)
    ended = max(end for _, end in await crew.naps(jobs))
    return (ended - began - ideal_makespan_s(jobs, slots, seconds)) * 1000


async def latency(bench: Bench) -> list[Row]:
    """Enqueue to start on an idle worker, median and 99th percentile."""
    waits: dict[str, list[list[float]]] = {}

    async def measure(name: str, crew: Crew) -> float:
        waits.setdefault(name, []).append(await _waits_ms(crew))
        return statistics.median(waits[name][-1])

    async with (
        bench.crews(OURS, BULLMQ, SAQ, ARQ, slots=10) as crews,
        bench.crews(ARQ_AS_IT_COMES, slots=10) as sleepers,
    ):
        sleeping = asyncio.gather(*(measure(name, crew) for name, crew in sleepers.items()))
        entrants = {name: partial(measure, name, crew) for name, crew in crews.items()}
        await in_turns("enqueue to start", entrants, rounds=3)
        await sleeping
    return [
        _percentile_row(waits, 50, Target(most=3)),
        _percentile_row(waits, 99, Target(most=1, of=BULLMQ.name)),
    ]


def _percentile_row(waits: dict[str, list[list[float]]], percent: int, target: Target) -> Row:
    found = {name: [percentile(each, percent) for each in runs] for name, runs in waits.items()}
    return row(f"enqueue → start, idle worker, {percent}th percentile (ms)", found, target)


async def _waits_ms(crew: Crew) -> list[float]:
    added = []
    for number in range(STARTS):
        added.append(await crew.add_naps(1, 0))
        await asyncio.sleep(0.010 + 0.001 * (number * 7 % 10))  # at no steady beat
    naps = await crew.naps(STARTS)
    return [(start - at) * 1000 for at, (start, _) in zip(added, naps, strict=True)]
