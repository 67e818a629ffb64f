"""The check of 07: each email once, whenever a worker is killed."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from lessonkit.checks.verdict import NotYet, Verdict
from lessonkit.crashes import count_effects, find_program, orders
from lessonkit.effects import Effect, JobEffects, ProgramRun
from lessonkit.errors import BadSetting, ProcessDidNotStart, RunTimedOut, WorkerDied
from lessonkit.session import Lab

#: a worker is killed before its first email, one after it, and one after its second
CRASH_AFTER = (0, 1, 2)
#: what is left when these are killed is sent by another one, and so are two further orders
ORDERS = 5
COPY_TO = "archive@example.com"


async def check_effects(lab: Lab, program: str = "my_email") -> Verdict:
    """07: the learner's processor sends each customer one email and the archive one copy of it,
    though workers are killed before, between and after the two."""
    try:
        path = find_program(lab, program)
    except BadSetting:
        return Verdict("not attempted", "run the cell above first: it saves your processor.")
    if _has_dots(path):
        return Verdict("not attempted", "put a key in place of the dots, in both lines.")
    try:
        result = await count_effects(
            lab, path, emails=orders(ORDERS, 0.05), crash_after=CRASH_AFTER
        )
        run = result[path.stem]
        _check(run)
    except (ProcessDidNotStart, WorkerDied, RunTimedOut) as error:
        return Verdict("not yet", f"no worker could do its work with this file. {error}")
    except NotYet as problem:
        return Verdict("not yet", str(problem))
    killed = sum(len(job.attempts) > 1 for job in run.jobs)
    return Verdict(
        "passed",
        f"{killed} workers were killed, before, between and after the two emails. Of {ORDERS} "
        f"orders, {ORDERS} customers' emails and {ORDERS} copies went out; {run.refused} were "
        "handed over a second time and refused.",
        "for how long the outbox knows a key, and whether another queue counts its jobs too.",
    )


def _has_dots(path: Path) -> bool:
    """Whether the stub's dots are still there."""
    try:
        tree = ast.parse(path.read_text())
    except (SyntaxError, ValueError):
        return False  # the worker will say what is wrong with it
    return any(isinstance(node, ast.Constant) and node.value is ... for node in ast.walk(tree))


def _check(run: ProgramRun) -> None:
    for job in run.jobs:
        if job.state != "completed":
            raise NotYet(f"job {job.job} {job.state}: {job.error}.")
    if not run.emails:
        raise NotYet("nothing was sent: every attempt has to call `outbox.send`.")
    if run.strays:
        raise NotYet(
            f"there is an email about {run.strays[0].subject!r}, which nobody ordered: send the "
            "email as it is, and its copy."
        )
    if not any(run.was_killed(each) for job in run.jobs for each in job.attempts):
        raise NotYet("no worker was killed, so nothing was put to the test: use `outbox.send`.")
    for to in (run.jobs[0].email.to, COPY_TO):
        for job in run.jobs:
            _check_one(to, job, run)
    for job in run.jobs:
        if len(job.sent) > 2:
            raise NotYet(f"{len(job.sent)} emails about one order went out: two are wanted.")


def _check_one(to: str, job: JobEffects, run: ProgramRun) -> None:
    """One email to this address about the job's order: no more, no less."""
    sent = [each for each in job.sent if each.to == to]
    if len(sent) > 1:
        raise NotYet(_why_twice(to, job, sent))
    if not sent:
        raise NotYet(_why_never(to, job, run))


def _why_twice(to: str, job: JobEffects, sent: list[Effect]) -> str:
    what = f"{job.email.subject!r} went to {to} {len(sent)} times: "
    keys = [each.key for each in sent]
    if None in keys:
        return what + "the outbox was given no key, so it could not know the second for the same."
    return what + (
        f"the keys were {_quoted(keys)}. For the outbox, another key is another email. A key must "
        "be the same at each attempt, so nothing that is new each time can be a part of it."
    )


def _why_never(to: str, job: JobEffects, run: ProgramRun) -> str:
    what = f"{job.email.subject!r} never went to {to}: "
    refused = next((each for each in job.effects if each.refused and each.to == to), None)
    if refused is None:
        return what + (
            "it was never handed to the outbox. If you note that it was sent before it is, a crash "
            "between the two loses it: that is at-most-once."
        )
    first = next(each for other in run.jobs for each in other.sent if each.key == refused.key)
    if first.subject == job.email.subject:
        return what + (
            f"its key was {refused.key!r}, which the email to {first.to} had used. They are two "
            "emails: each needs a key of its own."
        )
    return what + (
        f"its key was {refused.key!r}, which {first.subject!r} had used. The same customer may get "
        "more than one email: the key must name this one, so its job has to be a part of it."
    )


def _quoted(keys: Iterable[object]) -> str:
    return " and ".join(map(repr, keys))
