"""A notebook's session: runs that measure the truth, and that leave nothing, however they end."""

import asyncio
import contextlib
import gc
import os
import signal
from pathlib import Path

import psutil
import pytest

from lessonkit import background, batch
from lessonkit.batch import Batch
from lessonkit.errors import BadSetting, LabClosed, LessonError, RunStopped, ServerLost, WorkerDied
from lessonkit.guard import WELL_S
from lessonkit.session import Lab, open_lab
from workers.connection import connect

#: the jobs of most runs here, short but longer than what the machine may lose on the way
SHORT_S = 0.2


@pytest.fixture
async def lab(own_servers):
    lab = Lab()
    yield lab
    await lab.close()
    gc.collect()  # what was dropped and not closed warns now, and fails this test, not another
    assert children() == []
    assert not own_servers.exists()


def children():
    """The guards, servers and workers of this process, but for the server of all tests."""
    return [p for p in psutil.Process().children(recursive=True) if _is_this_tests(p)]


def _is_this_tests(process):
    mine = os.environ["LESSONKIT_SERVERS"]
    with contextlib.suppress(psutil.Error):  # a server writes its title over its environment
        return process.environ().get("LESSONKIT_SERVERS") == mine or mine in str(process.cmdline())


def running(word):
    """Those of them that have this word in their command."""
    return [p for p in children() if any(word in part for part in p.cmdline())]


async def keys_left(lab):
    server, _ = await asyncio.wrap_future(background.spawn(lab.open()))
    redis = connect(server.url)
    keys = await redis.keys("*")
    await redis.aclose()
    return keys


@pytest.fixture
def under_way(lab, wait_until):
    """`run = await under_way()` is a run whose worker has a long job."""
    runs = []

    async def start(**settings):
        seen = {"phase": "", "output": []}
        measuring = lab.measure(
            Batch(**({"jobs": 3, "max_jobs": 1, "seconds": 30} | settings)),
            on_phase=lambda phase: seen.update(phase=phase),
            on_output=seen["output"].append,
        )
        run = asyncio.ensure_future(background.join(measuring))
        runs.append(run)
        await wait_until(lambda: any("Processing" in line for line in seen["output"]))
        assert seen["phase"] == "running"
        return run

    yield start
    assert all(run.done() for run in runs)


# ---- the figures ---------------------------------------------------------------------------------


async def test_five_at_a_time_overlap_and_one_at_a_time_follow_each_other(lab):
    one = await lab.run(jobs=5, seconds=SHORT_S, max_jobs=1)
    five = await lab.run(jobs=5, seconds=SHORT_S, max_jobs=5)

    assert (one.peak_concurrency, five.peak_concurrency) == (1, 5)
    assert (one.ideal_s, five.ideal_s) == (5 * SHORT_S, SHORT_S)
    assert one.makespan_s >= one.ideal_s
    assert five.makespan_s >= five.ideal_s
    assert five.makespan_s < one.makespan_s / 2

    for result in (one, five):
        numbers = [record.id for record in result.records]
        started = [record.started_s for record in result.records]
        assert numbers == ["1", "2", "3", "4", "5"]
        assert started == sorted(started)
        assert {record.state for record in result.records} == {"completed"}
        assert all(
            0 <= wait <= latency
            for wait, latency in zip(result.wait_s, result.latency_s, strict=True)
        )
        assert result.makespan_s == max(result.latency_s)
    ends = [record.finished_s for record in one.records]
    starts = [record.started_s for record in one.records]
    assert all(start >= end for end, start in zip(ends, starts[1:], strict=False))
    assert {record.slot for record in one.records} == {0}
    assert {record.slot for record in five.records} == {0, 1, 2, 3, 4}


async def test_a_run_keeps_what_its_worker_said(lab):
    await lab.run(jobs=2, seconds=0, max_jobs=2)
    lines = lab.output.splitlines()
    assert "[worker] Started with concurrency: 2" in lines
    assert "[worker:email] Job 2 completed" in lines
    assert "[worker] All workers closed" in lines


