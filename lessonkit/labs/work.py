"""The work lab: what does a worker do faster at more than one at a time, and who waits for it?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from typing import Any

from matplotlib.axes import Axes

from lessonkit.batch import Batch
from lessonkit.chores import PLACES, WORKS, Chore, ChoreRun
from lessonkit.labs.chart import FRAME_S, LiveChart
from lessonkit.labs.controls import Settings, row
from lessonkit.labs.runs import RunLab
from lessonkit.page import table
from lessonkit.plots import LagsChart, describe_lags, describe_slots, draw_lags, draw_slots
from lessonkit.session import Lab
from lessonkit.speed import run_chore

JOBS = 5
HEAD = ("#", "work", "where", "each", "max_jobs", "took", "against 1", "cores used", "worst lag")


class WorkLab(RunLab):
    """A choice of work and place, sliders, a Run button, live charts and a table of every run.

    `work` and `where` as in `Chore`, `max_jobs` 1 to 5, `seconds` per job 0.1 to 1; BadSetting for
    others. `results` are the runs that ended, as ChoreRuns.
    """

    def __init__(
        self,
        lab: Lab,
        *,
        work: str = "photo",
        where: str = "loop",
        max_jobs: int = 5,
        seconds: float = 0.3,
    ) -> None:
        settings = Settings(
            work=("work", WORKS, "What the jobs do"),
            where=("where", PLACES, "Where the worker does it"),
            max_jobs=("max_jobs", 1, 5, "How many jobs the worker runs at a time"),
            seconds=("seconds per job", 0.1, 1.0, "How long one of them takes by itself"),
        )
        settings.set(work=work, where=where, max_jobs=max_jobs, seconds=seconds)
        super().__init__(
            lab,
            "Work lab",
            f"{JOBS} jobs of one kind, one real worker, and its pulse: the later its loop is, the "
            "longer everything else in the worker waits.",
            settings,
            WorkCharts(),
        )
        self._open()

    async def run(
        self,
        *,
        work: str | None = None,
        where: str | None = None,
        max_jobs: int | None = None,
        seconds: float | None = None,
    ) -> ChoreRun:
        """What the Run button does, from a cell: moves the controls, runs, answers the result.

        What is not given stays as it is. Raises BadSetting for a value that its control cannot
        take, LabBusy while something runs, and what went wrong in the run, if it did.
        """
        wanted = {"work": work, "where": where, "max_jobs": max_jobs, "seconds": seconds}
        result: ChoreRun = await self._run_with(**wanted)
        return result

    async def _play(self, plan: ChoreRun) -> ChoreRun:
        return await run_chore(
            self.lab,
            plan.chore,
            jobs=JOBS,
            max_jobs=plan.batch.max_jobs,
            seconds=plan.batch.seconds,
            on_phase=lambda phase: self._enter(phase, plan),
            on_change=self._follow,
            on_output=self.output.append,
        )

    def _begin(self, plan: ChoreRun) -> None:
        self._charts.begin(plan, self.results)
        self._bar.max, self._bar.value = plan.batch.jobs, 0

    def _follow(self, run: ChoreRun) -> None:
        if not self._charts.follow(run):
            return
        done = run.batch.done if isinstance(run.batch, Batch) else run.batch.jobs
        self._bar.value = done
        self._say(
            f"<b>{done}</b> of {run.batch.jobs} jobs done · <b>{run.now_s:.1f} s</b>"
            f'<br><span class="lk-hint">the loop was at most {run.worst_lag_s * 1000:.0f} ms '
            "late</span>"
        )

    def _batch(self) -> ChoreRun:
        chosen: Any = self.settings.values
        batch = Batch(JOBS, int(chosen["max_jobs"]), chosen["seconds"])
        return ChoreRun(Chore(chosen["work"], chosen["where"]), batch)

    def _phases(self, _: ChoreRun) -> dict[str, str]:
        return {
            "starting the worker": "a fresh process, and its pool of processes",
            "trying how much work that is": "a few real jobs, to find out what this machine can do",
            "running": "all jobs are in the queue",
        }

    def _question(self, plan: ChoreRun) -> str:
        batch = plan.batch
        return (
            f"{JOBS} × {plan.chore.work} of <b>{batch.seconds:g} s</b>, each in the "
            f"<b>{plan.chore.where}</b>, max_jobs <b>{batch.max_jobs}</b>. How long, and how late "
            "is the loop?"
        )

    def _summary(self, result: ChoreRun) -> str:
        if result.failed:
            return (
                f"<b>{result.failed} of {JOBS} jobs failed.</b>"
                f'<br><span class="lk-hint">{escape(result.error)}</span>'
            )
        return (
            f"<b>{result.makespan_s:.2f} s</b>; the loop was at most "
            f"<b>{result.worst_lag_s * 1000:.0f} ms</b> late."
            f'<br><span class="lk-hint">{result.cores_used:.1f} cores were at work.</span>'
        )

    def _below(self, runs: Any, terminal: Any) -> tuple[Any, ...]:
        return row(runs), row(terminal)  # the table has many columns

    def _runs_table(self) -> str:
        rows = [
            [number, *_cells(each, self.results)] for number, each in enumerate(self.results, 1)
        ]
        return table(HEAD, rows, newest=True)


class WorkCharts:
    """The slots of a run over time, and below them how late the loop was."""

    def __init__(self) -> None:
        self._slots = LiveChart("lk-slots", draw_slots)
        self._lags = LiveChart("lk-lags", _draw_lags)
        self._drawn = 0.0
        self.widgets = (self._slots.widget, self._lags.widget)

    def begin(self, plan: ChoreRun, _results: Sequence[ChoreRun]) -> None:
        """Draw the empty charts of a run that has not begun."""
        # what computes in the loop takes as long as one by one, whatever max_jobs is
        end_s = plan.batch.jobs * plan.batch.seconds
        self._slots.begin(
            plan.batch,
            describe_slots(plan.batch, job="job"),
            end_s=end_s,
            title=f"{plan.chore}: the slots, max_jobs {plan.batch.max_jobs}",
        )
        self._lags.begin(plan, describe_lags([plan]), end_s=end_s)

    def follow(self, run: ChoreRun) -> bool:
        """Show how the run stands, at most so often; answers whether it did."""
        now = time.monotonic()
        if now - self._drawn < FRAME_S and not run.over:
            return False
        self._drawn = now
        self._slots.update(run.batch, describe_slots(run.batch, job="job"))
        self._lags.update(run, describe_lags([run]))
        return True


def _draw_lags(ax: Axes, run: ChoreRun, **options: Any) -> LagsChart:
    chart = draw_lags(ax, [run], **options)
    ax.set_yticks([])  # its one row needs no name
    return chart


def _cells(run: ChoreRun, runs: Sequence[ChoreRun]) -> list[str]:
    batch, chore = run.batch, run.chore
    first = [chore.work, chore.where, f"{batch.seconds:g} s", str(batch.max_jobs)]
    last = f"{run.worst_lag_s * 1000:.0f} ms"
    if run.failed:
        return [*first, f"{run.failed} failed", "–", "–", last]
    base = [
        each
        for each in runs
        if (each.chore, each.batch.max_jobs, each.batch.seconds) == (chore, 1, batch.seconds)
    ]
    ratio = f"{base[-1].makespan_s / run.makespan_s:.1f}×" if base else "–"
    return [*first, f"{run.makespan_s:.2f} s", ratio, f"{run.cores_used:.1f}", last]
