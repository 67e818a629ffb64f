"""The effects lab: when a worker dies, and what keeps it from sending twice. How many go out?"""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from textwrap import indent

import ipywidgets as widgets

from lessonkit.crashes import orders, run_program
from lessonkit.effects import JobEffects, ProgramRun
from lessonkit.labs.base import classed
from lessonkit.labs.chart import FRAME_S, LiveChart
from lessonkit.labs.controls import Settings, half
from lessonkit.labs.runs import RunLab
from lessonkit.page import table
from lessonkit.plots import describe_effects, draw_effects
from lessonkit.plots.effects import BOTTOM_PX, LEFT_PX, RIGHT_PX, TOP_PX
from lessonkit.session import Lab

NAME = "lab_email"
_labs = itertools.count(1)
EMAILS = 2
HEIGHT = 240

CRASHES = ("before the email", "after the email", "after the acknowledgement", "never")
#: what the processor does about a second attempt: the key it gives, and when it makes a note
GUARDS = {
    "nothing": ("", ""),
    "a note before it": ("", "before"),
    "a note after it": ("", "after"),
    "key: the job's id": (", key=job.id", ""),
    "key: id and attempt": (', key=f"{job.id}/{job.attempt}"', ""),
    "key: a fresh uuid": (", key=uuid.uuid4().hex", ""),
    "key: the address": (", key=email.to", ""),
}
_LOOK = """\
note = outbox.OUTBOX / f"{job.id}.sent"
if note.exists():
    return "sent before"
"""
_NOTE = "note.touch()\n"
_DIE = """\
if job.id == "1" and job.attempt == 1:
    signal.raise_signal(signal.SIGKILL)
"""
_DIE_LATE = """\
on = Handlers()

@on("completed")
def die(happened):
    if happened.job == "1":
        signal.raise_signal(signal.SIGKILL)

"""


@dataclass(frozen=True)
class Plan:
    """What the two lists ask for."""

    crash: str
    guard: str
    jobs: int = EMAILS

    @property
    def source(self) -> str:
        """The program of the worker, which dies over its first job."""
        key, note = GUARDS[self.guard]
        late = self.crash == "after the acknowledgement"
        steps = [
            _LOOK * bool(note),
            _NOTE * (note == "before"),
            _DIE * (self.crash == "before the email"),
            f"await outbox.send(email{key})\n",
            _DIE * (self.crash == "after the email"),
            _NOTE * (note == "after"),
            'return "sent"\n',
        ]
        program = [
            "import signal\n" * (self.crash != "never"),
            "import uuid\n" * ("uuid" in key),
            "\nfrom workers import outbox\nfrom workers.contract import EMAIL\n",
            "from workers.handlers import Handlers\n" * late,
            "from workers.settings import worker_settings\n\n",
            "async def send_email(job, email):\n" + indent("".join(steps), "    ") + "\n",
            _DIE_LATE * late,
            f"WorkerSettings = worker_settings(EMAIL, send_email, max_jobs=1{', on=on' * late})\n",
        ]
        return "".join(program).lstrip()


