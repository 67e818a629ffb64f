"""The launch lab: size a fleet, and let it live through a launch day."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from lessonkit.fleet import DayBatch, LaunchDay, LaunchResult, batch_of
from lessonkit.labs.chart import FRAME_S, LiveChart
from lessonkit.labs.controls import Settings, row
from lessonkit.labs.runs import RunLab
from lessonkit.launching import live_through
from lessonkit.page import table
from lessonkit.plots import describe_backlog, describe_rate, draw_backlog, draw_rate
from lessonkit.session import Lab
from workers.contract import Limit

HEAD = ("#", "workers × max_jobs", "limit", "95 % started", "busiest second", "sent", "survived")


class LaunchLab(RunLab):
    """Sliders, a Run button, live charts and a table of every run, on the session `lab`.

    `workers` 1 to 6, `max_jobs` 1 to 6 each, `limit` per second 0 (off) to 60 for all of them;
    BadSetting for others. `results` are the days that are over, as LaunchResults.
    """

    stopping = "Stopping: the workers leave, the emails that wait are removed."
    _terminal = "The workers' own output"

    def __init__(
        self,
        lab: Lab,
        day: LaunchDay | None = None,
        *,
        workers: int = 2,
        max_jobs: int = 2,
        limit: int = 0,
    ) -> None:
        self.day = day or LaunchDay()
        settings = Settings(
            workers=("workers", 1, 6, "How many worker processes there are"),
            max_jobs=("max_jobs", 1, 6, "How many emails each worker sends at a time"),
            limit=("limit per second", 0, 60, "How many emails may start in any second", "off"),
        )
        settings.set(workers=workers, max_jobs=max_jobs, limit=limit)
        super().__init__(
            lab,
            "Launch lab",
            "Emails at random, a crowd, and a worker that is killed. Does your fleet survive it?",
            settings,
            DayCharts(self.day),
        )
        self._open()

    async def run(
        self, *, workers: int | None = None, max_jobs: int | None = None, limit: int | None = None
    ) -> LaunchResult:
        """What the Run button does, from a cell: moves the sliders, runs, answers the result.

        What is not given stays as the slider is; `limit` 0 is off. Raises BadSetting for a value
        that its slider cannot take, LabBusy while something runs, and what went wrong in the run.
        """
        wanted = {"workers": workers, "max_jobs": max_jobs, "limit": limit}
        result: LaunchResult = await self._run_with(**wanted)
        return result

    async def _play(self, batch: DayBatch) -> LaunchResult:
        result = await live_through(
            self.lab,
            self.day,
            batch,
            on_phase=lambda phase: self._enter(phase, batch),
            on_change=self._follow,
            on_output=self.output.append,
        )
        self._charts.begin(batch, self.results)  # as it stood when the day was over
        self._bar.value = result.sent
        return result

    def _batch(self) -> DayBatch:
        chosen = {name: int(value) for name, value in self.settings.values.items()}
        limit = f"{chosen['limit']}/1s" if chosen["limit"] else "off"
        return batch_of(self.day, chosen["workers"], chosen["max_jobs"], limit)

    def _phases(self, batch: DayBatch) -> dict[str, str]:
        options = f"--max-jobs {batch.max_jobs} --limit {batch.limit}"
        return {
            "starting Redis": "a private server for this notebook; it stays up for further runs",
            f"starting the worker{'s' * (batch.workers > 1)}": (
                f"fresh processes: <code>python -m workers email {options}</code>"
            ),
            "running": f"one of them is killed after {self.day.kill_at_s:g} s",
        }

    def _question(self, batch: DayBatch) -> str:
        left = batch.slots - batch.max_jobs
        return (
            f"{batch.workers} × {batch.max_jobs} = <b>{batch.slots} slots</b>, and <b>{left}</b> "
            f"once one worker is killed; {self.day.load:g} are busy on average."
        )

    def _summary(self, result: LaunchResult) -> str:
        missed = [each for each in result.demands if not each.met]
        if not missed:
            return "<b>This fleet survives.</b> All demands are met."
        words = "<br>".join(f"✗ {each.wanted}: <b>{each.measured}</b>" for each in missed)
        return f"<b>This fleet does not survive.</b><br>{words}"

    def _below(self, runs: Any, terminal: Any) -> tuple[Any, ...]:
        return row(runs), row(terminal)  # the table has many columns

    def _runs_table(self) -> str:
        rows = [[number, *_cells(each)] for number, each in enumerate(self.results, 1)]
        return table(HEAD, rows, newest=True)


class DayCharts:
    """Emails arrived and sent, and starts in the last second, on one scale of time."""

    def __init__(self, day: LaunchDay) -> None:
        self._day, self._drawn = day, 0.0
        self._backlog = LiveChart("lk-backlog", draw_backlog)
        self._rate = LiveChart("lk-rate", draw_rate)
        self._end_s = day.lasts_s + 1.0
        self.widgets = (self._backlog.widget, self._rate.widget)

    def begin(self, run: DayBatch, _results: Sequence[LaunchResult]) -> None:
        """Draw anew; the day's own moments are marked."""
        marks = [(self._day.kill_at_s, "SIGKILL"), (self._day.crowd_at_s, "the crowd")]
        provider = Limit.of(self._day.provider)
        backlog, rate = self._words(run)
        self._backlog.begin(run, backlog, end_s=self._end_s, marks=marks)
        self._rate.begin(run, rate, limit=provider, end_s=self._end_s)

    def follow(self, batch: DayBatch) -> bool:
        """Show how the day stands, at most so often; answers whether it did."""
        now = time.monotonic()
        if now - self._drawn < FRAME_S and not batch.ended:
            return False
        backlog, rate = self._words(batch)
        self._backlog.update(batch, backlog)
        self._rate.update(batch, rate)
        self._drawn = now
        return True

    def _words(self, run: DayBatch) -> tuple[str, str]:
        return describe_backlog(run), describe_rate(run, limit=Limit.of(self._day.provider))


def _cells(result: LaunchResult) -> list[object]:
    within, most, sent, _ = result.demands
    fleet = f"{result.workers} × {result.max_jobs}"
    survived = "✓" if result.survived else "✗"
    return [fleet, result.limit, within.measured, most.measured, sent.measured, survived]
