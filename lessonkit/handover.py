"""Run it: a worker leaves in the middle of its work, and the next one takes over."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from redis.exceptions import RedisError

from lessonkit import background
from lessonkit.attempts import attempts_of, first_enqueue_ms, jobs_of, shifts_of
from lessonkit.batch import welcome_emails
from lessonkit.errors import RunTimedOut, WorkerDied
from lessonkit.outcomes import Handover, HandoverResult, Outcome
from lessonkit.processes import WorkerProcess
from lessonkit.progress import CellProgress
from lessonkit.queue import Queue
from lessonkit.session import Lab

#: how often a run is looked at
TICK_S = 0.05

StartWorker = Callable[[float], Awaitable[WorkerProcess]]
Watcher = Callable[[HandoverResult], None]


def _ignore(_: object) -> None:
    pass


async def deploy(
    settings: Handover,
    queue: Queue,
    start_worker: StartWorker,
    watch: Watch,
) -> None:
    """What a deployment does: the old worker is told to leave, then a new one is started."""
    first = await start_worker(settings.grace_s)
    await queue.add_many(welcome_emails(settings.jobs, settings.seconds))
    await asyncio.sleep(settings.signal_at_s)
    await watch.note_signal()
    first.send_signal(settings.signum)
    await first.wait()
    second = await start_worker(settings.grace_s)
    await watch.until_the_queue_is_empty()
    await second.stop()


async def hand_over(
    lab: Lab,
    *,
    jobs: int = 5,
    seconds: float = 0.8,
    max_jobs: int = 2,
    grace_s: float = 10.0,
    signal_at_s: float = 1.2,
    signum: signal.Signals = signal.SIGTERM,
) -> HandoverResult:
    """Send emails through one worker, tell it to leave, start another, and see what became of each.

    The settings are those of `Handover`. Raises BadSetting for one that makes no sense, and
    WorkerDied, ProcessDidNotStart, RunTimedOut, RunStopped or ServerLost when the run cannot end.
    """
    plan = Handover(jobs, seconds, max_jobs, grace_s, signal_at_s, signum)
    with CellProgress() as progress:
        running = run_handover(lab, plan, on_change=lambda result: progress.phase(result.stage))
        return await background.join(running, progress.show)


async def run_handover(
    lab: Lab,
    plan: Handover,
    *,
    on_change: Watcher = _ignore,
    on_output: Callable[[str], None] = _ignore,
) -> HandoverResult:
    """Play `plan` with two fresh workers on a queue of its own, on the background loop. However it
    ends, the workers are gone then, and the queue is."""
    workers: list[WorkerProcess] = []
    async with lab.own_queue() as (queue, url):
        with contextlib.ExitStack() as known:

            async def start_worker(grace_s: float) -> WorkerProcess:
                options: dict[str, Any] = {"max_jobs": plan.max_jobs, "grace_s": grace_s}
                options |= {"on_output": on_output, "says_pid": True}
                worker = WorkerProcess(queue, url, **options)
                known.enter_context(lab.known([worker]))
                workers.append(worker)
                await worker.start()
                return worker

            watch = Watch(plan, queue, workers)
            following = asyncio.create_task(watch.follow(on_change))
            try:
                async with asyncio.timeout(plan.patience_s):
                    await deploy(plan, queue, start_worker, watch)
                result = await watch.look(over=True)
            except TimeoutError:
                raise watch.trouble(RunTimedOut, waited_s=plan.patience_s) from None
            finally:
                following.cancel()
                await _end(workers)
        on_change(result)
        return result


async def _end(workers: Sequence[WorkerProcess]) -> None:
    """Nobody waits for the emails of a run that was stopped: no grace for its workers."""
    for worker in workers:
        if worker.running:
            worker.send_signal(signal.SIGKILL)
            await worker.wait()


class Watch:
    """Reads in the queue's stream what happens in a run."""

    def __init__(self, plan: Handover, queue: Queue, workers: Sequence[WorkerProcess]) -> None:
        self._plan, self._queue, self._workers = plan, queue, workers
        self._signal_ms: float | None = None
        self._seen = HandoverResult(plan)

    async def note_signal(self) -> None:
        """The signal is about to be sent. Raises WorkerDied when there is nobody to get it."""
        self._expect(self._workers[0])
        self._signal_ms = await self._now_ms()

    async def until_the_queue_is_empty(self) -> None:
        """Wait until no job waits or is run. Raises WorkerDied when the second worker has ended."""
        while any((await self._queue.counts()).values()):
            await self.look()
            self._expect(self._workers[-1])
            await asyncio.sleep(TICK_S)

    async def follow(self, on_change: Watcher) -> None:
        """Call `on_change` with how the run stands, over and over."""
        while True:
            with contextlib.suppress(RedisError, OSError):  # whoever plays the run is told
                on_change(await self.look())
            await asyncio.sleep(TICK_S)

    async def look(self, *, over: bool = False) -> HandoverResult:
        """How the run stands."""
        now_ms = await self._now_ms()
        events = await self._queue.read_events()
        zero_ms = first_enqueue_ms(events)
        known: dict[str, Any] = {
            "jobs": jobs_of(events),
            "attempts": attempts_of(events),
            "shifts": shifts_of(events),
            "outputs": tuple(worker.output for worker in self._workers),
        }
        if zero_ms is not None:
            end_ms = max(event.at_ms for event in events) if over else now_ms
            known["now_s"] = (end_ms - zero_ms) / 1000
            if self._signal_ms is not None:
                known["signal_s"] = (self._signal_ms - zero_ms) / 1000
                known["exit_code"] = self._workers[0].exit_code
        self._seen = HandoverResult(self._plan, over=over, **known)
        return self._seen

    def trouble(
        self, kind: type[RunTimedOut] | type[WorkerDied], **data: Any
    ) -> RunTimedOut | WorkerDied:
        """An error that says how far the run was."""
        jobs = self._plan.jobs
        done = len(self._seen.jobs) - self._seen.count(Outcome.OPEN)
        tail = self._workers[-1].tail() if self._workers else ""
        return kind(done=done, jobs=jobs, log_tail=tail, **data)

    def _expect(self, worker: WorkerProcess) -> None:
        if not worker.running:
            raise self.trouble(WorkerDied, how=worker.how_it_ended)

    async def _now_ms(self) -> float:
        seconds, micros = await self._queue.redis.time()
        return float(seconds * 1000 + micros / 1000)
