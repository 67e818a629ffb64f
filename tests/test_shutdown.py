"""How a worker leaves: what runs may finish, what cannot goes back, and nothing new is taken."""

import asyncio
import signal

import pytest

from lessonkit.queue import Queue
from tests.told import names, pid_of
from workers.contract import REPORTS, State


@pytest.fixture
def reports(redis, prefix):
    return Queue(REPORTS, redis, prefix)


# ---- told to leave -------------------------------------------------------------------------------


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
async def test_a_signal_lets_the_running_job_finish(worker, queue, email, story, signum):
    one = await worker("--max-jobs", 1)
    await queue.add_many([email(0.4), email(0.4)])
    await story("1", until="active")
    one.send(signum)
    assert await one.end() == 0
    assert names(await story("1")) == ["waiting", "active", "completed"]
    assert names(await story("2")) == ["waiting"]
    own = [event.event for event in await queue.read_events() if not event.job]
    assert own == ["ready", "draining", "closed"]


async def test_a_second_signal_ends_it_at_once(worker, queue, email, story, wait_until):
    one = await worker("--grace", 60)
    await queue.add(email(60))
    await story(until="active")
    one.send(signal.SIGINT)
    await wait_until(lambda: "[worker] Shutting down gracefully..." in one.lines)
    assert one.exit_code is None
    one.send(signal.SIGTERM)
    assert await one.end() == 128 + signal.SIGTERM


async def test_two_signals_fast_end_it_at_once_and_without_a_word_of_python(
    worker, queue, email, story
):
    one = await worker("--grace", 60)
    await queue.add(email(60))
    await story(until="active")
    one.send(signal.SIGTERM)
    one.send(signal.SIGINT)
    assert await one.end() in (128 + signal.SIGTERM, 128 + signal.SIGINT)
    assert "Traceback" not in one.out + one.err


async def test_an_idle_worker_leaves_nothing_of_its_own_in_redis(worker, queue, redis, prefix):
    one = await worker()
    one.send(signal.SIGTERM)
    await one.end()
    await queue.obliterate()
    assert await redis.keys(f"*{prefix}*") == []


# ---- past its grace ------------------------------------------------------------------------------


async def test_without_grace_running_jobs_go_back_with_their_attempts_unspent(
    worker, queue, email, story
):
    one = await worker("--max-jobs", 2, "--grace", 0)
    await queue.add_many([email(60)] * 3)
    await story("2", until="active")
    one.send(signal.SIGTERM)
    assert await one.end() == 0
    for job, told in (("1", ["active", "returned"]), ("2", ["active", "returned"]), ("3", [])):
        assert names(await story(job)) == ["waiting", *told]
        state = await queue.state(job)
        assert (state.state, state.attemptsMade) == (State.WAITING, 0)
    assert "[worker:email] Job 1 went back to the queue" in one.lines
    assert one.lines[-1] == "[worker] All workers closed"


async def test_a_second_attempt_that_goes_back_is_a_second_attempt_again(
    odd_worker, queue, email, story, wait_until
):
    one = await odd_worker("--grace", 0)
    await queue.add(email(60, subject="raise once"))
    await wait_until(lambda: "[odd] raise once 1, attempt 2" in one.lines)
    one.send(signal.SIGTERM)
    await one.end()
    assert (await queue.state("1")).attemptsMade == 1
    other = await odd_worker()
    await wait_until(lambda: "[odd] raise once 1, attempt 2" in other.lines)
    last = (await story())[-1]
    assert (last.event, last.attempt) == ("active", 2)


async def test_a_job_that_swallows_its_cancellation_is_left_behind_and_others_are_not_harmed(
    odd_worker, queue, email, story, wait_until
):
    one = await odd_worker("--grace", 0.8, "--limit", "off")
    await queue.add_many([email(subject="swallow its cancellation"), email(0.1), email(60)])
    await story("3", until="active")
    one.send(signal.SIGTERM)
    assert await one.end() == 0
    assert names(await story("1"))[-1] == "returned"
    assert names(await story("2"))[-1] == "completed"
    assert names(await story("3"))[-1] == "returned"
    assert (await queue.state("1")).attemptsMade == 0
    other = await odd_worker("--limit", "off")
    await wait_until(lambda: "[odd] swallow its cancellation 1, attempt 1" in other.lines)
    other.send(signal.SIGKILL)


