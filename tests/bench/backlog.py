"""A long queue: whether it makes each job dearer, and what it takes of Redis' memory."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

from tests.bench.bench import Bench
from tests.bench.compare import Row, Target, in_turns, row, say
from tests.bench.contender import Contender, Crew
from tests.bench.contenders import BULLMQ, SAQ
from tests.bench.ours import OURS
from tests.bench.stock_arq import ARQ

ROUNDS = 3
BACKLOGS = (1_000, 10_000, 100_000)
JOBS = 4000


async def backlog(bench: Bench) -> list[Row]:
    """Time a job with 1,000, 10,000 and 100,000 queued, and the memory of a queued one."""
    async with contextlib.AsyncExitStack() as stack:
        entrants = {}
        for queued in BACKLOGS:
            say(f"queueing {queued:,} jobs")
            url = await stack.enter_async_context(bench.server())
            crew = await stack.enter_async_context(OURS.crew(url, slots=10))
            await crew.add_nops(queued + JOBS)
            crew.go()
            await crew.drain(JOBS, until_left=queued)
            crew.pause()
            entrants[f"at {queued:,} queued"] = partial(_us_a_job, crew, queued)
        await asyncio.sleep(1.1)  # till what was added is on the disk
        found = await in_turns("time a job, by jobs queued", entrants, ROUNDS)
    base = f"at {BACKLOGS[0]:,} queued"
    rows = [
        Row(f"time a job {name} (µs)", figures, {base: found[base]}, Target(most=1.2, of=base))
        for name, figures in found.items()
        if name != base
    ]
    memory = {
        each.name: await _bytes_a_job(bench, each) for each in bench.those(OURS, ARQ, BULLMQ, SAQ)
    }
    return [*rows, row("memory of a queued job in Redis (bytes)", memory)]


async def _us_a_job(crew: Crew, queued: int) -> float:
    """The queue is as long after it as before."""
    return 1e6 / (await crew.turn(JOBS, until_left=queued)).rate_per_s


async def _bytes_a_job(bench: Bench, contender: Contender) -> list[float]:
    jobs = 2 * contender.rate_per_s
    async with bench.server() as url, contender.crew(url, slots=1) as crew:
        before = (await crew.redis.info("memory"))["used_memory"]
        await crew.add_nops(jobs)
        for key in ("lesson:bench:events", "bull:bench:events"):  # they are capped, not queued
            await crew.redis.delete(key)
        await asyncio.sleep(0.1)
        return [((await crew.redis.info("memory"))["used_memory"] - before) / jobs]
