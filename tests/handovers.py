"""Streams of events as two workers leave them, for tests that need no worker to know them."""

import signal

from lessonkit.attempts import attempts_of, jobs_of, shifts_of
from lessonkit.events import QueueEvent
from lessonkit.outcomes import Handover, HandoverResult
from workers.contract import Event

ZERO_MS = 1_700_000_000_000.0
FIRST, SECOND = "11@here/aaaaaa", "22@here/bbbbbb"


def events(*told):
    """`events((0.8, "active", "3", FIRST, 1), …)`: seconds since the first enqueue, event, job,
    worker, attempt."""
    full = [(*one, *("", "", 0)[len(one) - 2 :]) for one in told]
    return [
        QueueEvent(str(n), Event(event), ZERO_MS + at_s * 1000, job, attempt, worker, final=True)
        for n, (at_s, event, job, worker, attempt) in enumerate(full)
    ]


def ran(job, worker, start_s, end_s, ending="completed", attempt=1):
    """One attempt, as two events."""
    return [(start_s, "active", job, worker, attempt), (end_s, ending, job, worker, attempt)]


ADDED = [(-0.1, "ready", "", FIRST), *((0, "waiting", str(n)) for n in range(1, 6))]
TWO_SENT = [*ran("1", FIRST, 0, 0.8), *ran("2", FIRST, 0, 0.8)]


def stream(*parts):
    """The beginning that all have in common, and then these, by time."""
    told = [one for part in (ADDED, TWO_SENT, *parts) for one in part]
    return events(*sorted(told, key=lambda one: one[0]))


def left(at_s, worker=FIRST):
    return [(at_s - 0.01, "draining", "", worker), (at_s, "closed", "", worker)]


CUT = stream(
    ran("3", FIRST, 0.8, 1.205, "returned"),
    ran("4", FIRST, 0.8, 1.205, "returned"),
    left(1.21),
    [(1.6, "ready", "", SECOND)],
    ran("3", SECOND, 1.6, 2.4),
    ran("4", SECOND, 1.6, 2.4),
    ran("5", SECOND, 2.4, 3.2),
    left(3.3, SECOND),
)
KEPT = stream(
    ran("3", FIRST, 0.8, 1.6),
    ran("4", FIRST, 0.8, 1.6),
    left(1.61),
    [(2.0, "ready", "", SECOND)],
    ran("5", SECOND, 2.0, 2.8),
    left(2.9, SECOND),
)
KILLED = stream(
    [(0.8, "active", "3", FIRST, 1), (0.8, "active", "4", FIRST, 1)],
    [(1.6, "ready", "", SECOND)],
    ran("5", SECOND, 1.6, 2.4),
    [(4.0, "stalled", "3", SECOND, 1), (4.0, "stalled", "4", SECOND, 1)],
    ran("3", SECOND, 4.001, 4.8, attempt=2),
    ran("4", SECOND, 4.001, 4.8, attempt=2),
    left(4.9, SECOND),
)


def result(told, *, exit_code=0, signal_s=1.2, over=True, now_s=None, **settings):
    """What is known of a run once these events are told."""
    last_s = max((event.at_ms - ZERO_MS) / 1000 for event in told)
    return HandoverResult(
        Handover(**{"grace_s": 10.0} | settings),
        jobs_of(told),
        attempts_of(told),
        shifts_of(told),
        signal_s,
        exit_code,
        now_s=last_s if now_s is None else now_s,
        over=over,
    )


def cut(**options):
    return result(CUT, **{"grace_s": 0.0} | options)


def kept(**options):
    return result(KEPT, **options)


def killed(**options):
    return result(KILLED, exit_code=-9, signum=signal.SIGKILL, **options)


def early(told, until_s):
    """What was told up to then."""
    return [event for event in told if event.at_ms <= ZERO_MS + until_s * 1000]
