"""The scale lab: how many emails are sent at once when there are more processes?"""

from __future__ import annotations

import time
from collections.abc import Sequence

from matplotlib.axes import Axes

from lessonkit.batch import Batch, BatchResult
from lessonkit.labs.chart import FRAME_S, LiveChart
from lessonkit.labs.controls import Settings
from lessonkit.labs.runs import RunLab
from lessonkit.plots import (
    describe_heat,
    describe_processes,
    draw_heat,
    draw_processes,
    grid_table,
)
from lessonkit.plots.heat import HeatChart
from lessonkit.session import Lab

MOST_PROCESSES = MOST_SLOTS = 4


class ScaleLab(RunLab):
    """Sliders, a Run button, a live chart, a heat map and a table of every run, on `lab`.

    `workers` and `max_jobs` 1 to 4, `emails` 1 to 48, `seconds` per email 0.1 to 1; BadSetting for
    others. `results` are the runs that ended, as BatchResults.
    """

    stopping = "Stopping: the workers leave, the emails that wait are removed."
    _terminal = "Terminals 2 to 5: the workers' own output"

    def __init__(
        self,
        lab: Lab,
        *,
        workers: int = 2,
        max_jobs: int = 2,
        emails: int = 16,
        seconds: float = 0.3,
    ) -> None:
        settings = Settings(
            workers=("workers", 1, MOST_PROCESSES, "How many worker processes there are"),
            max_jobs=("max_jobs", 1, MOST_SLOTS, "How many emails each of them sends at a time"),
            emails=("emails", 1, 48, "How many emails are put into the queue"),
            seconds=("seconds per email", 0.1, 1.0, "How long it takes to send one email"),
        )
        settings.set(workers=workers, max_jobs=max_jobs, emails=emails, seconds=seconds)
        super().__init__(
            lab,
            "Scale lab",
            "Up to four real worker processes on one queue. How many emails do they send at once?",
            settings,
            ScaleCharts(),
        )
        self._open()

    async def run(
        self,
        *,
        workers: int | None = None,
        max_jobs: int | None = None,
        emails: int | None = None,
        seconds: float | None = None,
    ) -> BatchResult:
        """What the Run button does, from a cell: moves the sliders, runs, answers the result.

        What is not given stays as the slider is. Raises BadSetting for a value that its slider
        cannot take, LabBusy while something runs, and what went wrong in the run, if it did.
        """
        result: BatchResult = await self._run_with(
            workers=workers, max_jobs=max_jobs, emails=emails, seconds=seconds
        )
        return result

    async def _measure(self) -> BatchResult:
        result: BatchResult = await super()._measure()
        self._charts.begin(result, self.results)
        return result

    def _batch(self) -> Batch:
        chosen = self.settings.values
        return Batch(
            int(chosen["emails"]),
            int(chosen["max_jobs"]),
            chosen["seconds"],
            int(chosen["workers"]),
        )

    def _phases(self, batch: Batch) -> dict[str, str]:
        more = f" --processes {batch.workers}" if batch.workers > 1 else ""
        command = f"<code>python -m workers email --max-jobs {batch.max_jobs}{more}</code>"
        return {
            "starting Redis": "a private server for this notebook; it stays up for further runs",
            f"starting the worker{'s' * (batch.workers > 1)}": f"in a terminal: {command}",
            "running": f"all emails are in the queue; up to {batch.slots} are sent at a time",
        }

    def _question(self, batch: Batch) -> str:
        return (
            f"<b>{batch.workers}</b> × max_jobs <b>{batch.max_jobs}</b>. How many emails will be "
            "sent at the same moment, and by which process?"
        )

    def _summary(self, result: BatchResult) -> str:
        return (
            f"<b>{result.peak_concurrency} at once</b>: {result.workers} × {result.max_jobs} = "
            f"{result.slots} slots.<br>{result.jobs} emails in {result.makespan_s:.2f} s; the "
            f"ideal is {result.ideal_s:g} s."
        )

    def _runs_table(self) -> str:
        return grid_table(self.results, numbered=True)


class ScaleCharts:
    """The slots of each process over time, and how long each setting took so far."""

    def __init__(self) -> None:
        self._processes = LiveChart("lk-processes", draw_processes, left=76)
        self._heat = LiveChart("lk-heat", _draw_heat)
        self._drawn = 0.0
        self.widgets = (self._processes.widget, self._heat.widget)

    def begin(self, run: Batch | BatchResult, results: Sequence[BatchResult]) -> None:
        """Draw anew; in the heat map, those of the `results` that sent the same emails."""
        same = [each for each in results if (each.jobs, each.seconds) == (run.jobs, run.seconds)]
        self._processes.begin(run, describe_processes(run))
        self._heat.begin(run, describe_heat(same), runs=same)

    def follow(self, batch: Batch) -> bool:
        """Show how the batch stands, at most so often; answers whether it did."""
        now = time.monotonic()
        if now - self._drawn < FRAME_S and batch.done < batch.jobs:
            return False
        self._processes.update(batch, describe_processes(batch))
        self._drawn = now
        return True


def _draw_heat(ax: Axes, run: Batch | BatchResult, *, runs: Sequence[BatchResult]) -> HeatChart:
    return draw_heat(
        ax,
        runs,
        workers=range(1, MOST_PROCESSES + 1),
        max_jobs=range(1, MOST_SLOTS + 1),
        marked=(run.workers, run.max_jobs),
        title=f"How long {run.jobs} emails of {run.seconds:g} s took",
    )
