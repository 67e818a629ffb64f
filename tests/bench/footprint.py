"""What it costs to have it there: CPU while idle, memory of one learner."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import psutil

from lessonkit.batch import Batch, run_batch
from lessonkit.processes import WorkerProcess
from lessonkit.queue import Queue
from lessonkit.server import open_server
from tests.bench.bench import Bench
from tests.bench.compare import Figures, Row, Target, row, say
from workers.connection import connect
from workers.contract import EMAIL

IDLE_S = 5.0


async def idle(bench: Bench) -> list[Row]:
    """CPU of a worker that has nothing to do."""
    say(f"idle CPU: all at once, {IDLE_S:g} s")
    async with bench.crews(*bench.all, slots=5) as crews:
        await asyncio.sleep(1)
        before = {name: _cpu_s(crew.workers[0].pid) for name, crew in crews.items()}
        await asyncio.sleep(IDLE_S)
        found: Figures = {
            name: [100 * (_cpu_s(crew.workers[0].pid) - before[name]) / IDLE_S]
            for name, crew in crews.items()
        }
    return [row("CPU of an idle worker (% of a core)", found, Target(most=1))]


def _cpu_s(pid: int) -> float:
    """CPU time of a process. Linux knows it to the nanosecond, thread by thread."""
    try:
        with contextlib.ExitStack() as stack:
            files = [
                stack.enter_context(Path(f"/proc/{pid}/task/{thread.id}/schedstat").open())
                for thread in psutil.Process(pid).threads()
            ]
            return sum(int(file.read().split()[0]) for file in files) / 1e9
    except OSError:
        times = psutil.Process(pid).cpu_times()
        return times.user + times.system


async def memory(bench: Bench) -> list[Row]:
    """What one learner adds to a machine: server, guard and worker, after a run."""
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
            megabytes = {name: [_mb(pid)] for name, pid in parts.items()}
    finally:
        await redis.aclose(close_connection_pool=True)
        await server.stop()
    total = [sum(figures[0] for figures in megabytes.values())]
    return [Row("memory of one learner beside the kernel (MB)", total, megabytes, Target(most=90))]


def _mb(pid: int) -> float:
    """Proportional set size where the system knows it, else unique or resident."""
    full = psutil.Process(pid).memory_full_info()
    return float(getattr(full, "pss", 0) or getattr(full, "uss", 0) or full.rss) / 1e6
