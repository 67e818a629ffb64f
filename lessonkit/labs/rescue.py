"""The rescue lab: kill the worker that has the email, as often as you like. Who sends it?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

import ipywidgets as widgets

from lessonkit import background
from lessonkit.drill import Crew, run_rescue
from lessonkit.labs.base import classed
from lessonkit.labs.chart import FRAME_S, LiveChart
from lessonkit.labs.controls import Settings, button, half, row
from lessonkit.labs.runs import RunLab
from lessonkit.page import table
from lessonkit.plots import attempts_table, describe_rescue, draw_rescue
from lessonkit.plots.ink import seconds as shown_s
from lessonkit.plots.rescue import LEFT_PX
from lessonkit.rescues import MOST_WORKERS, Drill, RescueResult
from lessonkit.session import Lab

HEAD = ("#", "each", "kills", "lease left", "rescued after", "attempts", "outcome")


class RescueLab(RunLab):
    """Sliders, a Run and a Kill button, a live chart of the workers and the email's lease, and a
    table of every run, on `lab`.

    `seconds` per email 0.5 to 10, `workers` 2 to 4; BadSetting for others. `results` are the runs
    that ended, as RescueResults.
    """

    _terminal = "What the workers print, each line after a worker's pid"

    def __init__(self, lab: Lab, *, seconds: float = 4.0, workers: int = MOST_WORKERS) -> None:
        settings = Settings(
            seconds=("seconds per email", 0.5, 10.0, "How long it takes to send the email"),
            workers=("workers", 2, MOST_WORKERS, "How many worker processes there are"),
        )
        settings.set(seconds=seconds, workers=workers)
        self._kill = button("Kill", "bolt", "kill -9 the worker that has the email", "lk-kill")
        self._kill.button_style = "danger"
        self._crew: Crew | None = None
        self._plan_kill_s: float | None = None
        super().__init__(
            lab,
            "Rescue lab",
            "One email, some workers, and a real SIGKILL for the one that has it. Press Run, and "
            "Kill when you like.",
            settings,
            RescueCharts(),
        )
        self._kill.on_click(lambda _: self.kill())
        self._open(self._kill)

    async def run(
        self,
        *,
        seconds: float | None = None,
        workers: int | None = None,
        kill_at_s: float | None = None,
    ) -> RescueResult:
        """What the Run button does, from a cell: moves the sliders, runs, answers the result. With
        `kill_at_s`, the worker that has had the email for so long is killed.

        Raises BadSetting for a value that its slider cannot take, LabBusy while something runs, and
        what went wrong in the run, if it did.
        """
        self._drill(kill_at_s)  # which checks it
        self._plan_kill_s = kill_at_s
        try:
            result: RescueResult = await self._run_with(seconds=seconds, workers=workers)
        finally:
            self._plan_kill_s = None
        return result

    def kill(self) -> None:
        """What the Kill button does; from any thread, while something runs."""
        background.spawn(self._strike())

    async def _play(self, batch: Drill) -> RescueResult:
        try:
            return await run_rescue(
                self.lab,
                batch,
                on_crew=self._meet,
                on_change=self._follow,
                on_output=self.output.append,
            )
        finally:
            self._meet(None)

    # ---- the Kill button -----------------------------------------------------------------------

    async def _strike(self) -> None:
        if self._crew:
            self._kill.disabled = True
            await self._crew.kill()

    def _meet(self, crew: Crew | None) -> None:
        self._crew = crew

    def _show_busy(self, busy: bool) -> None:
        super()._show_busy(busy)
        self._kill.disabled = True  # until a worker has the email

    # ---- what is shown -------------------------------------------------------------------------

    def _follow(self, result: RescueResult) -> None:
        self._kill.disabled = not (self._crew and self._crew.can_kill)
        if not self._charts.follow(result):
            return
        self._bar.value = int(result.over)
        lease = f"lease {result.lease_now_s:.1f} s" if result.lease_now_s else "no lease"
        self._say(
            f"<b>{lease}</b> · {result.now_s:.1f} s"
            f'<br><span class="lk-hint">{escape(result.stage)}</span>'
        )

    def _begin(self, batch: Drill) -> None:
        self._charts.begin(batch, self.results)
        self._bar.max, self._bar.value = 1, 0

    def _batch(self) -> Drill:
        return self._drill(self._plan_kill_s)

    def _drill(self, kill_at_s: float | None) -> Drill:
        chosen = self.settings.values
        plan = Drill(chosen["seconds"], workers=int(chosen["workers"]), kills=0)
        return plan if kill_at_s is None else replace(plan, kill_at_s=kill_at_s, kills=1)

    def _question(self, batch: Drill) -> str:
        return (
            f"An email of <b>{batch.seconds:g} s</b>, <b>{batch.workers}</b> workers. If you kill "
            "the one that has it: who sends it, and how long after?"
        )

    def _summary(self, result: RescueResult) -> str:
        hint = "Nobody was killed." if not result.kills else ""
        if result.rescue:
            hint = f"Rescued {shown_s(result.rescued_after_s)} after the first kill."
        story = result.story[0].upper() + result.story[1:]
        return f'<b>{escape(story)}.</b><br><span class="lk-hint">{hint}</span>'

    def _below(self, runs: Any, terminal: Any) -> tuple[Any, ...]:
        return row(runs), row(terminal)  # the table has many columns

    def _runs_table(self) -> str:
        rows = [[number, *_cells(each)] for number, each in enumerate(self.results, 1)]
        return table(HEAD, rows, newest=True)


class RescueCharts:
    """The workers and the lease over time, and what each worker did of the email."""

    def __init__(self) -> None:
        self._lanes = LiveChart("lk-rescue", draw_rescue, left=LEFT_PX)
        self._attempts = classed(widgets.HTML(), "lk-outcomes")
        self._drawn = 0.0
        self.widgets = (self._lanes.widget, half("Each attempt", self._attempts))

    def begin(self, plan: Drill, _results: Sequence[RescueResult]) -> None:
        """Draw the lanes of a drill that has not begun."""
        nothing = RescueResult(plan)
        self._lanes.begin(nothing, describe_rescue(nothing))
        self._attempts.value = attempts_table(nothing)

    def follow(self, result: RescueResult) -> bool:
        """Show how the drill stands, at most so often; answers whether it did."""
        now = time.monotonic()
        if now - self._drawn < FRAME_S and not result.over:
            return False
        self._drawn = now
        self._lanes.update(result, describe_rescue(result))
        self._attempts.value = attempts_table(result)
        return True


def _cells(result: RescueResult) -> list[object]:
    outcome = "failed" if result.error else "sent"
    settings = [f"{result.settings.seconds:g} s", len(result.kills)]
    times = [shown_s(result.lease_left_s), shown_s(result.rescued_after_s)]
    return [*settings, *times, result.attempts_counted, outcome]
