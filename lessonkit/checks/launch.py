"""The check of 11: a fleet that survives its launch day."""

from __future__ import annotations

import math

from lessonkit.checks.verdict import NotYet, Verdict
from lessonkit.fleet import LaunchDay, LaunchResult
from workers.contract import Limit


def check_launch(
    workers: object, max_jobs: object, limit: object, mine: object, *, day: LaunchDay
) -> Verdict:
    """11: the learner's fleet, and its launch day: the waits, the provider's limit, the kill and
    the slots, each judged by what was measured."""
    settings = {"workers": workers, "max_jobs": max_jobs, "limit": limit}
    if all(value is ... for value in settings.values()):
        return Verdict("not attempted", "replace the three dots and run the cell.")
    try:
        for name, value in settings.items():
            if value is ...:
                raise NotYet(f"{name} is missing: put a value where its dots are.")
        result = _run(mine, settings, day)
        _judge(result)
    except NotYet as problem:
        return Verdict("not yet", str(problem))
    return Verdict(
        "passed",
        f"{result.workers} × {result.max_jobs} slots with limit {result.limit}: 95 % started "
        f"within {result.wait_95_s:.2f} s, no second held more than {result.busiest_second} "
        f"starts, and all {result.sent} emails were sent although a worker was killed.",
        "another day: the same fleet meets other arrivals tomorrow.",
    )


def _run(mine: object, settings: dict[str, object], day: LaunchDay) -> LaunchResult:
    if mine is None or mine is ...:
        raise NotYet("there is no run to look at: run the cell above this one.")
    if not isinstance(mine, LaunchResult):
        raise NotYet(f"`mine` is {type(mine).__name__}, not a result: did you forget the `await`?")
    ran = {"workers": mine.workers, "max_jobs": mine.max_jobs, "limit": mine.limit}
    if ran != settings:
        raise NotYet("`mine` ran with other settings than your answers: run the cell once more.")
    if mine.day != day:
        raise NotYet("`mine` is about another day: run it with `DAY`.")
    return mine


def _judge(result: LaunchResult) -> None:
    """Raise NotYet with the cause: of several, that which the others follow from."""
    day, limit = result.day, Limit.of(result.limit)
    allowed, offered = Limit.of(day.provider), (day.jobs + day.crowd) / day.lasts_s
    if result.workers == 1:
        raise NotYet(
            f"{result.sent} of {result.jobs} emails were sent. The only worker was killed, and "
            "nobody was left to take over: however many slots one process has, they end with it."
        )
    if result.busiest_second > allowed.max:
        raise NotYet(_too_many(result, limit, allowed))
    if result.slots > day.most_slots:
        raise NotYet(
            f"{result.workers} × {result.max_jobs} = {result.slots} slots are more than the "
            f"{day.most_slots} that you may have. `max_jobs` is per worker."
        )
    if result.wait_95_s > day.target_s:
        raise NotYet(_too_slow(result, limit, allowed, offered))
    if result.sent < result.jobs:
        raise NotYet(
            f"{result.jobs - result.sent} emails were not sent when the day was over, though all "
            "demands on time were met: the machine was busy. Run it again."
        )


def _too_many(result: LaunchResult, limit: Limit, allowed: Limit) -> str:
    found = (
        f"{result.busiest_second} emails started in one second, and the provider allows "
        f"{allowed.max}. "
    )
    if not limit.max:
        return (
            f"{found}No number of slots is a limit on starts: when emails are quick, a slot starts "
            "many in a second. Give the workers a `limit`."
        )
    return (
        f"{found}Your limit {result.limit} lets them through. It is for all workers together, "
        "so what the provider allows can be written down as it is."
    )


def _too_slow(result: LaunchResult, limit: Limit, allowed: Limit, offered: float) -> str:
    day = result.day
    found = "5 % of the emails or more never started. "
    if math.isfinite(result.wait_95_s):
        found = f"95 % started within {result.wait_95_s:.2f} s, not {day.target_s:g} s. "
    if limit.max and limit.max / limit.per_s < allowed.max / allowed.per_s:
        if limit.max * result.workers == allowed.max:
            return (
                f"{found}{result.limit} is the provider's {day.provider} shared out among "
                f"{result.workers} workers, but a limit is for all of them together already."
            )
        return (
            f"{found}Your limit {result.limit} is the bottleneck: {offered:.0f} emails a second "
            f"arrive, the crowd among them, and the provider would allow {day.provider}."
        )
    return (
        f"{found}Of {result.slots} slots {result.slots_left} are left after the kill, and "
        f"{day.load:g} are busy on average: with so few to spare, a queue drains slowly or not at "
        "all. Size the fleet for the day when one worker is missing."
    )
