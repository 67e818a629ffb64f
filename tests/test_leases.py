"""A worker that was killed or slept loses its jobs to another; one that is only busy keeps them."""

import asyncio
import signal
import time

from tests.conftest import ODD_JOBS
from tests.told import names, pid_of
from workers import codec
from workers.leases import LEASE_S
from workers.worker import HOLD_OFF_S, POLL_S


async def test_a_killed_workers_job_is_run_by_another(worker, queue, email, story):
    one = await worker("--max-jobs", 1)
    await queue.add(email(0.5))
    await story(until="active")
    one.send(signal.SIGKILL)
    killed_ms = time.time() * 1000
    other = await worker("--max-jobs", 1)
    events = await story(until="completed")
    assert names(events) == ["waiting", "active", "stalled", "active", "completed"]
    first, stalled, second = events[1:4]
    assert (pid_of(first), pid_of(second)) == (one.pid, other.pid)
    assert second.attempt == 2
    assert stalled.at_ms - killed_ms <= 1000 * (LEASE_S + POLL_S + 1.5)


async def test_a_stopped_worker_cannot_report_over_its_jobs_new_owner(
    worker, queue, email, story, wait_until, redis
):
    one = await worker("--max-jobs", 1)
    await queue.add(email(0.5))
    await story(until="active")
    one.send(signal.SIGSTOP)
    other = await worker("--max-jobs", 1)
    await story(until="stalled")
    one.send(signal.SIGCONT)  # its job is over at once, while the other's goes on
    events = await story(until="completed")
    await wait_until(lambda: "[worker:email] Worker error" in one.out)
    assert [pid_of(e) for e in events if e.event == "completed"] == [other.pid]
    assert [e.attempt for e in events if e.event == "completed"] == [2]
    assert "[worker:email] Job 1 completed" not in one.lines
    await queue.add_many([email(), email()])  # and both go on working
    await story("3", until="completed")
    data = codec.loads(await redis.get(f"arq:result:{queue.keys.job('1')}"))
    assert (data["s"], data["t"]) == (True, 2)


async def test_the_jobs_of_a_killed_worker_run_elsewhere_within_three_and_a_half_seconds(
    worker, queue, email, story, wait_until
):
    one = await worker("--max-jobs", 2)
    await queue.add_many([email(30)] * 2)
    await story("2", until="active")
    other = await worker("--max-jobs", 2)
    await asyncio.sleep(HOLD_OFF_S)  # a worker that just came up takes over nobody's jobs
    one.send(signal.SIGKILL)
    seconds, micros = await queue.redis.time()
    killed_ms = seconds * 1000 + micros / 1000
    for job in ("1", "2"):
        *_, stalled, active = await wait_until(lambda job=job: taken_over(story, job))
        assert (stalled.event, active.event) == ("stalled", "active")
        assert pid_of(active) == other.pid
        assert 0 < active.at_ms - killed_ms <= 3500
    other.send(signal.SIGKILL)


async def taken_over(story, job):
    told = await story(job)
    return told if names(told).count("active") == 2 else None


async def test_a_job_longer_than_its_lease_is_never_doubled_though_others_are_idle(
    odd_worker, queue, email, story, wait_until
):
    """Not even while it blocks its worker's loop, which does not hold up the jobs of others."""
    one = await odd_worker("--max-jobs", 2)
    await queue.add_many([email(10.5), email(10, subject="block the loop")])  # three leases long
    await wait_until(lambda: "[odd] block the loop 2, attempt 1" in one.lines)
    other = await odd_worker("--max-jobs", 2)
    await queue.add(email())
    assert pid_of((await story("3", until="completed"))[-1]) == other.pid
    assert names(await story("2")) == ["waiting", "active"]
    for job in ("1", "2"):
        told = await story(job, until="completed")
        assert names(told) == ["waiting", "active", "completed"]
        assert pid_of(told[-1]) == one.pid


async def test_a_job_that_was_deleted_while_it_ran_is_given_up_and_its_worker_goes_on(
    worker, queue, email, story, wait_until
):
    one = await worker("--max-jobs", 1)
    await queue.add(email(60))
    await story(until="active")
    await queue.obliterate()
    await wait_until(lambda: "[worker:email] Worker error" in one.out)
    assert "the lease of job 1 was lost" in one.out
    number = await queue.add(email())
    await wait_until(lambda: f"[worker:email] Job {number} completed" in one.lines)
    assert names(await story(number))[-1] == "completed"


async def test_a_job_that_ends_its_process_is_given_up_and_the_jobs_beside_it_run_elsewhere(
    worker, queue, email, story, wait_until
):
    number = await queue.add(email(subject="exit at once"))
    await queue.redis.set(f"arq:retry:{queue.keys.job(number)}", 2)  # this is its last attempt
    await queue.add(email(0.5))
    one = await worker("--processes", 2, "--max-jobs", 2, program=ODD_JOBS)
    failed = (await story(number, until="failed"))[-1]
    assert failed.final
    assert "its worker was lost each time" in failed.error
    assert names(await story(number)).count("stalled") == 1
    assert "ended with exit code 3; its successor starts in 0.2 s" in one.out
    assert names(await story("2", until="completed"))[-1] == "completed"
