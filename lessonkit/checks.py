"""Exercise checks: *not attempted*, *not yet, because …* or *passed*, and what was not checked."""

from __future__ import annotations

import html
import os
from dataclasses import dataclass
from typing import Literal

from lessonkit.batch import BatchResult, ideal_makespan_s
from lessonkit.doctor import Report
from lessonkit.follow import Story
from workers.contract import State

#: a recorded total may differ from what was measured by this much of it: rounding, a second run
ROUNDING = 0.15


@dataclass(frozen=True)
class Verdict:
    """What a check says. `why` names what is amiss, `unchecked` what a pass does not show."""

    status: Literal["not attempted", "not yet", "passed"]
    why: str = ""
    unchecked: str = ""

    def __repr__(self) -> str:
        if self.status == "not attempted":
            return f"Not attempted: {self.why}"
        if self.status == "not yet":
            return f"Not yet, because {self.why}"
        return f"Passed. {self.why} Not checked: {self.unchecked}"

    def _repr_html_(self) -> str:
        mark = {"not attempted": "○", "not yet": "△", "passed": "✓"}[self.status]
        head, _, rest = repr(self).partition(" " if self.status != "not attempted" else ": ")
        if self.status == "not yet":
            head, rest = "Not yet,", repr(self).removeprefix("Not yet, ")
        return f"<p><b>{mark} {html.escape(head)}</b> {html.escape(rest)}</p>"


class _NotYet(Exception):
    """Raised inside a check with the reason."""


def check_mended(max_jobs: object, report: Report | None) -> Verdict:
    """00: the setting was mended if the doctor, given it, found a worker that ran a job."""
    if max_jobs is ...:
        return Verdict("not attempted", "put a number where the dots are, and run both cells.")
    if report is None:
        return Verdict("not yet", "the doctor has not looked: run the cell above this one.")
    if wrong := [finding for finding in report.findings if not finding.ok]:
        return Verdict("not yet", f"{wrong[0].what} is still red. {wrong[0].next_step}")
    return Verdict(
        "passed",
        f"A worker with max_jobs = {max_jobs} started, ran a job and left.",
        "whether that is a good number for real work; that is what the series is about.",
    )


def check_sent(queue_name: object, sent: Story | None) -> Verdict:
    """01: an email was added to a queue that a worker listens to, and another process sent it."""
    if queue_name is ...:
        return Verdict("not attempted", "put a queue's name where the dots are, in quotes.")
    if sent is None:
        return Verdict("not yet", "nothing was sent: run the cell above this one again.")
    if not sent.ended:
        return Verdict(
            "not yet",
            f"the job still waits in the queue {sent.queue!r}: nobody listens there. What does the "
            "worker say it listens to, in its own output?",
        )
    if sent.state != State.COMPLETED or sent.worker_pid == os.getpid():
        return Verdict("not yet", f"the job {sent.state}: {sent.error or 'not by a worker'}.")
    return Verdict(
        "passed",
        f"Process {sent.worker_pid} sent it; this notebook is process {os.getpid()}.",
        "what happens to the email in the wrong queue: it waits until somebody listens there.",
    )


def check_totals(
    total_1_s: object,
    total_5_s: object,
    predicted_3_s: object,
    three: object,
    *,
    one: BatchResult,
    five: BatchResult,
) -> Verdict:
    """02: the totals that the learner recorded at `max_jobs` 1 and 5, what they predicted for 3,
    and their run at 3, against the measured runs `one` and `five`."""
    answers = (total_1_s, total_5_s, predicted_3_s, three)
    if all(answer is ... for answer in answers):
        return Verdict("not attempted", "replace the four dots, top to bottom, and run the cell.")
    try:
        _check_totals(total_1_s, total_5_s, one, five)
        _check_prediction(predicted_3_s, one)
        result = _check_run_at_3(three, one)
    except _NotYet as problem:
        return Verdict("not yet", str(problem))
    return Verdict(
        "passed",
        f"{one.makespan_s:.2f} s one at a time, {five.makespan_s:.2f} s five at a time, and "
        f"{result.makespan_s:.2f} s at 3: two rounds, the second with a slot unused.",
        "jobs of unequal length, where the rounds blur.",
    )