class EffectsLab(RunLab):
    """Two lists, the program that they make, a Run button, a live chart of effects beside jobs, and
    a table of every run, on `lab`.

    `crash` is one of `CRASHES`, `guard` one of `GUARDS`; BadSetting for others. `results` are the
    runs that ended, as ProgramRuns.
    """

    _terminal = "What the workers print, each line after a worker's pid"

    def __init__(self, lab: Lab, *, crash: str = "after the email", guard: str = "nothing") -> None:
        settings = Settings(
            crash=("killed", CRASHES, "When the worker dies, at the first attempt at job 1"),
            guard=("guard", tuple(GUARDS), "What the processor does against sending twice"),
        )
        settings.set(crash=crash, guard=guard)
        super().__init__(
            lab,
            "Effects lab",
            f"{EMAILS} orders of one customer, and a worker that is killed over the first. "
            "Another one takes over.",
            settings,
            EffectsCharts(),
        )
        self._plans: list[Plan] = []
        self._file = f"{NAME}_{next(_labs)}.py"
        self.box.add_class("lk-wordy")  # its table has words in it, which may wrap
        self._open()

    async def run(self, *, crash: str | None = None, guard: str | None = None) -> ProgramRun:
        """What the Run button does, from a cell: chooses, runs, answers the result.

        What is not given stays as it is. Raises BadSetting for what is in no list, LabBusy while
        something runs, and what went wrong in the run, if it did.
        """
        result: ProgramRun = await self._run_with(crash=crash, guard=guard)
        return result

    async def _measure(self) -> ProgramRun:
        plan = self._batch()
        self._begin(plan)
        self._say("<b>Starting the worker</b>")
        await self.lab.open()
        path = self.lab.directory / self._file
        path.write_text(plan.source)
        result = await run_program(
            self.lab,
            path,
            orders(EMAILS),
            on_change=self._follow,
            on_output=self.output.append,
        )
        self.results.append(result)
        self._plans = [*self._plans[: len(self.results) - 1], plan]
        self._table.value = self._runs_table()
        self._say(self._summary(result))
        return result

    def _follow(self, run: ProgramRun) -> None:
        if not self._charts.follow(run):
            return
        self._bar.value = sum(job.ended for job in run.jobs)
        self._say(
            f"<b>{_emails(run.emails)}</b> out · <b>{run.now_s:.1f} s</b>"
            f'<br><span class="lk-hint">{escape(run.stage)}</span>'
        )

    def _batch(self) -> Plan:
        return Plan(**self.settings.values)

    def _question(self, batch: Plan) -> str:
        return (
            f"Killed <b>{escape(batch.crash)}</b>, guarded by <b>{escape(batch.guard)}</b>. "
            f"How many emails go out for {EMAILS} orders?"
        )

    def _summary(self, result: ProgramRun) -> str:
        words = "; ".join(f"order {job.job} {_fate(job)}" for job in result.jobs)
        refused = f" {result.refused} refused." if result.refused else ""
        return (
            f"<b>{_emails(result.emails)} for {EMAILS} orders: {words}.</b>"
            f'<br><span class="lk-hint">The queue says: all completed.{refused}</span>'
        )

    def _runs_table(self) -> str:
        head = ("#", "killed", "guard", *(f"order {n + 1}" for n in range(EMAILS)), "refused")
        rows = [
            [number, plan.crash, plan.guard, *map(_fate, run.jobs), run.refused]
            for number, (plan, run) in enumerate(zip(self._plans, self.results, strict=False), 1)
        ]
        return table(head, rows, newest=True)


class EffectsCharts:
    """Effects beside jobs, and the program that the worker runs."""

    def __init__(self) -> None:
        margins = {"left": LEFT_PX, "right": RIGHT_PX, "top": TOP_PX, "bottom": BOTTOM_PX}
        self._chart = LiveChart("lk-effects", draw_effects, height=HEIGHT, **margins)
        self._source = classed(widgets.HTML(), "lk-source")
        self._drawn = 0.0
        self.widgets = (self._chart.widget, half("The worker's program", self._source))

    def begin(self, plan: Plan, _results: Sequence[ProgramRun]) -> None:
        """Draw the rows of a run that has not begun."""
        jobs = tuple(JobEffects(str(n), each) for n, each in enumerate(orders(plan.jobs), 1))
        nothing = ProgramRun(NAME, jobs)
        self._chart.begin(nothing, describe_effects(nothing))
        self._source.value = (
            '<pre class="lk-program" tabindex="0" aria-label="The program">'
            f"<code>{escape(plan.source)}</code></pre>"
        )

    def follow(self, run: ProgramRun) -> bool:
        """Show how the run stands, at most so often; answers whether it did."""
        now = time.monotonic()
        if now - self._drawn < FRAME_S and not run.over:
            return False
        self._drawn = now
        self._chart.update(run, describe_effects(run))
        return True


def _fate(job: JobEffects) -> str:
    """What the customer sees of an order."""
    count = len(job.sent)
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _emails(count: int) -> str:
    return f"{count} email{'s' * (count != 1)}"
