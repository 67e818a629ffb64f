"""The live lab: emails keep arriving, and the worker's `max_jobs` is changed while it runs."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import ipywidgets as widgets

from lessonkit import background
from lessonkit.errors import WorkerDied
from lessonkit.feed import Endless
from lessonkit.flow import Flow, Recent, Setting
from lessonkit.labs.base import LabBusy, WidgetLab, classed
from lessonkit.labs.chart import LiveChart
from lessonkit.labs.controls import Settings, button, half, row
from lessonkit.labs.live_numbers import numbers_table, outlook
from lessonkit.plots import describe_queue, describe_throughput, draw_queue, draw_throughput
from lessonkit.processes import WorkerProcess, started
from lessonkit.queue import Queue
from lessonkit.session import STOP_GRACE_S, Lab

#: a frame of both charts costs some 40 ms of CPU
FRAME_S = 0.25
#: with so many that wait, no more are added: what a lab leaves to remove stays small
MOST_WAITING = 2000


class LiveLab(WidgetLab):
    """Sliders that act on a worker that runs, two charts of its last 30 s, and what they come to.

    `rate` is how many emails arrive per second on average, 0 (none) to 30; `max_jobs` 1 to 10;
    `seconds` is the mean time of an email, 0.1 to 1, and the times are exponential. BadSetting for
    others.
    """

    stopping = "Stopping: the worker leaves, the emails that wait are removed."
    stopped = "Stopped. Start again whenever you like."

    def __init__(
        self, lab: Lab, *, rate: int = 12, max_jobs: int = 3, seconds: float = 0.2
    ) -> None:
        lead = "Emails keep arriving at random. Move the sliders while the worker runs."
        super().__init__("Live lab", lead)
        self.lab = lab
        self.settings = Settings(
            max_jobs=("max_jobs", 1, 10, "How many emails the worker sends at a time"),
            rate=("emails per second", 0, 30, "How many emails arrive per second on average"),
            seconds=("seconds per email", 0.1, 1.0, "How long it takes to send one, on average"),
        )
        self.settings.set(rate=rate, max_jobs=max_jobs, seconds=seconds)
        self._start = button("Start", "play", "Start the worker and the emails", "lk-run")
        self._start.button_style = "primary"
        self._stop = button("Stop", "stop", "The worker leaves", "lk-stop")
        self._charts = (
            (LiveChart("lk-throughput", draw_throughput), describe_throughput),
            (LiveChart("lk-queue", draw_queue), describe_queue),
        )
        self._numbers = classed(widgets.HTML(), "lk-numbers")
        self._ready = asyncio.Event()
        self._emails = Endless(rate, seconds)
        self._serving: asyncio.Task[None] | None = None
        self._worker: WorkerProcess | None = None
        self._begin(Flow(self._setting, 0.0))
        self._open()

    @property
    def recent(self) -> Recent:
        """What the last seconds were like, in numbers."""
        return self.flow.recent()

    # ---- without widgets -----------------------------------------------------------------------

    async def start(
        self, *, rate: int | None = None, max_jobs: int | None = None, seconds: float | None = None
    ) -> None:
        """What the Start button does, with the sliders moved first. What is not given stays as it
        is. Raises BadSetting, LabBusy, and ProcessDidNotStart or a server's error."""
        self.settings.check(rate=rate, max_jobs=max_jobs, seconds=seconds)
        await background.join(self._started(rate=rate, max_jobs=max_jobs, seconds=seconds))

    async def set(
        self, *, rate: int | None = None, max_jobs: int | None = None, seconds: float | None = None
    ) -> None:
        """What moving the sliders does; comes back when the worker has heeded it. Raises
        BadSetting."""
        self.settings.set(rate=rate, max_jobs=max_jobs, seconds=seconds)
        await background.join(self._heeded())

    async def watch(self, seconds: float) -> Recent:
        """Let `seconds` pass; answers what they were like. Raises RunStopped, and what went wrong
        meanwhile."""
        return await background.join(self._watched(seconds))

    def __repr__(self) -> str:
        state = "runs" if self.busy else "does not run"
        return f"LiveLab({state}, {self._setting}; the sliders need a notebook)"

    # ---- on the background loop ----------------------------------------------------------------

    @property
    def _setting(self) -> Setting:
        """What is asked for; what the worker has heeded so far, where that is known."""
        chosen = self.settings.values
        heeded = self._worker.max_jobs if self._worker else None
        return Setting(chosen["rate"], heeded or int(chosen["max_jobs"]), chosen["seconds"])

    async def _started(self, **wanted: float | None) -> None:
        if self._task and not self._task.cancelling():
            raise LabBusy
        self.settings.set(**wanted)
        self._ready.clear()
        self._serving = asyncio.ensure_future(self._guarded(self._serve))
        self._serving.add_done_callback(lambda task: task.cancelled() or task.exception())
        await self._until(self._ready.wait())

    async def _watched(self, seconds: float) -> Recent:
        first = self.flow.now
        await self._until(asyncio.sleep(seconds))
        return Recent(first, self.flow.now)

    async def _heeded(self) -> None:
        while self._worker and self._worker.max_jobs != self.settings.values["max_jobs"]:
            await self._until(asyncio.sleep(0.01))

    async def _until(self, fact: Any) -> None:
        """Wait for a fact while the lab runs. Raises what ended the lab, if that came first."""
        waiting = asyncio.ensure_future(fact)
        try:
            others = [self._serving] if self._serving else []
            await asyncio.wait([waiting, *others], return_when=asyncio.FIRST_COMPLETED)
            if self._serving and self._serving.done():
                self._serving.result()
        finally:
            waiting.cancel()

    async def _serve(self) -> None:
        """Start a worker, and have emails arrive until cancelled."""
        self._say("<b>Starting the worker.</b>")
        self.output.clear()
        async with self.lab.own_queue() as (queue, url):
            worker = WorkerProcess(
                queue,
                url,
                max_jobs=self._setting.max_jobs,
                grace_s=STOP_GRACE_S,
                on_output=self._hear,
            )
            with self.lab.known([worker]):
                async with started([worker]):
                    self._worker, self._emails.held = worker, False
                    try:
                        self._begin(Flow(self._setting, await _now_ms(queue)))
                        self._ready.set()
                        await background.together(
                            self._emails.run(queue),
                            self._tune(worker),
                            self._show(queue),
                            self._watch(worker),
                        )
                    finally:
                        self._worker = None

    async def _tune(self, worker: WorkerProcess) -> None:
        """Have the worker do what the slider says."""
        while True:
            wanted = int(self.settings.values["max_jobs"])
            if worker.max_jobs != wanted:
                await worker.change_max_jobs(wanted)
            await asyncio.sleep(0.05)

    async def _show(self, queue: Queue) -> None:
        """Take in what happens, and show it."""
        last = "0-0"
        while True:
            for event in await queue.read_events(last):
                self.flow.take(event)
                last = event.id
            self.flow.note(await _now_ms(queue), self._setting)
            self._emails.held = self.flow.now.waiting >= MOST_WAITING
            for chart, describe in self._charts:
                chart.update(self.flow, describe(self.flow))
            self._tell()
            await asyncio.sleep(FRAME_S)

    async def _watch(self, worker: WorkerProcess) -> None:
        await worker.wait()
        if worker.exit_code == 0:  # it was told to leave, as when the session is closed
            self._cancel()
            await asyncio.sleep(math.inf)
        now = self.flow.now
        raise WorkerDied(
            how=worker.how_it_ended,
            done=now.finished,
            jobs=now.arrived,
            log_tail=worker.tail(),
            next_step="The emails that were left are removed. Press Start: a new worker starts.",
        )

    # ---- what is shown -------------------------------------------------------------------------

    def _hear(self, line: str) -> None:
        """Of what the worker prints, what it says of itself; the emails would hide it."""
        if line.startswith("[worker]"):
            self.output.append(line)

    def _begin(self, flow: Flow) -> None:
        self.flow = flow
        for chart, describe in self._charts:
            chart.begin(flow, describe(flow))
        self._tell()

    def _tell(self) -> None:
        """The numbers."""
        setting = self.flow.setting
        throughput = self.flow.throughputs()[-1]
        full = f" <b>{MOST_WAITING} wait: no more are added until they are fewer.</b>"
        self._say(
            f"<b>{throughput:.1f}</b> finish per second, of at most "
            f"{setting.capacity_per_s:.1f} · <b>{self.flow.now.waiting}</b> wait"
            f'<br><span class="lk-hint">{outlook(setting)}</span>{full * self._emails.held}'
        )
        self._numbers.value = numbers_table(self.recent, setting)

    def _say(self, message: str) -> None:
        now, setting = self.flow.now, self.flow.setting
        data = {
            "max-jobs": setting.max_jobs,
            "rate": setting.rate_per_s,
            "throughput": round(self.flow.throughputs()[-1], 2),
            "waiting": now.waiting,
        }
        attributes = " ".join(f'data-{name}="{value:g}"' for name, value in data.items())
        self._status.value = f'<div role="status" {attributes}>{message}</div>'

    def _show_busy(self, busy: bool) -> None:
        self._start.disabled, self._stop.disabled = busy, not busy
        self._start.icon = "spinner" if busy else "play"

    def _moved(self, _: object) -> None:
        chosen = self.settings.values
        background.loop().call_soon_threadsafe(self._emails.tune, chosen["rate"], chosen["seconds"])
        if not self.busy:
            self.flow.setting = self._setting
            self._tell()

    def _open(self) -> None:
        """Lay out and connect everything."""
        self._controls = (self._start, self._stop, *self.settings.sliders)
        self._start.on_click(lambda _: background.spawn(self._started()))
        self._stop.on_click(lambda _: self.stop())
        for slider in self.settings.sliders:
            slider.observe(self._moved, "value")
        sliders = classed(widgets.VBox(self.settings.sliders), "lk-controls")
        buttons = classed(widgets.Box((self._start, self._stop)), "lk-buttons")
        self.box.children = [
            self._header,
            row(sliders, buttons),
            classed(row(self._status), "lk-now"),
            self._error,
            classed(row(*(chart.widget for chart, _ in self._charts)), "lk-charts"),
            row(
                half("What it comes to", self._numbers),
                half("What the worker says of itself", self.output.widget),
            ),
        ]
        self._show_busy(False)
        self._let_go()


async def _now_ms(queue: Queue) -> float:
    seconds, micros = await queue.redis.time()
    return float(seconds * 1000 + micros / 1000)
