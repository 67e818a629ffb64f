"""A worker as a process: what it says, what it runs, how many at a time and when."""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
from itertools import pairwise

import pytest

from lessonkit.batch import Batch
from lessonkit.queue import Queue
from tests.told import names, pid_of
from workers.contract import EMAIL, REPORTS
from workers.worker import POLL_S


@pytest.fixture
def measure(queue, wait_until):
    """`await measure(jobs, max_jobs)` is what the stream tells of so many jobs, when all ended."""

    async def wait(jobs, max_jobs, on=queue):
        batch = Batch(jobs, max_jobs, 0)
        last = "0-0"

        async def ended():
            nonlocal last
            for event in await on.read_events(last):
                batch.apply(event)
                last = event.id
            return batch.done == jobs

        await wait_until(ended)
        return batch.result()

    return wait


# ---- what it says --------------------------------------------------------------------------------


async def test_it_says_what_it_does_line_by_line(worker, queue, email, story, wait_until):
    one = await worker()
    await queue.add(email())
    await story(until="completed")
    one.send(signal.SIGTERM)
    assert await one.end() == 0
    assert one.lines == [
        "[worker] Started with concurrency: 3",
        "[worker] Listening for jobs on queues: email",
        "[email] Processing job 1: sending to founder@example.com",
        "[email] Job 1: (mock) would send to founder@example.com",
        "  Subject: Welcome",
        "  HTML length: 12 chars",
        "[worker:email] Job 1 completed",
        "[worker] Shutting down gracefully...",
        "[worker] All workers closed",
    ]
    assert one.err == ""


async def test_the_stream_tells_the_same_with_times_and_worker(worker, queue, email, story):
    one = await worker()
    await queue.add(email())
    events = await story(until="completed")
    assert names(events) == ["waiting", "active", "completed"]
    assert [event.at_ms for event in events] == sorted(event.at_ms for event in events)
    assert pid_of(events[1]) == pid_of(events[2]) == one.pid
    assert events[1].attempt == 1
    own = [event.event for event in await queue.read_events() if not event.job]
    assert own == ["ready"]


async def test_a_report_is_made_line_by_line_and_tells_its_progress(
    command, redis_url, prefix, redis, wait_until
):
    one = command("-m", "workers", "--prefix", prefix, REDIS_URL=redis_url)
    reports = Queue(REPORTS, redis, prefix)
    await reports.add({"reportType": "weekly", "userId": "7", "seconds": 0.05})
    await wait_until(lambda: "[worker:reports] Job 1 completed" in one.lines)
    assert one.lines == [
        "[worker] Started with concurrency: 3",
        "[worker] reports has a concurrency of its own: 1",
        "[worker] Listening for jobs on queues: email, reports",
        "[reports] Processing job 1: generating weekly report",
        "[reports] Job 1: Gathering data...",
        "[reports] Job 1: Aggregating metrics...",
        "[reports] Job 1: Formatting output...",
        "[reports] Job 1: weekly report complete for user 7",
        "[worker:reports] Job 1 completed",
    ]
    told = await reports.read_events()
    assert [e.progress for e in told if e.event == "progress"] == [33, 67, 100]


async def test_whoever_reads_its_output_may_go_and_its_jobs_do_not_fail_for_that(
    worker, redis_url, prefix, queue, email, story, wait_until
):
    """As `python -m workers | head` does."""
    words = ["-m", "workers", "email", "--prefix", prefix]
    one = subprocess.Popen(  # noqa: ASYNC220 - what it says is not read
        [sys.executable, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"REDIS_URL": redis_url},
    )
    try:
        await asyncio.to_thread(one.stdout.readline)
        one.stdout.close()
        await queue.add(email())
        assert names(await story(until="completed")) == ["waiting", "active", "completed"]
        one.send_signal(signal.SIGTERM)
        _, said = await asyncio.to_thread(one.communicate, timeout=15)
        assert (one.returncode, said) == (0, b"")
    finally:
        one.kill()
        one.wait()


async def test_its_help_names_every_option_and_what_the_environment_may_say(command):
    one = command("-m", "workers", "--help")
    assert await one.end() == 0
    words = ("--max-jobs", "--limit", "--processes", "--grace", "--backoff", "10/1s, or off")
    for word in (*words, "REDIS_URL", "WORKER_CONCURRENCY", "Ctrl-C"):
        assert word in " ".join(one.out.split())


async def test_of_jobs_that_start_and_end_together_each_has_its_own_events(
    worker, queue, email, redis, measure
):
    """Though they share entries of the stream, ten at a time."""
    await queue.add_many([email()] * 25)
    await worker("--max-jobs", 25, "--limit", "off")
    await measure(25, 25)
    events = await queue.read_events()
    for job in map(str, range(1, 26)):
        own = [event for event in events if event.job == job]
        assert names(own) == ["waiting", "active", "completed"]
        assert [event.attempt for event in own] == [0, 1, 1]
        assert own[0].at_ms <= own[1].at_ms <= own[2].at_ms
    assert await redis.xlen(queue.keys.events) < len(events)


