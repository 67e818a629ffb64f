"""A queue library under measurement: its worker processes and its producer, spoken to over pipes.

Each is a script that is called as `… producer URL` or `… worker URL SLOTS [OPTION ...]`; both say
`ready`. A producer reads `nap FIRST COUNT SECONDS` or `nop FIRST COUNT`, adds such jobs, and says
when it began. A worker waits for a line, works, and prints `NUMBER START END` for each nap it ran.
Times are seconds since the epoch. Both go when their input ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis

from tests.bench.usage import cpu_s

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
#: how soon, and how late, a crew at work is looked at again
SHORT_S, LONG_S = 0.005, 0.25


@dataclass(frozen=True)
class Contender:
    """What can be measured. `left` are the keys whose members are the jobs that have not ended."""

    name: str
    command: tuple[str, ...]
    left: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    """Further arguments for its workers."""
    poll_s: float = 0.0
    """How long it may sleep while there is work."""
    rate_per_s: int = 1000
    """About how many no-op jobs it does; says how many are enough to measure it."""

    async def count_left(self, redis: Redis) -> int:
        async with redis.pipeline(transaction=True) as pipe:
            for key in self.left:
                pipe.llen(key) if key.startswith("bull:") else pipe.zcard(key)
            return sum(await pipe.execute())

    async def start_producer(self, url: str) -> asyncio.subprocess.Process:
        return await self._start("producer", url)

    async def start_worker(self, url: str, slots: int) -> asyncio.subprocess.Process:
        return await self._start("worker", url, str(slots), *self.options)

    async def _start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.command,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | dict(self.environment),
        )

    @contextlib.asynccontextmanager
    async def crew(self, url: str, slots: int, processes: int = 1) -> AsyncIterator[Crew]:
        """A producer and workers that are ready; afterwards they and their jobs are gone."""
        begun = [self.start_worker(url, slots) for _ in range(processes)]
        producer, *workers = await asyncio.gather(self.start_producer(url), *begun)
        redis = Redis.from_url(url)
        try:
            for process in (producer, *workers):
                await _line(process, "ready")
            yield Crew(self, producer, workers, redis)
        finally:
            for process in (producer, *workers):
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            await redis.flushall()
            await redis.aclose()


class Drain(NamedTuple):
    """How a crew did many jobs."""

    rate_per_s: float
    cores: float
    """CPU seconds a second that the workers and their server took"""
    watching: float
    """and that the bench took meanwhile"""


@dataclass
class Crew:
    """Processes of one contender on one server, in which nothing else is."""

    contender: Contender
    producer: asyncio.subprocess.Process
    workers: list[asyncio.subprocess.Process]
    redis: Redis
    _added: int = 0

    async def add_naps(self, count: int, seconds: float) -> float:
        """Add jobs that sleep; answers when that began."""
        return await self._ask(f"nap {self._added} {count} {seconds}", count)

    async def add_nops(self, count: int) -> float:
        """Add jobs that do nothing; answers when that began."""
        return await self._ask(f"nop {self._added} {count}", count)

    async def _ask(self, command: str, count: int) -> float:
        self._added += count
        assert self.producer.stdin
        self.producer.stdin.write(f"{command}\n".encode())
        return float(await _line(self.producer))

    def go(self) -> None:
        """Have the workers begin."""
        for worker in self.workers:
            assert worker.stdin
            worker.stdin.write(b"go\n")

    async def naps(self, count: int) -> list[tuple[float, float]]:
        """Start and end of the last so many jobs, in the order they were added, by one worker.

        Some contenders now and then run a job twice: its first run counts.
        """
        found: dict[int, tuple[float, float]] = {}
        wanted = range(self._added - count, self._added)
        while len(found) < count:
            number, start, end = (await _line(self.workers[0])).split()
            if int(number) in wanted:
                found.setdefault(int(number), (float(start), float(end)))
        return [found[number] for number in wanted]

    async def warm_up(self) -> None:
        """Have the workers begin, and run a few jobs, so that no first time is measured."""
        self.go()
        await self.add_naps(5, 0)
        await self.naps(5)

    async def settle(self) -> None:
        """Let a moment pass, so that what follows falls anywhere between two polls."""
        await asyncio.sleep(0.1 + self.contender.poll_s * random.random())

    def pause(self) -> None:
        """Stop the workers, which have nothing to do, so that they cost others nothing."""
        for worker in self.workers:
            worker.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Have paused workers go on, all at once."""
        for worker in self.workers:
            worker.send_signal(signal.SIGCONT)

    async def turn(self, jobs: int, until_left: int = 0) -> Drain:
        """Give so many jobs to workers that are paused, and watch them do as many."""
        await self.add_nops(jobs)
        self.resume()
        try:
            return await self.drain(jobs, until_left)
        finally:
            self.pause()

    async def drain(self, jobs: int, until_left: int = 0) -> Drain:
        """Watch the workers do so many jobs. A tenth of them are over before the clock starts:
        workers do not begin alike."""
        server = (await self.redis.info("server"))["process_id"]
        pids = [server, *(worker.pid for worker in self.workers)]
        first: tuple[float, int, float, float] | None = None
        deadline = time.perf_counter() + PATIENCE_S
        pause_s = SHORT_S
        while True:
            left = await self.contender.count_left(self.redis) - until_left
            now = time.perf_counter()
            if not first and left <= 0.9 * jobs:
                first = now, left, cpu_s(*pids), time.process_time()
            elif first and left <= 0:
                took_s, cpu_before_s, own_before_s = now - first[0], *first[2:]
                return Drain(
                    rate_per_s=(first[1] - left) / took_s,
                    cores=(cpu_s(*pids) - cpu_before_s) / took_s,
                    watching=(time.process_time() - own_before_s) / took_s,
                )
            elif first and left < first[1]:
                # whoever watches takes of the same cores: look again when half of it is over
                pause_s = (now - first[0]) / (first[1] - left) * left / 2
            if now > deadline or any(each.returncode is not None for each in self.workers):
                raise TimeoutError(f"{self.contender.name} has {left} of {jobs} jobs left")
            await asyncio.sleep(min(max(pause_s, SHORT_S), LONG_S))


async def _line(process: asyncio.subprocess.Process, wanted: str = "") -> str:
    """The process' next line, or the next that is `wanted`."""
    assert process.stdout
    while True:
        line = await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)
        if not line:
            raise RuntimeError(f"a process of the bench ended with {await process.wait()}")
        text = line.decode().strip()
        if not wanted or text == wanted:
            return text
