"""Slots over time, process by process: which process ran which job, in which of its own slots."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from lessonkit.plots.data import Run, Span, records_of, spans_of
from lessonkit.plots.ink import QUIET, SMALL_PX, seconds
from lessonkit.plots.slots import SlotsChart, draw_slots


class ProcessesChart(SlotsChart):
    """A slots chart whose lanes are grouped by process, and named by their pids."""

    def update(self, run: Run) -> bool:
        """Show how the run stands. Answers whether what stands still had to change as well."""
        names = [str(pid) for pid in pids_of(run)]
        names += ["–"] * (run.workers - len(names))
        renamed = names != [label.get_text() for label in self.ax.get_yticklabels()]
        if renamed:
            middles = [(number + 0.5) * run.max_jobs - 0.5 for number in range(run.workers)]
            self.ax.set_yticks(middles, names)
        return super().update(run) or renamed

    def _spans(self, run: Run) -> list[Span]:
        return spans_by_process(run)


def draw_processes(ax: Axes, run: Run, *, title: str = "", **options: Any) -> SlotsChart:
    """Draw a run on `ax`, one bar a job in the lanes of its process, and return the artists.

    `options` are those of `draw_slots`.
    """
    title = title or f"What each process is doing ({run.workers} × {run.max_jobs})"
    chart = draw_slots(ax, run, slots=1, title=title, kind=ProcessesChart, **options)
    ax.set_ylabel("process", color=QUIET, fontsize=SMALL_PX)
    ax.tick_params(axis="y", length=0)
    for number in range(1, run.workers):
        chart.still.append(ax.axhline(number * run.max_jobs - 0.5, color=QUIET, linewidth=0.8))
    return chart


def pids_of(run: Run) -> list[int]:
    """The processes of a run so far, in the order of their first starts."""
    begun = [each for each in records_of(run) if each.started_s is not None]
    return list(dict.fromkeys(each.pid for each in sorted(begun, key=lambda e: e.started_s or 0.0)))


def spans_by_process(run: Run) -> list[Span]:
    """The bars of a run, each in a lane of its process: the lowest that was free."""
    pids, of_job = pids_of(run), {each.id: each.pid for each in records_of(run)}
    free_from_s: dict[int, list[float]] = {pid: [] for pid in pids}
    spans = []
    for span in sorted(spans_of(run), key=lambda span: span.start_s):
        pid = of_job[span.job]
        ends_s = free_from_s[pid]
        free = [slot for slot, end_s in enumerate(ends_s) if end_s <= span.start_s]
        slot = free[0] if free else len(ends_s)
        ends_s[slot : slot + 1] = [span.end_s]
        spans.append(span._replace(slot=pids.index(pid) * run.max_jobs + slot))
    return spans


def describe_processes(run: Run) -> str:
    """The chart in words, from the same data."""
    spans, of_job = spans_by_process(run), {each.id: each.pid for each in records_of(run)}
    done = sum(span.state != "active" for span in spans)
    words = [
        f"{run.workers} process{'es' * (run.workers != 1)} at max_jobs {run.max_jobs}: "
        f"{done} of {run.jobs} emails done."
    ]
    for pid in pids_of(run):
        own = [span for span in spans if of_job[span.job] == pid]
        words.append(
            f"Process {pid} took {len(own)}, from {own[0].start_s:.2f} to "
            f"{seconds(max(span.end_s for span in own))}."
        )
    return " ".join(words)