# ---- how many at a time --------------------------------------------------------------------------


async def test_as_many_jobs_run_at_a_time_as_it_has_slots(worker, redis, prefix, email, measure):
    async def peak(max_jobs):
        own = f"{prefix}{max_jobs}:"
        queue = Queue(EMAIL, redis, own)
        await queue.add_many([email(0.15)] * 2 * max_jobs)
        await worker("--max-jobs", max_jobs, "--limit", "off", "--prefix", own)
        return (await measure(2 * max_jobs, max_jobs, on=queue)).peak_concurrency

    assert await asyncio.gather(peak(1), peak(2), peak(5)) == [1, 2, 5]


async def test_worker_concurrency_says_how_many_and_max_jobs_comes_first(worker):
    by_environment, by_both = await asyncio.gather(
        worker(WORKER_CONCURRENCY="7"), worker("--max-jobs", 2, WORKER_CONCURRENCY="7")
    )
    assert "[worker] Started with concurrency: 7" in by_environment.lines
    assert "[worker] Started with concurrency: 2" in by_both.lines


@pytest.mark.parametrize("max_jobs", [1, 3])
async def test_jobs_start_in_the_order_they_were_added(worker, queue, email, measure, max_jobs):
    await queue.add_many([email()] * 30)
    await worker("--max-jobs", max_jobs, "--limit", "off")
    await measure(30, max_jobs)
    started = [event.job for event in await queue.read_events() if event.event == "active"]
    assert started == [str(number) for number in range(1, 31)]


async def test_its_slots_can_change_while_it_runs(worker, queue, email, measure, redis, wait_until):
    one = await worker("--max-jobs", 1, "--limit", "off")
    (ready,) = await wait_until(queue.read_events)
    await redis.hset(queue.keys.max_jobs, ready.worker, 4)
    await redis.publish(queue.keys.wake, "")
    await wait_until(lambda: "[worker] max_jobs is now 4" in one.lines)
    await queue.add_many([email(0.15)] * 8)
    assert (await measure(8, 4)).peak_concurrency == 4


async def test_no_window_ever_holds_more_starts_than_the_limit(worker, queue, email, measure):
    await queue.add_many([email()] * 10)
    await asyncio.gather(*(worker("--max-jobs", 5, "--limit", "3/0.4s") for _ in range(2)))
    result = await measure(10, 10)
    starts = sorted(record.started_s for record in result.records)
    assert all(later - earlier >= 0.4 for earlier, later in zip(starts, starts[3:], strict=False))
    assert {record.attempts for record in result.records} == {1}


# ---- how long a job takes ------------------------------------------------------------------------


async def test_an_email_takes_email_seconds_unless_it_says_otherwise(worker, queue, email, measure):
    await worker(EMAIL_SECONDS="0.4")
    await queue.add_many([email(None), email(0.1)])
    slow, quick = (await measure(2, 3)).records
    assert slow.finished_s - slow.started_s >= 0.39
    assert 0.09 <= quick.finished_s - quick.started_s < slow.finished_s - slow.started_s


async def test_a_delayed_job_starts_when_it_is_due_and_not_before(worker, queue, email, story):
    await worker()
    await queue.add(email(), delay_s=0.7)
    await queue.add(email())
    waiting, active, _ = await story("1", until="completed")
    assert active.at_ms - waiting.at_ms > 700 - 1  # it is due at a whole millisecond
    assert active.at_ms - waiting.at_ms < 700 + 1000 * POLL_S
    assert (await story("2", until="completed"))[-1].at_ms < active.at_ms


# ---- prompt, and quiet ---------------------------------------------------------------------------


async def test_a_new_job_is_taken_at_once_and_not_at_the_next_look(worker, queue, email, story):
    await worker("--limit", "off")
    waits_ms = []
    for number in range(1, 12):
        await queue.add(email())
        waiting, active, *_ = await story(str(number), until="completed")
        waits_ms.append(active.at_ms - waiting.at_ms)
    assert statistics.median(waits_ms) < POLL_S * 1000 / 5


async def test_a_freed_slot_is_filled_at_once(worker, queue, email, measure):
    await queue.add_many([email()] * 20)
    await worker("--max-jobs", 1, "--limit", "off")
    records = (await measure(20, 1)).records
    gaps_s = [after.started_s - before.finished_s for before, after in pairwise(records)]
    assert statistics.median(gaps_s) < POLL_S / 5


async def test_idle_it_costs_next_to_no_cpu(worker):
    one = await worker()
    before = one.process.cpu_times()
    await asyncio.sleep(2)
    after = one.process.cpu_times()
    assert after.user + after.system - before.user - before.system < 0.05 * 2
