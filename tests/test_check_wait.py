"""The check of 10, with runs that are made up: each answer is told what it is."""

from dataclasses import replace

import pytest

from lessonkit import check_wait
from lessonkit.arrivals import Arrivals, ArrivalsResult
from lessonkit.batch import JobRecord

ASKED = Arrivals(rate_per_s=36, mean_s=0.1, jobs=130)


def a_run(max_jobs, wait_s=0.01, **more):
    """A run whose emails all waited so long."""
    records = tuple(
        JobRecord(str(number), number / 36, number / 36 + wait_s, number / 36 + wait_s + 0.1)
        for number in range(130)
    )
    return ArrivalsResult(130, max_jobs, 0.1, records, **({"asked": ASKED} | more))


def said(max_jobs, result):
    return repr(check_wait(max_jobs, result))


def test_the_least_slots_that_meet_the_target_pass_and_the_rest_is_named():
    words = said(5, a_run(5))
    assert words.startswith(
        "Passed. With 5 slots the emails waited 10 ms on average, of at most 80"
    )
    assert "One slot fewer: 197 ms" in words
    assert "Not checked: the slowest of them" in words


def test_what_was_not_attempted_is_not_judged():
    assert said(..., None).startswith("Not attempted")


@pytest.mark.parametrize(
    ("max_jobs", "result", "reason"),
    [
        (3, a_run(3, 2.0), "the queue grows as long as emails come. It was 2000 ms"),
        (4, a_run(4, 0.12), "enough for a load of 3.6, but only just: the emails waited 120 ms"),
        # a run that was lucky does not make four slots enough
        (4, a_run(4, 0.01), "the formula says 197 ms"),
        (6, a_run(6), "fewer would do: with 5 the formula says 29 ms"),
        (5, a_run(5, 0.09), "The machine was busy. Run it again"),
        (5, None, "has not been run"),
        (5, a_run(6), "ran at max_jobs 6, and you say 5"),
        (5.0, a_run(5), "a whole number of slots"),
        (True, a_run(1), "a whole number of slots"),
        (5, 42, "`mine` is int, not a result"),
        (5, a_run(5, asked=replace(ASKED, rate_per_s=9)), "about 36 of 0.1 s"),
        (5, a_run(5, asked=replace(ASKED, service="fixed")), "fixed: the exercise is about"),
        (5, a_run(5, asked=replace(ASKED, jobs=10)), "at least 120 emails"),
        (5, a_run(5, workers=2), "one worker, no limit"),
        (5, a_run(5, limit="9/1s"), "one worker, no limit"),
    ],
)
def test_every_other_answer_is_told_why_not(max_jobs, result, reason):
    words = said(max_jobs, result)
    assert words.startswith("Not yet, because")
    assert reason in words