async def test_two_runs_at_once_do_not_disturb_each_other(lab):
    one, three = await asyncio.gather(
        lab.run(jobs=3, seconds=SHORT_S, max_jobs=1), lab.run(jobs=6, seconds=SHORT_S, max_jobs=3)
    )
    assert (one.jobs, one.peak_concurrency) == (3, 1)
    assert (three.jobs, three.peak_concurrency) == (6, 3)
    workers = [{record.worker for record in result.records} for result in (one, three)]
    assert [len(names) for names in workers] == [1, 1]
    assert workers[0] != workers[1]


async def test_a_run_leaves_no_key_in_redis_and_no_worker(lab):
    await lab.run(jobs=3, seconds=0, max_jobs=3)
    assert await keys_left(lab) == []
    assert running("workers") == []


async def test_a_server_of_redis_url_is_used_and_left_as_it_was(redis_url, redis, monkeypatch):
    before = set(await redis.keys("*"))
    monkeypatch.setenv("REDIS_URL", redis_url)
    lab = Lab()
    result = await lab.run(jobs=2, seconds=0.1, max_jobs=2)
    await lab.close()
    assert result.peak_concurrency == 2
    assert set(await redis.keys("*")) <= before


@pytest.mark.parametrize("setting", [{"jobs": 0}, {"max_jobs": 10**6}, {"seconds": -1}], ids=str)
async def test_a_number_that_makes_no_sense_starts_nothing(lab, setting):
    with pytest.raises(BadSetting):
        await lab.run(**setting)
    assert children() == []


# ---- runs that do not end as they should ---------------------------------------------------------


async def test_a_killed_worker_ends_the_run_and_leaves_nothing(lab, under_way):
    run = await under_way()
    (worker,) = running("workers")
    worker.kill()
    with pytest.raises(WorkerDied) as caught:
        await run
    assert "was killed by SIGKILL with 0 of 3 jobs done" in str(caught.value)
    assert "Processing job 1" in caught.value.log_tail
    assert running("workers") == []
    assert await keys_left(lab) == []
    assert (await lab.run(jobs=1, seconds=0, max_jobs=1)).jobs == 1


async def test_a_worker_that_cannot_start_is_quoted(lab, monkeypatch):
    monkeypatch.setenv("WORKER_CONCURRENCY", "none")
    with pytest.raises(LessonError, match=r"(?s)WORKER_CONCURRENCY is 'none'.*Mend what it says"):
        await lab.run(jobs=1, seconds=0, max_jobs=1)
    assert running("workers") == []
    assert await keys_left(lab) == []


async def test_a_run_rides_out_a_server_that_was_killed(lab, under_way):
    run = await under_way(jobs=3, max_jobs=3, seconds=2)
    (server,) = running("-server unixsocket:")
    await asyncio.sleep(WELL_S)  # it was well, and is started again
    server.kill()
    result = await run
    assert {record.state for record in result.records} == {"completed"}
    assert {record.attempts for record in result.records} == {1}
    assert running("-server unixsocket:") != [server]


async def test_a_server_that_is_gone_with_its_guard_ends_the_run_and_the_next_one_works(
    lab, under_way, monkeypatch
):
    monkeypatch.setattr(batch, "AWAY_S", 0.5)  # or it waits for the guard to start it again
    run = await under_way()
    for process in (*running("guard.py"), *running("-server unixsocket:")):
        process.kill()
    with pytest.raises(ServerLost) as caught:
        await run
    assert "Run it again" in str(caught.value)
    assert running("workers") == []
    assert (await lab.run(jobs=1, seconds=0, max_jobs=1)).jobs == 1
    # what the guard left, the session removed
    assert not Path(caught.value.url.removeprefix("unix://")).parent.exists()


