"""`python -m tests.faults.soak`: thousands of jobs, while workers and their server are killed at
random, and the ledger must balance in the end."""

import argparse
import asyncio
import contextlib
import os
import random
import secrets
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from lessonkit.queue import Queue
from lessonkit.server import open_server
from tests.faults.ledger import AGAIN, JOBS, Ledger
from workers.connection import connect
from workers.contract import EMAIL, servers_directory
from workers.lifeline import send_signal

#: after the last fault, all jobs must end within this time
PATIENCE_S = 60.0
SLOTS = 8


@dataclass(frozen=True)
class Plan:
    """What is done is the seed's; when exactly it hits is the machine's."""

    seed: int
    jobs: int = 10_000
    seconds: float = 120.0
    workers: int = 4

    def worker_faults(self):
        """(pause before it, number of the worker, signal, how long it sleeps)"""
        rng = random.Random(f"{self.seed} workers")
        signals = [signal.SIGKILL] * 5 + [signal.SIGTERM] * 2 + [signal.SIGSTOP] * 3
        while True:
            number, signum = rng.randrange(self.workers), rng.choice(signals)
            yield rng.uniform(0.2, 3), number, signum, rng.uniform(0.5, 6)

    def server_faults(self):
        """(pause before it, fault, how long it lasts)"""
        rng = random.Random(f"{self.seed} server")
        faults = ["kill", "kill", "sleep", "cut", "cut"]
        while True:
            yield rng.uniform(1, 6), rng.choice(faults), rng.uniform(0.5, 5)

    def emails(self):
        rng = random.Random(f"{self.seed} emails")
        for number in range(self.jobs):
            subject = rng.choices(["Welcome", "raise once", "raise"], [96, 3, 1])[0]
            # one in a hundred takes longer than its lease
            seconds = 4.0 if rng.random() < 0.01 else rng.uniform(0, 0.15)
            to = f"{number}@example.com"
            yield {"to": to, "subject": subject, "html": "<p>Hi</p>", "seconds": seconds}


