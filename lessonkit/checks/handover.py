"""The check of 05: no job is lost, none runs twice, each takes one attempt."""

from __future__ import annotations

import signal

from lessonkit.checks.verdict import NotYet, Verdict
from lessonkit.outcomes import HandoverResult, Outcome


def check_handover(grace_s: object, signal_at_s: object, mine: object) -> Verdict:
    """05: `mine` is a hand-over with the learner's `grace_s` and `signal_at_s` in which the signal
    found emails being sent, and in which no email was lost, cut off or started twice."""
    if grace_s is ... and signal_at_s is ...:
        return Verdict("not attempted", "put two numbers of seconds where the dots are.")
    try:
        result = _run(grace_s, signal_at_s, mine)
        _check_test(result)
        _check_jobs(result)
    except NotYet as problem:
        return Verdict("not yet", str(problem))
    return Verdict(
        "passed",
        f"The signal found {_emails(len(result.running_at_signal))} being sent; the first worker "
        f"finished what it ran and left with exit code {result.exit_code}, "
        f"{result.left_after_s:.2f} s later. Each email was started once.",
        "a worker that is killed and cannot finish anything, and whether your platform waits "
        f"{result.settings.grace_s:g} s before it does that.",
    )


def _run(grace_s: object, signal_at_s: object, mine: object) -> HandoverResult:
    for name, answer in (("grace_s", grace_s), ("signal_at_s", signal_at_s)):
        if answer is ...:
            raise NotYet(f"{name} is missing: put a number of seconds where its dots are.")
    if mine is None or mine is ...:
        raise NotYet("there is no run to look at: run the cell above this one again.")
    if not isinstance(mine, HandoverResult):
        raise NotYet(f"`mine` is {type(mine).__name__}, not a result: did you forget the `await`?")
    settings = mine.settings
    if (settings.grace_s, settings.signal_at_s) != (grace_s, signal_at_s):
        raise NotYet(
            f"`mine` ran with grace_s = {settings.grace_s:g} and signal_at_s = "
            f"{settings.signal_at_s:g}, which are not your answers: run the cell above again."
        )
    return mine


def _check_test(result: HandoverResult) -> None:
    """Whether the signal came, was one that can be heeded, and found something to lose."""
    settings, ran_twice = result.settings, _emails(result.ran_twice)
    if settings.signum == signal.SIGKILL:
        raise NotYet(
            "SIGKILL cannot be heeded: the worker was gone before it could finish or give back "
            f"anything, whatever its grace. {ran_twice} ran twice, in two attempts. Send SIGTERM."
        )
    if result.running_at_signal:
        return
    if result.signal_s is not None and all(
        attempt.ended_s is not None and attempt.ended_s <= result.signal_s
        for attempt in result.attempts
    ):
        raise NotYet(
            f"nothing was put to the test: at {settings.signal_at_s:g} s all "
            f"{settings.jobs} emails had been sent. Send the signal earlier."
        )
    raise NotYet(
        f"nothing was put to the test: at {settings.signal_at_s:g} s the worker had not started an "
        "email. Send the signal a little later."
    )


def _check_jobs(result: HandoverResult) -> None:
    settings = result.settings
    grace, one = f"{settings.grace_s:g} s", f"{settings.seconds:g} s"
    if failed := result.count(Outcome.FAILED):
        raise NotYet(f"{_emails(failed)} failed: read why in what the workers printed.")
    if result.lost:
        raise NotYet(f"{_emails(result.lost)} ended nowhere: look at the outcomes above.")
    if result.went_back and settings.grace_s == 0:
        raise NotYet(
            f"with a grace of 0 s the worker waits for nothing: {_emails(result.went_back)} went "
            "back in the middle and ran twice. The attempt was not counted, and yet a provider may "
            "have sent those emails already."
        )
    if result.went_back and settings.grace_s < settings.seconds:
        raise NotYet(
            f"a grace of {grace} is shorter than one email, which takes {one}: "
            f"{_emails(result.went_back)} went back and ran twice."
        )
    if settings.grace_s < settings.seconds:
        raise NotYet(
            f"this time a grace of {grace} was enough, for the emails were nearly done. One takes "
            f"{one}, and you cannot choose when a real signal comes: how long may it have left?"
        )
    if result.ran_twice or set(result.attempts_counted.values()) != {1}:
        raise NotYet(f"{_emails(result.ran_twice)} ran twice: run it once more.")


def _emails(count: int) -> str:
    return f"{count} email{'s' * (count != 1)}"
