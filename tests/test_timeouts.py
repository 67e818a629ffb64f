"""Attempts that take too long are cut off, and no others."""

import asyncio
import itertools
import time

import pytest
from arq.worker import func

from workers.attempt import Claim, Rules, attempt
from workers.codec import dumps, loads
from workers.timeouts import Timeouts

LONG_S = 60


@pytest.fixture
def run():
    """`run(processor, timeout_s)` is the task of one attempt; all share one set of rules."""
    timeouts, ids = Timeouts(), itertools.count()

    def start(processor, timeout_s, max_tries=1):
        functions = {"f": func(processor, name="f", timeout=timeout_s)}
        job = {"f": "f", "a": [], "k": {}, "et": 0, "t": None}
        claim = Claim(f"job {next(ids)}", 1, dumps(job), 0, time.time() * 1000)
        rules = Rules(functions, max_tries, None, 0.0, timeouts)
        return asyncio.create_task(attempt(claim, rules, {}, "queue"))

    return start


async def nap(ctx):
    await asyncio.sleep(LONG_S)


async def quick(ctx):
    await asyncio.sleep(0)
    return "quick"


async def test_an_attempt_that_takes_too_long_has_failed(run):
    report = await run(nap, 0.05)
    assert report.outcome == "failed"
    assert isinstance(report.error, TimeoutError)
    assert loads(report.value)["s"] is False


async def test_it_is_tried_again_while_attempts_are_left(run):
    assert (await run(nap, 0.05, max_tries=2)).outcome == "retrying"


async def test_each_has_its_own_time_whatever_the_order_they_began_in(run):
    ended = []
    tasks = {seconds: run(nap, seconds) for seconds in (0.3, 0.1, 0.2)}
    for seconds, task in tasks.items():
        task.add_done_callback(lambda _, seconds=seconds: ended.append(seconds))
    unlimited = run(nap, LONG_S * 10)
    began = time.perf_counter()
    await asyncio.gather(*tasks.values())
    assert ended == [0.1, 0.2, 0.3]
    assert time.perf_counter() - began >= 0.3
    assert not unlimited.done()
    unlimited.cancel()


async def test_one_that_ends_in_time_is_left_alone(run):
    slow = run(nap, 0.2)
    reports = await asyncio.gather(*(run(quick, 0.1) for _ in range(50)))
    assert {report.outcome for report in reports} == {"completed"}
    assert isinstance((await slow).error, TimeoutError)


async def test_one_that_is_told_to_stop_is_not_late(run):
    task = run(nap, LONG_S)
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_one_that_is_late_and_told_to_stop_stops(run):
    """As a worker that leaves does: the job goes back to the queue, and has lost no attempt."""

    async def slow_to_end(ctx):
        try:
            await asyncio.sleep(LONG_S)
        finally:
            await asyncio.sleep(0.1)

    task = run(slow_to_end, 0.05)
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_processor_that_cancels_itself_has_failed_with_that(run):
    async def gives_up(ctx):
        raise asyncio.CancelledError

    assert isinstance((await run(gives_up, LONG_S)).error, asyncio.CancelledError)


async def test_a_processor_may_have_timeouts_of_its_own(run):
    async def tries(ctx):
        try:
            async with asyncio.timeout(0.02):
                await asyncio.sleep(LONG_S)
        except TimeoutError:
            return "own"

    report = await run(tries, LONG_S)
    assert loads(report.value)["r"] == "own"
