"""Two accounts of the same jobs, held against each other: what a queue's events tell, and what the
jobs did in the world.

Nothing is lost if every acknowledged job ended, completed or failed, once; nothing is doubled in
silence if each execution after the first has its event.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from pathlib import Path

from redis.exceptions import RedisError

from workers.contract import State

JOBS = Path(__file__).with_name("ledger_jobs.py")
TROUBLE = (RedisError, OSError, asyncio.TimeoutError)

#: after one of these a job may run once more
AGAIN = ("stalled", "retrying", "returned")


class Ledger:
    def __init__(self, queue, effects):
        self.queue, self.effects_path = queue, effects
        self.jobs = []
        """The numbers of the jobs whose adding was acknowledged."""
        self.events = []
        """All that the queue told. A capped stream forgets, so it is read as it grows."""
        self._reading = asyncio.Lock()

    # ---- while it goes on ----------------------------------------------------------------------

    async def add(self, payloads):
        """Add jobs, over and over until that is acknowledged."""
        while True:
            try:
                self.jobs += await self.queue.add_many(payloads)
                return
            except TROUBLE:
                await asyncio.sleep(0.1)

    async def read(self):
        """Read what is new, if the server answers."""
        async with self._reading:
            with suppress(*TROUBLE):
                while new := await self.queue.read_events(self._last_id):
                    self.events += new

    @property
    def _last_id(self):
        return self.events[-1].id if self.events else "0-0"

    async def all_ended(self):
        await self.read()
        return not self.unended

    @property
    def unended(self):
        ended = {event.job for event in self.events if event.ends}
        return [job for job in self.jobs if job not in ended]

    # ---- the balance ---------------------------------------------------------------------------

    def count(self, *names):
        return Counter(event.job for event in self.events if event.event in names)

    def effects(self, what):
        """(job, attempt, pid) of each that began, or is done."""
        text = self.effects_path.read_text() if self.effects_path.exists() else ""
        rows = [line.split(" ") for line in text.splitlines()]
        return [(job, int(n), int(pid)) for kind, job, n, pid in rows if kind == what]

    async def faults(self):
        """What does not balance, in words; nothing if all does."""
        told = (await self.queue.redis.xinfo_stream(self.queue.keys.events))["entries-added"]
        await self.read()
        found = [f"job {job} has not ended" for job in self.unended]
        entries = len({event.id for event in self.events})
        if entries < told:
            found.append(f"{entries} of {told} entries of the stream were read")
        ends = Counter(event.job for event in self.events if event.ends)
        found += [f"job {job} ended {n} times" for job, n in ends.items() if n > 1]
        began, again = Counter(job for job, _, _ in self.effects("began")), self.count(*AGAIN)
        found += [
            f"job {job} ran {n} times, and {again[job]} events say why"
            for job, n in began.items()
            if n > 1 + again[job]
        ]
        active = Counter(
            (e.job, e.attempt, int(e.worker.partition("@")[0]))
            for e in self.events
            if e.event == "active"
        )
        untold = Counter(self.effects("began")) - active
        found += [f"job {job}: no event tells of attempt {n} by {pid}" for job, n, pid in untold]
        return found + await self._results() + await self._left()

    async def _results(self):
        """Whether the queue says of each job what its events and its effects say."""
        found = []
        last = {event.job: event for event in self.events if event.ends}
        done = {(job, attempt) for job, attempt, _ in self.effects("done")}
        for job in self.jobs:
            state = await self.queue.state(job)
            if state is None or job not in last:
                found.append(f"job {job} has no {'result' if job in last else 'ending'}")
            elif str(last[job].event) != state.state:
                found.append(f"job {job} is {state.state}, its last event {last[job].event}")
            elif state.state == State.COMPLETED and (job, state.attemptsMade) not in done:
                found.append(f"job {job} is completed, but was not done")
        return found

    async def _left(self):
        """What ended jobs have left in the queue."""
        keys, redis = self.queue.keys, self.queue.redis
        left = {
            "queued": await redis.zcard(keys.queue),
            "active": await redis.zcard(keys.active),
            "processed": await redis.hlen(keys.processed),
        }
        return [f"{n} jobs are left in {name}" for name, n in left.items() if n]
