"""The limiter of a queue: strict for all workers together, and no slower than it must be."""

import asyncio
import signal

import pytest

from lessonkit.rate import busiest_window, limited_span_s
from workers.contract import Event, Limit, State


@pytest.fixture
def starts(queue, wait_until):
    """`await starts(count)`: when attempts started, in seconds, as soon as there are so many."""

    async def told(count):
        async def found():
            events = await queue.read_events()
            times = [event.at_ms / 1000 for event in events if event.event == Event.ACTIVE]
            return times if len(times) >= count else None

        return await wait_until(found, timeout_s=40)

    return told


# ---- strict --------------------------------------------------------------------------------------


async def test_no_window_holds_more_under_three_workers_of_different_max_jobs(
    worker, queue, email, starts
):
    await queue.add_many(email(0.01 * (number % 7)) for number in range(45))
    await asyncio.gather(*(worker("--max-jobs", slots, "--limit", "6/0.5s") for slots in (1, 3, 9)))
    times = await starts(45)
    assert busiest_window(times, 0.5).starts == 6
    workers = {event.worker for event in await queue.read_events() if event.event == Event.ACTIVE}
    assert len(workers) > 1


async def test_jobs_that_trickle_in_are_held_to_the_same_limit(worker, queue, email, starts):
    await asyncio.gather(*(worker("--max-jobs", 5, "--limit", "4/0.4s") for _ in range(2)))
    for _ in range(20):
        await queue.add(email())
        await asyncio.sleep(0.02)
    assert busiest_window(await starts(20), 0.4).starts <= 4


async def test_emails_start_ten_a_second_where_nobody_says_otherwise(worker, queue, email, starts):
    await queue.add_many([email()] * 21)
    await worker()
    assert busiest_window(await starts(21), 1.0).starts == 10


async def test_a_second_attempt_is_a_start_like_any_other(worker, queue, email, starts):
    await queue.add_many(email(to=f"busy@{number}.invalid") for number in range(6))
    await worker("--max-jobs", 6, "--limit", "3/0.4s", "--backoff", 0.1)
    assert busiest_window(await starts(12), 0.4).starts <= 3


async def test_starts_are_remembered_when_their_worker_has_left(worker, queue, email, starts):
    await queue.add_many([email()] * 6)
    first = await worker("--limit", "3/2s")
    await starts(3)
    first.send(signal.SIGTERM)
    await first.end()
    await worker("--limit", "3/2s")
    assert busiest_window(await starts(6), 2.0).starts == 3


# ---- and no slower than it must be ---------------------------------------------------------------


@pytest.mark.parametrize("slots", [(10,), (2, 10)])
async def test_under_backlog_the_rate_is_at_least_95_percent_of_the_limit(
    worker, redis, queue, email, starts, slots
):
    """The best of three: what a busy machine takes from one of them is not the limiter's."""
    workers = [await worker("--max-jobs", each, "--limit", "20/0.5s") for each in slots]
    assert workers
    jobs, best = 61, 0.0
    for round_ in range(1, 4):
        await queue.add_many([email()] * jobs)
        times = (await starts(round_ * jobs))[-jobs:]
        assert busiest_window(times, 0.5).starts <= 20
        best = max(best, limited_span_s(jobs, Limit(20, 0.5)) / (times[-1] - times[0]))
        if best >= 0.95:
            return
        await asyncio.sleep(0.6)  # the next round begins with nothing to look back on
    assert best >= 0.95


async def test_below_the_limit_nobody_waits(worker, queue, email, starts):
    await worker("--max-jobs", 5, "--limit", "100/60s")
    await queue.add_many([email()] * 50)
    times = await starts(50)
    assert times[-1] - times[0] < 30  # half of the window, where it takes some milliseconds


# ---- a job that must wait ------------------------------------------------------------------------


async def test_a_limited_job_stays_waiting_with_no_attempt_made(worker, queue, email, story):
    await worker("--max-jobs", 5, "--limit", "2/60s")
    await queue.add_many([email()] * 5)
    await story("2", until="completed")
    for number in ("3", "4", "5"):
        state = await queue.state(number)
        assert (state.state, state.attemptsMade, state.processedOn) == (State.WAITING, 0, None)
        assert [event.event for event in await story(number)] == ["waiting"]
    counts = await queue.counts()
    assert (counts[State.WAITING], counts[State.ACTIVE], counts[State.DELAYED]) == (3, 0, 0)


async def test_a_worker_leaves_at_once_though_jobs_wait_for_the_limit(worker, queue, email, story):
    one = await worker("--limit", "1/60s")
    await queue.add_many([email()] * 2)
    await story("1", until="completed")
    one.send(signal.SIGTERM)
    assert await one.end() == 0
    assert (await queue.state("2")).state == State.WAITING


async def test_a_worker_without_the_limit_counts_nothing(worker, queue, redis, email, story):
    await worker("--limit", "off")
    await queue.add(email())
    await story(until="completed")
    assert not await redis.exists(queue.keys.starts)
