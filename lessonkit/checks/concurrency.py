"""The check of 02: five emails, one at a time or five at a time?"""

from __future__ import annotations

from lessonkit.batch import BatchResult, ideal_makespan_s
from lessonkit.checks.verdict import NotYet, Verdict

#: a recorded total may differ from what was measured by this much of it: rounding, a second run
ROUNDING = 0.15


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
    except NotYet as problem:
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
        raise NotYet("the two totals are swapped: more slots take less time, not more.")
    if _near(first, one.seconds) and one.jobs > 1:
        raise NotYet(
            f"total_1_s = {first:g} is the time of one email. With one slot each waits for those "
            "before it: read `one.makespan_s`, first enqueue to last finish."
        )
    if not _near(first, one.makespan_s):
        raise NotYet(
            f"total_1_s = {first:g}, but your run at max_jobs 1 took {one.makespan_s:.2f} s: "
            "read it from `one.makespan_s`."
        )
    if not _near(last, five.makespan_s):
        raise NotYet(
            f"total_5_s = {last:g}, but your run at max_jobs 5 took {five.makespan_s:.2f} s: "
            "read it from `five.makespan_s`."
        )


def _check_prediction(predicted_s: object, one: BatchResult) -> None:
    guess, jobs, seconds = _seconds(predicted_s, "predicted_3_s"), one.jobs, one.seconds
    if _near(guess, ideal_makespan_s(jobs, 3, seconds)):
        return
    if _near(guess, jobs * seconds / 3):
        raise NotYet(
            f"predicted_3_s = {guess:g} shares {jobs} emails out like water: {jobs} / 3 rounds. "
            "An email runs in one slot from start to end, so count whole rounds."
        )
    if _near(guess, seconds):
        raise NotYet(
            f"predicted_3_s = {guess:g} is one round, and a round of 3 slots sends 3 emails. "
            f"How many rounds do {jobs} emails need?"
        )
    if _near(guess, jobs * seconds):
        raise NotYet(
            f"predicted_3_s = {guess:g} is the time at max_jobs 1. Three slots send three emails "
            "in each round: how many rounds?"
        )
    raise NotYet(
        f"predicted_3_s = {guess:g} is not what 3 slots need: count the rounds of 3 that "
        f"{jobs} emails make, and give each {seconds:g} s."
    )


def _check_run_at_3(three: object, one: BatchResult) -> BatchResult:
    if three is ...:
        raise NotYet("the run at 3 is missing: put `await lab.run(...)` where the last dots are.")
    if not isinstance(three, BatchResult):
        raise NotYet(
            f"`three` is {type(three).__name__}, not a result: did you forget the `await`?"
        )
    if three.max_jobs != 3:
        raise NotYet(f"`three` ran at max_jobs {three.max_jobs}: pass `max_jobs=3`.")
    if (three.jobs, three.seconds) != (one.jobs, one.seconds):
        raise NotYet(
            f"`three` sent {three.jobs} emails of {three.seconds:g} s: to compare, send the same "
            f"{one.jobs} of {one.seconds:g} s."
        )
    if three.peak_concurrency != 3 or three.makespan_s < three.ideal_s * (1 - ROUNDING):
        raise NotYet("`three` is not a run of three slots at work: run it once more.")
    return three


def _seconds(answer: object, name: str) -> float:
    if answer is ...:
        raise NotYet(f"{name} is missing: put a number where its dots are.")
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        raise NotYet(f"{name} is {answer!r}: give a number of seconds, such as 2.5.")
    return float(answer)


def _near(value: float, truth: float) -> bool:
    return abs(value - truth) <= ROUNDING * truth
