"""A worker leaves and another takes over, for real: what became of the jobs is measured."""

import asyncio
import signal

import pytest

from lessonkit import background
from lessonkit.errors import BadSetting, LessonError, RunStopped, RunTimedOut, WorkerDied
from lessonkit.handover import hand_over, run_handover
from lessonkit.outcomes import Handover, Outcome
from tests.widgets import own_workers
from workers.connection import connect

#: two emails run when the signal comes, and a third waits
SMALL = {"jobs": 3, "seconds": 1.0, "max_jobs": 2, "signal_at_s": 0.4}


async def keys_left(lab):
    server, _ = await asyncio.wrap_future(background.spawn(lab.open()))
    redis = connect(server.url)
    keys = await redis.keys("*")
    await redis.aclose()
    return keys


@pytest.fixture
def under_way(lab, wait_until):
    """`run = await under_way(fact, **settings)` is a run of which this has become true."""

    async def start(fact, **settings):
        seen = []
        running = run_handover(lab, Handover(**settings), on_change=seen.append)
        run = asyncio.ensure_future(background.join(running))
        await wait_until(lambda: run.done() or (seen and fact(seen[-1])))
        assert not run.done()
        return run

    return start


# ---- what becomes of the jobs --------------------------------------------------------------------


async def test_without_grace_jobs_go_back_and_the_second_worker_runs_them_again(lab):
    cut = await hand_over(lab, **SMALL, grace_s=0)
    assert cut.outcomes == {
        "1": Outcome.RAN_AGAIN,
        "2": Outcome.RAN_AGAIN,
        "3": Outcome.WAITED,
    }
    assert set(cut.attempts_counted.values()) == {1}
    assert (cut.exit_code, cut.lost, cut.went_back) == (0, 0, 2)
    first, second = cut.shifts
    assert first.pid != second.pid
    assert first.closed_s < second.ready_s
    assert [each.worker for each in cut.attempts_at("1")] == [first.worker, second.worker]
    assert "[worker:email] Job 1 went back to the queue" in cut.outputs[0]
    assert cut.outputs[0].endswith("[worker] All workers closed")
    assert "Processing job 1" in cut.outputs[1]


async def test_with_grace_jobs_are_finished_and_what_waits_is_left_to_the_second_worker(lab):
    kept = await hand_over(lab, **SMALL, grace_s=10)
    assert [kept.outcomes[job] for job in "123"] == [
        Outcome.FINISHED,
        Outcome.FINISHED,
        Outcome.WAITED,
    ]
    assert (kept.exit_code, kept.ran_twice) == (0, 0)
    assert kept.left_after_s < 10
    assert kept.over
    assert await keys_left(lab) == []


async def test_a_killed_workers_jobs_run_again_in_a_second_attempt(lab):
    killed = await hand_over(lab, **SMALL | {"jobs": 2}, signum=signal.SIGKILL)
    assert set(killed.outcomes.values()) == {Outcome.RESCUED}
    assert set(killed.attempts_counted.values()) == {2}
    assert killed.exit_code == -signal.SIGKILL


async def test_a_job_that_somebody_deletes_is_found_to_be_lost(lab, under_way):
    run = await under_way(lambda seen: len(seen.attempts) == 2, **SMALL, grace_s=10)
    server, _ = await asyncio.wrap_future(background.spawn(lab.open()))
    redis = connect(server.url)
    (ids,) = [key async for key in redis.scan_iter(match="*:email:ids")]
    queue = ids.decode().removesuffix(":ids")
    assert await redis.zrem(queue, f"{queue}:00000003") == 1
    await redis.aclose()
    result = await run
    assert result.outcomes["3"] == Outcome.LOST
    assert (result.lost, result.finished) == (1, 2)


async def test_who_watches_sees_it_stage_by_stage(lab):
    seen, output = [], []
    plan = Handover(**SMALL, grace_s=0)
    watching = run_handover(lab, plan, on_change=seen.append, on_output=output.append)
    result = await background.join(watching)
    stages = list(dict.fromkeys(each.stage for each in seen))
    assert stages[0] == "starting the first worker"
    assert "the first worker sends emails" in stages
    assert stages[-1] == "both workers have left"
    assert seen[-1] == result
    pids = [str(shift.pid) for shift in result.shifts]
    assert list(dict.fromkeys(line.split()[0] for line in output)) == pids


# ---- when it does not go as planned --------------------------------------------------------------


async def test_a_setting_that_makes_no_sense_starts_nothing(lab):
    with pytest.raises(BadSetting):
        await hand_over(lab, grace_s=-1)
    assert repr(lab) == "Lab(no server yet)"


@pytest.mark.parametrize(
    ("signal_at_s", "attempts"), [(1.5, 2), (0.3, 4)], ids=["the first", "the second"]
)
async def test_a_worker_that_dies_by_itself_ends_the_run_and_leaves_nothing(
    lab, under_way, signal_at_s, attempts
):
    run = await under_way(
        lambda seen: len(seen.attempts) == attempts,
        jobs=2,
        seconds=30,
        grace_s=0,
        signal_at_s=signal_at_s,
    )
    (worker,) = own_workers()
    worker.kill()
    with pytest.raises(WorkerDied, match="was killed by SIGKILL with 0 of 2 jobs done"):
        await run
    assert own_workers() == []
    assert await keys_left(lab) == []


async def test_a_run_that_is_stopped_ends_its_worker_at_once_and_leaves_nothing(lab, under_way):
    run = await under_way(
        lambda seen: seen.shifts and seen.shifts[0].draining_s,
        seconds=60,
        grace_s=60,
        signal_at_s=0.1,
    )
    run.cancel()
    with pytest.raises(RunStopped):
        await run
    assert own_workers() == []
    assert await keys_left(lab) == []


async def test_a_run_that_takes_far_too_long_is_ended(lab, monkeypatch):
    monkeypatch.setattr(Handover, "patience_s", 1.5)
    with pytest.raises(RunTimedOut, match="Only 0 of 5 jobs ended within 2 s"):
        await hand_over(lab, seconds=60, grace_s=60, signal_at_s=0.1)
    assert own_workers() == []


async def test_closing_the_lab_ends_it(lab, under_way, own_servers):
    run = await under_way(lambda seen: seen.attempts, seconds=1, grace_s=0, signal_at_s=1.0)
    await lab.close()
    with pytest.raises(LessonError):
        await run
    assert not own_servers.exists()
