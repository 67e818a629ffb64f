"""The work lab as a learner uses it: real widgets, a real server, a real worker."""

import asyncio
import threading

import pytest

from lessonkit.errors import BadSetting, LabClosed, RunStopped
from lessonkit.labs import WorkLab
from lessonkit.labs.base import LabBusy
from tests.widgets import find, own_workers


@pytest.fixture
def work(lab):
    return WorkLab(lab, work="query", where="loop", max_jobs=5, seconds=0.1)


def status(lab):
    return find(lab, "lk-status").value


async def test_it_opens_with_empty_charts_a_question_and_no_run(work):
    assert "5 × query of <b>0.1 s</b>, each in the <b>loop</b>, max_jobs <b>5</b>" in status(work)
    assert "Slots over time at max_jobs 5" in find(work, "lk-slots").value
    assert "How late the worker&#x27;s loop was" in find(work, "lk-lags").value
    assert "Nothing yet" in find(work, "lk-runs").value
    assert find(work, "lk-stop").disabled


async def test_run_measures_it_and_shows_slots_and_pulse(work, idle, press):
    await press(work, "lk-run")
    assert find(work, "lk-run").disabled
    assert find(work, "lk-where").disabled
    await idle(work)
    (result,) = work.results
    assert f"<b>{result.makespan_s:.2f} s</b>" in status(work)
    assert "5 of 5 jobs done" in find(work, "lk-slots").value
    assert "query, loop: at most" in find(work, "lk-lags").value
    assert find(work, "lk-runs").value.count("lk-newest") == 1


async def test_the_controls_are_what_is_run(work, idle, press):
    find(work, "lk-work").value = "call"
    find(work, "lk-max-jobs").value = 2
    assert 'data-work="call"' in status(work)
    assert 'data-max-jobs="2"' in status(work)
    await press(work, "lk-run")
    await idle(work)
    (result,) = work.results
    assert str(result.chore) == "call, loop"
    assert result.batch.peak_concurrency == 2


async def test_the_table_holds_a_run_against_the_same_at_one(work):
    await work.run(work="call", max_jobs=1)
    five = await work.run(max_jobs=5)
    ratio = work.results[0].makespan_s / five.makespan_s
    assert f"<td>{ratio:.1f}×</td>" in find(work, "lk-runs").value


async def test_jobs_that_fail_are_said_to_and_why(work):
    result = await work.run(work="call", where="thread")
    assert result.failed == 5
    assert "5 of 5 jobs failed" in status(work)
    assert "coroutine" in status(work)
    assert "5 failed" in find(work, "lk-runs").value


@pytest.mark.parametrize(
    "wrong", [{"work": "nap"}, {"where": "await"}, {"max_jobs": 6}, {"seconds": 1.5}], ids=str
)
async def test_a_value_that_no_control_takes_is_refused(work, lab, wrong):
    with pytest.raises(BadSetting):
        await work.run(**wrong)
    with pytest.raises(BadSetting):
        WorkLab(lab, **wrong)
    assert not work.results


async def test_clear_forgets_the_runs(work):
    await work.run(work="call")
    work.clear()
    assert not work.results
    assert "Nothing yet" in find(work, "lk-runs").value


async def test_a_press_from_another_thread_works(work, idle, wait_until):
    thread = threading.Thread(target=find(work, "lk-run").click)
    thread.start()
    await wait_until(lambda: work.busy)
    await idle(work)
    assert len(work.results) == 1


async def test_stop_ends_a_run_whose_loop_is_blocked_and_run_works_again(work, idle, press, says):
    work.settings.set(seconds=1.0)
    await press(work, "lk-run")
    await says(work, "jobs done")
    with pytest.raises(LabBusy):
        await work.run()
    find(work, "lk-stop").click()
    await idle(work)
    assert "Stopped" in status(work)
    assert own_workers() == []
    assert not work.results
    assert await work.run(work="call", seconds=0.1)


async def test_an_interrupted_cell_leaves_a_lab_that_works(work, says):
    run = asyncio.ensure_future(work.run(work="call", seconds=1.0, max_jobs=1))
    await says(work, "jobs done")
    run.cancel()
    with pytest.raises(RunStopped):
        await run
    assert own_workers() == []
    assert await work.run(seconds=0.1)


async def test_a_closed_session_says_so(work, lab):
    await lab.close()
    with pytest.raises(LabClosed):
        await work.run()
    assert "set-up cell" in find(work, "lk-error").value


def test_it_is_text_where_there_are_no_widgets(work):
    assert "WorkLab(0 runs" in work._repr_mimebundle_()["text/plain"]
