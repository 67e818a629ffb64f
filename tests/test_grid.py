"""A grid of runs: real workers, started once, whose `max_jobs` changes from run to run."""

import asyncio
import html
import os
import signal

import psutil
import pytest

from lessonkit import background
from lessonkit.errors import BadSetting, RunStopped, WorkerDied
from lessonkit.processes import WorkerProcess, started
from lessonkit.rate import busiest_window
from lessonkit.scaling import planned, run_grid, scale
from lessonkit.session import Lab


@pytest.fixture
async def lab(own_servers):
    lab = Lab()
    yield lab
    await lab.close()


def own_workers():
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if "--max-jobs" in process.cmdline()
    ]


async def test_max_jobs_is_what_each_process_has(lab):
    grid = await scale(lab, workers=(1, 2), max_jobs=(1, 3), jobs=12, seconds=0.15)
    assert [(run.workers, run.max_jobs) for run in grid] == [(1, 1), (1, 3), (2, 1), (2, 3)]
    for run in grid:
        assert run.peak_concurrency <= run.slots
        assert len(run.pids) == run.workers
        assert sum(run.jobs_by_pid.values()) == 12
    assert grid[2, 3].peak_concurrency > 3
    assert grid[1, 3].makespan_s < grid[1, 1].makespan_s
    # the processes stay: the one of the first run is one of the two of the last
    assert set(grid[1, 1].pids) < set(grid[2, 3].pids)
    assert not own_workers()


async def test_a_grid_reads_well(lab):
    grid = await scale(lab, workers=[1], max_jobs=[2], jobs=3, seconds=0.05)
    first, head, row = repr(grid).splitlines()
    assert repr(grid) in html.unescape(grid._repr_html_())  # where columns scroll, and do not wrap
    assert first == "Grid: 3 emails of 0.05 s"
    assert "emails by process" in head
    assert row.split()[:3] == ["1", "×", "2"]
    assert row.endswith(f"{grid[1, 2].pids[0]}: 3")


async def test_each_run_has_the_whole_limit_for_itself(lab):
    grid = await scale(lab, workers=(1, 2), max_jobs=(4,), jobs=8, seconds=0.02, limit="4/0.5s")
    for run in grid:
        assert busiest_window(run.starts_s, 0.5).starts <= 4
        # a start of the run before would push the first four apart
        assert run.starts_s[3] - run.starts_s[0] < 0.5 <= run.starts_s[4] - run.starts_s[0]
    assert "limit 4/0.5s" in repr(grid)


def test_a_run_that_is_not_there_is_told_which_are():
    plan = planned((2, 1, 2), range(1, 3), 4, 0.1, "off")
    assert [(batch.workers, batch.max_jobs) for batch in plan] == [(1, 1), (1, 2), (2, 1), (2, 2)]


async def test_a_grid_says_which_runs_it_has(lab):
    grid = await scale(lab, workers=(1,), max_jobs=(1,), jobs=1, seconds=0)
    with pytest.raises(BadSetting, match=r"\(2, 5\).*Give \(workers, max_jobs\) of \(1,\) and"):
        grid[2, 5]


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"workers": ()}, "some whole numbers"),
        ({"workers": 2}, "some whole numbers"),
        ({"max_jobs": "124"}, "some whole numbers"),
        ({"max_jobs": (0,)}, "max_jobs is 0"),
        ({"workers": (1, 9)}, "workers is 9"),
        ({"workers": (1.0,)}, "workers is 1.0"),
        ({"limit": "ten"}, "limit is 'ten'"),
        ({"jobs": 0}, "jobs is 0"),
        ({"max_jobs": range(1, 27)}, "at most 25 runs"),
    ],
)
async def test_a_grid_that_makes_no_sense_is_refused_before_anything_starts(lab, settings, wanted):
    with pytest.raises(BadSetting, match=wanted):
        await scale(lab, **settings)


# ---- max_jobs, changed while it runs -------------------------------------------------------------


async def test_a_worker_takes_no_job_while_it_has_no_slots(lab, wait_until):
    async def paused():
        async with lab.own_queue() as (queue, url):
            worker = WorkerProcess(queue, url, max_jobs=2)
            async with started([worker]):
                assert worker.name.startswith(f"{worker.pid}@")
                await worker.change_max_jobs(0)
                await queue.add({"to": "a@example.com", "subject": "x", "html": "", "seconds": 0})
                await asyncio.sleep(0.7)  # longer than a worker takes to look again
                idle = await queue.state("1")
                await worker.change_max_jobs(1)
                return idle, await wait_until(lambda: done(queue))

    async def done(queue):
        state = await queue.state("1")
        return state if state.finishedOn else None

    idle, sent = await background.join(paused())
    assert idle.state == "waiting"
    assert sent.state == "completed"


async def test_a_worker_that_has_ended_cannot_change(lab):
    async def change():
        async with lab.own_queue() as (queue, url):
            worker = WorkerProcess(queue, url, max_jobs=2)
            async with started([worker]):
                worker.send_signal(signal.SIGKILL)
                await worker.wait()
                await worker.change_max_jobs(1)

    with pytest.raises(WorkerDied, match="killed by SIGKILL"):
        await background.join(change())


# ---- when it does not go as planned --------------------------------------------------------------


@pytest.fixture
def underway(lab, wait_until):
    """`await underway(lab)`: a grid under way, some of whose emails are sent."""

    async def begin():
        said = []
        plan = planned((1, 2), (1,), 40, 0.1, "off")
        running = run_grid(lab, plan, on_change=lambda text, _: said.append(text))
        task = asyncio.ensure_future(background.join(running))
        await wait_until(lambda: any(": 2 of 40 sent" in text for text in said))
        return task

    return begin


async def test_an_interrupted_grid_leaves_no_worker(underway):
    task = await underway()
    task.cancel()
    with pytest.raises(RunStopped):
        await task
    assert not own_workers()


async def test_a_worker_that_dies_is_told_with_its_next_step(underway):
    task = await underway()
    for worker in own_workers():
        os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(WorkerDied, match="run the cell again"):
        await task
    assert not own_workers()
