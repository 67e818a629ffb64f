"""The check of 06 tells each wrong answer why, and knows the right one."""

import signal

import pytest

from lessonkit.checks import check_rescue
from tests.rescues import alone, asked, killed


def check(rescued_after_s=2.5, sent_after_s=None, mine=None):
    sent_after_s = rescued_after_s + 1.5 if sent_after_s is None else sent_after_s
    return check_rescue(rescued_after_s, sent_after_s, killed() if mine is None else mine)


@pytest.mark.parametrize("said_s", [2, 2.0, 2.5, 2.79, 3, 3.0, 3.2])
def test_all_of_the_band_passes(said_s):
    verdict = check(said_s)
    assert verdict.status == "passed"
    assert "killed with 2.80 s of its lease left" in verdict.why
    assert "had already done" in verdict.unchecked


def test_dots_are_not_attempted():
    assert check_rescue(..., ..., None).status == "not attempted"


@pytest.mark.parametrize(
    ("said_s", "reason"),
    [
        (0, "says nothing to anyone"),
        (1.8, "never renewed"),
        (1.0, "how often"),
        (0.5, "too soon"),
        (-3, "says nothing to anyone"),
        (3.5, "too late"),
        (30, "what others take"),
        (300, "what others take"),
        (310, "what others take"),
        (float("inf"), "too late"),
    ],
)
def test_a_number_outside_of_the_band_is_told_why(said_s, reason):
    verdict = check(said_s)
    assert verdict.status == "not yet"
    assert reason in verdict.why


@pytest.mark.parametrize(
    ("sent_s", "reason"),
    [
        (2.8, "begins from the beginning"),
        (2.5, "when it is done"),
        (5.2, "first enqueue"),
        (1.5, "that is one email"),
        (9, "your own first number"),
    ],
)
def test_the_second_number_follows_from_the_first(sent_s, reason):
    verdict = check(2.5, sent_s)
    assert verdict.status == "not yet"
    assert reason in verdict.why


@pytest.mark.parametrize(
    ("mine", "reason"),
    [
        (alone(), "nobody was killed"),
        (asked(), "gave the email back: another one began 0.02 s later"),
        (killed(signum=signal.SIGSTOP), "only asleep"),
        (killed(kills=[(11, 1.2, 2.8), (22, 4.5, 2.5)], workers=3), "one worker, once"),
        (..., "no run to look at"),
        ("2.5", "`mine` is str"),
    ],
    ids=["alone", "asked", "asleep", "twice", "none", "text"],
)
def test_a_run_of_something_else_is_told_so(mine, reason):
    verdict = check(mine=mine)
    assert verdict.status == "not yet"
    assert reason in verdict.why


@pytest.mark.parametrize("answer", [True, "2.5", float("nan"), None, [2.5]])
def test_what_is_no_number_is_refused(answer):
    for answers in ((answer, 4.5), (2.5, answer)):
        verdict = check_rescue(*answers, killed())
        assert verdict.status == "not yet"
        assert "give a number of seconds" in verdict.why


def test_one_missing_answer_is_named():
    assert "rescued_after_s is missing" in check_rescue(..., 4, killed()).why
    assert "sent_after_s is missing" in check_rescue(2.5, ..., killed()).why
