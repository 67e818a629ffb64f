"""The concurrency lab: how long do N emails take when `max_jobs` of them are sent at a time?"""

from __future__ import annotations

from lessonkit.batch import Batch, BatchResult, ideal_makespan_s
from lessonkit.labs.chart import RunCharts
from lessonkit.labs.controls import Settings, button
from lessonkit.labs.runs import RunLab
from lessonkit.page import against_one, runs_table
from lessonkit.session import Lab


class ConcurrencyLab(RunLab):
    """Sliders, a Run button, live charts and a table of every run, on the session `lab`.

    `emails` 1 to 50, `seconds` per email 0.1 to 2, `max_jobs` 1 to 10; BadSetting for others.
    `results` are the runs that ended, as BatchResults.
    """

    def __init__(
        self, lab: Lab, *, emails: int = 5, seconds: float = 1.0, max_jobs: int = 1
    ) -> None:
        settings = Settings(
            max_jobs=("max_jobs", 1, 10, "How many emails the worker sends at a time"),
            emails=("emails", 1, 50, "How many emails are put into the queue"),
            seconds=("seconds per email", 0.1, 2.0, "How long it takes to send one email"),
        )
        settings.set(max_jobs=max_jobs, emails=emails, seconds=seconds)
        super().__init__(
            lab,
            "Concurrency lab",
            "One real worker process. Choose how many emails it may send at the same time.",
            settings,
            RunCharts(),
        )
        compare = button(
            "Compare 1 and 5", "", "Run at max_jobs 1, then at max_jobs 5", "lk-compare"
        )
        compare.on_click(lambda _: self._press(self._compare_both))
        self._open(compare)

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
        result: BatchResult = await self._run_with(**wanted)
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

    def _batch(self) -> Batch:
        chosen = self.settings.values
        return Batch(int(chosen["emails"]), int(chosen["max_jobs"]), chosen["seconds"])

    def _phases(self, batch: Batch) -> dict[str, str]:
        command = f"<code>python -m workers email --max-jobs {batch.max_jobs}</code>"
        return {
            "starting Redis": "a private server for this notebook; it stays up for further runs",
            "starting the worker": f"a fresh process: {command}",
            "running": f"all emails are in the queue; the worker sends {batch.max_jobs} at a time",
        }

    def _question(self, batch: Batch) -> str:
        return f"Ideal: {_ideal(batch)}. What will you measure?"

    def _summary(self, result: BatchResult) -> str:
        failed = f", {result.failed} of them failed" if result.failed else ""
        return (
            f"<b>{result.jobs} emails in {result.makespan_s:.2f} s</b> "
            f"at max_jobs {result.max_jobs}{failed}.<br>Ideal: {_ideal(result)}."
        )

    def _runs_table(self) -> str:
        return runs_table(self.results, numbered=True)


def _ideal(run: Batch | BatchResult) -> str:
    ideal_s = ideal_makespan_s(run.jobs, run.max_jobs, run.seconds)
    return f"⌈{run.jobs} / {run.max_jobs}⌉ × {run.seconds:g} s = <b>{ideal_s:g} s</b>"
