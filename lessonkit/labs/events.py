"""The events lab: press a button, and watch what the queues tell of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from redis.exceptions import RedisError

from lessonkit import background
from lessonkit.batch import LONGEST_JOB_S
from lessonkit.bounds import check_seconds
from lessonkit.errors import LessonError, NotAdded, WorkerDied
from lessonkit.events import QueueEvent
from lessonkit.labs.base import WidgetLab, classed
from lessonkit.labs.controls import button, half, row
from lessonkit.labs.live_timeline import LiveTimeline, ProgressBars
from lessonkit.labs.standing import Standing
from lessonkit.processes import WorkerProcess, started
from lessonkit.queue import Queue
from lessonkit.server import Outage
from lessonkit.session import STOP_GRACE_S, Lab
from workers.contract import EMAIL, REPORTS, EmailPayload, Payload, ReportPayload

T = TypeVar("T")

#: a frame in which a new event is seen costs some 80 ms of CPU, one in which bars grow 20
FRAME_S = 0.25

TO = {"email": "founder@example.com"} | {to: f"{to}@example.invalid" for to in ("busy", "nobody")}
AWAY = "<b>Redis was killed.</b> The workers wait for it; what they run goes on."


class EventsLab(WidgetLab):
    """Buttons that add jobs or kill Redis, a live timeline, progress bars, the workers' output.

    The workers start with the first press and go on until Stop. An email, and each step of a
    report, takes `seconds`; a job that failed waits `backoff_s` for its second attempt.
    """

    stopping = "Stopping: the workers leave, and the jobs that are left are removed."
    stopped = "Stopped. The next press starts the workers again."

    def __init__(self, lab: Lab, *, seconds: float = 1.0, backoff_s: float = 1.0) -> None:
        lead = "Two real workers, one for emails and one for reports. Press a button and watch."
        super().__init__("Events lab", lead)
        check_seconds("seconds", seconds, LONGEST_JOB_S)
        check_seconds("backoff_s", backoff_s, LONGEST_JOB_S)
        self.lab, self._seconds, self._backoff_s = lab, seconds, backoff_s
        self._starting, self._ready = asyncio.Lock(), asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self._queues: dict[str, Queue] = {}
        self._timeline, self._bars = LiveTimeline(), ProgressBars()
        self._standing, self._redis_is_away = Standing(), False
        self._buttons = {
            "email": button("Send an email", "envelope", f"To {TO['email']}", "lk-email"),
            "busy": button("To a busy mailbox", "clock-o", f"To {TO['busy']}", "lk-busy"),
            "nobody": button("To nobody", "user-times", f"To {TO['nobody']}", "lk-nobody"),
            "report": button("Make a report", "bar-chart", "In three steps", "lk-report"),
            "kill": button("Kill Redis", "bolt", "kill -9, for real", "lk-kill"),
            "stop": button("Stop", "stop", "The workers leave", "lk-stop"),
            "clear": button("Clear", "", "Forget the jobs that have ended", "lk-clear"),
        }
        self._controls = tuple(self._buttons.values())
        self._lay_out()
        self._connect()
        self._show_busy(False)
        self._say("No worker yet: the first button that you press starts two.")
        self._let_go()

    # ---- without widgets -----------------------------------------------------------------------

    async def send(self, to: str = TO["email"]) -> list[QueueEvent]:
        """Send an email, as the buttons do, and wait until its job has ended; answers what
        happened to it. Raises NotAdded while Redis is away, RunStopped at Stop."""
        return await background.join(self._act(lambda: self._tell_of("email", to)))

    async def report(self) -> list[QueueEvent]:
        """Make a report, wait until it is done, and answer what happened to its job."""
        return await background.join(self._act(lambda: self._tell_of("reports")))

    async def kill_redis(self) -> Outage:
        """Kill the lab's Redis and wait until it is back. Raises NotOurServer."""
        return await background.join(self._act(self._kill))

    def clear(self) -> None:
        """Forget the jobs that have ended."""
        background.loop().call_soon_threadsafe(self._forget)

    def __repr__(self) -> str:
        return f"EventsLab({self._standing}; the buttons need a notebook)"

    # ---- what a press does, on the background loop ---------------------------------------------

    async def _act(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do something with the queues, with the workers there. What goes wrong is shown."""
        serving = await self._served()
        self._show_error("")
        acting = asyncio.ensure_future(act())
        try:
            await asyncio.wait([acting, serving], return_when=asyncio.FIRST_COMPLETED)
            if not acting.done():
                serving.result()  # which raises what ended it
            return acting.result()
        except (RedisError, OSError):
            self._fail(NotAdded().found, NotAdded().step)
            raise NotAdded from None
        except LessonError as error:
            if serving is self._serving and self.busy:  # else the lab says why it has stopped
                self._fail(error.found, error.step)
            raise
        finally:
            acting.cancel()

    async def _served(self) -> asyncio.Task[None]:
        """The task that the workers live in, with the workers ready."""
        async with self._starting:
            if self._serving and self._stopped and not self._serving.done():
                await asyncio.wait([self._serving])  # they are on their way out
            if self._serving is None or self._serving.done():
                self._ready.clear()
                self._serving = asyncio.ensure_future(self._guarded(self._serve))
                self._serving.add_done_callback(lambda task: task.cancelled() or task.exception())
            ready = asyncio.ensure_future(self._ready.wait())
            await asyncio.wait([ready, self._serving], return_when=asyncio.FIRST_COMPLETED)
            ready.cancel()
            if self._serving.done():
                self._serving.result()
            return self._serving

    async def _add(self, queue: str, to: str = "") -> str:
        payload: Payload = ReportPayload(reportType="weekly", seconds=self._seconds)
        if to:
            subject, html = "Welcome aboard", "<p>Your account is ready.</p>"
            payload = EmailPayload(to=to, subject=subject, html=html, seconds=self._seconds)
        return await self._queues[queue].add(payload)

    async def _tell_of(self, queue: str, to: str = "") -> list[QueueEvent]:
        events = self._queues[queue].events(await self._add(queue, to))
        return [event async for event in events]

    async def _kill(self) -> Outage:
        server, _ = await self.lab.open()
        self._redis_is_away = server.is_private
        try:
            outage = await server.kill()
        finally:
            self._redis_is_away = False
        self._timeline.take_outage(outage)
        return outage

    # ---- the workers' life ---------------------------------------------------------------------

    async def _serve(self) -> None:
        """Start the workers and show what happens, until cancelled."""
        self._say("Starting two workers: <code>python -m workers</code> with a queue each.")
        self.output.clear()
        self._bars.clear()
        self._standing = Standing()
        async with (
            self.lab.own_queue(EMAIL) as (emails, url),
            self.lab.own_queue(REPORTS) as (reports, _),
        ):
            self._queues = {"email": emails, "reports": reports}
            settings: dict[str, Any] = {"grace_s": STOP_GRACE_S, "on_output": self.output.append}
            workers = [
                WorkerProcess(emails, url, max_jobs=3, backoff_s=self._backoff_s, **settings),
                WorkerProcess(reports, url, max_jobs=1, **settings),
            ]
            with self.lab.known(workers):
                async with started(workers):
                    now_s, micros = await emails.redis.time()
                    self._timeline.begin(now_s * 1000 + micros / 1000)
                    self._ready.set()
                    await background.together(
                        *(self._listen(queue) for queue in (emails, reports)),
                        *(self._watch(worker) for worker in workers),
                        self._show_frames(),
                    )

    async def _listen(self, queue: Queue) -> None:
        async for event in queue.events(from_start=True):
            self._standing.take(event)
            self._timeline.take(event)
            if event.queue == REPORTS.queue:
                self._bars.take(event)

    async def _watch(self, worker: WorkerProcess) -> None:
        await worker.wait()
        if worker.exit_code == 0:  # it was told to leave, as when the session is closed
            self._cancel()
            return
        raise WorkerDied(
            how=worker.how_it_ended,
            done=self._standing.ended,
            jobs=self._standing.jobs,
            log_tail=worker.tail(),
            next_step="The jobs that were left are removed. Press a button: new workers start.",
        )

    async def _show_frames(self) -> None:
        while True:
            self._timeline.follow(self._standing.now_ms)
            self._say(AWAY if self._redis_is_away else f"<b>{self._standing}</b>")
            await asyncio.sleep(FRAME_S)

    # ---- what is shown -------------------------------------------------------------------------

    def _forget(self) -> None:
        self._standing.forget_ended()
        self._timeline.forget_ended()
        self._bars.clear()
        self._show_error("")
        if not self.busy:
            self.output.clear()
            self._timeline.begin(0.0)

    def _say(self, message: str) -> None:
        attributes = f'role="status" data-jobs="{self._standing.jobs}"'
        self._status.value = f"<div {attributes}>{message}</div>"

    def _show_busy(self, busy: bool) -> None:
        self._buttons["stop"].disabled = not busy

    def _connect(self) -> None:
        acts: dict[str, Callable[[], Awaitable[object]]] = {
            **{name: partial(self._add, "email", to) for name, to in TO.items()},
            "report": partial(self._add, "reports"),
            "kill": self._kill,
        }
        for name, act in acts.items():
            self._buttons[name].on_click(lambda _, act=act: background.spawn(self._act(act)))
        self._buttons["stop"].on_click(lambda _: self.stop())
        self._buttons["clear"].on_click(lambda _: self.clear())

    def _lay_out(self) -> None:
        self.box.children = [
            self._header,
            classed(row(*self._controls), "lk-buttons", "lk-acts"),
            self._status,
            self._error,
            self._timeline.widget,
            row(
                half("How far the reports are", self._bars.widget),
                half("The workers' own output", self.output.widget),
            ),
        ]
