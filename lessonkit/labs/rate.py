"""The rate lab: how many emails start in a second, and what holds that down?"""

from __future__ import annotations

import time
from collections.abc import Sequence

from lessonkit.batch import Batch, BatchResult, ideal_makespan_s
from lessonkit.labs.chart import FRAME_S, LiveChart
from lessonkit.labs.controls import Settings
from lessonkit.labs.runs import RunLab
from lessonkit.plots import describe_rate, describe_starts, draw_rate, draw_starts, rates_table
from lessonkit.rate import busiest_window, limited_span_s
from lessonkit.session import Lab
from workers.contract import Limit


class RateLab(RunLab):
    """Sliders, a Run button, live charts and a table of every run, on the session `lab`.

    `limit` is how many emails may start in a second, 0 (off) to 20; `workers` 1 to 3, `max_jobs` 1
    to 10 each, `emails` 1 to 60, `seconds` per email 0.1 to 1; BadSetting for others. `results` are
    the runs that ended, as BatchResults.
    """

    stopping = "Stopping: the workers leave, the emails that wait are removed."
    _terminal = "Terminals 2, 3 and 4: the workers' own output"

    def __init__(
        self,
        lab: Lab,
        *,
        limit: int = 0,
        workers: int = 2,
        max_jobs: int = 5,
        emails: int = 30,
        seconds: float = 0.1,
    ) -> None:
        settings = Settings(
            limit=("limit per second", 0, 20, "How many emails may start in any second", "off"),
            workers=("workers", 1, 3, "How many worker processes there are"),
            max_jobs=("max_jobs", 1, 10, "How many emails each worker sends at a time"),
            emails=("emails", 1, 60, "How many emails are put into the queue"),
            seconds=("seconds per email", 0.1, 1.0, "How long it takes to send one email"),
        )
        settings.set(
            limit=limit, workers=workers, max_jobs=max_jobs, emails=emails, seconds=seconds
        )
        super().__init__(
            lab,
            "Rate lab",
            "Up to three real worker processes on one queue. How many emails start in a second?",
            settings,
            RateCharts(),
        )
        self._open()

    async def run(
        self,
        *,
        limit: int | None = None,
        workers: int | None = None,
        max_jobs: int | None = None,
        emails: int | None = None,
        seconds: float | None = None,
    ) -> BatchResult:
        """What the Run button does, from a cell: moves the sliders, runs, answers the result.

        What is not given stays as the slider is; `limit` 0 is off. Raises BadSetting for a value
        that its slider cannot take, LabBusy while something runs, and what went wrong in the run.
        """
        result: BatchResult = await self._run_with(
            limit=limit, workers=workers, max_jobs=max_jobs, emails=emails, seconds=seconds
        )
        return result

    def _batch(self) -> Batch:
        chosen = self.settings.values
        limit, workers = int(chosen["limit"]), int(chosen["workers"])
        return Batch(
            int(chosen["emails"]),
            int(chosen["max_jobs"]),
            chosen["seconds"],
            workers,
            f"{limit}/1s" if limit else "off",
        )

    def _phases(self, batch: Batch) -> dict[str, str]:
        options = f"--max-jobs {batch.max_jobs} --limit {batch.limit}"
        what = "a fresh process" if batch.workers == 1 else f"{batch.workers} fresh processes"
        return {
            "starting Redis": "a private server for this notebook; it stays up for further runs",
            f"starting the worker{'s' * (batch.workers > 1)}": (
                f"{what}: <code>python -m workers email {options}</code>"
            ),
            "running": f"all emails are in the queue; up to {_slots(batch)} are sent at a time",
        }

    def _question(self, batch: Batch) -> str:
        limit = Limit.of(batch.limit)
        if not limit.max:
            rule = "no limit on starts"
        else:
            rule = f"the last starts after <b>{limited_span_s(batch.jobs, limit):g} s</b> or later"
        return f"At a time: {_slots(batch)}; {rule}. How many will start in the busiest second?"

    def _summary(self, result: BatchResult) -> str:
        most = busiest_window(result.starts_s).starts
        limit = "no limiter" if result.limit == "off" else f"limit {result.limit}"
        return (
            f"<b>{most} starts in the busiest second</b>, {limit}.<br>{result.jobs} emails in "
            f"{result.makespan_s:.2f} s, at most {result.peak_concurrency} at the same moment."
        )

    def _runs_table(self) -> str:
        return rates_table(self.results, numbered=True)


class RateCharts:
    """Starts in the last second, and when each email started, on one scale of time."""

    def __init__(self) -> None:
        self._rate = LiveChart("lk-rate", draw_rate)
        self._starts = LiveChart("lk-starts", draw_starts)
        self._drawn = 0.0
        self.widgets = (self._rate.widget, self._starts.widget)

    def begin(self, run: Batch, _results: Sequence[BatchResult]) -> None:
        """Draw anew, with room for what the slots and the limit need."""
        limit, slots_s = Limit.of(run.limit), ideal_makespan_s(run.jobs, run.slots, run.seconds)
        end_s = max(limited_span_s(run.jobs, limit), slots_s) + 1.0
        rate, starts = _words(run)
        self._rate.begin(run, rate, limit=limit, end_s=end_s)
        self._starts.begin(run, starts, limit=limit, end_s=end_s)

    def follow(self, batch: Batch) -> bool:
        """Show how the batch stands, at most so often; answers whether it did."""
        now = time.monotonic()
        if now - self._drawn < FRAME_S and not batch.ended:
            return False
        rate, starts = _words(batch)
        self._rate.update(batch, rate)
        self._starts.update(batch, starts)
        self._drawn = now
        return True


def _words(run: Batch) -> tuple[str, str]:
    limit = Limit.of(run.limit)
    return describe_rate(run, limit=limit), describe_starts(run, limit=limit)


def _slots(batch: Batch) -> str:
    if batch.workers == 1:
        return f"<b>{batch.max_jobs}</b>"
    return f"{batch.workers} × {batch.max_jobs} = <b>{batch.slots}</b>"
