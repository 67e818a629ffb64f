"""An arq worker that is told instead of asking.

arq's data model and settings, another loop. All that a worker and Redis have to say to each other
is one visit (`visit.lua`): what ended is reported, what is due is claimed. A visit is made when a
job is added, when a slot frees, when something falls due, and now and then.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import arq.worker
from redis.exceptions import RedisError

from workers.attempt import Claim, Report, Rules, attempt, describe, readable_id
from workers.codec import printable
from workers.connection import COMMAND_TIMEOUT_S, Line, connect
from workers.contract import EVENTS_KEPT, NO_LIMIT, Event, Keys, Limit
from workers.handlers import Handlers, Happened
from workers.leases import LEASE_S, RENEW_S, Leases
from workers.stream import new_worker_name, tell

VISIT = Path(__file__).with_name("visit.lua").read_text()

#: idle, a worker looks at its queue this often: a client that wakes nobody may have added a job
POLL_S = 0.5
#: a lease of a worker that is well holds at least this long; who was away longer knows of nobody
WELL_S = LEASE_S - RENEW_S
#: after an outage, owners have this long to renew their leases before others take over their jobs
HOLD_OFF_S = 1.5 * RENEW_S
#: how long a cancelled job may take to end before it is left behind
CANCEL_S = 1.0

TROUBLE = (RedisError, OSError, asyncio.TimeoutError)

logger = logging.getLogger("workers")


class Worker(arq.worker.Worker):
    """A worker of one queue.

    Takes arq's settings, of which `poll_delay`, `burst`, `allow_abort_jobs`, `queue_read_limit` and
    cron jobs have no effect. `job_completion_wait` is how many seconds running jobs may go on after
    `leave()`. Its own are `url`, `limit`, `backoff_s`, the pause before the second attempt, doubled
    before each further one, and `handlers`.
    """

    def __init__(
        self,
        functions: Sequence[Any],
        *,
        url: str,
        queue_name: str,
        limit: Limit | None = None,
        backoff_s: float = 1.0,
        handlers: Handlers | None = None,
        **settings: Any,
    ) -> None:
        settings |= {"redis_pool": connect(url), "handle_signals": False}
        super().__init__(functions, queue_name=queue_name, **settings)
        self.name = new_worker_name()
        self.keys = Keys(queue_name)
        self.limit, self.handlers = limit or NO_LIMIT, handlers or Handlers()
        self.leases = Leases(url, queue_name, self.name, self._lease_lost)
        self._rules = Rules(
            self.functions,  # type: ignore[arg-type]  # there are no cron jobs among them
            self.max_tries,
            self.job_timeout_s,
            backoff_s,
        )
        self._radio = connect(url, socket_timeout=None)
        self._line = Line(self._radio, VISIT)
        self._wake = asyncio.Event()
        self._look_again_s = 0.0
        self._running: dict[str, asyncio.Task[None]] = {}
        self._ended: list[Report] = []
        self.left_behind: list[str] = []
        """Jobs that went back to the queue while their processor would not end."""
        self._visits = itertools.count(1)
        self._unanswered: tuple[int, list[Report]] | None = None
        self._troubles = 0
        self._last_answer = self._rescue_from = 0.0
        self._redis_ms = 0.0
        """What Redis' clock showed in the last answer."""
        self._leaving = self._given_up = False

    # ---- its life ------------------------------------------------------------------------------

    async def main(self) -> None:
        """Work until told to leave, let what runs end, and go.

        Raises RedisError when Redis cannot be reached to begin with; later it waits for it.
        """
        await self.pool.ping()
        self.ctx |= {"redis": self.pool, "queue": self.queue_name, "worker": self.name}
        if self.on_startup:
            await self.on_startup(self.ctx)
        await self._tell(Event.READY, max_jobs=self.max_jobs)
        listening = asyncio.create_task(self._listen())
        self.leases.start()
        try:
            while not self._has_left():
                alarm = self.loop.call_later(self._look_again_s, self._wake.set)
                await self._wake.wait()
                alarm.cancel()
                self._wake.clear()
                await self._visit()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await asyncio.to_thread(self.leases.stop)

    def leave(self) -> None:
        """Take no more jobs, let those that run end within `job_completion_wait`, go."""
        self._leaving = True
        self._saying_so = self.loop.create_task(self._tell(Event.DRAINING))
        self.loop.call_later(self._job_completion_wait, self._give_back)
        self._wake.set()

    def _give_back(self) -> None:
        for task in self._running.values():
            task.cancel()
        self.loop.call_later(CANCEL_S, self._give_up)

    def _give_up(self) -> None:
        self._given_up = True
        self.left_behind = list(self._running)  # these swallowed their cancellation
        for job_id in self.left_behind:
            self._returned(self.leases.held[job_id])
        self._wake.set()

    def _has_left(self) -> bool:
        # with Redis away there is nobody to give jobs back to: their leases will run out
        return self._leaving and (not self.leases.held or (self._given_up and self._troubles > 0))

    async def close(self) -> None:
        """Say goodbye and disconnect."""
        await self._tell(Event.CLOSED)
        with suppress(*TROUBLE):
            await self.pool.hdel(self.keys.max_jobs, self.name)  # type: ignore[misc]
            await self.pool.delete(self.health_check_key)
        if self.on_shutdown:
            await self.on_shutdown(self.ctx)
        await self._line.close()
        await self._radio.aclose()
        await self.pool.aclose()

    async def _listen(self) -> None:
        """Wake when a job is added. Our producers say so on the queue's channel; for stock arq
        clients the server does, if it was started with `notify-keyspace-events Ez`."""
        database = self._radio.connection_pool.connection_kwargs.get("db", 0)
        while True:
            with suppress(*TROUBLE):
                async with self._radio.pubsub() as radio:
                    await radio.subscribe(self.keys.wake, f"__keyevent@{database}__:zadd")
                    async for _ in radio.listen():
                        self._wake.set()
            await asyncio.sleep(POLL_S)

    # ---- a visit -------------------------------------------------------------------------------

    async def _visit(self) -> None:
        again = self._unanswered is not None
        if self._unanswered is None:
            self._unanswered, self._ended = (next(self._visits), self._ended), []
        number, reports = self._unanswered
        free = self.max_jobs - len(self.leases.held) + len(reports)
        now = time.monotonic()
        if now - self._last_answer > WELL_S:  # just started, slept, or Redis was away
            self._rescue_from = now + HOLD_OFF_S
        redis_ms = self._redis_ms + (now - self._last_answer) * 1000  # there, as we send this
        arguments = [
            self.name,
            number,
            int(LEASE_S * 1000),
            0 if again or self._leaving else max(0, free),
            int(redis_ms + RENEW_S * 1000) if now >= self._rescue_from else 0,
            self.limit.max,
            int(self.limit.per_s * 1000),
            int((self.keep_result_s or 0) * 1000),
            EVENTS_KEPT,
            *(field for report in reports for field in report.fields()),
        ]
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT_S):
                answer = await self._line.run(self.queue_name, arguments)
        except TROUBLE as trouble:
            await self._in_trouble(trouble)
            return
        self._unanswered, self._last_answer = None, time.monotonic()
        self._redis_ms = float(answer[0])
        if self._redis_ms > redis_ms + RENEW_S * 1000:  # it slept, or its clock was set
            self._rescue_from = self._last_answer + HOLD_OFF_S
        self._take_in(reports, *answer)
        if again:  # what has ended since, and what is due, was no part of it
            self._wake.set()
        if self._troubles:
            await self._out_of_trouble()
        with suppress(*TROUBLE):
            await self.record_health()

    def _take_in(
        self,
        reports: list[Report],
        at: bytes,
        claimed: list[Any],
        look_again_ms: bytes | None,
        max_jobs: bytes | None,
        lost: list[bytes],
    ) -> None:
        now_ms = float(at)
        lost_ids = {readable_id(job_id) for job_id in lost}
        for report in reports:
            del self.leases.held[report.claim.id]
            self._announce(report, report.claim.id in lost_ids)
        for job_id, number, data, score in claimed:
            self._start(Claim(readable_id(job_id), number, data, int(float(score)), now_ms))
        if max_jobs and int(max_jobs) != self.max_jobs:
            self.max_jobs = int(max_jobs)
            logger.info("[worker] max_jobs is now %d", self.max_jobs)
            self._wake.set()
        self._look_again_s = POLL_S
        if look_again_ms and not self._leaving:
            due_s = (float(look_again_ms) - now_ms) / 1000
            self._look_again_s = min(POLL_S, max(0.0, due_s))

    def _start(self, claim: Claim) -> None:
        self.leases.held[claim.id] = claim
        self._running[claim.id] = self.loop.create_task(self._run(claim))

    async def _run(self, claim: Claim) -> None:
        try:
            report = await attempt(claim, self._rules, self.ctx, self.queue_name)
        except asyncio.CancelledError:
            self._returned(claim)
        else:
            self._end(report)

    def _returned(self, claim: Claim) -> None:
        self._end(Report(claim, "returned", claim.score))

    def _end(self, report: Report) -> None:
        """An attempt is over: its slot is free, and the next visit reports it."""
        if self._running.pop(report.claim.id, None):
            self._ended.append(report)
            self._wake.set()

    def _lease_lost(self, claim: Claim) -> None:
        self.loop.call_soon_threadsafe(self._stop, claim)

    def _stop(self, claim: Claim) -> None:
        """Another worker has this job: ours is told to stop, and its report will be refused."""
        if self.leases.held.get(claim.id) is claim and claim.id in self._running:
            self._running[claim.id].cancel()

    # ---- what it says --------------------------------------------------------------------------

    def _announce(self, report: Report, lost: bool) -> None:
        job, number = printable(self.keys.number(report.claim.id)), report.claim.attempt
        if lost:
            error = RuntimeError(f"the lease of job {job} was lost, its result is dropped")
            self.handlers.tell(Happened(Event.ERROR, job, number, error))
        elif report.outcome == "completed":
            self.jobs_complete += 1
            self.handlers.tell(Happened(Event.COMPLETED, job, number))
        elif report.outcome == "returned":
            self.handlers.tell(Happened(Event.RETURNED, job, number))
        else:
            final = report.outcome == "failed"
            self.jobs_failed += final
            self.jobs_retried += not final
            self.handlers.tell(Happened(Event.FAILED, job, number, report.error, final))

    async def _tell(self, event: Event, **fields: Any) -> None:
        """Write an event of the worker's own to the queue's stream, if Redis is there."""
        with suppress(*TROUBLE):
            await tell(self.pool, self.keys, self.name, event, **fields)

    async def _in_trouble(self, trouble: BaseException) -> None:
        self._troubles += 1
        if self._troubles == 1:
            self.handlers.tell(Happened(Event.ERROR, error=trouble))
        self._trouble = trouble
        self._look_again_s = 0.0
        await asyncio.sleep(min(0.1 * 2 ** min(self._troubles, 5), 2.0))

    async def _out_of_trouble(self) -> None:
        self._troubles = 0
        self._rescue_from = time.monotonic() + HOLD_OFF_S
        logger.info("[worker] Redis is back")
        await self._tell(Event.ERROR, error=describe(self._trouble))
