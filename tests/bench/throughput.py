"""Jobs that do nothing: how many a second, with more slots, more processes, and without events."""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import sys
from collections.abc import AsyncIterator
from functools import partial

from tests.bench.bench import Bench
from tests.bench.compare import Figures, Row, Target, in_turns, row, say
from tests.bench.contender import Contender, Crew, Drain
from tests.bench.contenders import BULLMQ, SAQ
from tests.bench.ours import OURS, OURS_WITHOUT_EVENTS
from tests.bench.stock_arq import ARQ, ARQ_AS_IT_COMES, ARQ_WITH_EVENTS

ROUNDS = 3
SLOTS = (10, 100)
#: by the number of processes
WHO = {
    1: (OURS, ARQ, BULLMQ, SAQ, ARQ_AS_IT_COMES, OURS_WITHOUT_EVENTS, ARQ_WITH_EVENTS),
    2: (OURS, ARQ, BULLMQ, SAQ),
    4: (OURS, ARQ, BULLMQ, SAQ),
}
#: how long one process is kept busy, about
BUSY_S = 0.5
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

PLAIN = "two busy Pythons ÷ one"
ROOM = f"room on {CORES} cores"

_BUSY = """
import sys, time
print("ready", flush=True)
sys.stdin.readline()
end, rounds = time.perf_counter() + 0.4, 0
while time.perf_counter() < end:
    rounds += 1
    for _ in range(1000):
        pass
print(rounds)
"""

Drains = dict[tuple[int, str], list[Drain]]
"""Number of processes and who -> a drain for each round."""
Rates = dict[tuple[int, str], list[float]]


async def throughput(bench: Bench) -> list[Row]:
    """No-op jobs a second at 10 and 100 slots, by one, two and four processes."""
    rows = []
    for slots in SLOTS:
        drains, plain = await _measure(bench, slots)
        rates = {key: [each.rate_per_s for each in many] for key, many in drains.items()}
        for processes in WHO:
            rows += _rows(slots, processes, rates)
        rows.append(_two_by_one(slots, rates, drains, plain))
        shares = [each.watching for many in drains.values() for each in many]
        say(f"the bench took {100 * statistics.median(shares):.1f} % of a core while it watched")
    return rows


async def _measure(bench: Bench, slots: int) -> tuple[Drains, list[float]]:
    """All in turns, and what two busy processes do beside one on these cores."""
    drains: Drains = {}

    async def measure(crew: Crew, key: tuple[int, str]) -> float:
        drains.setdefault(key, []).append(await crew.turn(_enough(crew.contender)))
        return drains[key][-1].rate_per_s

    async with _crews(bench, slots) as crews:
        entrants = {f"{key}": partial(measure, crew, key) for key, crew in crews.items()}
        entrants[PLAIN] = _two_pythons_by_one
        found = await in_turns(f"no-op jobs, max_jobs {slots}", entrants, ROUNDS)
    return drains, found[PLAIN]


@contextlib.asynccontextmanager
async def _crews(bench: Bench, slots: int) -> AsyncIterator[dict[tuple[int, str], Crew]]:
    """Everyone, each on a server of its own, warmed up; all but the one at work are paused."""
    async with contextlib.AsyncExitStack() as stack:
        crews: dict[tuple[int, str], Crew] = {}
        for processes, who in WHO.items():
            say(f"starting {processes} × max_jobs {slots} of each")
            for each in bench.those(*who):
                url = await stack.enter_async_context(bench.server())
                crew = await stack.enter_async_context(each.crew(url, slots, processes))
                crew.go()
                await crew.turn(_enough(each) // 4)
                crews[processes, each.name] = crew
        # what is compared is measured one after the other: two processes after one
        yield {key: crews[key] for key in sorted(crews, key=lambda key: key[::-1])}


def _enough(contender: Contender) -> int:
    return int(contender.rate_per_s * BUSY_S)


async def _two_pythons_by_one() -> float:
    return await _loops(2) / await _loops(1)


async def _loops(processes: int) -> int:
    """How often so many processes together go round a loop, in a while."""
    pipe = asyncio.subprocess.PIPE
    begun = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", _BUSY, stdin=pipe, stdout=pipe)
        for _ in range(processes)
    ]
    for each in begun:
        assert await each.stdout.readline() == b"ready\n"
    outputs = await asyncio.gather(*(each.communicate(b"go\n") for each in begun))
    return sum(int(output) for output, _ in outputs)


def _rows(slots: int, processes: int, rates: Rates) -> list[Row]:
    what = f"no-op jobs/s, max_jobs {slots}, processes {processes}"
    found: Figures = {
        each.name: rates[processes, each.name]
        for each in WHO[processes]
        if (processes, each.name) in rates
    }
    if processes > 1:
        return [row(what, found)]
    without = {"with events": found[OURS.name], ARQ.name: found[ARQ.name]}
    bullmq = {name: each for name, each in found.items() if name == BULLMQ.name}
    ours, silent = found[OURS.name], found.pop(OURS_WITHOUT_EVENTS.name)
    return [
        row(what, found, Target(least=6, of=ARQ.name)),
        Row(f"{what}, beside BullMQ", ours, bullmq, Target(least=1, of=BULLMQ.name)),
        Row(f"{what}, without events", silent, without),
    ]


def _two_by_one(slots: int, rates: Rates, drains: Drains, plain: list[float]) -> Row:
    """What a second process adds, beside what this machine gives a second process at all."""
    ratios = {
        each.name: [
            two / one for one, two in zip(rates[1, each.name], rates[2, each.name], strict=True)
        ]
        for each in (OURS, ARQ, BULLMQ, SAQ)
        if (2, each.name) in rates
    }
    ours = ratios.pop(OURS.name)
    # one worker and its server keep so many cores busy; two cannot have more than there are
    room = [min(2.0, CORES / drain.cores) for drain in drains[1, OURS.name]]
    what = f"no-op jobs/s, max_jobs {slots}, two processes ÷ one"
    return Row(what, ours, {PLAIN: plain, ROOM: room, **ratios}, Target(least=1.6))
