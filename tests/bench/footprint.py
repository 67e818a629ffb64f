"""What it costs to have it there: CPU while idle, memory of one learner."""

from __future__ import annotations

import asyncio

import psutil

from lessonkit.batch import Batch, run_batch
from lessonkit.processes import WorkerProcess
from lessonkit.queue import Queue
from lessonkit.server import open_server
from tests.bench.bench import Bench
from tests.bench.compare import Figures, Row, Target, row, say
from tests.bench.kernel import LAB, LIBRARIES, open_kernel
from tests.bench.usage import cpu_s, memory_mb
from workers.connection import connect
from workers.contract import EMAIL

IDLE_S = 4.0


async def idle(bench: Bench) -> list[Row]:
    """CPU of a worker that has nothing to do."""
    say(f"idle CPU: all at once, {IDLE_S:g} s")
    async with bench.crews(*bench.all, slots=5) as crews:
        await asyncio.sleep(1)
        before = {name: cpu_s(crew.workers[0].pid) for name, crew in crews.items()}
        await asyncio.sleep(IDLE_S)
        found: Figures = {
            name: [100 * (cpu_s(crew.workers[0].pid) - before[name]) / IDLE_S]
            for name, crew in crews.items()
        }
    return [row("CPU of an idle worker (% of a core)", found, Target(most=1))]


async def memory(bench: Bench) -> list[Row]:
    """What one learner adds to a machine: server, guard, worker, a kernel's share, after a run."""
    server = await open_server("the bench")
    redis = connect(server.url)
    queue = Queue(EMAIL, redis)
    try:
        async with WorkerProcess(queue, server.url, max_jobs=5) as worker:
            await run_batch(queue, [worker], Batch(jobs=50, max_jobs=5, seconds=0.01))
            (guard,) = server.pids
            shell, program = psutil.Process(guard).children()  # in the order of their starts
            parts = {"server": program.pid, "guard": guard, "its shell": shell.pid}
            parts |= {"worker": worker.pid}
            megabytes = {name: [memory_mb(pid)] for name, pid in parts.items()}
    finally:
        await redis.aclose(close_connection_pool=True)
        await server.stop()
    total = [sum(figures[0] for figures in megabytes.values())]
    what = "memory of one learner: server + guard + worker (MB)"
    return [
        Row(what, total, megabytes, Target(most=90), parts=True),
        await _kernels_share(),
    ]


async def _kernels_share() -> Row:
    """What a lab and a run of it add to a kernel, most of which are libraries."""
    async with (
        open_kernel(f"{LAB}\nawait (await lessonkit.open_lab()).run(jobs=50, seconds=0)") as ours,
        open_kernel(LIBRARIES) as libraries,
        open_kernel() as bare,
    ):
        empty = memory_mb(bare.pid)
        share, others = memory_mb(ours.pid) - empty, memory_mb(libraries.pid) - empty
    what = "memory of one learner: a kernel's share (MB)"
    return Row(what, [share], {"ipywidgets, matplotlib": [others]})
