"""The check of 10: can I predict the wait before I build it?"""

from __future__ import annotations

from lessonkit.arrivals import ArrivalsResult
from lessonkit.checks.verdict import NotYet, Verdict
from lessonkit.queueing import least_slots, mean_wait_s, offered_load

#: the emails of the exercise, and how long they may wait on average
RATE_PER_S, MEAN_S, TARGET_S = 36, 0.1, 0.08
#: fewer emails than this say little
LEAST_JOBS = 120


def check_wait(max_jobs: object, result: object) -> Verdict:
    """10: a run at the smallest `max_jobs` whose mean wait is predicted to meet the target, and
    does."""
    if max_jobs is ...:
        return Verdict("not attempted", "replace the three dots and run the cell.")
    try:
        run = _run(max_jobs, result)
        _judge(run)
    except NotYet as problem:
        return Verdict("not yet", str(problem))
    return Verdict(
        "passed",
        f"With {run.slots} slots the emails waited {_ms(run.mean_wait_s)} on average, of at most "
        f"{_ms(TARGET_S)}. One slot fewer: {_ms(mean_wait_s(run.slots - 1, RATE_PER_S, MEAN_S))}, "
        "says the formula.",
        f"the slowest of them: 95 % waited no longer than {_ms(run.wait_percentile_s(95))}, and "
        "the other 5 % did.",
    )


def _run(max_jobs: object, result: object) -> ArrivalsResult:
    if not isinstance(max_jobs, int) or isinstance(max_jobs, bool):
        raise NotYet(f"`max_jobs` is {max_jobs!r}: it must be a whole number of slots.")
    if result is None or result is ...:
        raise NotYet("`mine` has not been run: run the cell above this one.")
    if not isinstance(result, ArrivalsResult):
        raise NotYet(
            f"`mine` is {type(result).__name__}, not a result: did you forget the `await`?"
        )
    asked = result.asked
    if (asked.rate_per_s, asked.mean_s, asked.service) != (RATE_PER_S, MEAN_S, "exponential"):
        raise NotYet(
            f"`mine` is about {asked.rate_per_s:g} emails per second of {asked.mean_s:g} s each, "
            f"{asked.service}: the exercise is about {RATE_PER_S} of {MEAN_S:g} s, exponential."
        )
    if asked.jobs < LEAST_JOBS or result.workers != 1 or result.limit != "off":
        raise NotYet(
            f"run it with one worker, no limit and at least {LEAST_JOBS} emails, as the cell does."
        )
    if result.max_jobs != max_jobs:
        raise NotYet(f"`mine` ran at max_jobs {result.max_jobs}, and you say {max_jobs}.")
    return result


def _judge(run: ArrivalsResult) -> None:
    load, slots = offered_load(RATE_PER_S, MEAN_S), run.slots
    least, found = least_slots(RATE_PER_S, MEAN_S, TARGET_S), _ms(run.mean_wait_s)
    predicted = _ms(mean_wait_s(slots, RATE_PER_S, MEAN_S))
    if slots < load:
        raise NotYet(
            f"the load is {RATE_PER_S} × {MEAN_S:g} = {load:g} slots, and {slots} are fewer: the "
            f"queue grows as long as emails come. It was {found} on average after {run.jobs} "
            "emails, and would be more after more."
        )
    if slots < least:
        raise NotYet(
            f"{slots} slots are enough for a load of {load:g}, but only just: the emails waited "
            f"{found} on average, and the formula says {predicted}. To get the work done and to "
            "get it done soon are two things."
        )
    if slots > least:
        raise NotYet(
            f"{slots} slots meet the target, at {found}, but fewer would do: with {slots - 1} the "
            f"formula says {_ms(mean_wait_s(slots - 1, RATE_PER_S, MEAN_S))}."
        )
    if run.mean_wait_s > TARGET_S:
        raise NotYet(
            f"{slots} slots are what the formula says, and yet the emails waited {found} on "
            f"average: each took {_ms(run.mean_service_s)} in place of {_ms(MEAN_S)}. The machine "
            "was busy. Run it again."
        )


def _ms(value_s: float) -> str:
    return f"{value_s * 1000:.0f} ms"
