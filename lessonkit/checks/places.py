"""The check of 08: each job is where it helps, by what was measured of it there."""

from __future__ import annotations

from collections.abc import Mapping

from lessonkit.checks.verdict import NotYet, Verdict
from lessonkit.chores import ASYNC, PLACES, WAITING, WORKS, SpeedUp, SpeedUps

#: more than one core, or one and what the worker itself needs?
ONE_CORE = 1.3
#: those that wait lose nothing to others: this share of the ideal is far below it
FAR_BELOW = 0.65


def check_places(answers: object, mine: object) -> Verdict:
    """08: `answers` say of each work where it is done, and `mine` is what was measured of that."""
    if not isinstance(answers, Mapping) or set(answers) != set(WORKS):
        return Verdict("not yet", f"`answers` has to have a place for each of: {', '.join(WORKS)}.")
    if all(place is ... for place in answers.values()):
        return Verdict("not attempted", 'put "loop", "thread" or "process" where the dots are.')
    try:
        measured = _measured(answers, mine)
        wrong = [why for each in measured if (why := _amiss(each, measured))]
    except NotYet as problem:
        return Verdict("not yet", str(problem))
    if wrong:
        return Verdict("not yet", " ".join(wrong))
    return Verdict(
        "passed",
        "Each waited or computed where it is no burden to the others: "
        + ", ".join(f"{each.chore.work} {each.speed_up:.1f}×" for each in measured)
        + f"; the loop was at most {_ms(max(each.worst_lag_s for each in measured))} late. "
        + measured.busy,
        "what a process costs: its memory, and the pickling of all that goes in and out.",
    )


def _measured(answers: Mapping[str, object], mine: object) -> SpeedUps:
    missing = [work for work, place in answers.items() if place is ...]
    if missing:
        raise NotYet(f"there is no place for: {', '.join(missing)}.")
    for work, place in answers.items():
        if place not in PLACES:
            raise NotYet(f'{work} is in {place!r}: give "loop", "thread" or "process".')
    if mine is None or mine is ...:
        raise NotYet("nothing was measured: run the cell above this one again.")
    if not isinstance(mine, SpeedUps):
        raise NotYet(f"`mine` is {type(mine).__name__}, not a result: did you forget the `await`?")
    if {each.chore.work: each.chore.where for each in mine} != dict(answers):
        raise NotYet("`mine` is of other places than your answers: run the cell above again.")
    return mine


def _amiss(each: SpeedUp, measured: SpeedUps) -> str:
    """Why this is not the place for it, with what was measured; "" when it is."""
    work, where = each.chore.work, each.chore.where
    if each.failed:
        return (
            f"{work}: {each.failed} of {measured.jobs} jobs failed. It is an `async def`: called "
            f"in a {where} it only makes a coroutine, and nobody awaits that there."
        )
    if where == "loop" and work not in ASYNC and each.worst_lag_s > each.many.makespan_s / 2:
        why = "it waits, but not at an `await`" if work in WAITING else "it computes"
        return (
            f"{work}: {why}, so the loop stood still for {_ms(each.worst_lag_s)} and the jobs ran "
            f"one by one all the same, {each.speed_up:.1f}×."
        )
    if work in WAITING and each.speed_up < FAR_BELOW * measured.max_jobs:
        return (
            f"{work}: only {each.speed_up:.1f}× of {measured.max_jobs}×. There are "
            f"{measured.processes} processes, so {measured.processes} wait at a time. Waiting "
            "needs no core."
        )
    if work == "photo" and where == "thread" and not each.cores_used > ONE_CORE:
        return (
            f"{work}: {measured.max_jobs} threads had {each.cores_used:.1f} cores together, "
            f"{each.speed_up:.1f}×, and the loop was {_ms(each.worst_lag_s)} late. Python code "
            "holds the GIL, so threads take turns."
        )
    return ""


def _ms(value_s: float) -> str:
    return f"{value_s * 1000:.0f} ms"
