"""What became of an email whose worker is gone, from what the stream tells."""

import math
import signal

import pytest

from lessonkit.errors import BadSetting
from lessonkit.rescues import Drill
from tests.rescues import KILLED, alone, asked, early, killed, result


def test_another_worker_takes_over_when_the_lease_has_run_out():
    told = killed()
    assert (told.killed_pid, told.rescued_by_pid) == (11, 22)
    assert told.rescued_after_s == pytest.approx(2.8)
    assert told.sent_after_s == pytest.approx(4.3)
    assert (told.attempts_counted, told.stalled) == (2, 1)
    assert told.story == "process 22 sent it, in attempt 2"


def test_a_killed_workers_attempt_ends_with_it_and_not_with_its_lease():
    first, second = killed().attempts
    assert first.ended_s == pytest.approx(4.0)  # as far as the queue knows
    assert killed().end_s(first) == 1.2
    assert killed().end_s(second) == pytest.approx(5.5)


def test_a_worker_that_is_asked_gives_the_email_back_and_no_attempt_counts():
    assert asked().rescued_after_s == pytest.approx(0.02)
    assert (asked().attempts_counted, asked().stalled) == (1, 0)


def test_where_nobody_was_killed_there_is_no_rescue():
    assert (alone().killed_pid, alone().rescue, alone().rescued_by_pid) == (None, None, None)
    assert math.isnan(alone().rescued_after_s)
    assert math.isnan(alone().sent_after_s)
    assert alone().sent_s == pytest.approx(1.5)


def test_while_the_lease_runs_out_nobody_has_the_email():
    assert killed(told=early(KILLED, 1.0), kills=[], over=False).running.pid == 11
    waiting = killed(told=early(KILLED, 3.9), over=False, now_s=3.0)
    assert waiting.running is None
    assert waiting.stage == "nobody sends the email, 1.0 s of the lease are left"
    assert math.isnan(waiting.rescued_after_s)
    assert waiting.story == "it has not been sent yet"
    assert killed(told=early(KILLED, 4.9), over=False).running.pid == 22


def test_the_stages_follow_each_other():
    told = early(KILLED, -0.05)
    assert result(told, over=False, now_s=0).stage == "starting the workers"
    assert result(early(KILLED, 1), over=False).stage == "process 11 sends the email"
    assert killed(told=early(KILLED, 5), over=False).stage == "process 22 sends the email"
    assert killed(over=False).stage == "the email has ended, the workers leave"
    assert killed().stage == "the email has ended, the workers have left"


def test_its_repr_is_worth_reading():
    assert repr(killed()) == (
        "1 email of 1.5 s, 2 workers: process 22 sent it, in attempt 2\n"
        "  SIGKILL to process 11 at 1.20 s, 2.80 s of its lease left\n"
        "  process 22 began with it 2.80 s after that"
    )
    assert repr(alone()) == "1 email of 1.5 s, 2 workers: process 11 sent it, in attempt 1"
    failed = result(early(KILLED, 1), error="its worker was lost")
    assert "it failed: its worker was lost" in repr(failed)


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ({"workers": 5}, "whole number from 1 to 4"),
        ({"workers": 2.0}, "whole number"),
        ({"seconds": -1}, "number of seconds from 0 to 60"),
        ({"kill_at_s": math.nan}, "number of seconds"),
        ({"kill_at_s": "1"}, "number of seconds"),
        ({"kills": 2}, "0 to 1, so that one of 2 workers is left"),
        ({"kills": -1}, "so that one of 2"),
        ({"kills": 0.5}, "so that one of 2"),
        ({"kills": True}, "so that one of 2"),
        ({"signum": signal.SIGINT}, "signal.SIGKILL, signal.SIGTERM or signal.SIGSTOP"),
        ({"signum": 9.5}, "signal.SIGKILL"),
    ],
    ids=str,
)
def test_a_setting_that_makes_no_sense_is_refused(setting, wanted):
    with pytest.raises(BadSetting, match=wanted):
        Drill(**setting)
