"""Run it: workers are killed in the middle of their jobs, others take over; what went out?"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError

from lessonkit import background
from lessonkit.attempts import first_enqueue_ms
from lessonkit.effects import EffectsResult, ProgramRun, jobs_with_effects, read_outbox
from lessonkit.errors import BadSetting, RunTimedOut, WorkerDied
from lessonkit.processes import WorkerProcess, started
from lessonkit.progress import CellProgress
from lessonkit.queue import Queue, QueueEvent
from lessonkit.session import STOP_GRACE_S, Lab
from workers.contract import EmailPayload

#: how often a run is looked at
TICK_S = 0.05
#: a lease is 3 s, and what is rescued is sent one after the other
PATIENCE_S = 40.0
#: a processor that raises is soon tried again
BACKOFF_S = 0.1

#: a worker that runs a program of somebody's until so many emails were sent, and is killed then
DOOMED = Path(__file__).parents[1] / "workers" / "doomed.py"

Watcher = Callable[[ProgramRun], None]


def _ignore(_: object) -> None:
    pass


def orders(count: int, seconds: float = 0.2) -> list[EmailPayload]:
    """Emails about the orders of one customer; for each the outbox takes `seconds`."""
    return [
        EmailPayload(
            to="ada@example.com",
            subject=f"Your order {number}",
            html="<p>Thank you. It is on its way.</p>",
            seconds=seconds,
        )
        for number in range(1, count + 1)
    ]


async def count_effects(
    lab: Lab,
    *programs: str | Path,
    emails: Sequence[EmailPayload] | None = None,
    crash_after: Sequence[int] = (),
) -> EffectsResult:
    """Have workers run `programs`, all at the same time, and count what is in each one's outbox.

    A program is a file with `WorkerSettings`, by its name in `lab.directory` ("plain" is
    `plain.py`) or by its path. Each gets a queue, an outbox, the `emails`, and a worker; when that
    is killed, another one. With `crash_after`, so many emails after which a worker is killed, there
    is a worker to kill for each number. By default there is one email to each of these workers.

    Raises BadSetting for a program that is not there, ProcessDidNotStart for one that cannot be
    used, and WorkerDied, RunTimedOut, RunStopped or ServerLost when the run cannot end.
    """
    paths = [find_program(lab, program) for program in programs]
    if not paths:
        raise BadSetting(name="programs", value=programs, wanted="the name of one program or more")
    sent = orders(max(1, len(crash_after))) if emails is None else list(emails)
    with CellProgress() as progress:

        async def all_of_them() -> EffectsResult:
            works = [
                run_program(
                    lab, path, sent, crash_after, on_change=lambda run: progress.phase(run.stage)
                )
                for path in paths
            ]
            return EffectsResult(tuple(await background.together(*works)))

        return await background.join(all_of_them(), progress.show)


def find_program(lab: Lab, program: str | Path) -> Path:
    """The file of a program. Raises BadSetting when there is none."""
    path = lab.directory / program
    if path.suffix != ".py":
        path = path.with_name(path.name + ".py")
    if not path.is_file():
        saved = sorted(each.stem for each in lab.directory.glob("*.py"))
        wanted = f"one of {', '.join(saved)}" if saved else "one that a cell has saved"
        raise BadSetting(name="program", value=str(program), wanted=wanted)
    return path


async def run_program(
    lab: Lab,
    program: Path,
    emails: Sequence[EmailPayload],
    crash_after: Sequence[int] = (),
    *,
    on_change: Watcher = _ignore,
    on_output: Callable[[str], None] = _ignore,
) -> ProgramRun:
    """What `count_effects` does with one program, on the background loop. However it ends, the
    workers are gone then, and the queue is. The outbox stays until the session is closed."""
    outboxes = lab.directory / "outbox"
    outboxes.mkdir(exist_ok=True)
    outbox = Path(tempfile.mkdtemp(prefix=f"{program.stem}-", dir=outboxes))
    async with lab.own_queue() as (queue, url):
        output: list[str] = []

        def take(line: str) -> None:
            output.append(line)
            on_output(line)

        def worker(crash: int | None = None) -> WorkerProcess:
            environment = {"OUTBOX": str(outbox)}
            if crash is not None:
                environment |= {"PROGRAM": str(program), "CRASH_AFTER": str(crash)}
            options: dict[str, Any] = {"max_jobs": 1, "grace_s": STOP_GRACE_S}
            options |= {"backoff_s": BACKOFF_S, "on_output": take, "says_pid": True}
            options |= {"program": program if crash is None else DOOMED}
            return WorkerProcess(queue, url, environment=environment, **options)

        first = [worker(crash) for crash in crash_after] or [worker()]
        relief = worker()
        watch = Watch(program.stem, queue, (*first, relief), emails, outbox, on_change)
        with lab.known([*first, relief]):
            following = asyncio.create_task(watch.follow())
            try:
                async with asyncio.timeout(PATIENCE_S):
                    async with started(first):
                        await queue.add_many(emails)
                        await watch.until(lambda: not any(each.running for each in first))
                        if not watch.empty:
                            async with relief:
                                await watch.until(lambda: not relief.running)
            except TimeoutError:
                raise watch.trouble(RunTimedOut, waited_s=PATIENCE_S) from None
            finally:
                following.cancel()
        if not watch.empty:
            raise watch.trouble(WorkerDied, how=relief.how_it_ended)
        run = await watch.look(over=True)
        run = ProgramRun(**vars(run) | {"output": "\n".join(output)})
        on_change(run)
        return run


class Watch:
    """Reads in the queue's stream and in the outbox how a run stands."""

    def __init__(
        self,
        program: str,
        queue: Queue,
        workers: Sequence[WorkerProcess],
        emails: Sequence[EmailPayload],
        outbox: Path,
        on_change: Watcher,
    ) -> None:
        self._queue, self._workers, self._on_change = queue, workers, on_change
        self._program, self._emails, self._outbox = program, emails, outbox
        self._gone_ms: dict[int, float] = {}
        self._seen = ProgramRun(program, ())
        self.empty = False
        """Whether all jobs have ended."""

    async def until(self, fact: Callable[[], bool]) -> None:
        """Wait until this is so, or all jobs have ended."""
        while not (self.empty or fact()):
            await asyncio.sleep(TICK_S)
            self.empty = not any((await self._queue.counts()).values())

    async def follow(self) -> None:
        """Tell how the run stands, over and over."""
        while True:
            with contextlib.suppress(RedisError, OSError):  # whoever plays the run is told
                self._on_change(await self.look())
            await asyncio.sleep(TICK_S)

    async def look(self, *, over: bool = False) -> ProgramRun:
        """How the run stands."""
        seconds, micros = await self._queue.redis.time()
        now_ms = seconds * 1000 + micros / 1000
        ahead_ms = now_ms - time.time() * 1000  # Redis may be on another machine
        events = await self._queue.read_events()
        zero_ms = first_enqueue_ms(events)
        if zero_ms is None:
            return self._seen
        for worker in self._workers:
            if worker.exit_code is not None:
                self._gone_ms.setdefault(worker.pid, now_ms)
        effects = read_outbox(self._outbox)
        ours = {email.subject for email in self._emails}
        last_ms = max(event.at_ms for event in events)
        self._seen = ProgramRun(
            self._program,
            jobs_with_effects(events, self._emails, effects),
            ended_s=self._gone_s(events, zero_ms),
            now_s=((last_ms if over else now_ms) - zero_ms) / 1000,
            over=over,
            clock_ms=zero_ms - ahead_ms,
            strays=tuple(each for each in effects if each.subject not in ours),
            outbox=self._outbox,
        )
        return self._seen

    def _gone_s(self, events: Sequence[QueueEvent], zero_ms: float) -> dict[str, float]:
        """When workers were seen to be gone, by their names."""
        names = {event.worker for event in events if event.worker}
        return {
            name: (self._gone_ms[pid] - zero_ms) / 1000
            for name in names
            if (pid := int(name.partition("@")[0])) in self._gone_ms
        }

    def trouble(
        self, kind: type[RunTimedOut] | type[WorkerDied], **data: Any
    ) -> RunTimedOut | WorkerDied:
        """An error that says how far the run was."""
        done = sum(job.ended for job in self._seen.jobs)
        tail = next((each.tail() for each in reversed(self._workers) if each.lines), "")
        return kind(done=done, jobs=len(self._emails), log_tail=tail, **data)
