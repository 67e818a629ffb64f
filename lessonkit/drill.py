"""Run it: the worker that has a job is killed, and another one takes the job over."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from redis.exceptions import RedisError

from lessonkit import background
from lessonkit.attempts import attempts_of, first_enqueue_ms, shifts_of
from lessonkit.batch import welcome_emails
from lessonkit.child import started
from lessonkit.errors import RunTimedOut, WorkerDied
from lessonkit.events import QueueEvent
from lessonkit.processes import WorkerProcess
from lessonkit.progress import CellProgress
from lessonkit.queue import Queue
from lessonkit.rescues import Drill, Kill, LeaseSample, RescueResult
from lessonkit.session import Lab
from workers.contract import Event

#: how often a drill is looked at
TICK_S = 0.05
#: longer than any lease; see `workers.leases`
LEASE_PATIENCE_S = 10.0

Watcher = Callable[[RescueResult], None]


def _ignore(_: object) -> None:
    pass


async def play(plan: Drill, crew: Crew) -> None:
    """One email, and a signal for each worker that has it, as often as planned."""
    await crew.add_email()
    for _ in range(plan.kills):
        if await crew.until_it_was_sent_for(plan.kill_at_s):
            await crew.kill()
    await crew.until_it_has_ended()


async def rescue(
    lab: Lab,
    *,
    seconds: float = 1.5,
    kill_at_s: float = 1.2,
    kills: int = 1,
    workers: int | None = None,
    signum: signal.Signals = signal.SIGKILL,
) -> RescueResult:
    """Send one email with several workers, kill the one that has it, and see who sends it.

    The settings are those of `Drill`; `workers` is one more than `kills` if it is not given. Raises
    BadSetting for one that makes no sense, and WorkerDied, ProcessDidNotStart, RunTimedOut,
    RunStopped or ServerLost when the run cannot end.
    """
    if workers is None:
        workers = kills + 1 if isinstance(kills, int) and kills > 0 else 2
    plan = Drill(seconds, kill_at_s, kills, workers, signum)
    with CellProgress() as progress:
        running = run_rescue(lab, plan, on_change=lambda result: progress.phase(result.stage))
        return await background.join(running, progress.show)


async def run_rescue(
    lab: Lab,
    plan: Drill,
    *,
    on_crew: Callable[[Crew], None] = _ignore,
    on_change: Watcher = _ignore,
    on_output: Callable[[str], None] = _ignore,
) -> RescueResult:
    """Play `plan` with fresh workers on a queue of its own, on the background loop. However it
    ends, the workers are gone then, and the queue is. `on_crew` is told who can be killed."""
    async with lab.own_queue() as (queue, url):
        options: dict[str, Any] = {"max_jobs": 1, "grace_s": 0, "on_output": on_output}
        workers = [WorkerProcess(queue, url, **options, says_pid=True) for _ in range(plan.workers)]
        crew = Crew(plan, queue, workers)
        with lab.known(workers):
            following = asyncio.create_task(crew.follow(on_change))
            try:
                async with started(workers), crew.sleepers:
                    on_crew(crew)
                    async with asyncio.timeout(crew.patience_s):
                        await play(plan, crew)
                        await crew.wake_sleepers()
                result = await crew.look(over=True)
            except TimeoutError:
                raise crew.trouble(RunTimedOut, waited_s=crew.patience_s) from None
            finally:
                following.cancel()
        on_change(result)
        return result


class Crew:
    """The workers of a drill, the email that they have to send, and what happens to both."""

    def __init__(self, plan: Drill, queue: Queue, workers: Sequence[WorkerProcess]) -> None:
        self._plan, self._queue, self._workers = plan, queue, workers
        self._gone: set[int] = set()
        self._kills: list[tuple[int, float, float]] = []
        self._lease: list[tuple[float, float, int | None]] = []
        self._job = ""
        self._seen = RescueResult(plan)
        self.sleepers = contextlib.AsyncExitStack()

    @property
    def patience_s(self) -> float:
        """How long it may take on a machine that keeps up at all."""
        plan = self._plan
        return 30 + plan.workers * (LEASE_PATIENCE_S + 5 * plan.seconds)

    @property
    def can_kill(self) -> bool:
        """Whether a worker has the email, and another one would be left."""
        running, left = self._seen.running, len(self._workers) - len(self._gone)
        return running is not None and running.pid not in self._gone and left > 1

    async def add_email(self) -> None:
        (self._job,) = await self._queue.add_many(welcome_emails(1, self._plan.seconds))

    async def until_it_was_sent_for(self, seconds: float) -> bool:
        """Wait until a worker has been sending the email for so long; False when it ended first."""
        while not (running := self._seen.running):
            if await self._has_ended():
                return False
        due_s = running.started_s + seconds
        while self._seen.running == running and due_s - self._seen.now_s > TICK_S:
            await self._tick()
        if self._seen.running == running:
            await asyncio.sleep(max(0.0, due_s - (await self.look()).now_s))
        return (await self.look()).running == running

    async def until_it_has_ended(self) -> None:
        """Wait until the email was sent or has failed. Raises WorkerDied when a worker ended that
        nobody killed."""
        while not await self._has_ended():
            pass

    async def kill(self) -> Kill | None:
        """Send the signal to the worker that has the email; None when no worker has it, or when
        it is the last one that is there."""
        running = self._seen.running
        if running is None or not self.can_kill:
            return None
        victim = next(each for each in self._workers if each.pid == running.pid)
        self._gone.add(victim.pid)
        at_ms = await self._now_ms()
        if self._plan.signum == signal.SIGSTOP:
            await self.sleepers.enter_async_context(victim.asleep())
        else:
            victim.send_signal(self._plan.signum)
            await victim.wait()
        # now that it renews no more
        left_ms, owner = await self._lease_at(at_ms)
        self._kills.append((victim.pid, at_ms, left_ms if owner == victim.pid else 0.0))
        await self.look()
        return self._seen.kills[-1]

    async def wake_sleepers(self) -> None:
        """Wake those that were stopped, and wait until their reports were refused."""
        await self.sleepers.aclose()
        sleepers = len(self._kills) if self._plan.signum == signal.SIGSTOP else 0
        while len(self._seen.refusals_s) < sleepers:
            await self._tick()

    async def follow(self, on_change: Watcher) -> None:
        """Call `on_change` with how the drill stands, over and over."""
        while True:
            with contextlib.suppress(RedisError, OSError):  # whoever plays it is told
                on_change(await self.look())
            await asyncio.sleep(TICK_S)

    async def look(self, *, over: bool = False) -> RescueResult:
        """How the drill stands."""
        events = await self._queue.read_events()
        now_ms, zero_ms = await self._now_ms(), first_enqueue_ms(events)
        known: dict[str, Any] = {"shifts": shifts_of(events), "outputs": self._outputs(events)}
        if zero_ms is not None:
            if self._job and not over:
                self._lease.append((now_ms, *await self._lease_at(now_ms)))
            end_ms = max(event.at_ms for event in events) if over else now_ms
            known |= {"now_s": (end_ms - zero_ms) / 1000, "attempts": attempts_of(events)}
            known["kills"] = tuple(
                Kill(pid, (at_ms - zero_ms) / 1000, left_ms / 1000)
                for pid, at_ms, left_ms in self._kills
            )
            known["lease"] = tuple(
                LeaseSample((at_ms - zero_ms) / 1000, left_ms / 1000, pid)
                for at_ms, left_ms, pid in sorted(self._lease, key=itemgetter(0))
            )
            known |= _troubles(events, zero_ms)
        self._seen = RescueResult(self._plan, over=over, **known)
        return self._seen

    def trouble(
        self, kind: type[RunTimedOut] | type[WorkerDied], **data: Any
    ) -> RunTimedOut | WorkerDied:
        """An error that says how far the drill was."""
        tail = next((w.tail() for w in self._workers if w.pid not in self._gone), "")
        return kind(done=0, jobs=1, log_tail=tail, **data)

    async def _has_ended(self) -> bool:
        await self._tick()
        return bool(self._job) and not any((await self._queue.counts()).values())

    async def _tick(self) -> None:
        await asyncio.sleep(TICK_S)
        for worker in self._workers:
            if not worker.running and worker.pid not in self._gone:
                raise self.trouble(WorkerDied, how=worker.how_it_ended)

    async def _now_ms(self) -> float:
        seconds, micros = await self._queue.redis.time()
        return float(seconds * 1000 + micros / 1000)

    async def _lease_at(self, at_ms: float) -> tuple[float, int | None]:
        """How much of the email's lease was left then, in ms, and which process has it."""
        key = f"arq:in-progress:{self._queue.keys.job(self._job)}"
        async with self._queue.redis.pipeline(transaction=True) as pipe:
            pipe.time()
            pipe.pttl(key)
            pipe.get(key)
            (seconds, micros), left_ms, owner = await pipe.execute()
        if owner is None:
            return 0.0, None
        until_ms = seconds * 1000 + micros / 1000 + left_ms
        return max(0.0, until_ms - at_ms), int(owner.partition(b"@")[0])

    def _outputs(self, events: Sequence[QueueEvent]) -> tuple[str, ...]:
        outputs = {worker.pid: worker.output for worker in self._workers if worker.begun}
        return tuple(outputs.get(shift.pid, "") for shift in shifts_of(events))


def _troubles(events: Sequence[QueueEvent], zero_ms: float) -> dict[str, Any]:
    refused = [each.at_ms for each in events if each.event == Event.ERROR and each.job]
    failed = (each.error for each in events if each.event == Event.FAILED and each.final)
    refusals_s = tuple((at_ms - zero_ms) / 1000 for at_ms in refused)
    return {"refusals_s": refusals_s, "error": next(failed, "")}
