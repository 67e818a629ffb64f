"""Jobs that do nothing: how many a second, and whether a long queue makes each dearer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from tests.bench.bench import Bench
from tests.bench.compare import Figures, Row, Target, in_turns, row, say
from tests.bench.contender import Contender
from tests.bench.contenders import BULLMQ, SAQ
from tests.bench.ours import OURS
from tests.bench.stock_arq import ARQ, ARQ_AS_IT_COMES

ROUNDS = 3
#: by the number of processes
WHO = {
    1: (OURS, BULLMQ, SAQ, ARQ, ARQ_AS_IT_COMES),
    2: (OURS, BULLMQ, ARQ),
    4: (OURS, BULLMQ),
}
BACKLOGS = (1_000, 10_000, 100_000)


async def throughput(bench: Bench) -> list[Row]:
    """No-op jobs a second at 10 and 100 slots, by one, two and four processes."""
    rows = []
    async with bench.server() as url:
        for slots, processes in ((10, (1, 2, 4)), (100, (1, 2))):
            found = await _rates(bench, url, slots, processes)
            for count in processes:
                rows += _rows(slots, count, found[count])
            one, two = found[1][OURS.name], found[2][OURS.name]
            what = f"no-op jobs/s of two processes beside one, max_jobs {slots}"
            rows.append(Row(what, two, {"one": one}, Target(least=1.6, of="one")))
    say("without events: our worker has no such switch")
    return rows


async def _rates(
    bench: Bench, url: str, slots: int, processes: Sequence[int]
) -> dict[int, Figures]:
    """Jobs a second by the number of processes."""
    entrants = {
        f"{count} {each.name}": partial(_rate_per_s, each, url, slots, count)
        for count in processes
        for each in bench.those(*WHO[count])
    }
    found: dict[int, Figures] = {count: {} for count in processes}
    for key, rates in (await in_turns(f"no-op jobs, max_jobs {slots}", entrants, ROUNDS)).items():
        count, _, name = key.partition(" ")
        found[int(count)][name] = rates
    return found


def _rows(slots: int, processes: int, figures: Figures) -> list[Row]:
    what = f"no-op jobs/s, max_jobs {slots}, processes {processes}"
    if processes > 1:
        return [row(what, figures)]
    beside = {name: rates for name, rates in figures.items() if name in (OURS.name, BULLMQ.name)}
    others = {name: rates for name, rates in figures.items() if name != BULLMQ.name}
    return [
        row(what, others, Target(least=6, of=ARQ.name)),
        row(f"{what}, beside BullMQ", beside, Target(least=1, of=BULLMQ.name)),
    ]


async def _rate_per_s(contender: Contender, url: str, slots: int, processes: int) -> float:
    jobs = contender.rate_per_s * processes // 2  # for half a second or more
    async with contender.crew(url, slots, processes) as crew:
        await crew.add_nops(jobs)
        return await crew.rate_per_s(jobs)


async def backlog(bench: Bench) -> list[Row]:
    """Time a job with 1,000, 10,000 and 100,000 queued, and the memory of a queued one."""

    async def us_a_job(queued: int) -> float:
        jobs = 4000
        async with bench.server() as url, OURS.crew(url, slots=10) as crew:
            await crew.add_nops(queued + jobs)
            await asyncio.sleep(1.1)  # till what was added is on the disk
            return 1e6 / await crew.rate_per_s(jobs, until_left=queued)

    entrants = {f"at {queued:,} queued": partial(us_a_job, queued) for queued in BACKLOGS}
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
    jobs = 2 * contender.rate_per_s
    async with bench.server() as url, contender.crew(url, slots=1) as crew:
        before = (await crew.redis.info("memory"))["used_memory"]
        await crew.add_nops(jobs)
        for key in ("lesson:bench:events", "bull:bench:events"):  # they are capped, not queued
            await crew.redis.delete(key)
        await asyncio.sleep(0.1)
        return [((await crew.redis.info("memory"))["used_memory"] - before) / jobs]
