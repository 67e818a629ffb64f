"""Jobs that do nothing: how many a second, and whether a long queue makes each dearer."""

from __future__ import annotations

import asyncio

from tests.bench.bench import Bench
from tests.bench.compare import Figures, Row, Target, in_turns, row, say
from tests.bench.contender import Contender
from tests.bench.contenders import BULLMQ
from tests.bench.ours import OURS
from tests.bench.stock_arq import ARQ, ARQ_AS_IT_COMES

ROUNDS = 3
BACKLOGS = (1_000, 10_000, 100_000)


async def throughput(bench: Bench) -> list[Row]:
    """No-op jobs a second at 10 and 100 slots, by one, two and four processes."""
    found: dict[tuple[int, int], Figures] = {}
    async with bench.server() as url:
        for slots, processes in ((10, 1), (100, 1), (10, 2), (100, 2), (10, 4)):
            what = f"no-op jobs/s, max_jobs {slots}, processes {processes}"
            fit = [each for each in bench.all if processes == 1 or each is not ARQ_AS_IT_COMES]
            entrants = {
                each.name: lambda each=each: _rate_per_s(each, url, slots, processes)  # noqa: B023
                for each in fit
            }
            found[slots, processes] = await in_turns(what, entrants, ROUNDS)
    say("without events: our worker has no such switch")
    rows = []
    for (slots, processes), figures in found.items():
        what = f"no-op jobs/s, max_jobs {slots}, processes {processes}"
        if processes == 1:
            rows.append(row(what, _without(figures, BULLMQ.name), Target(least=6, of=ARQ.name)))
            what, figures = f"{what}, beside BullMQ", _only(figures, BULLMQ.name)
            rows.append(row(what, figures, Target(least=1, of=BULLMQ.name)))
        else:
            rows.append(row(what, figures))
    for slots in (10, 100):
        one, two = found[slots, 1][OURS.name], found[slots, 2][OURS.name]
        what = f"two processes beside one, max_jobs {slots} (no-op jobs/s)"
        rows.append(Row(what, two, {"one": one}, Target(least=1.6, of="one")))
    return rows


async def _rate_per_s(contender: Contender, url: str, slots: int, processes: int) -> float:
    jobs = int(contender.rate_per_s * (1 + 0.5 * (processes > 1)))
    async with contender.crew(url, slots, processes) as crew:
        await crew.add_nops(jobs)
        return await crew.rate_per_s(jobs)


def _without(figures: Figures, name: str) -> Figures:
    return {each: figures[each] for each in figures if each != name}


def _only(figures: Figures, name: str) -> Figures:
    return {each: figures[each] for each in figures if each in (OURS.name, name)}


async def backlog(bench: Bench) -> list[Row]:
    """Time a job with 1,000, 10,000 and 100,000 queued, and the memory of a queued one."""

    async def us_a_job(queued: int) -> float:
        jobs = 4000
        async with bench.server() as url, OURS.crew(url, slots=10) as crew:
            await crew.add_nops(queued + jobs)
            return 1e6 / await crew.rate_per_s(jobs, until_left=queued)

    entrants = {
        f"at {queued:,} queued": lambda queued=queued: us_a_job(queued) for queued in BACKLOGS
    }
    found = await in_turns("time a job, by jobs queued", entrants, ROUNDS)
    base = f"at {BACKLOGS[0]:,} queued"
    rows = [
        Row(f"time a job {name} (µs)", figures, {base: found[base]}, Target(most=1.2, of=base))
        for name, figures in found.items()
        if name != base
    ]
    memory = {
        each.name: await _bytes_a_job(bench, each)
        for each in bench.all
        if each is not ARQ_AS_IT_COMES
    }
    return [*rows, row("memory of a queued job in Redis (bytes)", memory)]


async def _bytes_a_job(bench: Bench, contender: Contender) -> list[float]:
    jobs = 20_000 if contender.rate_per_s > 1000 else 5_000
    async with bench.server() as url, contender.crew(url, slots=1) as crew:
        before = (await crew.redis.info("memory"))["used_memory"]
        await crew.add_nops(jobs)
        for key in ("lesson:bench:events", "bull:bench:events"):  # they are capped, not queued
            await crew.redis.delete(key)
        await asyncio.sleep(0.1)
        return [((await crew.redis.info("memory"))["used_memory"] - before) / jobs]
