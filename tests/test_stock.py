"""arq's own worker, as it comes, beside ours: real processes, and where they lose their time."""

import asyncio
import inspect
from itertools import pairwise

import arq.worker
import pytest

from lessonkit.batch import Batch, BatchResult, JobRecord
from lessonkit.errors import BadSetting
from lessonkit.page import against_one, runs_table
from lessonkit.plots import compare
from lessonkit.session import Lab
from workers.contract import Event

POLL_S = inspect.signature(arq.worker.Worker).parameters["poll_delay"].default


@pytest.fixture
async def lab(own_servers):
    lab = Lab()
    yield lab
    await lab.shut()


async def test_a_freed_slot_of_a_stock_worker_waits_for_its_next_poll(lab):
    ours, stock = await asyncio.gather(
        lab.measure(Batch(3, 1, 0.1)), lab.measure(Batch(3, 1, 0.1, stock=True))
    )
    # on two clocks, which may differ by a little
    assert all(b - a > 0.95 * POLL_S for a, b in pairwise(stock.starts_s))
    assert ours.makespan_s < stock.makespan_s / 2
    assert stock.peak_concurrency == ours.peak_concurrency == 1
    assert {record.state for record in stock.records} == {"completed"}
    assert {record.attempts for record in stock.records} == {1}


async def test_all_slots_of_a_stock_worker_are_filled_at_one_poll(lab):
    stock = await lab.measure(Batch(3, 3, 0.2, stock=True))
    assert stock.peak_concurrency == 3
    assert stock.stock
    assert "stock=True" in repr(stock)


async def test_the_stock_workers_jobs_print_what_ours_print(lab):
    lines = []
    await lab.measure(Batch(1, 1, 0.0, stock=True), on_output=lines.append)
    assert "[email] Processing job 1: sending to founder1@example.com" in lines


async def test_a_job_that_fails_under_a_stock_worker_has_failed(
    command, redis_url, prefix, queue, email, story, wait_until
):
    one = command(
        *("-m", "workers.stock", "email", "--prefix", prefix),
        REDIS_URL=redis_url,
        EMAIL_SECONDS="0",
    )
    await queue.add(email(to="nobody@example.invalid"))
    *_, active, failed = await story(until="failed")
    assert (active.event, failed.final) == (Event.ACTIVE, True)
    assert "there is no such mailbox" in failed.error
    assert one.exit_code is None


async def test_stopped_in_the_middle_a_stock_worker_leaves_nothing(lab, wait_until):
    run = asyncio.create_task(lab.measure(Batch(2, 1, 30.0, stock=True)))
    await wait_until(lambda: any(process.running for process in lab._processes))
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    _, redis = await lab.open()
    assert await redis.keys("*") == []


def test_arq_has_no_limiter():
    with pytest.raises(BadSetting, match="arq has no limiter"):
        Batch(5, 1, 1.0, limit="10/1s", stock=True)


def made_up(max_jobs, makespan_s, *, stock):
    record = JobRecord("1", 0.0, 0.0, makespan_s, 0, "completed")
    return BatchResult(1, max_jobs, 0.1, (record,), stock=stock)


def test_kinds_of_workers_are_told_apart():
    ours, one, five = (
        made_up(1, 1, stock=False),
        made_up(1, 4, stock=True),
        made_up(5, 2, stock=True),
    )
    assert against_one(five, [one, ours, five]) == 2
    assert "<td>arq's</td>" in runs_table([ours, one])
    assert "worker</th>" not in runs_table([ours])
    alts = [words for _, words in compare(ours, one).pictures()]
    assert len(alts) == 2  # no lines of emails done, of which two would be blue
    assert alts[1].startswith("arq as it comes: Slots over time")
    assert "arq as it comes, at max_jobs 1" in repr(compare(one))
