"""What became of each job, from what the stream tells."""

import math
import signal

import pytest

from lessonkit.errors import BadSetting
from lessonkit.outcomes import Handover, Outcome
from tests.handovers import CUT, KEPT, KILLED, ZERO_MS, cut, early, kept, killed, result


def counts(told):
    return [told.finished, told.went_back, told.ran_twice, told.waited, told.lost]


def test_without_grace_what_ran_goes_back_and_runs_twice_in_one_attempt():
    assert counts(cut()) == [2, 2, 2, 1, 0]
    assert [cut().outcomes[job] for job in "12345"] == [
        *[Outcome.FINISHED] * 2,
        *[Outcome.RAN_AGAIN] * 2,
        Outcome.WAITED,
    ]
    assert set(cut().attempts_counted.values()) == {1}
    assert cut().running_at_signal == ("3", "4")
    assert cut().left_after_s == pytest.approx(0.01)


def test_an_attempt_that_went_back_is_not_counted():
    waiting = result(early(CUT, 1.5), over=False)
    assert waiting.attempts_counted == {"1": 1, "2": 1, "3": 0, "4": 0, "5": 0}


def test_with_grace_what_ran_is_finished():
    assert counts(kept()) == [4, 0, 0, 1, 0]
    assert kept().left_after_s == pytest.approx(0.41)


def test_a_killed_workers_jobs_are_rescued_in_a_second_attempt():
    assert counts(killed()) == [2, 0, 2, 1, 0]
    assert killed().attempts_counted == {"1": 1, "2": 1, "3": 2, "4": 2, "5": 1}
    third = killed().attempts_at("3")[0]
    assert third.ended_s == pytest.approx(4.0)  # as far as the queue knows
    assert killed().end_s(third) == 1.2
    assert killed().running_at_signal == ("3", "4")


def test_what_nobody_finished_is_lost_once_the_run_is_over_and_not_before():
    told = [e for e in CUT if not (e.job == "5" and e.event != "waiting")]
    assert result(told).lost == 1
    assert result(told).outcomes["5"] == Outcome.LOST
    assert result(told, over=False).lost == 0
    assert result(early(KILLED, 1.9), over=False).outcomes["3"] == Outcome.OPEN


def test_a_job_that_failed_is_not_finished():
    told = [e for e in KEPT if not (e.job == "1" and e.event == "completed")]
    failed = next(e for e in KEPT if e.job == "1" and e.event == "completed")
    told.append(type(failed)(**vars(failed) | {"event": "failed"}))
    assert result(sorted(told, key=lambda e: e.at_ms)).outcomes["1"] == Outcome.FAILED


def test_a_signal_finds_nothing_before_the_first_start_and_after_the_last_end():
    assert kept(signal_s=3.0).running_at_signal == ()
    assert kept(signal_s=-0.05).running_at_signal == ()
    assert kept(signal_s=None).running_at_signal == ()


def test_the_stages_follow_each_other():
    def stage(until_s, exit_code=None, signal_s=None):
        told = early(CUT, until_s)
        return result(told, over=False, exit_code=exit_code, signal_s=signal_s).stage

    stages = [stage(-0.05), stage(1.0), stage(1.1, None, 1.1), stage(1.5, 0, 1.2), stage(2, 0, 1.2)]
    assert stages == [
        "starting the first worker",
        "the first worker sends emails",
        "the first worker got SIGTERM",
        "the first worker has left, the second one is starting",
        "the second worker sends what is left",
    ]
    assert cut().stage == "both workers have left"


def test_its_repr_is_worth_reading():
    assert repr(cut()) == (
        "5 emails of 0.8 s, max_jobs 2, SIGTERM at 1.2 s, grace 0 s:\n"
        "  2 finished · 2 went back · 1 waited · 0 lost\n"
        "  the first worker left with exit code 0, 0.01 s after the signal"
    )
    assert "2 rescued" in repr(killed())
    assert "exit code -9" in repr(killed())
    assert math.isnan(result(early(CUT, 1.0), exit_code=None).left_after_s)


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ({"jobs": 0}, "whole number from 1 to 20"),
        ({"jobs": 2.5}, "whole number"),
        ({"max_jobs": 6}, "from 1 to 5"),
        ({"max_jobs": True}, "whole number"),
        ({"seconds": -1}, "number of seconds from 0 to 60"),
        ({"grace_s": math.nan}, "number of seconds"),
        ({"grace_s": "10"}, "number of seconds"),
        ({"signal_at_s": math.inf}, "number of seconds"),
        ({"signum": signal.SIGINT}, "signal.SIGTERM or signal.SIGKILL"),
        ({"signum": "SIGTERM"}, "signal.SIGTERM or signal.SIGKILL"),
    ],
    ids=str,
)
def test_a_setting_that_makes_no_sense_is_refused(setting, wanted):
    with pytest.raises(BadSetting, match=wanted):
        Handover(**setting)


def test_the_stream_of_the_tests_begins_with_the_first_enqueue():
    assert min(e.at_ms for e in CUT if e.event == "waiting") == ZERO_MS