class Soak:
    def __init__(self, plan, server, redis, say):
        self.plan, self.server, self.redis, self.say = plan, server, redis, say
        queue = Queue(EMAIL, redis, f"soak-{secrets.token_hex(4)}:")
        self.ledger = Ledger(queue, server.directory / "effects")
        self.workers = {}
        self.hits = dict.fromkeys(("SIGKILL", "SIGTERM", "SIGSTOP", "kill", "sleep", "cut"), 0)
        self.over = asyncio.Event()

    async def run(self):
        """What does not balance; nothing if all does."""
        plan = self.plan
        async with asyncio.TaskGroup() as group:  # one that fails ends all
            keeping = [group.create_task(self._keep(number)) for number in range(plan.workers)]
            watching = group.create_task(self._watch())
            harm = [group.create_task(each) for each in (self._hit_workers(), self._hit_server())]
            async with asyncio.timeout(plan.seconds + PATIENCE_S):
                await self._feed()
            self.over.set()
            await asyncio.wait(harm)
            deadline = time.monotonic() + PATIENCE_S
            while time.monotonic() < deadline:  # past it, the ledger says what has not ended
                if await self.ledger.all_ended():
                    break
                await asyncio.sleep(0.1)
            for task in (watching, *keeping):
                task.cancel()
        return await self.ledger.faults()

    # ---- what works ----------------------------------------------------------------------------

    async def _feed(self):
        """Add the jobs, a few or many at a time, over nine tenths of the time."""
        emails, rng = list(self.plan.emails()), random.Random(f"{self.plan.seed} feed")
        began = time.monotonic()
        while emails:
            due = self.plan.jobs * (time.monotonic() - began) / (0.9 * self.plan.seconds)
            while emails and self.plan.jobs - len(emails) < due:
                size = rng.choice((1, 1, 10, 100))
                await self.ledger.add(emails[:size])
                del emails[:size]
            await asyncio.sleep(0.05)
        await asyncio.sleep(max(0, began + self.plan.seconds - time.monotonic()))

    async def _keep(self, number):
        """Run a worker over and over, as a supervisor would, until cancelled; then let it leave."""
        options = ["--prefix", self.ledger.queue.keys.queue.removesuffix("email")]
        options += ["--limit", "off", "--backoff", "0.2", "--grace", "0.1"]
        options += ["--max-jobs", str(SLOTS), "--leave-with-parent"]
        environment = {"REDIS_URL": self.server.url, "LEDGER": str(self.ledger.effects_path)}
        while True:
            worker = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "workers", str(JOBS), *options),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env=os.environ | environment,
                start_new_session=True,
            )
            self.workers[number] = worker
            try:
                await worker.wait()
                await asyncio.sleep(0.2)
            finally:
                for signum in (signal.SIGTERM, signal.SIGCONT):
                    send_signal(worker, signum)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(worker.wait(), 10)
                send_signal(worker, signal.SIGKILL)

    # ---- what does harm ------------------------------------------------------------------------

    async def _hit_workers(self):
        waking = []
        for pause_s, number, signum, sleep_s in self.plan.worker_faults():
            if await self._over_within(pause_s):
                break
            worker = self.workers.get(number)
            if worker is None or worker.returncode is not None:
                continue
            send_signal(worker, signum)
            self.hits[signum.name] += 1
            if signum == signal.SIGSTOP:
                waking.append(asyncio.create_task(self._wake(worker, sleep_s)))
        await asyncio.gather(*waking)

    async def _wake(self, worker, sleep_s):
        await self._over_within(sleep_s)
        send_signal(worker, signal.SIGCONT)

    async def _hit_server(self):
        for pause_s, fault, lasts_s in self.plan.server_faults():
            if await self._over_within(pause_s):
                return
            if fault == "kill":
                await self.server.kill()
            elif fault == "sleep":
                process = psutil.Process((await self.redis.info("server"))["process_id"])
                process.suspend()
                await self._over_within(lasts_s)
                process.resume()
            else:
                for kind in ("normal", "pubsub"):
                    await self.redis.execute_command("CLIENT", "KILL", "TYPE", kind)
            self.hits[fault] += 1

    async def _over_within(self, seconds):
        """Wait so long, or until there is to be no more harm; answers whether that is so."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), seconds)
        return self.over.is_set()

    # ---- what is said --------------------------------------------------------------------------

    async def _watch(self):
        """Read the events as they come, and say how far it is."""
        began = said = time.monotonic()
        while True:
            await asyncio.sleep(0.2)
            await self.ledger.read()
            if time.monotonic() - said >= 5:
                said += 5
                self.say(f"{time.monotonic() - began:4.0f} s  {self}")

    def __str__(self):
        jobs = self.ledger.jobs
        hits = ", ".join(f"{n} × {name}" for name, n in self.hits.items() if n)
        return f"{len(jobs):,} jobs added, {len(jobs) - len(self.ledger.unended):,} ended; {hits}"

    def account(self):
        """How the executions come about."""
        ledger = self.ledger
        ended = {event.job: str(event.event) for event in ledger.events if event.ends}
        how = [ended.get(job) for job in ledger.jobs]
        again = [f"{ledger.count(name).total():,} {name}" for name in AGAIN]
        return (
            f"{len(how):,} jobs: {how.count('completed'):,} completed, {how.count('failed'):,} "
            f"failed. They were run {len(ledger.effects('began')):,} times. "
            f"Events say why again: {', '.join(again)}."
        )


async def soak(plan, say=print):
    """Run it; answers what does not balance."""
    say(f"seed {plan.seed}: {plan.jobs:,} jobs, {plan.workers} workers, {plan.seconds:g} s")
    server = await open_server("the soak", private=True)
    redis = connect(server.url)
    try:
        run = Soak(plan, server, redis, say)
        faults = await run.run()
        say(f"        {run}")
        say(run.account())
        return faults
    finally:
        await redis.aclose()
        await server.stop()


def main():
    parser = argparse.ArgumentParser("python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--jobs", type=int, default=Plan.jobs)
    parser.add_argument("--seconds", type=float, default=Plan.seconds)
    parser.add_argument("--workers", type=int, default=Plan.workers)
    plan = Plan(**vars(parser.parse_args()))
    # a socket's path must be short
    servers = Path(tempfile.mkdtemp(prefix="lks-", dir=servers_directory().parent))
    os.environ["LESSONKIT_SERVERS"] = str(servers / "servers")
    try:
        faults = asyncio.run(soak(plan))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        shutil.rmtree(servers, ignore_errors=True)
    for fault in faults[:20]:
        print(fault)
    if len(faults) > 20:
        print(f"… and {len(faults) - 20} more")
    if faults:
        print(f"The ledger does NOT balance. The same again: make soak ARGS='--seed {plan.seed}'")
    else:
        print("The ledger balances: nothing lost, and nothing doubled in silence.")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
