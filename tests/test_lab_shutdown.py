"""The shutdown lab as a learner uses it: real widgets, a real server, real workers and signals."""

import asyncio
import os
import signal
import threading

import pytest

from lessonkit.errors import BadSetting, LabClosed, RunStopped
from lessonkit.labs import ShutdownLab
from lessonkit.labs.base import LabBusy
from lessonkit.outcomes import Outcome
from tests.widgets import find, own_workers


@pytest.fixture
def shutdown(lab):
    return ShutdownLab(lab, grace_s=0, signal_at_s=0.6, seconds=0.4)


def status(lab):
    return find(lab, "lk-status").value


@pytest.fixture
def underway(says):
    """`await underway(lab)`: wait until its first worker sends emails."""

    async def wait(lab):
        await says(lab, "the first worker sends emails")

    return wait


# ---- pressing buttons ----------------------------------------------------------------------------


async def test_it_opens_with_an_empty_chart_a_question_and_no_run(shutdown):
    assert "SIGTERM at <b>0.6 s</b>, grace <b>0 s</b>. What becomes of each email?" in status(
        shutdown
    )
    assert "Slots of two workers over time, max_jobs 2" in find(shutdown, "lk-shutdown").value
    assert "Nothing yet" in find(shutdown, "lk-runs").value
    assert find(shutdown, "lk-stop").disabled
    assert not find(shutdown, "lk-run").disabled


async def test_run_plays_it_and_shows_what_became_of_each_email(
    shutdown, idle, underway, wait_until, press
):
    empty = find(shutdown, "lk-shutdown").value
    await press(shutdown, "lk-run")
    await underway(shutdown)
    assert find(shutdown, "lk-run").disabled
    await idle(shutdown)
    (result,) = shutdown.results
    assert result.went_back == result.ran_twice == len(result.running_at_signal) > 0
    assert f"{result.ran_twice} ran twice, 0 lost" in status(shutdown)
    assert "exit code 0" in status(shutdown)
    assert find(shutdown, "lk-shutdown").value != empty
    assert "where it was cut off" in find(shutdown, "lk-shutdown").value
    assert find(shutdown, "lk-outcomes").value.count(Outcome.RAN_AGAIN) == result.went_back
    assert find(shutdown, "lk-runs").value.count("lk-newest") == 1
    first, second = (shift.pid for shift in result.shifts)
    output = find(shutdown, "lk-output")
    await wait_until(lambda: f"{second} [worker] All workers closed" in output.value)
    assert f"{first} [worker] Shutting down gracefully..." in output.value


async def test_the_sliders_are_what_is_run(shutdown, idle, press):
    find(shutdown, "lk-grace-s").value = 3.0
    find(shutdown, "lk-signal-at-s").value = 0.2
    find(shutdown, "lk-max-jobs").value = 4
    assert 'data-grace-s="3"' in status(shutdown)
    await press(shutdown, "lk-run")
    await idle(shutdown)
    (result,) = shutdown.results
    plan = result.settings
    assert (plan.grace_s, plan.signal_at_s, plan.max_jobs, plan.jobs) == (3.0, 0.2, 4, 5)
    assert (result.ran_twice, result.lost) == (0, 0)
    assert result.finished + result.waited == 5
    assert {attempt.slot for attempt in result.attempts} == {0, 1, 2, 3}


async def test_sliders_change_the_empty_chart_until_there_is_a_run(shutdown, wait_until):
    find(shutdown, "lk-max-jobs").value = 3
    chart = find(shutdown, "lk-shutdown")
    await wait_until(lambda: "max_jobs 3" in chart.value)


async def test_clear_forgets_the_runs(shutdown):
    await shutdown.run(grace_s=3)
    shutdown.clear()
    assert not shutdown.results
    assert "Nothing yet" in find(shutdown, "lk-runs").value
    assert "Nothing yet" in find(shutdown, "lk-outcomes").value


