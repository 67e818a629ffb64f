"""The check of 08 tells each wrong answer why, with what was measured, and knows the right ones."""

import pytest

from lessonkit.checks import check_places
from lessonkit.chores import SpeedUps
from tests.kinds import TYPICAL, measured, speed_ups

RIGHT = {
    "call": "loop",
    "webhook": "loop",
    "query": "thread",
    "photo": "process",
    "password": "thread",
    "backup": "process",
}


def placed(share=1.0, **places):
    """The right answers but for these, and what an idle machine does then."""
    answers = RIGHT | places
    found = [
        measured(kind, **TYPICAL.get(kind) or TYPICAL["password", kind[1]] | {}, share=share)
        for kind in answers.items()
    ]
    return answers, SpeedUps(tuple(found), 5, 5, 2, 2)


def test_right_answers_pass_with_what_was_measured():
    verdict = check_places(*placed())
    assert verdict.status == "passed"
    assert "photo 1.9×" in verdict.why
    assert "memory" in verdict.unchecked


def test_what_computes_in_c_may_be_in_a_process_or_in_a_thread():
    assert check_places(*placed(backup="thread")).status == "passed"


def test_a_busy_machine_fails_nobody_and_is_told_of():
    verdict = check_places(*placed(share=0.4))
    assert verdict.status == "passed"
    assert "was busy" in verdict.why


def test_threads_pass_where_python_has_no_gil():
    answers, mine = placed(photo="thread")
    free = measured(("photo", "thread"), speed_up=1.9, cores=1.8)
    both = [free if each.chore == free.chore else each for each in mine]
    assert check_places(answers, SpeedUps(tuple(both), 5, 5, 2, 2)).status == "passed"


def test_dots_are_not_attempted():
    assert check_places(dict.fromkeys(RIGHT, ...), None).status == "not attempted"


WRONG = {
    "blocks": (placed(query="loop"), "query: it waits, but not at an `await`, so the loop stood"),
    "computes": (placed(photo="loop"), "photo: it computes, so the loop stood still for 485 ms"),
    "GIL": (placed(photo="thread"), "5 threads had 1.0 cores together, 1.0×"),
    "two wait": (placed(query="process"), "query: only 1.7× of 5×. There are 2 processes"),
    "coroutine": (placed(call="thread"), "call: 5 of 5 jobs failed. It is an `async def`"),
    "some": ((RIGHT | {"call": ...}, None), "there is no place for: call"),
    "words": ((RIGHT | {"call": "await"}, None), "call is in 'await': give"),
    "no run": ((RIGHT, None), "nothing was measured"),
    "no await": ((RIGHT, "<coroutine>"), "forget the `await`"),
    "another run": ((RIGHT, speed_ups(("call", "loop"))), "other places than your answers"),
    "another work": (({"call": "loop"}, None), "a place for each of: call, webhook"),
    "no dictionary": ((None, None), "a place for each of: call, webhook"),
}


@pytest.mark.parametrize(("given", "reason"), WRONG.values(), ids=WRONG)
def test_a_wrong_answer_is_told_why(given, reason):
    verdict = check_places(*given)
    assert verdict.status == "not yet"
    assert reason in verdict.why


def test_all_that_is_wrong_is_told_at_once():
    why = check_places(*placed(query="loop", photo="thread", call="thread")).why
    assert why.index("call: ") < why.index("query: ") < why.index("photo: ")
