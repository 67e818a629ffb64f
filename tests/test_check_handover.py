"""The check of 05 tells each wrong answer why, and knows the right one."""

import signal

import pytest

from lessonkit.checks import check_handover
from tests.handovers import CUT, KEPT, cut, kept, killed, result

RIGHT = {"grace_s": 10.0, "signal_at_s": 1.2}


def check(mine, **answers):
    known = {"grace_s": mine.settings.grace_s, "signal_at_s": mine.settings.signal_at_s}
    return check_handover(**known | answers, mine=mine)


def test_a_grace_longer_than_an_email_passes():
    verdict = check(kept())
    assert verdict.status == "passed"
    assert "found 2 emails being sent" in verdict.why
    assert "0.41 s later" in verdict.why
    assert "killed" in verdict.unchecked


def test_whole_numbers_pass_too():
    assert check_handover(10, 1.2, kept()).status == "passed"


def test_dots_are_not_attempted():
    assert check_handover(..., ..., None).status == "not attempted"


WITHOUT_5 = [e for e in KEPT if not (e.job == "5" and e.event != "waiting")]
WRONG = {
    "no grace": (lambda: check(cut()), "a grace of 0 s"),
    "too short": (lambda: check(cut(grace_s=0.005)), "shorter than one email"),
    "lucky": (lambda: check(kept(grace_s=0.5)), "cannot choose when a real signal comes"),
    "SIGKILL": (lambda: check(killed()), "2 emails ran twice, in two attempts"),
    "after all": (lambda: check(kept(signal_s=5.0)), "all 5 emails had been sent"),
    "before all": (lambda: check(kept(signal_s=-0.05)), "had not started an email"),
    "lost": (lambda: check(result(WITHOUT_5)), "1 email ended nowhere"),
    "a slow machine": (lambda: check(result(CUT)), "run it once more"),
    "another run": (lambda: check(kept(), grace_s=3), "not your answers"),
    "no grace given": (lambda: check(kept(), grace_s=...), "grace_s is missing"),
    "no time given": (lambda: check(kept(), signal_at_s=...), "signal_at_s is missing"),
    "no run": (lambda: check_handover(**RIGHT, mine=None), "no run to look at"),
    "no await": (lambda: check_handover(**RIGHT, mine="<coroutine>"), "forget the `await`"),
}


@pytest.mark.parametrize(("verdict", "reason"), WRONG.values(), ids=WRONG)
def test_a_wrong_answer_is_told_why(verdict, reason):
    said = verdict()
    assert said.status == "not yet"
    assert reason in said.why


def test_each_wrong_answer_has_a_reason_of_its_own():
    assert len({verdict().why for verdict, _ in WRONG.values()}) == len(WRONG)


def test_sigkill_is_told_of_even_when_it_found_nothing_to_do():
    late = kept(signal_s=5.0, signum=signal.SIGKILL)
    assert "SIGKILL cannot be heeded" in check(late).why
