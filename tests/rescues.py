"""Streams of events as a killed worker leaves them, for tests that need no worker to know them."""

import signal

from lessonkit.attempts import attempts_of, shifts_of
from lessonkit.rescues import Drill, Kill, LeaseSample, RescueResult
from tests.handovers import FIRST, SECOND, ZERO_MS, early, events, ran

__all__ = ["FIRST", "SECOND", "early"]

ADDED = [(-0.2, "ready", "", FIRST), (-0.1, "ready", "", SECOND), (0, "waiting", "1")]
HELD = (0, "active", "1", FIRST, 1)

#: killed at 1.2 s, when 2.8 s of the lease were left
KILLED = events(
    *ADDED,
    HELD,
    (4.0, "stalled", "1", SECOND, 1),
    *ran("1", SECOND, 4.0, 5.5, attempt=2),
    (5.6, "closed", "", SECOND),
)
#: told to leave at 1.2 s, it gave the email back
ASKED = events(
    *ADDED,
    *ran("1", FIRST, 0, 1.21, "returned"),
    *ran("1", SECOND, 1.22, 2.72),
)
#: not killed at all
ALONE = events(*ADDED, *ran("1", FIRST, 0, 1.5))


def lease(*pieces, step_s=0.25):
    """Samples of a lease: (from, to, left at the beginning, pid), …"""
    return tuple(
        LeaseSample(from_s + n * step_s, max(0.0, left_s - n * step_s), pid)
        for from_s, to_s, left_s, pid in pieces
        for n in range(int((to_s - from_s) / step_s))
    )


LEASE = lease((0, 1, 3, 11), (1, 4, 3, 11), (4, 5.5, 3, 22))


def result(told, *, kills=(), over=True, now_s=None, refusals_s=(), error="", **settings):
    """What is known of a drill once these events are told."""
    last_s = max((event.at_ms - ZERO_MS) / 1000 for event in told)
    now_s = last_s if now_s is None else now_s
    return RescueResult(
        Drill(**settings),
        attempts_of(told),
        shifts_of(told),
        tuple(Kill(*kill) for kill in kills),
        tuple(each for each in LEASE if each.at_s <= now_s) if kills else (),
        refusals_s,
        error,
        now_s=now_s,
        over=over,
    )


def killed(**options):
    return result(**{"told": KILLED, "kills": [(11, 1.2, 2.8)]} | options)


def asked(**options):
    return result(ASKED, kills=[(11, 1.2, 0.0)], signum=signal.SIGTERM, **options)


def alone(**options):
    return result(ALONE, **options)
