"""Kinds of work, measured for real: order, overlap and ratios, and nothing left behind."""

import asyncio
import signal

import pytest

from lessonkit import background
from lessonkit.chores import Chore
from lessonkit.errors import BadSetting, RunStopped, WorkerDied
from lessonkit.speed import measure_speed_ups, run_chore
from tests.widgets import own_workers
from workers.connection import connect


def cpu_s(run):
    """How long the worker of a run computed for it, in seconds of one core."""
    return run.cores_used * run.makespan_s


async def keys_left(lab):
    server, _ = await asyncio.wrap_future(background.spawn(lab.open()))
    redis = connect(server.url)
    keys = await redis.keys("*")
    await redis.aclose()
    return keys


async def test_five_help_where_there_is_an_await_or_a_thread_that_waits(lab):
    kinds = [("call", "loop"), ("query", "loop"), ("query", "thread")]
    found = await measure_speed_ups(lab, kinds)
    call, blocked, thread = found
    assert call.speed_up > 3
    assert thread.speed_up > 3
    assert blocked.speed_up < 2
    assert blocked.worst_lag_s > blocked.many.makespan_s / 2
    assert len(call.many.lags) > len(blocked.many.lags)  # its loop woke again and again
    assert [record.id for record in blocked.many.batch.records] == ["1", "2", "3", "4", "5"]
    assert call.one.batch.peak_concurrency == 1
    assert own_workers() == []
    assert await keys_left(lab) == []


async def test_what_computes_is_the_same_work_at_both_and_on_one_core(lab):
    (thread,) = await measure_speed_ups(lab, [("photo", "thread")], seconds=0.05)
    assert thread.cores_used < 1.3
    assert thread.one.cores_used < 1.3
    one_s, many_s = cpu_s(thread.one), cpu_s(thread.many)
    assert one_s < 2 * many_s < 4 * one_s


async def test_what_processes_compute_is_counted(lab):
    kinds = [("call", "loop"), ("photo", "process")]
    waited, computed = await measure_speed_ups(lab, kinds, seconds=0.05)
    assert cpu_s(computed.many) > 2 * cpu_s(waited.many)


@pytest.mark.parametrize(
    "wrong",
    [{"jobs": 0}, {"jobs": 21}, {"max_jobs": 11}, {"seconds": 3}, {"kinds": ["photo"]}],
    ids=str,
)
async def test_a_setting_that_makes_no_sense_starts_nothing(lab, wrong):
    with pytest.raises(BadSetting):
        await measure_speed_ups(lab, **{"kinds": [("call", "loop")]} | wrong)
    assert repr(lab) == "Lab(no server yet)"


@pytest.fixture
def under_way(lab, wait_until):
    """`run, seen = await under_way(Chore("photo", "loop"))` is a run whose jobs have begun."""

    async def start(chore, **settings):
        seen = []
        settings = {"jobs": 5, "max_jobs": 5, "seconds": 2.0} | settings
        running = run_chore(lab, chore, **settings, on_change=seen.append)
        run = asyncio.ensure_future(background.join(running))
        await wait_until(lambda: run.done() or (seen and seen[-1].batch.records))
        assert not run.done()
        return run, seen

    return start


@pytest.mark.parametrize("where", ["loop", "thread", "process"])
async def test_a_run_that_is_stopped_leaves_nothing(lab, under_way, where):
    run, _ = await under_way(Chore("query", where))
    run.cancel()
    with pytest.raises(RunStopped):
        await run
    assert own_workers() == []
    assert await keys_left(lab) == []


async def test_a_worker_that_dies_ends_the_run_and_leaves_nothing(lab, under_way):
    run, _ = await under_way(Chore("query", "process"))
    (worker,) = own_workers()
    worker.send_signal(signal.SIGKILL)
    with pytest.raises(WorkerDied, match="was killed by SIGKILL with 0 of 5 jobs done"):
        await run
    assert await keys_left(lab) == []


async def test_who_watches_sees_the_loop_stand_still_before_it_says_so(under_way):
    run, seen = await under_way(Chore("query", "loop"), seconds=0.3)
    result = await run
    live = [each.worst_lag_s for each in seen if not each.over]
    assert max(live) > 0.5
    assert seen[-1] == result
    assert result.worst_lag_s > result.makespan_s / 2
