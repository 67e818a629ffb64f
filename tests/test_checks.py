"""An exercise check tells each wrong answer why, and knows the right one."""

import os

import pytest

from lessonkit.batch import BatchResult, JobRecord
from lessonkit.checks import check_mended, check_sent, check_totals
from lessonkit.doctor import Finding, Report
from lessonkit.follow import Story
from workers.contract import State


def verdicts_differ(verdicts):
    """Whether each is a *not yet* with a reason of its own."""
    assert {verdict.status for verdict in verdicts} == {"not yet"}
    assert len({verdict.why for verdict in verdicts}) == len(verdicts)
    return True


# ---- 00: does the machine work? ------------------------------------------------------------------

GREEN = Report([Finding("Python", "3.13.1"), Finding("a worker runs a job", "in 0.5 s")])
RED = Report([Finding("a worker runs a job", "max_jobs is 0", "Give a whole number from 1 on.")])


def test_the_setting_of_00_passes_when_the_doctor_is_content():
    verdict = check_mended(2, GREEN)
    assert verdict.status == "passed"
    assert "max_jobs = 2" in verdict.why
    assert verdict.unchecked


def test_the_setting_of_00_is_told_what_is_amiss():
    unseen, red = check_mended(2, None), check_mended(0, RED)
    assert verdicts_differ([unseen, red])
    assert "Give a whole number from 1 on." in red.why


def test_dots_in_00_are_not_attempted():
    assert check_mended(..., None).status == "not attempted"
    assert check_mended(..., RED).status == "not attempted"


# ---- 01: who runs my job? ------------------------------------------------------------------------


def story(*states, pid=None, queue="email", error=""):
    return Story(queue, "1", tuple((state, 0.1 * n) for n, state in enumerate(states)), pid, error)


SENT = story(State.WAITING, State.ACTIVE, State.COMPLETED, pid=os.getpid() + 1)


def test_the_job_of_01_passes_when_another_process_sent_it():
    verdict = check_sent("email", SENT)
    assert verdict.status == "passed"
    assert str(os.getpid() + 1) in verdict.why
    assert verdict.unchecked


def test_the_job_of_01_is_told_what_is_amiss():
    waiting = check_sent("mail", story(State.WAITING, queue="mail"))
    failed = check_sent(
        "email", story(State.WAITING, State.ACTIVE, State.FAILED, pid=1, error="no such mailbox")
    )
    assert verdicts_differ([check_sent("email", None), waiting, failed])
    assert "'mail'" in waiting.why
    assert "no such mailbox" in failed.why


def test_dots_in_01_are_not_attempted():
    assert check_sent(..., None).status == "not attempted"


# ---- 02: one at a time or five at a time? --------------------------------------------------------


def run(max_jobs, jobs=5, seconds=1.0):
    """A run as it is on a machine that loses 1 % of the time."""
    ends = [(n // max_jobs + 1) * seconds * 1.01 for n in range(jobs)]
    records = [
        JobRecord(str(n + 1), 0.0, end - seconds * 1.01, end, n % max_jobs, "completed", 1)
        for n, end in enumerate(ends)
    ]
    return BatchResult(jobs, max_jobs, seconds, tuple(records))


ONE, FIVE, THREE = run(1), run(5), run(3)
RIGHT = {"total_1_s": 5.05, "total_5_s": 1.01, "predicted_3_s": 2.0, "three": THREE}


def check(**answers):
    return check_totals(**(RIGHT | answers), one=ONE, five=FIVE)


def test_the_solution_of_02_passes():
    verdict = check()
    assert verdict.status == "passed"
    assert "5.05 s one at a time, 1.01 s five at a time, and 2.02 s at 3" in verdict.why
    assert verdict.unchecked


@pytest.mark.parametrize(
    "answers",
    [
        {"total_1_s": 5, "total_5_s": 1},
        {"total_1_s": ONE.makespan_s, "total_5_s": FIVE.makespan_s},
        {"predicted_3_s": 2},
        {"predicted_3_s": THREE.makespan_s},
    ],
)
def test_a_right_answer_in_other_words_passes_too(answers):
    assert check(**answers).status == "passed"


WRONG = {
    "the totals are swapped": ({"total_1_s": 1.01, "total_5_s": 5.05}, "swapped"),
    "the time of one email": ({"total_1_s": 1.0}, "time of one email"),
    "another total at 1": ({"total_1_s": 3.0}, "max_jobs 1 took 5.05 s"),
    "another total at 5": ({"total_5_s": 3.0}, "max_jobs 5 took 1.01 s"),
    "no total at 1": ({"total_1_s": ...}, "total_1_s is missing"),
    "no total at 5": ({"total_5_s": ...}, "total_5_s is missing"),
    "a total in words": ({"total_1_s": "5 s"}, "total_1_s is '5 s'"),
    "a yes for a total": ({"total_5_s": True}, "total_5_s is True"),
    "no prediction": ({"predicted_3_s": ...}, "predicted_3_s is missing"),
    "emails shared out like water": ({"predicted_3_s": 5 / 3}, "like water"),
    "one round": ({"predicted_3_s": 1}, "one round"),
    "as slow as one slot": ({"predicted_3_s": 5}, "time at max_jobs 1"),
    "a guess": ({"predicted_3_s": 12}, "count the rounds"),
    "no run at 3": ({"three": ...}, "the run at 3 is missing"),
    "no await": ({"three": "<coroutine>"}, "forget the `await`"),
    "a run at another number": ({"three": FIVE}, "ran at max_jobs 5"),
    "a run of other emails": ({"three": run(3, jobs=6)}, "send the same"),
    "a run that was not at work": ({"three": run(3, jobs=5, seconds=0.0)}, "send the same"),
}


@pytest.mark.parametrize(("answers", "reason"), WRONG.values(), ids=WRONG)
def test_a_wrong_answer_of_02_is_told_why(answers, reason):
    verdict = check(**answers)
    assert verdict.status == "not yet"
    assert reason in verdict.why


def test_each_wrong_answer_of_02_has_a_reason_of_its_own():
    assert verdicts_differ([check(**answers) for answers, _ in WRONG.values()])


def test_a_run_at_3_that_did_not_overlap_is_no_answer():
    serial = BatchResult(5, 3, 1.0, ONE.records)
    assert "not a run of three slots at work" in check(three=serial).why


def test_dots_in_02_are_not_attempted():
    assert check_totals(..., ..., ..., ..., one=ONE, five=FIVE).status == "not attempted"


# ---- how a verdict is shown ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "begins"),
    [
        (check_mended(..., None), "Not attempted: "),
        (check_mended(2, None), "Not yet, because "),
        (check_mended(2, GREEN), "Passed. "),
    ],
    ids=["not attempted", "not yet", "passed"],
)
def test_a_verdict_is_shown_as_text_and_as_html(verdict, begins):
    assert repr(verdict).startswith(begins)
    assert verdict.why in repr(verdict)
    assert f"<b>{begins.strip()}</b>" in verdict._repr_html_()
    assert ("Not checked: " in repr(verdict)) == (verdict.status == "passed")


def test_what_a_verdict_quotes_is_shown_as_code():
    verdict = check(three="three")
    assert "`await`" in repr(verdict)
    assert "<code>await</code>" in verdict._repr_html_()
    assert "`" not in verdict._repr_html_()


def test_what_a_learner_wrote_is_not_html():
    verdict = check(total_1_s="<script>")
    assert "<script>" not in verdict._repr_html_()
    assert "&lt;script&gt;" in verdict._repr_html_()