def _check_totals(
    total_1_s: object, total_5_s: object, one: BatchResult, five: BatchResult
) -> None:
    first, last = _seconds(total_1_s, "total_1_s"), _seconds(total_5_s, "total_5_s")
    if _near(first, five.makespan_s) and _near(last, one.makespan_s):
        raise _NotYet("the two totals are swapped: more slots take less time, not more.")
    if _near(first, one.seconds) and one.jobs > 1:
        raise _NotYet(
            f"total_1_s = {first:g} is the time of one email. With one slot each waits for those "
            "before it: read `one.makespan_s`, first enqueue to last finish."
        )
    if not _near(first, one.makespan_s):
        raise _NotYet(
            f"total_1_s = {first:g}, but your run at max_jobs 1 took {one.makespan_s:.2f} s: "
            "read it from `one.makespan_s`."
        )
    if not _near(last, five.makespan_s):
        raise _NotYet(
            f"total_5_s = {last:g}, but your run at max_jobs 5 took {five.makespan_s:.2f} s: "
            "read it from `five.makespan_s`."
        )


def _check_prediction(predicted_s: object, one: BatchResult) -> None:
    guess, jobs, seconds = _seconds(predicted_s, "predicted_3_s"), one.jobs, one.seconds
    if _near(guess, ideal_makespan_s(jobs, 3, seconds)):
        return
    if _near(guess, jobs * seconds / 3):
        raise _NotYet(
            f"predicted_3_s = {guess:g} shares {jobs} emails out like water: {jobs} / 3 rounds. "
            "An email runs in one slot from start to end, so count whole rounds."
        )
    if _near(guess, seconds):
        raise _NotYet(
            f"predicted_3_s = {guess:g} is one round, and a round of 3 slots sends 3 emails. "
            f"How many rounds do {jobs} emails need?"
        )
    if _near(guess, jobs * seconds):
        raise _NotYet(
            f"predicted_3_s = {guess:g} is the time at max_jobs 1. Three slots send three emails "
            "in each round: how many rounds?"
        )
    raise _NotYet(
        f"predicted_3_s = {guess:g} is not what 3 slots need: count the rounds of 3 that "
        f"{jobs} emails make, and give each {seconds:g} s."
    )


def _check_run_at_3(three: object, one: BatchResult) -> BatchResult:
    if three is ...:
        raise _NotYet("the run at 3 is missing: put `await lab.run(...)` where the last dots are.")
    if not isinstance(three, BatchResult):
        raise _NotYet(
            f"`three` is {type(three).__name__}, not a result: did you forget the `await`?"
        )
    if three.max_jobs != 3:
        raise _NotYet(f"`three` ran at max_jobs {three.max_jobs}: pass `max_jobs=3`.")
    if (three.jobs, three.seconds) != (one.jobs, one.seconds):
        raise _NotYet(
            f"`three` sent {three.jobs} emails of {three.seconds:g} s: to compare, send the same "
            f"{one.jobs} of {one.seconds:g} s."
        )
    if three.peak_concurrency != 3 or three.makespan_s < three.ideal_s * (1 - ROUNDING):
        raise _NotYet("`three` is not a run of three slots at work: run it once more.")
    return three


def _seconds(answer: object, name: str) -> float:
    if answer is ...:
        raise _NotYet(f"{name} is missing: put a number where its dots are.")
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        raise _NotYet(f"{name} is {answer!r}: give a number of seconds, such as 2.5.")
    return float(answer)


def _near(value: float, truth: float) -> bool:
    return abs(value - truth) <= ROUNDING * truth
