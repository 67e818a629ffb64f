"""The check of 04: is concurrency a rate limit?"""

from __future__ import annotations

from lessonkit.batch import BatchResult
from lessonkit.checks.verdict import NotYet, Verdict
from lessonkit.rate import busiest_window, limited_span_s
from workers.contract import Limit

#: what the provider of the exercise allows
ALLOWED = Limit(5, 1.0)
#: the emails to send, at the two times of day
EMAILS, QUICK_S, SLOW_S = 11, 0.05, 0.7
#: how much of the allowed rate must be reached
LEAST_SHARE = 0.8


def check_rate(settings: tuple[object, ...], quick: object, slow: object) -> Verdict:
    """04: runs of quick and of slow emails under the learner's settings (limit, workers, max_jobs),
    of which no second holds more starts than the provider allows, and which make use of it."""
    if all(value is ... for value in settings):
        return Verdict("not attempted", "replace the three dots and run the cell.")
    try:
        if any(value is ... for value in settings):
            raise NotYet("one of the settings is still missing: replace all three dots.")
        results = [
            _checked(_run(result, name, seconds))
            for result, name, seconds in ((quick, "quick", QUICK_S), (slow, "slow", SLOW_S))
        ]
        if len({(each.workers, each.max_jobs, each.limit) for each in results}) > 1:
            raise NotYet("`quick` and `slow` ran with different settings: use one for both.")
    except NotYet as problem:
        return Verdict("not yet", str(problem))
    most = max(_most(each) for each in results)
    shares = " and ".join(f"{_share(each):.0%}" for each in results)
    return Verdict(
        "passed",
        f"No second holds more than {most} starts, and {shares} of the allowed rate was reached, "
        "with quick emails and with slow ones.",
        "whether others send through the same provider: the limit knows only this queue.",
    )


def _run(result: object, name: str, seconds: float) -> BatchResult:
    if result is None or result is ...:
        raise NotYet(f"`{name}` has not been run: run the cell above this one.")
    if not isinstance(result, BatchResult):
        raise NotYet(
            f"`{name}` is {type(result).__name__}, not a result: did you forget the `await`?"
        )
    if (result.jobs, result.seconds) != (EMAILS, seconds):
        raise NotYet(
            f"`{name}` sent {result.jobs} emails of {result.seconds:g} s: "
            f"the exercise is about {EMAILS} of {seconds:g} s."
        )
    return result


def _checked(result: BatchResult) -> BatchResult:
    if _most(result) > ALLOWED.max:
        raise NotYet(_too_many(result))
    if _share(result) < LEAST_SHARE:
        raise NotYet(_too_slow(result))
    return result


def _too_many(result: BatchResult) -> str:
    found = f"{_most(result)} emails of {result.seconds:g} s started in one second. "
    limit = Limit.of(result.limit)
    if not limit.max:
        return (
            f"{found}max_jobs = {result.max_jobs} is how many a worker sends at the same moment: "
            "as soon as one is done, the next one starts. So how many start in a second depends "
            f"on how long one takes; with {SLOW_S:g} s each, these slots could start "
            f"{result.slots / SLOW_S:.1f}. To hold in both cases, starts must be counted."
        )
    if limit.max == result.workers * ALLOWED.max and limit.per_s == ALLOWED.per_s:
        return (
            f"{found}{result.limit} is {ALLOWED.max} for each of {result.workers} workers, but a "
            "limit is not per worker: it counts the starts of all workers of the queue together."
        )
    return (
        f"{found}The limit {result.limit} lets more through than the {ALLOWED.max} in any second "
        "that this provider allows."
    )


def _too_slow(result: BatchResult) -> str:
    found = (
        f"only {_share(result):.0%} of the allowed rate was reached with emails of "
        f"{result.seconds:g} s. "
    )
    limit = Limit.of(result.limit)
    if limit.max and limit.max / limit.per_s < LEAST_SHARE * ALLOWED.max / ALLOWED.per_s:
        if result.workers > 1 and abs(limit.max - ALLOWED.max / result.workers) < 1:
            return (
                f"{found}{result.limit} looks like a share for each of {result.workers} workers, "
                "but a limit is for all of them together: it need not be divided."
            )
        return (
            f"{found}The limit {result.limit} itself is far below the {ALLOWED.max} a second that "
            "the provider allows."
        )
    if result.slots / result.seconds >= ALLOWED.max / ALLOWED.per_s:
        return f"{found}Neither slots nor limit explain that: the machine was busy. Run it again."
    slots = "one slot" if result.slots == 1 else f"{result.slots} slots"
    return (
        f"{found}Not the limit holds them back: with {result.seconds:g} s for each, {slots} can "
        f"start no more than {result.slots / result.seconds:.1f} a second."
    )


def _most(result: BatchResult) -> int:
    return busiest_window(result.starts_s, ALLOWED.per_s).starts


def _share(result: BatchResult) -> float:
    """How fast the emails started, as a part of the fastest that is allowed."""
    span_s = result.starts_s[-1] - result.starts_s[0]
    return min(1.0, limited_span_s(result.jobs, ALLOWED) / span_s)