async def test_a_run_that_is_stopped_leaves_nothing(lab, under_way):
    run = await under_way()
    run.cancel()
    with pytest.raises(RunStopped):
        await run
    assert running("workers") == []
    assert await keys_left(lab) == []
    assert (await lab.run(jobs=1, seconds=0, max_jobs=1)).jobs == 1


@pytest.mark.parametrize("phase", ["starting Redis", "starting the worker"])
async def test_a_run_that_is_stopped_while_it_starts_leaves_nothing(lab, wait_until, phase):
    phases = []
    measuring = lab.measure(Batch(jobs=1, max_jobs=1, seconds=30), on_phase=phases.append)
    run = asyncio.ensure_future(background.join(measuring))
    await wait_until(lambda: phase in phases)
    run.cancel()
    with pytest.raises(RunStopped):
        await run
    await wait_until(lambda: running("workers") == [])
    assert await keys_left(lab) == []


# ---- opening and closing -------------------------------------------------------------------------


async def test_closing_leaves_nothing_and_later_use_says_so(own_servers):
    lab = Lab()
    await lab.run(jobs=1, seconds=0, max_jobs=1)
    assert children()
    assert repr(await lab.close()) == "Closed: no process of this lab is left."
    assert children() == []
    assert not own_servers.exists()
    with pytest.raises(LabClosed, match="set-up cell"):
        await lab.run(jobs=1, seconds=0, max_jobs=1)
    assert children() == []


async def test_closing_twice_is_fine(lab):
    await lab.run(jobs=1, seconds=0, max_jobs=1)
    await lab.close()
    assert repr(await lab.close()) == "Closed: no process of this lab is left."


async def test_closing_a_lab_that_was_never_used_starts_nothing(own_servers):
    lab = Lab()
    assert repr(await lab.close()) == "Closed: no process of this lab is left."
    assert not own_servers.exists()


async def test_closing_in_the_middle_of_a_run_ends_the_run(lab, under_way, own_servers):
    run = await under_way()
    await lab.close()
    with pytest.raises(LessonError):
        await run
    assert children() == []
    assert not own_servers.exists()


async def test_a_kernel_has_one_lab_until_it_is_closed(own_servers):
    lab = await open_lab()
    assert await open_lab() is lab
    await lab.close()
    other = await open_lab()
    assert other is not lab
    await other.close()


async def test_a_labs_repr_says_where_its_server_is(lab):
    assert repr(lab) == "Lab(no server yet)"
    await keys_left(lab)
    assert repr(lab).startswith("Lab(its own server, unix://")
    await lab.close()
    assert repr(lab) == "Lab(closed)"


async def test_a_worker_goes_on_until_it_is_told_to_stop(lab, email, wait_until):
    queue = await lab.queue("email")
    worker = await lab.start_worker("email", max_jobs=2)
    number = await queue.add(email())
    await wait_until(lambda: f"[worker:email] Job {number} completed" in worker.output)
    worker.send_signal(signal.SIGTERM)
    await worker.wait()
    assert "[worker] All workers closed" in worker.output
    assert running("workers") == []


# ---- files of its own ----------------------------------------------------------------------------


@pytest.mark.parametrize("private", [True, False])
async def test_a_sessions_files_go_with_it(own_servers, redis_url, monkeypatch, private):
    if not private:
        monkeypatch.setenv("REDIS_URL", redis_url)
    lab = Lab()
    await asyncio.wrap_future(background.spawn(lab.open()))
    file = lab.directory / "my_email.py"
    file.write_text("")
    await lab.close()
    assert not file.parent.exists()
    with pytest.raises(LabClosed):
        _ = lab.directory


async def test_a_private_session_passes_over_redis_url(own_servers, monkeypatch, redis_url):
    monkeypatch.setenv("REDIS_URL", redis_url)
    for private in (False, True):
        lab = Lab(private=private)
        server, _ = await lab.open()
        assert server.is_private == private
        await lab.shut()
