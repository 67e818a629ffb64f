"""How workers leave: two queues in one process, several processes, jobs that cannot finish."""

import asyncio
import signal

import psutil
import pytest

from lessonkit.queue import Queue
from workers.contract import REPORTS, State


def names(events):
    return [event.event for event in events]


async def ready_pids(queue):
    """The processes that have said in the queue's stream that they are up, in order."""
    events = await queue.read_events()
    return [int(e.worker.partition("@")[0]) for e in events if e.event == "ready"]


@pytest.fixture
def reports(redis, prefix):
    return Queue(REPORTS, redis, prefix)


@pytest.fixture
def supervised(worker, queue, wait_until):
    """`one, pids = await supervised("--grace", 5)` is a `--processes 2`, both up."""

    async def start(*arguments):
        one = await worker("--processes", 2, *arguments)

        async def both():
            pids = await ready_pids(queue)
            return pids if len(pids) == 2 else None

        return one, await wait_until(both)

    return start


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


# ---- several processes ---------------------------------------------------------------------------


async def test_all_processes_drain_and_the_supervisor_exits_0(supervised, queue, email, story):
    one, pids = await supervised("--max-jobs", 1)
    await queue.add_many([email(0.5)] * 3)
    await story("2", until="active")
    one.send(signal.SIGTERM)
    assert await one.end() == 0
    ran = {job: (await story(job))[1:] for job in ("1", "2")}
    assert {int(told[0].worker.partition("@")[0]) for told in ran.values()} == set(pids)
    assert all(names(told) == ["active", "completed"] for told in ran.values())
    assert names(await story("3")) == ["waiting"]
    assert one.out.count("[worker] All workers closed") == 2
    assert one.lines[-1] == "[workers] All processes have left"


async def test_a_process_that_is_killed_while_it_drains_is_told_by_the_exit_code(
    supervised, queue, email, story, wait_until
):
    one, _ = await supervised("--max-jobs", 1)
    await queue.add(email(60))
    active = (await story(until="active"))[-1]
    one.send(signal.SIGTERM)
    await wait_until(lambda: "[worker] Shutting down gracefully..." in one.lines)
    psutil.Process(int(active.worker.partition("@")[0])).kill()
    assert await one.end() == 128 + signal.SIGKILL


async def test_a_process_that_crashes_is_restarted_each_time_after_a_longer_pause(
    supervised, queue, email, story, wait_until
):
    one, (crashing, other) = await supervised("--max-jobs", 1)

    async def restarted(after):
        pids = await ready_pids(queue)
        return pids[-1] if len(pids) > after else None

    for number, pause in ((2, "0.2 s"), (3, "0.4 s")):
        psutil.Process(crashing).kill()
        said = f"Process {crashing} ended with exit code -9; its successor starts in {pause}"
        await wait_until(lambda said=said: f"[workers] {said}" in one.lines)
        crashing = await wait_until(lambda number=number: restarted(number))
    assert psutil.pid_exists(other)
    await queue.add(email())
    await story(until="completed")
    one.send(signal.SIGTERM)
    assert await one.end() == 0


async def test_a_second_signal_ends_all_processes_at_once(
    supervised, queue, email, story, wait_until
):
    one, pids = await supervised("--max-jobs", 1, "--grace", 60)
    await queue.add_many([email(60)] * 2)
    await story("2", until="active")
    one.send(signal.SIGTERM)
    await wait_until(lambda: one.out.count("[worker] Shutting down gracefully...") == 2)
    one.send(signal.SIGINT)
    assert await one.end() == 128 + signal.SIGINT
    await wait_until(lambda: not any(map(runs, pids)))


async def test_processes_leave_when_their_supervisor_was_killed(
    supervised, queue, email, story, wait_until
):
    one, pids = await supervised("--max-jobs", 1)
    await queue.add(email(0.3))
    await story(until="active")
    one.send(signal.SIGKILL)
    await wait_until(lambda: not any(map(runs, pids)))
    assert names(await story()) == ["waiting", "active", "completed"]


def runs(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
