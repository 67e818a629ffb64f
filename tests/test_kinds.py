"""What is known of kinds of work follows from their jobs and their worker's beats."""

import math

import pytest

from lessonkit.batch import Batch
from lessonkit.chores import Beat, Chore, ChoreRun, chores_of
from lessonkit.errors import BadSetting
from lessonkit.events import QueueEvent
from tests.kinds import ZERO_MS, run, speed_ups
from workers.contract import Event


@pytest.mark.parametrize("kind", [("nap", "loop"), ("photo", "await"), ("photo", ...)])
def test_a_kind_that_there_is_not_is_refused_with_what_there_is(kind):
    with pytest.raises(BadSetting, match=r"one of: '(call|loop)', "):
        Chore(*kind)


@pytest.mark.parametrize("kinds", [["photo"], [("photo",)], [None], []])
def test_what_is_no_kind_is_refused(kinds):
    with pytest.raises(BadSetting, match="kind"):
        chores_of(kinds)


def test_a_dictionary_of_places_is_kinds():
    places = {"call": "loop", "photo": "process"}
    assert chores_of(places.items()) == (Chore("call", "loop"), Chore("photo", "process"))


def test_lags_are_those_of_the_run():
    late = run(late_ms=485)
    (before, worst) = late.lags
    assert before.lag_s == 0
    assert worst.due_s == pytest.approx(0.016)
    assert worst.woke_s == pytest.approx(0.501)
    assert late.worst_lag_s == pytest.approx(0.485)


def test_a_beat_that_was_due_after_the_last_job_is_none_of_the_runs():
    beats = (Beat(ZERO_MS + 700, 100),)
    assert ChoreRun(Chore("photo", "loop"), run().batch, beats, ZERO_MS).lags == ()


def test_a_loop_that_stands_still_is_late_before_it_says_so():
    batch = Batch(5, 5, 0.1)
    batch.apply(QueueEvent("1-0", Event.WAITING, ZERO_MS, "1"))
    batch._began -= 0.4  # which is how long ago that was
    under_way = ChoreRun(Chore("photo", "loop"), batch, (Beat(ZERO_MS - 5, 0.0),), batch.first_ms)
    assert under_way.worst_lag_s >= 0.38
    assert math.isnan(under_way.makespan_s)
    assert math.isnan(under_way.cores_used)
    assert "under way" in repr(under_way)


def test_cores_used_are_cpu_seconds_in_the_time_from_first_to_last():
    assert run(took_s=0.5, cores=1.7).cores_used == pytest.approx(1.7)


def test_a_kind_that_failed_has_no_speed_up():
    (failed,) = speed_ups(("call", "thread"))
    assert math.isnan(failed.speed_up)
    assert failed.many.error == "CodecError: coroutine"


def test_one_kind_can_be_asked_for():
    both = speed_ups(("call", "loop"), ("photo", "loop"))
    assert both["photo", "loop"].speed_up == pytest.approx(1.0)
    assert len(both) == 2
    with pytest.raises(BadSetting, match=r"\('call', 'loop'\), \('photo', 'loop'\)"):
        _ = both["photo", "thread"]


def test_all_is_told_in_a_table():
    text = repr(speed_ups(("photo", "process"), ("call", "thread")))
    first, head, photo, call = text.splitlines()
    assert first == "5 jobs of each kind, at max_jobs 1 and 5, on 2 cores:"
    assert head.split("  ")[0] == "work"
    assert photo.split() == ["photo", "process", "0.50", "s", "0.26", "s", "1.9×", "1.7", "2", "ms"]
    assert call.split()[2:] == ["failed", "failed", "–", "–", "2", "ms"]


def test_a_busy_machine_is_said_to_be_busy_and_an_idle_one_is_not():
    assert "got 0.4 of a core" in speed_ups(("photo", "loop"), share=0.4).busy
    assert speed_ups(("photo", "loop"), ("call", "loop")).busy == ""
    assert speed_ups(("call", "loop")).busy == ""  # nothing in it computes