async def test_past_its_grace_a_job_goes_back_without_losing_an_attempt(
    worker, queue, email, story, wait_until
):
    one = await worker("--grace", 0.1)
    await queue.add(email(60))
    await story(until="active")
    one.send(signal.SIGTERM)
    assert await one.end() == 0
    assert names(await story()) == ["waiting", "active", "returned"]
    other = await worker()
    await wait_until(
        lambda: "[email] Processing job 1: sending to founder@example.com" in other.out
    )
    last = (await story())[-1]
    assert (last.event, last.attempt, pid_of(last)) == ("active", 1, other.pid)


async def test_a_job_that_goes_back_keeps_its_place(worker, queue, email, story):
    one = await worker("--max-jobs", 1, "--grace", 0.1)
    await queue.add_many([email(0.8), email()])
    await story("1", until="active")
    one.send(signal.SIGTERM)
    await one.end()
    await worker("--max-jobs", 1)
    await story("2", until="completed")
    assert names(await story("1"))[-1] == "completed"


async def test_a_job_that_will_not_be_cancelled_does_not_hold_its_worker(
    odd_worker, queue, email, story
):
    one = await odd_worker("--grace", 0.1)
    await queue.add(email(subject="swallow its cancellation"))
    await story(until="active")
    one.send(signal.SIGTERM)
    assert await one.end(5) == 0
    assert names(await story())[-1] == "returned"


# ---- while it drains -----------------------------------------------------------------------------


async def test_a_job_that_is_added_while_it_drains_is_not_for_it(worker, queue, email, story):
    one = await worker("--max-jobs", 2)
    await queue.add(email(0.6))
    await story("1", until="active")
    one.send(signal.SIGTERM)
    await asyncio.sleep(0.1)
    await queue.add(email())
    assert await one.end() == 0
    assert names(await story("1"))[-1] == "completed"
    assert names(await story("2")) == ["waiting"]


async def test_two_queues_in_one_process_both_drain(
    command, redis_url, prefix, queue, reports, email, wait_until
):
    one = command("-m", "workers", "--prefix", prefix, "--limit", "off", REDIS_URL=redis_url)
    await wait_until(lambda: "Listening for jobs on queues: email, reports" in one.out)
    report = {"reportType": "weekly", "seconds": 0.15}
    await queue.add_many([email(0.3)] * 4)
    await reports.add_many([report] * 2)
    await wait_until(lambda: one.out.count("Processing job") == 4)  # three emails and a report
    one.send(signal.SIGTERM)
    assert await one.end() == 0
    assert one.lines[-1] == "[worker] All workers closed"
    for each, ended, left in ((queue, 3, "4"), (reports, 1, "2")):
        events = await each.read_events()
        own = [event.event for event in events if not event.job]
        assert own == ["ready", "draining", "closed"]
        assert names(events).count("completed") == ended
        assert (await each.state(left)).state == State.WAITING


async def test_one_queue_past_its_grace_does_not_cut_off_the_other(
    command, redis_url, prefix, queue, reports, email, wait_until
):
    arguments = ["--prefix", prefix, "--grace", 0.8]
    one = command("-m", "workers", *arguments, REDIS_URL=redis_url)
    await wait_until(lambda: "Listening" in one.out)
    await queue.add(email(60))
    await reports.add({"reportType": "weekly", "seconds": 0.1})
    await wait_until(lambda: one.out.count("Processing job") == 2)
    one.send(signal.SIGTERM)
    assert await one.end() == 0
    assert (await queue.state("1")).state == State.WAITING
    assert (await reports.state("1")).state == State.COMPLETED
