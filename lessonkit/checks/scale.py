"""The check of 09: is `max_jobs` per worker or for everyone?"""

from __future__ import annotations

from lessonkit.batch import BatchResult
from lessonkit.checks.verdict import NotYet, Verdict

#: how many emails the provider of the exercise takes at the same moment
CAP = 6
#: so that one crash does not stop everything
LEAST_PROCESSES = 2
EMAILS, SECONDS = 18, 0.7


def check_cap(settings: tuple[object, ...], capped: object) -> Verdict:
    """09: a run under the learner's settings (workers, max_jobs, limit), in which the processes
    together never sent more than six emails at the same moment, and did send six."""
    if all(value is ... for value in settings[:2]):
        return Verdict("not attempted", "replace the two dots and run the cell.")
    try:
        if any(value is ... for value in settings):
            raise NotYet("one of the settings is still missing: replace both dots.")
        result = _run(settings, capped)
        _check(result)
    except NotYet as problem:
        return Verdict("not yet", str(problem))
    return Verdict(
        "passed",
        f"{result.workers} × {result.max_jobs} = {result.slots}: the overlap reached "
        f"{result.peak_concurrency} and was never above it, and one crash stops no more than "
        f"{result.max_jobs} of {result.slots} slots.",
        "what others start: a further process brings slots of its own, and nobody is asked.",
    )


def _run(settings: tuple[object, ...], capped: object) -> BatchResult:
    if capped is None or capped is ...:
        raise NotYet("`capped` has not been run: run the cell above this one.")
    if not isinstance(capped, BatchResult):
        raise NotYet(
            f"`capped` is {type(capped).__name__}, not a result: did you forget the `await`?"
        )
    if (capped.jobs, capped.seconds) != (EMAILS, SECONDS):
        raise NotYet(
            f"`capped` sent {capped.jobs} emails of {capped.seconds:g} s: the exercise is about "
            f"{EMAILS} of {SECONDS:g} s."
        )
    if (capped.workers, capped.max_jobs, capped.limit) != settings:
        raise NotYet("`capped` ran with other settings than these: run the cell again.")
    return capped


def _check(result: BatchResult) -> None:
    peak, slots = result.peak_concurrency, result.slots
    sum_of_slots = f"{result.workers} × {result.max_jobs} = {slots}"
    if slots > CAP and result.limit != "off":
        seen = f"{peak} emails overlapped" if peak > CAP else f"up to {slots} may overlap"
        raise NotYet(
            f"{seen}: a limit of {result.limit} says how many start in a time, and how many "
            "overlap depends on how long each takes. The cap is a matter of slots: "
            f"you have {sum_of_slots}."
        )
    if slots > CAP and result.max_jobs <= CAP and result.workers > 1:
        raise NotYet(
            f"{peak} emails were sent at the same moment: max_jobs is what each process has, and "
            f"you have {sum_of_slots} slots."
        )
    if slots > CAP:
        raise NotYet(f"{peak} emails were sent at the same moment: you have {sum_of_slots} slots.")
    if result.workers < LEAST_PROCESSES:
        raise NotYet(
            "there is one process: when it crashes, nobody sends emails. Share the slots "
            f"among {LEAST_PROCESSES} or more."
        )
    if slots < CAP:
        raise NotYet(
            f"at most {peak} emails were sent at the same moment, with {sum_of_slots} slots: the "
            f"provider would take {CAP}."
        )
    if peak < CAP:
        raise NotYet(
            f"the overlap reached {peak} of {CAP}, though there are {sum_of_slots} slots: "
            + (
                f"the limit {result.limit} holds the starts back. Leave it off."
                if result.limit != "off"
                else "the machine was busy. Run it again."
            )
        )
