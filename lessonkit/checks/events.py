"""The check of 03: how do I know what happened?"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from lessonkit import background
from lessonkit.checks.verdict import NotYet, Verdict
from lessonkit.events import QueueEvent
from lessonkit.processes import WorkerProcess
from lessonkit.session import STOP_GRACE_S, Lab
from workers.contract import EmailPayload, Event

Entry = tuple[str, str]

SENT, AGAIN, LOST = "sent", "again", "lost"
#: other emails than the learner's, in another order
FRESH = ("nobody@example.invalid", "busy@example.invalid", "founder@example.com", "busy@x.invalid")
#: far longer than these take
PATIENCE_S = 30.0


async def check_log(log: object, on: Any, *, heard: Sequence[QueueEvent], lab: Lab) -> Verdict:
    """03: the `log` that the learner's handlers `on` made of the events `heard`, and the one that
    they make of new emails, sent by a worker of this check's own."""
    if log is ... or log == []:
        return Verdict("not attempted", "no handler has written anything to `log` yet.")
    try:
        _compare(log, heard)
        assert isinstance(log, list)
        fresh = await background.join(asyncio.wait_for(_fresh_events(lab), PATIENCE_S))
        written, log[:] = list(log), []
        for event in fresh:
            on.tell(event)
        again, log[:] = list(log), written
        _compare_fresh(again, fresh)
    except TimeoutError:
        why = f"new emails were not sent within {PATIENCE_S:.0f} s: run this cell once more."
        return Verdict("not yet", why)
    except NotYet as problem:
        return Verdict("not yet", str(problem))
    kinds = Counter(word for word, _ in entries_of(fresh))
    return Verdict(
        "passed",
        f"Your handlers also kept the log of {len(FRESH)} new emails: {kinds[SENT]} sent, "
        f"{kinds[AGAIN]} times again, {kinds[LOST]} lost.",
        "what they do with a job whose worker is killed; that has an event of its own.",
    )


def entries_of(events: Sequence[QueueEvent]) -> list[Entry]:
    """The log that is asked for, from the stream itself."""
    entries = []
    for event in events:
        if event.event == Event.COMPLETED:
            entries.append((SENT, event.job))
        elif event.event == Event.RETRYING:
            entries.append((AGAIN, event.job))
        elif event.event == Event.FAILED and event.final:
            entries.append((LOST, event.job))
    return entries


def _compare(log: object, events: Sequence[QueueEvent]) -> None:
    if not isinstance(log, list):
        raise NotYet(f"`log` is {type(log).__name__}: begin with `log = []` and append to it.")
    for entry in log:
        if not (isinstance(entry, tuple) and len(entry) == 2 and entry[0] in (SENT, AGAIN, LOST)):
            raise NotYet(
                f"{entry!r} is no entry: append pairs of a word and a job, "
                '("sent", event.job), ("again", event.job) or ("lost", event.job).'
            )
    told, wanted = Counter(log), Counter(entries_of(events))
    if told == wanted:
        return
    if told == Counter({entry: 2 * count for entry, count in wanted.items()}):
        raise NotYet("each entry is there twice: begin the cell with `log = []`.")
    problems = [_too_often(entry, told, wanted, events) for entry in told - wanted]
    problems += [_missing(entry, told, wanted) for entry in wanted - told]
    raise NotYet(problems[0])


def _too_often(
    entry: Entry, told: Counter[Entry], wanted: Counter[Entry], events: Sequence[QueueEvent]
) -> str:
    """What may have led to an entry that should not be there, or not so often."""
    word, job = entry
    happened = Counter(event.event for event in events if event.job == job)
    was, why = "", "compare it with the table under the timeline."
    if word == LOST and happened[Event.FAILED]:
        was = "lost "
        why = (
            "`failed` tells of each attempt that failed, and `event.final` is true only where no "
            "attempt is left."
        )
    elif word == SENT and told[entry] == happened[Event.ACTIVE]:
        was = "sent "
        why = (
            "`active` only says that a worker has taken it, and that attempt may fail. "
            "Sent is what is `completed`."
        )
    elif word == AGAIN:
        was = "tried again "
        why = "`retrying` tells of each of these, and of nothing else."
    count, truth = _times(told[entry]), _times(wanted[entry])
    return f"the log has job {job} as {word!r} {count}, it was {was}{truth}: {why}"


def _missing(entry: Entry, told: Counter[Entry], wanted: Counter[Entry]) -> str:
    word, job = entry
    says = {SENT: "completed", AGAIN: "retrying", LOST: "failed"}[word]
    return (
        f"the log has job {job} as {word!r} {_times(told[entry])}, it should be there "
        f"{_times(wanted[entry])}: is there a handler for `{says}`?"
    )


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _compare_fresh(log: list[Any], events: Sequence[QueueEvent]) -> None:
    problem = f"your log fits the emails above, but not {len(FRESH)} new ones: "
    if not log:
        raise NotYet(problem + "of those your handlers wrote nothing. Who has written it?")
    if Counter(log) != Counter(entries_of(events)):
        raise NotYet(problem + "what is written has to come from the event, as `event.job` does.")


async def _fresh_events(lab: Lab) -> list[QueueEvent]:
    """What happens to new emails, on a queue and a worker that nobody else has."""
    async with lab.own_queue() as (queue, url):
        worker = WorkerProcess(queue, url, max_jobs=4, grace_s=STOP_GRACE_S, backoff_s=0.05)
        with lab.known([worker]):
            async with worker:
                jobs = await queue.add_many(
                    EmailPayload(to=to, subject="Hello", html="", seconds=0.02) for to in FRESH
                )
                return [event async for event in queue.events(*jobs)]
