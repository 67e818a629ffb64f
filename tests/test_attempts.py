"""A queue's stream, read as spans of attempts and of workers."""

import pytest

from lessonkit.attempts import Ending, attempts_of, first_enqueue_ms, jobs_of, shifts_of
from tests.handovers import CUT, FIRST, KEPT, KILLED, SECOND, ZERO_MS, early, events, ran


def spans(told):
    return [
        (a.job, a.worker, a.slot, a.started_s, a.ended_s, a.ending, a.number)
        for a in attempts_of(told)
    ]


def near(value):
    return pytest.approx(value, abs=1e-6)


def test_each_attempt_of_a_job_has_a_span_of_its_own():
    third = [span for span in spans(CUT) if span[0] == "3"]
    assert third == [
        ("3", FIRST, 0, near(0.8), near(1.205), Ending.RETURNED, 1),
        ("3", SECOND, 0, near(1.6), near(2.4), Ending.COMPLETED, 1),
    ]


def test_a_stalled_attempt_ends_when_another_worker_finds_it_so():
    third = [span for span in spans(KILLED) if span[0] == "3"]
    assert third == [
        ("3", FIRST, 0, near(0.8), near(4.0), Ending.STALLED, 1),
        ("3", SECOND, 0, near(4.001), near(4.8), Ending.COMPLETED, 2),
    ]


def test_an_attempt_that_goes_on_has_no_end():
    told = early(KEPT, 1.0)
    assert [span[4:6] for span in spans(told) if span[0] == "3"] == [(None, Ending.ACTIVE)]


def test_a_slot_is_the_lowest_that_is_free_on_that_worker():
    slots = {(span[0], span[1]): span[2] for span in spans(CUT)}
    assert [slots[str(n), FIRST] for n in (1, 2, 3, 4)] == [0, 1, 0, 1]
    assert [slots[str(n), SECOND] for n in (3, 4, 5)] == [0, 1, 0]


def test_a_failed_attempt_and_its_retry_are_two():
    told = events(
        (0, "waiting", "1"),
        *ran("1", FIRST, 0, 0.5, "failed"),
        *ran("1", FIRST, 1.5, 2.0, attempt=2),
    )
    endings = [(a.number, a.ending) for a in attempts_of(told)]
    assert endings == [(1, Ending.FAILED), (2, Ending.COMPLETED)]


def test_a_workers_time_is_from_ready_to_draining_to_closed():
    first, second = shifts_of(CUT)
    assert (first.pid, second.pid) == (11, 22)
    assert (first.ready_s, first.draining_s, first.closed_s) == (near(-0.1), near(1.2), near(1.21))
    assert shifts_of(KILLED)[0].closed_s is None
    assert shifts_of(early(CUT, 1.0))[0].draining_s is None


def test_of_nothing_there_is_nothing():
    assert attempts_of([]) == shifts_of([]) == jobs_of([]) == ()
    assert first_enqueue_ms([]) is None
    assert first_enqueue_ms(CUT) == ZERO_MS
    assert [shift.ready_s for shift in shifts_of(CUT[:1])] == [0.0]
