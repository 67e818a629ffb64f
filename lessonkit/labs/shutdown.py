"""The shutdown lab: a worker is told to leave. What becomes of the jobs that it has?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets as widgets

from lessonkit.handover import run_handover
from lessonkit.labs.base import classed
from lessonkit.labs.chart import FRAME_S, LiveChart
from lessonkit.labs.controls import Settings, half, row
from lessonkit.labs.runs import RunLab
from lessonkit.outcomes import Handover, HandoverResult, Outcome
from lessonkit.page import table
from lessonkit.plots import describe_shutdown, draw_shutdown
from lessonkit.plots.handovers import outcomes_table
from lessonkit.plots.ink import seconds as shown_s
from lessonkit.plots.shutdown import LEFT_PX
from lessonkit.session import Lab

EMAILS = 5
SETTINGS = ("grace", "each", "max_jobs", "signal at")
COUNTS = ("finished", "went back", "ran twice", "waited", "lost", "left after")


class ShutdownLab(RunLab):
    """Sliders, a Run button, a live chart of two workers and a table of every run, on `lab`.

    `grace_s` 0 to 3, `signal_at_s` 0.1 to 4, `seconds` per email 0.2 to 2, `max_jobs` 1 to 4;
    BadSetting for others. `results` are the runs that ended, as HandoverResults.
    """

    _terminal = "What the two workers print, each line after a worker's pid"

    def __init__(
        self,
        lab: Lab,
        *,
        grace_s: float = 0.0,
        signal_at_s: float = 1.2,
        seconds: float = 0.8,
        max_jobs: int = 2,
    ) -> None:
        settings = Settings(
            grace_s=("grace in seconds", 0.0, 3.0, "How long the emails being sent may go on"),
            signal_at_s=("signal at second", 0.1, 4.0, "When the first worker is told to leave"),
            seconds=("seconds per email", 0.2, 2.0, "How long it takes to send one email"),
            max_jobs=("max_jobs", 1, 4, "How many emails a worker sends at a time"),
        )
        chosen = {"grace_s": grace_s, "signal_at_s": signal_at_s, "seconds": seconds}
        settings.set(**chosen, max_jobs=max_jobs)
        super().__init__(
            lab,
            "Shutdown lab",
            f"{EMAILS} emails, a worker, and a real SIGTERM. Once it has left, a second worker "
            "takes over.",
            settings,
            ShutdownCharts(),
        )
        self._open()

    async def run(
        self,
        *,
        grace_s: float | None = None,
        signal_at_s: float | None = None,
        seconds: float | None = None,
        max_jobs: int | None = None,
    ) -> HandoverResult:
        """What the Run button does, from a cell: moves the sliders, runs, answers the result.

        What is not given stays as the slider is. Raises BadSetting for a value that its slider
        cannot take, LabBusy while something runs, and what went wrong in the run, if it did.
        """
        wanted = {"grace_s": grace_s, "signal_at_s": signal_at_s}
        result: HandoverResult = await self._run_with(**wanted, seconds=seconds, max_jobs=max_jobs)
        return result

    async def _play(self, batch: Handover) -> HandoverResult:
        return await run_handover(
            self.lab, batch, on_change=self._follow, on_output=self.output.append
        )

    def _follow(self, result: HandoverResult) -> None:
        if not self._charts.follow(result):
            return
        sent = sum(outcome != Outcome.OPEN for outcome in result.outcomes.values())
        self._bar.value = sent
        self._say(
            f"<b>{sent}</b> of {result.settings.jobs} emails sent · <b>{result.now_s:.1f} s</b>"
            f'<br><span class="lk-hint">{escape(result.stage)}</span>'
        )

    def _batch(self) -> Handover:
        chosen = self.settings.values
        return Handover(
            EMAILS,
            chosen["seconds"],
            int(chosen["max_jobs"]),
            chosen["grace_s"],
            chosen["signal_at_s"],
        )

    def _question(self, batch: Handover) -> str:
        return (
            f"SIGTERM at <b>{batch.signal_at_s:g} s</b>, grace <b>{batch.grace_s:g} s</b>. "
            "What becomes of each email?"
        )

    def _summary(self, result: HandoverResult) -> str:
        return (
            f"<b>{result.finished} finished by the first worker, {result.ran_twice} ran twice, "
            f"{result.lost} lost.</b>"
            f'<br><span class="lk-hint">T{escape(result.goodbye[1:])}.</span>'
        )

    def _below(self, runs: Any, terminal: Any) -> tuple[Any, ...]:
        return row(runs), row(terminal)  # the table has many columns

    def _runs_table(self) -> str:
        rows = [[number, *_cells(each)] for number, each in enumerate(self.results, 1)]
        return table(("#", *SETTINGS, *COUNTS), rows, newest=True)


class ShutdownCharts:
    """The slots of both workers over time, and what became of each email."""

    def __init__(self) -> None:
        self._slots = LiveChart("lk-shutdown", draw_shutdown, left=LEFT_PX)
        self._outcomes = classed(widgets.HTML(), "lk-outcomes")
        self._drawn = 0.0
        self.widgets = (self._slots.widget, half("What became of each email", self._outcomes))

    def begin(self, plan: Handover, _results: Sequence[HandoverResult]) -> None:
        """Draw the lanes of a run that has not begun."""
        nothing = HandoverResult(plan)
        self._slots.begin(nothing, describe_shutdown(nothing))
        self._outcomes.value = outcomes_table(nothing)

    def follow(self, result: HandoverResult) -> bool:
        """Show how the run stands, at most so often; answers whether it did."""
        now = time.monotonic()
        if now - self._drawn < FRAME_S and not result.over:
            return False
        self._drawn = now
        self._slots.update(result, describe_shutdown(result))
        self._outcomes.value = outcomes_table(result)
        return True


def _cells(result: HandoverResult) -> list[object]:
    plan = result.settings
    settings = [f"{plan.grace_s:g} s", f"{plan.seconds:g} s", plan.max_jobs]
    counts = [result.finished, result.went_back, result.ran_twice, result.waited, result.lost]
    return [*settings, f"{plan.signal_at_s:g} s", *counts, shown_s(result.left_after_s)]
