"""A launch day: what it is, what is demanded, and a real one that is lived through."""

import asyncio
import math
from dataclasses import replace

import pytest

from lessonkit import background
from lessonkit.attempts import Attempt, Ending
from lessonkit.errors import BadSetting
from lessonkit.fleet import LaunchDay, LaunchResult, batch_of
from lessonkit.launching import launch, live_through
from lessonkit.result import JobRecord

#: a day of one second
SHORT = LaunchDay(jobs=20, crowd=4, crowd_at_s=0.5, kill_at_s=0.3, seed=3)
KILLED, OTHER = "7@here/1", "8@here/2"


def record(number, wait_s=0.1, **known):
    enqueued_s = number * 0.05
    known = {"finished_s": enqueued_s + wait_s + 0.1, "state": "completed"} | known
    return JobRecord(str(number), enqueued_s, enqueued_s + wait_s, **known)


def attempt(job, started_s, worker=OTHER, ended_s=None, ending=Ending.COMPLETED, number=1):
    return Attempt(str(job), number, worker, 0, started_s, ended_s, ending)


def result(records, attempts=(), **known):
    known = {"workers": 3, "limit": "30/1s", "day": SHORT} | known
    return LaunchResult(len(records), 2, 0.12, tuple(records), attempts=tuple(attempts), **known)


# ---- the day -------------------------------------------------------------------------------------


def test_the_same_seed_makes_the_same_day():
    assert SHORT.plan() == replace(SHORT).plan()
    assert SHORT.plan() != replace(SHORT, seed=4).plan()


def test_a_crowd_comes_at_one_moment_among_the_others():
    plan = SHORT.plan()
    assert len(plan) == 24
    assert list(plan) == sorted(plan)
    assert sum(each.at_s == 0.5 for each in plan) == 4


def test_the_load_is_how_many_slots_are_busy():
    assert LaunchDay(rate_per_s=20, mean_s=0.12).load == pytest.approx(2.4)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate_per_s": 0},
        {"crowd": 0},
        {"kill_at_s": -1},
        {"kill_at_s": 50},
        {"target_s": math.nan},
        {"provider": "often"},
        {"provider": "off"},
        {"most_slots": 1.5},
        {"seed": "today"},
    ],
)
def test_a_day_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(BadSetting) as refused:
        LaunchDay(**wrong)
    assert next(iter(wrong)) in str(refused.value)


# ---- its demands ---------------------------------------------------------------------------------


def met(day):
    return [demand.met for demand in day.demands]


def test_a_fleet_that_meets_all_demands_survives():
    day = result([record(n) for n in range(20)])
    assert met(day) == [True] * 4
    assert day.survived
    assert "survived" in repr(day)


def test_one_email_in_twenty_may_wait_for_long_and_two_may_not():
    slow = [record(n, wait_s=2.0) for n in (18, 19)]
    assert met(result([record(n) for n in range(19)] + slow[1:]))[0]
    assert not met(result([record(n) for n in range(18)] + slow))[0]


def test_who_never_started_waits_for_ever():
    never = [JobRecord(str(n), 1.0) for n in (18, 19)]
    day = result([record(n) for n in range(18)] + never)
    assert math.isinf(day.wait_95_s)
    assert met(day) == [False, True, False, True]
    assert "18 of 20" in repr(day)


def test_the_provider_counts_a_rescued_email_twice():
    cut = attempt(1, 0.1, KILLED, ended_s=2.9, ending=Ending.STALLED)
    again = attempt(1, 0.2, ended_s=0.3, number=2)
    others = [attempt(n, 0.3, ended_s=0.4) for n in range(2, 31)]
    records = [record(n) for n in range(1, 31)]
    day = result(records, [cut, again, *others], killed_pid=7, killed_s=0.15)
    assert day.busiest_second == 31
    assert met(day) == [True, False, True, True]
    assert day.rescued == 1


def test_a_kill_ends_an_attempt_before_the_queue_learns_of_it():
    cut = attempt(1, 0.1, KILLED, ended_s=2.9, ending=Ending.STALLED)
    done = attempt(2, 0.0, KILLED, ended_s=0.1)
    day = result([record(1), record(2)], [cut, done], killed_pid=7, killed_s=0.15)
    assert [day.was_cut(each) for each in (cut, done)] == [True, False]
    assert [day.end_s(each) for each in (cut, done)] == [0.15, 0.1]


def test_too_many_slots_are_too_many():
    assert met(result([record(1)], workers=7)) == [True, True, True, False]


# ---- a real one ----------------------------------------------------------------------------------


def lived(lab, workers, max_jobs, limit="off"):
    batch = batch_of(SHORT, workers, max_jobs, limit)
    return asyncio.wrap_future(background.spawn(live_through(lab, SHORT, batch)))


async def test_a_fleet_that_loses_a_worker_sends_every_email(lab):
    day = await lived(lab, 2, 3)
    assert day.sent == day.jobs == 24
    killed = [each for each in day.attempts if each.pid == day.killed_pid]
    assert len({each.worker for each in day.attempts}) == 2
    assert all(each.started_s < day.killed_s + 0.5 for each in killed)
    assert day.rescued == sum(day.was_cut(each) for each in killed)


async def test_a_fleet_of_one_does_not(lab):
    day = await lived(lab, 1, 6)
    assert day.sent < day.jobs
    assert len(day.records) == 24  # all of them came
    assert (day.slots_left, day.rescued, day.survived) == (0, 0, False)


async def test_a_setting_that_makes_no_sense_is_refused_before_anything_starts(lab):
    with pytest.raises(BadSetting):
        await launch(lab, SHORT, workers=0, max_jobs=1, limit="off")
