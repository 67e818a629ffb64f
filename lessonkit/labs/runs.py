"""What labs share that run batches: Run, Stop and Clear, progress, live charts, a table of runs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from html import escape
from typing import Any, Protocol

import ipywidgets as widgets

from lessonkit import background
from lessonkit.labs.base import LabBusy, WidgetLab, classed
from lessonkit.labs.controls import Settings, button, half, row
from lessonkit.session import Lab

#: while a slider is dragged, the empty charts follow at this pace
PREVIEW_S = 0.15


class Charts(Protocol):
    """The charts of a run that moves."""

    widgets: tuple[Any, ...]

    def begin(self, run: Any, results: Sequence[Any], /) -> None:
        """Draw anew; `results` are the earlier ones."""

    def follow(self, batch: Any) -> bool:
        """Show how the run stands, at most so often; answers whether it did."""


class RunLab(WidgetLab):
    """A lab whose Run button measures a batch on the session `lab`, or what a subclass plays.

    `results` are the runs that ended. A subclass says what its sliders ask for
    (`_batch`), and what is said and shown of it (`_ask`, `_summary`, `_runs_table`, `_phases`); it
    ends its `__init__` with `_open`.
    """

    _terminal = "Terminal 2: the worker's own output"

    def __init__(self, lab: Lab, title: str, lead: str, settings: Settings, charts: Charts) -> None:
        super().__init__(title, lead)
        self.lab, self.settings, self.results = lab, settings, list[Any]()
        self._run = button("Run", "play", "Start the workers and send the emails", "lk-run")
        self._run.button_style = "primary"
        self._stop = button("Stop", "stop", "Stop this run; its workers leave", "lk-stop")
        self._clear = button("Clear", "", "Forget the runs so far", "lk-clear")
        self._bar = widgets.IntProgress(0, 0, 1, style={"bar_color": "#0072B2"})
        self._charts = charts
        self._table = classed(widgets.HTML(), "lk-runs")
        self._preview_due = False

    def clear(self) -> None:
        """Forget the runs so far. Raises LabBusy while something runs."""
        background.spawn(self._cleared()).result()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.results)} runs; the sliders need a notebook)"

    # ---- for subclasses ------------------------------------------------------------------------

    def _batch(self) -> Any:
        """What the sliders ask for."""
        raise NotImplementedError

    def _question(self, batch: Any) -> str:
        """What can be known before a run, as HTML."""
        raise NotImplementedError

    def _summary(self, result: Any) -> str:
        """What a run found, as HTML."""
        raise NotImplementedError

    def _runs_table(self) -> str:
        """The runs so far, as HTML."""
        raise NotImplementedError

    def _phases(self, batch: Any) -> dict[str, str]:
        """What is done in each phase of a run, as HTML, by its name, in order."""
        raise NotImplementedError

    def _open(self, *more: Any) -> None:
        """Lay out and connect everything; `more` are further buttons, before Clear."""
        buttons = (self._run, self._stop, *more, self._clear)
        self._controls = (*buttons, *self.settings.sliders)
        self._run.on_click(lambda _: self._press(self._measure))
        self._stop.on_click(lambda _: self.stop())
        self._clear.on_click(lambda _: background.spawn(self._cleared()))
        for slider in self.settings.sliders:
            slider.observe(self._moved, "value")
        sliders = classed(widgets.VBox(self.settings.sliders), "lk-controls")
        self.box.children = [
            self._header,
            row(sliders, classed(widgets.Box(buttons), "lk-buttons")),
            classed(row(self._bar, self._status), "lk-now"),
            self._error,
            classed(row(*self._charts.widgets), "lk-charts"),
            *self._below(
                half("Every run so far", self._table), half(self._terminal, self.output.widget)
            ),
        ]
        self._show_busy(False)
        self._wipe()
        self._let_go()

    def _below(self, runs: Any, terminal: Any) -> tuple[Any, ...]:
        """The rows under the charts."""
        return (row(runs, terminal),)

    async def _run_with(self, **wanted: float | str | None) -> Any:
        """For a cell: move the sliders, run, answer the result."""
        self.settings.check(**wanted)

        async def work() -> Any:
            self.settings.set(**wanted)
            return await self._measure()

        return await self._join(work)

    # ---- a run, on the background loop ---------------------------------------------------------

    async def _measure(self) -> Any:
        batch = self._batch()
        self._begin(batch)
        result = await self._play(batch)
        self.results.append(result)
        self._table.value = self._runs_table()
        self._say(self._summary(result))
        return result

    async def _play(self, batch: Any) -> Any:
        """Run it, for real; answers the result."""
        return await self.lab.measure(
            batch,
            on_phase=lambda phase: self._enter(phase, batch),
            on_change=self._follow,
            on_output=self.output.append,
        )

    def _begin(self, batch: Any) -> None:
        self._charts.begin(batch, self.results)
        self._bar.max, self._bar.value = batch.jobs, 0

    def _enter(self, phase: str, batch: Any) -> None:
        phases = self._phases(batch)
        number = list(phases).index(phase) + 1 if phase in phases else 1
        self._say(
            f"<b>Step {number} of {len(phases)}: {escape(phase)}</b>"
            f'<br><span class="lk-hint">{phases.get(phase, "")}</span>'
        )

    def _follow(self, batch: Any) -> None:
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

    def _say(self, message: str) -> None:
        data = " ".join(
            f'data-{name.replace("_", "-")}="{value if isinstance(value, str) else f"{value:g}"}"'
            for name, value in self.settings.values.items()
        )
        self._status.value = f'<div role="status" {data}>{message}</div>'

    def _show_busy(self, busy: bool) -> None:
        for control in self._controls:
            control.disabled = busy != (control is self._stop)
        self._run.icon = "spinner" if busy else "play"

    def _ask(self) -> None:
        """What can be known before, and what the learner expects to see."""
        self._say(
            f"{self._question(self._batch())}"
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
        self._table.value = self._runs_table()
        self._begin(self._batch())
        self._ask()
