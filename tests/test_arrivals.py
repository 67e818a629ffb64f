"""Jobs that arrive one by one: the plan, the figures that follow from records, and real runs."""

import asyncio
import math
import signal
from dataclasses import replace
from itertools import pairwise
from statistics import mean

import pytest

import lessonkit
from lessonkit import background
from lessonkit.arrivals import Arrivals, ArrivalsResult, Look
from lessonkit.batch import Batch, JobRecord
from lessonkit.errors import BadSetting, RunStopped, WorkerDied
from lessonkit.feed import Endless, Poisson
from lessonkit.queueing import waits_s
from lessonkit.session import Lab
from workers.contract import State

MANY = Arrivals(rate_per_s=50, mean_s=0.04, jobs=5000, seed=3)


# ---- the plan ------------------------------------------------------------------------------------


def gaps_s(plan):
    times = [0.0, *(each.at_s for each in plan)]
    return [after - before for before, after in pairwise(times)]


def test_gaps_and_times_have_the_means_and_the_scatter_of_exponential_ones():
    plan = MANY.plan()
    for values, wanted in (
        (gaps_s(plan), 1 / MANY.rate_per_s),
        ([each.seconds for each in plan], MANY.mean_s),
    ):
        assert mean(values) == pytest.approx(wanted, rel=0.05)
        # of an exponential distribution, the share above its mean is 1/e, and above twice it 1/e²
        for times in (1, 2):
            over = sum(value > times * wanted for value in values) / len(values)
            assert over == pytest.approx(math.exp(-times), abs=0.02)


def test_a_seed_makes_the_same_plan_again_and_another_seed_another_one():
    assert MANY.plan() == MANY.plan()
    assert replace(MANY, seed=4).plan() != MANY.plan()


def test_more_jobs_only_add_to_the_plan():
    assert MANY.plan()[:10] == replace(MANY, jobs=10).plan()


def test_fixed_times_are_all_the_same_and_change_no_arrival():
    fixed = replace(MANY, service="fixed").plan()
    assert {each.seconds for each in fixed} == {MANY.mean_s}
    assert [each.at_s for each in fixed] == [each.at_s for each in MANY.plan()]


