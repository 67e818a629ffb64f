"""Jobs that take time: how much later than the ideal the last one ends, and how soon one starts."""

from __future__ import annotations

import asyncio
import statistics

from lessonkit.batch import ideal_makespan_s
from tests.bench.bench import Bench
from tests.bench.compare import Row, Target, in_turns, percentile, row, say
from tests.bench.contender import Contender
from tests.bench.contenders import BULLMQ, SAQ
from tests.bench.ours import OURS
from tests.bench.stock_arq import ARQ, ARQ_AS_IT_COMES

#: jobs, seconds of each, max_jobs, rounds
BATCHES = (
    (5, 1.0, 1, 2),
    (5, 1.0, 5, 4),
    (20, 0.1, 1, 3),
    (20, 0.1, 5, 5),
    (50, 0.1, 1, 2),
    (50, 0.1, 5, 3),
)
STARTS = 100


async def makespan(bench: Bench) -> list[Row]:
    """First enqueue to the end of the last job, above the ideal ⌈jobs / max_jobs⌉ · seconds."""
    # it sleeps half a second at a time: measured once, beside the others, on a server of its own
    idler = asyncio.create_task(_slow_makespans(bench))
    rows = []
    async with bench.server() as url:
        for jobs, seconds, slots, rounds in BATCHES:
            what = f"makespan above the ideal, {jobs} × {seconds:g} s, max_jobs {slots} (ms)"
            entrants = {
                each.name: lambda each=each: _overhead_ms(each, url, jobs, seconds, slots)  # noqa: B023
                for each in bench.those(OURS, BULLMQ, ARQ)
            }
            found = await in_turns(what, entrants, rounds)
            rows.append(row(what, found, Target(most=1, of=BULLMQ.name)))
    for each, slow in zip(rows, await idler, strict=True):
        each.beside[ARQ_AS_IT_COMES.name] = [slow]
    return rows


async def _slow_makespans(bench: Bench) -> list[float]:
    async with bench.server() as url:
        return [
            await _overhead_ms(ARQ_AS_IT_COMES, url, jobs, seconds, slots)
            for jobs, seconds, slots, _ in BATCHES
        ]


async def _overhead_ms(
    contender: Contender, url: str, jobs: int, seconds: float, slots: int
) -> float:
    async with contender.crew(url, slots) as crew:
        await crew.warm_up()
        began = await crew.add_naps(jobs, seconds)
        ended = max(end for _, _, end in await crew.naps(jobs))
    return (ended - began - ideal_makespan_s(jobs, slots, seconds)) * 1000


async def latency(bench: Bench) -> list[Row]:
    """Enqueue to start on an idle worker, median and 99th percentile."""
    waits: dict[str, list[list[float]]] = {}

    async def measure(contender: Contender, url: str) -> float:
        found = await _waits_ms(contender, url)
        waits.setdefault(contender.name, []).append(found)
        return statistics.median(found)

    async with bench.server() as url, bench.server() as other:
        idler = asyncio.create_task(measure(ARQ_AS_IT_COMES, other))
        entrants = {
            each.name: lambda each=each: measure(each, url)
            for each in bench.those(OURS, BULLMQ, SAQ, ARQ)
        }
        await in_turns("enqueue to start", entrants, rounds=3)
        await idler
    return [
        _percentile_row(waits, 50, Target(most=3)),
        _percentile_row(waits, 99, Target(most=1, of=BULLMQ.name)),
    ]


def _percentile_row(waits: dict[str, list[list[float]]], percent: int, target: Target) -> Row:
    found = {name: [percentile(each, percent) for each in runs] for name, runs in waits.items()}
    return row(f"enqueue → start, idle worker, {percent}th percentile (ms)", found, target)


async def _waits_ms(contender: Contender, url: str) -> list[float]:
    async with contender.crew(url, slots=10) as crew:
        await crew.warm_up()
        added = []
        for number in range(STARTS):
            added.append(await crew.add_naps(1, 0))
            await asyncio.sleep(0.010 + 0.001 * (number * 7 % 10))  # at no steady beat
        starts = sorted(await crew.naps(STARTS))
    say(f"  {contender.name}: {STARTS} starts")
    return [(start - at) * 1000 for at, (_, start, _) in zip(added, starts, strict=True)]
