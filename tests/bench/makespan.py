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

#: by max_jobs: jobs, seconds of each, rounds
BATCHES = {
    1: ((5, 1.0, 2), (20, 0.1, 3), (50, 0.1, 2)),
    5: ((5, 1.0, 3), (20, 0.1, 5), (50, 0.1, 3)),
}
#: how many jobs arq is given: at its default it takes half a second for each
ASKED_OF_ARQ = (5, 50)
STARTS = 100


async def makespan(bench: Bench) -> list[Row]:
    """First enqueue to the end of the last job, above the ideal ⌈jobs / max_jobs⌉ · seconds."""
    # all of them sleep most of the time: one and five slots, and arq, are measured at the same
    # time, each on a server of its own
    one, five, *slow = await asyncio.gather(
        *(_in_turns(bench, slots) for slots in BATCHES),
        *(_arq(bench, slots) for slots in BATCHES),
    )
    return [
        row(what, found | slow[0].get(what, {}) | slow[1].get(what, {}), Target(1, of=BULLMQ.name))
        for what, found in (one | five).items()
    ]


def _what(jobs: int, seconds: float, slots: int) -> str:
    return f"makespan above the ideal, {jobs} × {seconds:g} s, max_jobs {slots} (ms)"


async def _in_turns(bench: Bench, slots: int) -> dict[str, Figures]:
    found: dict[str, Figures] = {}
    async with bench.crews(OURS, BULLMQ, slots=slots) as crews:
        for jobs, seconds, rounds in BATCHES[slots]:
            what = _what(jobs, seconds, slots)
            entrants = {
                name: partial(_overhead_ms, crew, jobs, seconds, slots)
                for name, crew in crews.items()
            }
            found[what] = await in_turns(what, entrants, rounds)
    return found


async def _arq(bench: Bench, slots: int) -> dict[str, Figures]:
    found: dict[str, Figures] = {}
    async with bench.crews(ARQ, ARQ_AS_IT_COMES, slots=slots) as crews:
        for jobs, seconds, _ in BATCHES[slots]:
            if jobs in ASKED_OF_ARQ:
                times = [_overhead_ms(crew, jobs, seconds, slots) for crew in crews.values()]
                overheads = await asyncio.gather(*times)
                figures = {name: [ms] for name, ms in zip(crews, overheads, strict=True)}
                found[_what(jobs, seconds, slots)] = figures
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
    waits = {each.name: waits[each.name] for each in bench.all}
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
        await asyncio.sleep(0.006 + 0.001 * (number * 7 % 10))  # at no steady beat
    naps = await crew.naps(STARTS)
    return [(start - at) * 1000 for at, (start, _) in zip(added, naps, strict=True)]
