"""The concurrency lab: how long do N emails take when `max_jobs` of them are sent at a time?"""

from __future__ import annotations

import asyncio
from html import escape

import ipywidgets as widgets

from lessonkit import background
from lessonkit.batch import Batch, BatchResult, ideal_makespan_s
from lessonkit.labs.base import LabBusy, WidgetLab, classed
from lessonkit.labs.chart import RunCharts
from lessonkit.labs.controls import Settings, button, half, row
from lessonkit.page import against_one, runs_table
from lessonkit.session import Lab

#: while a slider is dragged, the empty charts follow at this pace
PREVIEW_S = 0.15

PHASES = {
    "starting Redis": (1, "a private server for this notebook; it stays up for further runs"),
    "starting the worker": (
        2,
        "a fresh process: <code>python -m workers email --max-jobs {}</code>",
    ),
    "running": (3, "all emails are in the queue; the worker sends {} at a time"),
}


class ConcurrencyLab(WidgetLab):
    """Sliders, a Run button, live charts and a table of every run, on the session `lab`.

    `emails` 1 to 50, `seconds` per email 0.1 to 2, `max_jobs` 1 to 10; BadSetting for others.
    `results` are the runs that ended, as BatchResults.
    """

    def __init__(
        self, lab: Lab, *, emails: int = 5, seconds: float = 1.0, max_jobs: int = 1
    ) -> None:
        super().__init__(
            "Concurrency lab",
            "One real worker process. Choose how many emails it may send at the same time.",
        )
        self.lab, self.results = lab, list[BatchResult]()
        self.settings = Settings(
            max_jobs=("max_jobs", 1, 10, "How many emails the worker sends at a time"),
            emails=("emails", 1, 50, "How many emails are put into the queue"),
            seconds=("seconds per email", 0.1, 2.0, "How long it takes to send one email"),
        )
        self.settings.set(max_jobs=max_jobs, emails=emails, seconds=seconds)
        self._run = button("Run", "play", "Start a worker and send the emails", "lk-run")
        self._run.button_style = "primary"
        self._stop = button("Stop", "stop", "Stop this run; its worker leaves", "lk-stop")
        self._compare = button(
            "Compare 1 and 5", "", "Run at max_jobs 1, then at max_jobs 5", "lk-compare"
        )
        self._clear = button("Clear", "", "Forget the runs so far", "lk-clear")
        self._buttons = (self._run, self._stop, self._compare, self._clear)
        self._bar = widgets.IntProgress(0, 0, emails, style={"bar_color": "#0072B2"})
        self._charts = RunCharts()
        self._table = classed(widgets.HTML(), "lk-runs")
        self._preview_due = False
        self._controls = (*self._buttons, *self.settings.sliders)
        self._lay_out()
        self._connect()
        self._show_busy(False)
        self._wipe()
        self._let_go()

    # ---- without widgets -----------------------------------------------------------------------

    async def run(
        self,
        *,
        max_jobs: int | None = None,
        emails: int | None = None,
        seconds: float | None = None,
    ) -> BatchResult:
        """What the Run button does, from a cell: moves the sliders, runs, answers the result.

        What is not given stays as the slider is. Raises BadSetting for a value that its slider
        cannot take, LabBusy while something runs, and what went wrong in the run, if it did.
        """
        wanted = {"max_jobs": max_jobs, "emails": emails, "seconds": seconds}
        self.settings.check(**wanted)

        async def work() -> BatchResult:
            self.settings.set(**wanted)
            return await self._measure()

        return await self._join(work)

    def clear(self) -> None:
        """Forget the runs so far. Raises LabBusy while something runs."""
        background.spawn(self._cleared()).result()

    def __repr__(self) -> str:
        return f"ConcurrencyLab({len(self.results)} runs; the sliders need a notebook)"

    # ---- a run, on the background loop ---------------------------------------------------------

    async def _measure(self) -> BatchResult:
        batch = self._batch()
        self._begin(batch)
        result = await self.lab.measure(
            batch,
            on_phase=lambda phase: self._enter(phase, batch),
            on_change=self._follow,
            on_output=self.output.append,
        )
        self.results.append(result)
        self._show_runs()
        self._say(_summary(result))
        return result

    async def _compare_both(self) -> None:
        runs = []
        for max_jobs in (1, 5):
            self.settings.set(max_jobs=max_jobs)
            runs.append(await self._measure())
        one, five = runs
        ratio = against_one(five, [one])
        self._say(
            f"<b>{one.makespan_s:.2f} s</b> at max_jobs 1, <b>{five.makespan_s:.2f} s</b> at "
            f"max_jobs 5: <b>{ratio:.1f} times</b> as fast."
        )

    def _begin(self, batch: Batch) -> None:
        self._charts.begin(batch, self.results)
        self._bar.max, self._bar.value = batch.jobs, 0

    def _enter(self, phase: str, batch: Batch) -> None:
        number, hint = PHASES.get(phase, (1, ""))
        self._say(
            f"<b>Step {number} of {len(PHASES)}: {escape(phase)}</b>"
            f'<br><span class="lk-hint">{hint.format(batch.max_jobs)}</span>'
        )

    def _follow(self, batch: Batch) -> None:
        if not self._charts.follow(batch):
            return
        self._bar.value = batch.done
        active = sum(record.state == "active" for record in batch.records.values())
        waiting = batch.jobs - batch.done - active
        self._say(
            f"<b>{batch.done}</b> of {batch.jobs} emails done · <b>{batch.now_s:.1f} s</b>"
            f'<br><span class="lk-hint">{active} being sent, {waiting} waiting</span>'
        )

    # ---- what is shown -------------------------------------------------------------------------

    def _batch(self) -> Batch:
        """What the sliders ask for."""
        chosen = self.settings.values
        return Batch(int(chosen["emails"]), int(chosen["max_jobs"]), chosen["seconds"])

    def _say(self, message: str) -> None:
        data = " ".join(
            f'data-{name.replace("_", "-")}="{value:g}"'
            for name, value in self.settings.values.items()
        )
        self._status.value = f'<div role="status" {data}>{message}</div>'

    def _show_busy(self, busy: bool) -> None:
        for control in self._controls:
            control.disabled = busy != (control is self._stop)
        self._run.icon = "spinner" if busy else "play"

    def _show_runs(self) -> None:
        self._table.value = runs_table(self.results, numbered=True)

    def _ask(self) -> None:
        """The ideal for the sliders as they are, and what the learner expects instead."""
        batch = self._batch()
        self._say(
            f"Ideal: {_ideal(batch)}. What will you measure?"
            '<br><span class="lk-hint">Make your guess, then press Run.</span>'
        )

    def _moved(self, _: object) -> None:
        if not self.busy:
            self._ask()
            background.spawn(self._preview())

    async def _preview(self) -> None:
        """Show the empty charts for the sliders as they are, unless there are runs to look at."""
        if self._preview_due:
            return
        self._preview_due = True
        await asyncio.sleep(PREVIEW_S)
        self._preview_due = False
        if not self.busy and not self.results:
            self._begin(self._batch())

    async def _cleared(self) -> None:
        if self.busy:
            raise LabBusy
        self._wipe()

    def _wipe(self) -> None:
        self.results.clear()
        self.output.clear()
        self._show_error("")
        self._show_runs()
        self._begin(self._batch())
        self._ask()

    def _connect(self) -> None:
        self._run.on_click(lambda _: self._press(self._measure))
        self._compare.on_click(lambda _: self._press(self._compare_both))
        self._stop.on_click(lambda _: self.stop())
        self._clear.on_click(lambda _: background.spawn(self._cleared()))
        for slider in self.settings.sliders:
            slider.observe(self._moved, "value")

    def _lay_out(self) -> None:
        sliders = classed(widgets.VBox(self.settings.sliders), "lk-controls")
        self.box.children = [
            self._header,
            row(sliders, classed(widgets.Box(self._buttons), "lk-buttons")),
            classed(row(self._bar, self._status), "lk-now"),
            self._error,
            classed(row(*self._charts.widgets), "lk-charts"),
            row(
                half("Every run so far", self._table),
                half("Terminal 2: the worker's own output", self.output.widget),
            ),
        ]


def _ideal(run: Batch | BatchResult) -> str:
    ideal_s = ideal_makespan_s(run.jobs, run.max_jobs, run.seconds)
    return f"⌈{run.jobs} / {run.max_jobs}⌉ × {run.seconds:g} s = <b>{ideal_s:g} s</b>"


def _summary(result: BatchResult) -> str:
    failed = f", {result.failed} of them failed" if result.failed else ""
    return (
        f"<b>{result.jobs} emails in {result.makespan_s:.2f} s</b> "
        f"at max_jobs {result.max_jobs}{failed}.<br>Ideal: {_ideal(result)}."
    )
