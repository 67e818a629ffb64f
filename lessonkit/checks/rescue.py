"""The check of 06: how long after a kill another worker begins, and how long until it is done."""

from __future__ import annotations

import math
import signal

from lessonkit.checks.verdict import NotYet, Verdict
from lessonkit.rescues import RescueResult
from lessonkit.takeover import BULLMQ, HERE, take_overs
from workers.leases import LEASE_S, RENEW_S

#: by so much may a prediction be above the lease: somebody has to notice that it ran out
NOTICE_S = 0.3
#: and so much may one be beside what it is told to be near
NEAR_S = 0.15


def check_rescue(rescued_after_s: object, sent_after_s: object, mine: object) -> Verdict:
    """06: `mine` is a run in which a worker was killed in the middle of an email. The learner said
    how long after the kill another worker begins, and how long after it the email is sent."""
    if rescued_after_s is ... and sent_after_s is ...:
        return Verdict("not attempted", "put two numbers of seconds where the dots are.")
    try:
        said_s = _number("rescued_after_s", rescued_after_s)
        said_sent_s = _number("sent_after_s", sent_after_s)
        result = _run(mine)
        _check_rescue(said_s, result)
        _check_sent(said_sent_s, said_s, result)
    except NotYet as problem:
        return Verdict("not yet", str(problem))
    return Verdict(
        "passed",
        f"You said {said_s:g} s and {said_sent_s:g} s. Process {result.killed_pid} was killed with "
        f"{result.lease_left_s:.2f} s of its lease left; process {result.rescued_by_pid} began "
        f"{result.rescued_after_s:.2f} s after the kill, and the email was sent after "
        f"{result.sent_after_s:.2f} s.",
        "what the first worker had already done of the email when it was killed.",
    )


def _number(name: str, answer: object) -> float:
    if answer is ...:
        raise NotYet(f"{name} is missing: put a number of seconds where its dots are.")
    if isinstance(answer, bool) or not isinstance(answer, int | float) or math.isnan(answer):
        raise NotYet(f"{name} is {answer!r}: give a number of seconds, like 2.5.")
    return float(answer)


def _run(mine: object) -> RescueResult:
    if mine is None or mine is ...:
        raise NotYet("there is no run to look at: run the cell above this one again.")
    if not isinstance(mine, RescueResult):
        raise NotYet(f"`mine` is {type(mine).__name__}, not a result: did you forget the `await`?")
    plan = mine.settings
    if not mine.kills:
        raise NotYet(
            f"nobody was killed: an email of {plan.seconds:g} s had been sent by then, after "
            f"{plan.kill_at_s:g} s. Kill the worker earlier."
        )
    if plan.signum == signal.SIGTERM:
        raise NotYet(
            "SIGTERM asks a worker to leave, and it gave the email back: another one began "
            f"{mine.rescued_after_s:.2f} s later. The exercise is about SIGKILL."
        )
    if plan.signum == signal.SIGSTOP:
        raise NotYet("the worker was only asleep. The exercise is about SIGKILL.")
    if len(mine.kills) > 1 or math.isnan(mine.sent_after_s):
        raise NotYet("kill one worker, once: `kills` stays 1, so that the email is sent.")
    return mine


def _check_rescue(said_s: float, result: RescueResult) -> None:
    plan = result.settings
    stock = take_overs()[-1]
    unrenewed_s = LEASE_S - plan.kill_at_s
    if HERE.soonest_s - 0.05 <= said_s <= HERE.latest_s + NOTICE_S:
        return
    if said_s < NEAR_S:
        raise NotYet(
            "a worker that is killed says nothing to anyone. The free one beside it does not know "
            "that the email is nobody's, until the lease has run out."
        )
    if 0 < unrenewed_s < HERE.soonest_s and abs(said_s - unrenewed_s) < NEAR_S:
        raise NotYet(
            f"{said_s:g} s would be left of a lease that began with the email and was never "
            f"renewed. Its worker renewed it each {RENEW_S:g} s, as long as it was there."
        )
    if abs(said_s - RENEW_S) < NEAR_S:
        raise NotYet(
            f"{RENEW_S:g} s is how often a lease is renewed. How long does it hold from then on?"
        )
    if said_s < HERE.soonest_s:
        raise NotYet(
            f"{said_s:g} s is too soon: the last renewal was no more than {RENEW_S:g} s before the "
            "kill, so more of the lease was left."
        )
    if abs(said_s - stock.latest_s) <= 11 or said_s in (BULLMQ.latest_s, BULLMQ.soonest_s, 30):
        raise NotYet(
            f"{said_s:g} s is what others take by themselves. Here a lease is {LEASE_S:g} s long."
        )
    raise NotYet(f"{said_s:g} s is too late: a lease is never longer than {LEASE_S:g} s.")


def _check_sent(said_sent_s: float, said_s: float, result: RescueResult) -> None:
    plan = result.settings
    left_s = plan.seconds - plan.kill_at_s
    extra_s = said_sent_s - said_s
    if abs(extra_s - plan.seconds) <= 2 * NEAR_S:
        return
    if abs(extra_s - left_s) < NEAR_S:
        raise NotYet(
            f"{said_sent_s:g} s would do if the second worker went on where the first one was. It "
            "knows nothing of that, and begins from the beginning."
        )
    if abs(extra_s) < NEAR_S:
        raise NotYet("that is when the second worker begins. The email is sent when it is done.")
    if abs(extra_s - plan.seconds - plan.kill_at_s) < NEAR_S:
        raise NotYet("that is since the first enqueue. Count from the kill.")
    if abs(said_sent_s - plan.seconds) < NEAR_S:
        raise NotYet("that is one email. It is begun only when the lease has run out.")
    raise NotYet(
        f"by your own first number another worker begins after {said_s:g} s. From then on, how "
        f"long does an email of {plan.seconds:g} s take?"
    )