@pytest.mark.parametrize(
    ("wrong", "wanted"),
    [
        ({"rate_per_s": 0}, "jobs per second above 0"),
        ({"rate_per_s": math.nan}, "jobs per second above 0"),
        ({"rate_per_s": True}, "jobs per second above 0"),
        ({"rate_per_s": "60"}, "jobs per second above 0"),
        ({"mean_s": -1}, "a number of seconds from 0"),
        ({"jobs": 0}, "a whole number from 1"),
        ({"seed": 1.5}, "a whole number"),
        ({"service": "random"}, '"exponential" or "fixed"'),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_with_what_to_give(wrong, wanted):
    with pytest.raises(BadSetting, match=wanted):
        replace(MANY, **wrong)


# ---- the figures ---------------------------------------------------------------------------------


def result_of(*lives, max_jobs=1, looks=()):
    """A result of jobs, each (enqueued, started, finished)."""
    records = tuple(
        JobRecord(str(number), *life, slot=0, state="completed", attempts=1, worker="1@here/a")
        for number, life in enumerate(lives, 1)
    )
    asked = Arrivals(rate_per_s=1, mean_s=1, jobs=len(lives))
    return ArrivalsResult(len(lives), max_jobs, 1, records, asked=asked, looks=looks)


def test_the_figures_of_three_jobs_are_as_counted_by_hand():
    result = result_of((0, 0, 2), (1, 2, 3), (2, 3, 6))
    assert result.wait_s == (0, 1, 1)
    assert result.service_s == (2, 1, 3)
    assert result.mean_wait_s == pytest.approx(2 / 3)
    assert result.mean_latency_s == pytest.approx(8 / 3)
    assert result.rate_per_s == 1
    assert result.load == 2
    assert result.utilisation == 1
    assert [result.wait_percentile_s(percent) for percent in (0, 33, 50, 95)] == [0, 0, 1, 1]
    assert result.in_system == ((0, 1), (1, 2), (2, 2), (3, 1), (6, 0))
    assert result.waiting == ((0, 0), (1, 1), (2, 1), (3, 0))
    assert result.mean_in_system == pytest.approx(8 / 6)


def test_little_holds_for_a_run_that_begins_and_ends_empty():
    result = result_of((0, 0.1, 2), (1, 2.2, 3), (1.5, 3.1, 6), (9, 9, 9.5))
    arrived_per_s = result.jobs / result.makespan_s
    assert result.mean_in_system == pytest.approx(arrived_per_s * result.mean_latency_s)


def test_what_was_seen_is_the_mean_of_the_looks():
    looks = (Look(0.0, 0, 1), Look(0.5, 2, 1), Look(1.0, 1, 1))
    assert result_of((0, 0, 1), looks=looks).seen_in_system == 2
    assert math.isnan(result_of((0, 0, 1)).seen_in_system)


def test_a_result_says_in_words_what_was_measured_and_what_was_predicted():
    words = repr(result_of((0, 0, 0.5), (1, 1, 1.5), (2, 2, 2.5)))
    for said in ("3 jobs in 2.50 s", "arrived  1.0/s, took 500.0 ms each", "load 0.50"):
        assert said in words
    assert "Erlang C 500.0 ms on average" in words
    assert "Erlang C without end on average" in repr(result_of((0, 0, 2), (1, 2, 4)))


def test_the_first_jobs_of_a_run_are_a_run_of_their_own():
    result = result_of((0, 0, 2), (1, 2, 3), (2, 3, 6), looks=(Look(0.0, 0, 1),))
    first = result.first(2)
    assert (first.jobs, first.asked.jobs, first.wait_s) == (2, 2, (0, 1))
    assert first.makespan_s == 3
    assert first.looks == ()
    with pytest.raises(BadSetting, match="a whole number from 1 to 3"):
        result.first(4)


def test_the_ideal_wait_is_that_of_the_plan_without_a_worker_s_own_time():
    asked = Arrivals(rate_per_s=50, mean_s=0.05, jobs=100)
    plan = asked.plan()
    waits = waits_s([each.at_s for each in plan], [each.seconds for each in plan], 3)
    records = tuple(JobRecord(str(n), 0, 0, 1) for n in range(100))
    result = ArrivalsResult(100, 3, 0.05, records, asked=asked)
    assert result.ideal_mean_wait_s == pytest.approx(mean(waits))


# ---- real runs -----------------------------------------------------------------------------------


@pytest.fixture
async def lab(own_servers):
    lab = Lab()
    yield lab
    await lab.close()


QUICK = {"rate_per_s": 60, "mean_s": 0.04, "jobs": 60}


async def test_each_job_arrives_when_it_is_due_and_waits_for_a_slot(lab):
    result = await lessonkit.arrive(lab, **QUICK, max_jobs=2)
    plan = result.asked.plan()
    assert [record.id for record in result.records] == [str(n) for n in range(1, 61)]
    assert {record.state for record in result.records} == {"completed"}
    assert result.peak_concurrency == 2
    first_s = plan[0].at_s
    late_s = [
        record.enqueued_s - (arrival.at_s - first_s)
        for record, arrival in zip(result.records, plan, strict=True)
    ]
    # no drift: a producer that slept from job to job would be later with each
    assert min(late_s[-20:]) < 0.05
    took = zip(result.service_s, plan, strict=True)
    assert all(service_s >= arrival.seconds for service_s, arrival in took)


async def test_the_real_worker_makes_a_job_wait_as_the_model_says(lab):
    """Not on average but job by job: given when they came and how long each took."""
    result = await lessonkit.arrive(lab, **QUICK, max_jobs=2)
    arrivals_s = [record.enqueued_s for record in result.records]
    modelled = waits_s(arrivals_s, result.service_s, 2)
    beyond_s = [real - model for real, model in zip(result.wait_s, modelled, strict=True)]
    assert min(beyond_s) > -0.01, "no job starts before a slot is free"
    assert mean(beyond_s) < 0.5 * result.mean_service_s


async def test_what_is_seen_in_the_queue_is_what_the_events_tell(lab):
    result = await lessonkit.arrive(lab, rate_per_s=100, mean_s=0.04, max_jobs=2, jobs=100)
    assert len(result.looks) > 10
    assert result.seen_in_system == pytest.approx(result.mean_in_system, rel=0.35)
    assert max(look.running for look in result.looks) <= 2


async def test_fixed_times_several_workers_and_a_limit(lab):
    result = await lessonkit.arrive(
        lab, rate_per_s=100, mean_s=0.02, max_jobs=1, jobs=12, service="fixed", workers=2,
        limit="5/0.5s",
    )  # fmt: skip
    assert len(result.pids) == 2
    assert result.starts_s[-1] - result.starts_s[0] >= 1
    assert min(result.service_s) >= 0.02


async def test_a_worker_killed_in_the_middle_loses_no_job(lab):
    async def kill_one(workers):
        await asyncio.sleep(0.3)
        workers.pop().send_signal(signal.SIGKILL)

    result = await lessonkit.arrive(
        lab, rate_per_s=40, mean_s=0.2, max_jobs=5, jobs=40, workers=2, meanwhile=kill_one
    )
    assert {record.state for record in result.records} == {"completed"}
    assert max(record.attempts for record in result.records) == 2


async def test_a_worker_that_dies_by_itself_ends_the_run(lab):
    async def kill_one(workers):
        workers[0].send_signal(signal.SIGKILL)

    with pytest.raises(WorkerDied, match="killed by SIGKILL"):
        await lessonkit.arrive(lab, **QUICK, max_jobs=1, meanwhile=kill_one)


async def test_what_goes_wrong_meanwhile_is_raised(lab):
    async def go_wrong(workers):
        raise ValueError("a slip of mine")

    with pytest.raises(ValueError, match="a slip of mine"):
        await lessonkit.arrive(lab, **QUICK, max_jobs=1, meanwhile=go_wrong)


async def test_a_run_that_is_stopped_adds_nothing_more(lab, wait_until):
    seen = []
    batch = Batch(jobs=1000, max_jobs=1, seconds=0.04)
    feed = Poisson(Arrivals(rate_per_s=20, mean_s=0.04, jobs=1000).plan())
    measuring = lab.measure(batch, feed=feed, on_change=seen.append)
    run = asyncio.ensure_future(background.join(measuring))
    await wait_until(lambda: batch.records)
    run.cancel()
    with pytest.raises(RunStopped):
        await run
    looks = len(feed.looks)
    await asyncio.sleep(0.2)
    assert len(feed.looks) == looks


async def test_runs_side_by_side_are_stopped_together(lab, wait_until):
    both = asyncio.ensure_future(
        asyncio.gather(
            *(lessonkit.arrive(lab, **QUICK | {"jobs": 600}, max_jobs=each) for each in (2, 3))
        )
    )
    await wait_until(lambda: len(lab._guests) == len(lab._processes) == 2)
    both.cancel()
    with pytest.raises(RunStopped):
        await both
    await wait_until(lambda: not lab._guests)
    assert not lab._processes


async def test_a_setting_that_makes_no_sense_starts_nothing(lab):
    with pytest.raises(BadSetting, match="max_jobs"):
        await lessonkit.arrive(lab, **QUICK, max_jobs=0)
    assert "no server yet" in repr(lab)


# ---- arrivals without end ------------------------------------------------------------------------


@pytest.fixture
async def endless(queue):
    """A feed of a queue that nobody serves, at rest."""
    feed = Endless(rate_per_s=0, mean_s=0.05)
    running = asyncio.create_task(feed.run(queue))
    yield feed
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_rate_takes_effect_at_once_and_zero_stops_the_feed(endless, queue, wait_until):
    async def waiting():
        return (await queue.counts())[State.WAITING]

    await asyncio.sleep(0.2)
    assert await waiting() == 0
    endless.tune(200, 0.05)

    async def many_wait():
        return await waiting() > 20

    await wait_until(many_wait)
    endless.tune(0, 0.05)
    await asyncio.sleep(0.05)  # one may be on its way
    there = await waiting()
    await asyncio.sleep(0.3)
    assert await waiting() == there


async def test_while_a_feed_is_held_those_that_come_are_turned_away(endless, queue, wait_until):
    endless.held = True
    endless.tune(200, 0.05)
    await asyncio.sleep(0.3)
    assert (await queue.counts())[State.WAITING] == 0
    endless.held = False

    async def some_wait():
        return (await queue.counts())[State.WAITING] > 3

    await wait_until(some_wait)