async def test_a_press_from_another_thread_works(shutdown, idle, wait_until):
    thread = threading.Thread(target=find(shutdown, "lk-run").click)
    thread.start()
    await wait_until(lambda: shutdown.busy)
    await idle(shutdown)
    assert len(shutdown.results) == 1


# ---- without widgets -----------------------------------------------------------------------------


async def test_a_cell_can_do_what_the_buttons_do(shutdown):
    result = await shutdown.run(grace_s=2, signal_at_s=0.2, seconds=0.3, max_jobs=1)
    assert find(shutdown, "lk-grace-s").value == 2
    assert find(shutdown, "lk-seconds").value == 0.3
    assert shutdown.results == [result]
    assert result.finished + result.waited == 5
    assert {attempt.slot for attempt in result.attempts} == {0}


@pytest.mark.parametrize(
    "wrong", [{"grace_s": -1}, {"grace_s": 3.5}, {"signal_at_s": 0}, {"max_jobs": 5}], ids=str
)
async def test_a_value_that_no_slider_takes_is_refused(shutdown, lab, wrong):
    with pytest.raises(BadSetting, match="from"):
        await shutdown.run(**wrong)
    with pytest.raises(BadSetting):
        ShutdownLab(lab, **wrong)
    assert not shutdown.results


def test_it_is_text_where_there_are_no_widgets(shutdown):
    assert "ShutdownLab(0 runs" in shutdown._repr_mimebundle_()["text/plain"]


# ---- when it does not go as planned --------------------------------------------------------------


async def test_stop_ends_the_run_at_once_and_run_works_again(shutdown, underway, idle, press):
    shutdown.settings.set(grace_s=3, seconds=2, signal_at_s=4)
    await press(shutdown, "lk-run")
    await underway(shutdown)
    with pytest.raises(LabBusy):
        await shutdown.run()
    find(shutdown, "lk-stop").click()
    await idle(shutdown)
    assert "Stopped" in status(shutdown)
    assert own_workers() == []
    assert not shutdown.results
    assert await shutdown.run(seconds=0.2, signal_at_s=0.1)


async def test_an_interrupted_cell_leaves_a_lab_that_works(shutdown, underway):
    run = asyncio.ensure_future(shutdown.run(seconds=2, signal_at_s=4))
    await underway(shutdown)
    run.cancel()
    with pytest.raises(RunStopped):
        await run
    assert own_workers() == []
    assert await shutdown.run(seconds=0.2, signal_at_s=0.1)


async def test_a_failure_is_shown_with_its_next_step(shutdown, underway, idle, press):
    shutdown.settings.set(seconds=2, signal_at_s=1.0)
    await press(shutdown, "lk-run")
    await underway(shutdown)
    (worker,) = own_workers()
    os.kill(worker.pid, signal.SIGKILL)
    await idle(shutdown)
    error = find(shutdown, "lk-error")
    assert "was killed by SIGKILL with 0 of 5 jobs done" in error.value
    assert "Press Run" in error.value
    assert error.layout.display != "none"
    await shutdown.run(seconds=0.2, signal_at_s=0.1)
    assert error.layout.display == "none"


async def test_a_closed_session_says_so_in_the_lab_and_in_the_cell(shutdown, lab):
    await lab.close()
    with pytest.raises(LabClosed):
        await shutdown.run()
    assert "set-up cell" in find(shutdown, "lk-error").value


async def test_two_labs_run_at_the_same_time_without_mixing(lab, idle, press):
    cut = ShutdownLab(lab, grace_s=0, seconds=1.0, signal_at_s=0.4)
    kept = ShutdownLab(lab, grace_s=3, seconds=1.0, signal_at_s=0.4)
    await press(cut, "lk-run")
    await press(kept, "lk-run")
    await idle(cut)
    await idle(kept)
    assert (cut.results[0].ran_twice, kept.results[0].ran_twice) == (2, 0)
    assert len(cut.results[0].shifts) == len(kept.results[0].shifts) == 2
