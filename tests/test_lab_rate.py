"""The rate lab as a learner uses it: real widgets, a real server, real workers."""

import asyncio
import os
import signal

import pytest

from lessonkit.errors import BadSetting, RunStopped
from lessonkit.labs import RateLab
from lessonkit.labs.base import LabBusy
from lessonkit.rate import busiest_window
from tests.widgets import find, own_workers


@pytest.fixture
def rates(lab):
    return RateLab(lab, limit=8, workers=2, max_jobs=3, emails=12)


# ---- sliders and buttons -------------------------------------------------------------------------


def test_every_control_can_be_found(rates):
    controls = ["limit", "workers", "max-jobs", "emails", "seconds", "run", "stop", "clear"]
    for name in [*controls, "status", "runs", "error", "output", "rate", "starts"]:
        assert find(rates, f"lk-{name}")


def test_the_limit_goes_from_off_to_20(rates):
    options = find(rates, "lk-limit").options
    assert options[0] == ("off", 0)
    assert options[-1] == ("20", 20)


def test_what_can_be_known_is_said_before_the_run_and_follows_the_sliders(rates):
    status = find(rates, "lk-status")
    assert "2 × 3 = <b>6</b>" in status.value
    assert "the last starts after <b>1 s</b> or later" in status.value
    find(rates, "lk-limit").value = 0
    find(rates, "lk-workers").value = 1
    assert "At a time: <b>3</b>; no limit on starts" in status.value
    assert 'data-limit="0" data-workers="1" data-max-jobs="3" data-emails="12"' in status.value


async def test_run_runs_what_the_sliders_say(rates, idle, press):
    await press(rates, "lk-run")
    await idle(rates)
    (result,) = rates.results
    assert (result.jobs, result.workers, result.max_jobs, result.limit) == (12, 2, 3, "8/1s")
    assert busiest_window(result.starts_s).starts <= 8
    assert "starts in the busiest second</b>, limit 8/1s" in find(rates, "lk-status").value
    assert "<td>8/1s</td>" in find(rates, "lk-runs").value
    assert "12 of 12 emails have started" in find(rates, "lk-rate").value
    assert "not above the limit of 8" in find(rates, "lk-rate").value
    for pid in result.pids:
        assert f"Process {pid} took" in find(rates, "lk-starts").value


async def test_the_chart_moves_while_emails_wait_for_the_limit(rates, idle, press, wait_until):
    await press(rates, "lk-run")
    await wait_until(lambda: "8 of 12 have started" in find(rates, "lk-starts").value)
    seen = find(rates, "lk-rate").value
    assert "0 being sent, 4 waiting" in find(rates, "lk-status").value or "8 of 12" in seen
    await wait_until(lambda: find(rates, "lk-rate").value != seen)
    await idle(rates)


async def test_with_and_without_a_limit_both_stay_in_the_table(rates):
    free = await rates.run(limit=0)
    limited = await rates.run(limit=10)
    assert rates.results == [free, limited]
    assert busiest_window(free.starts_s).starts > busiest_window(limited.starts_s).starts
    assert find(rates, "lk-runs").value.count("<tr") == 3
    rates.clear()
    assert not rates.results
    assert "<td>off</td>" not in find(rates, "lk-runs").value


# ---- without widgets -----------------------------------------------------------------------------


async def test_a_cell_can_do_what_the_buttons_do(rates):
    result = await rates.run(limit=0, workers=1, max_jobs=10, emails=10, seconds=0.1)
    values = {"limit": 0, "workers": 1, "max_jobs": 10, "emails": 10, "seconds": 0.1}
    assert rates.settings.values == values
    assert rates.results == [result]
    assert "sliders need a notebook" in rates._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": -1},
        {"limit": 21},
        {"limit": "10/1s"},
        {"workers": 4},
        {"max_jobs": 0},
        {"emails": 61},
    ],
)
async def test_a_value_that_no_slider_takes_is_refused(rates, lab, wrong):
    with pytest.raises(BadSetting, match="a whole number from"):
        await rates.run(**wrong)
    with pytest.raises(BadSetting):
        RateLab(lab, **wrong)
    assert not rates.results


# ---- when it does not go as planned --------------------------------------------------------------


async def test_stop_ends_a_run_that_waits_for_the_limit_and_run_works_again(
    rates, underway, idle, press
):
    find(rates, "lk-limit").value = 1
    await press(rates, "lk-run")
    await underway(rates)
    find(rates, "lk-stop").click()
    await idle(rates)
    assert "Stopped" in find(rates, "lk-status").value
    assert not own_workers()
    assert await rates.run(limit=0)


async def test_an_interrupted_cell_leaves_a_lab_that_works(rates, underway):
    run = asyncio.ensure_future(rates.run(limit=1))
    await underway(rates)
    with pytest.raises(LabBusy):
        await rates.run()
    run.cancel()
    with pytest.raises(RunStopped):
        await run
    assert not own_workers()
    assert await rates.run(limit=0)


async def test_one_of_two_workers_that_dies_is_told_with_its_next_step(
    rates, underway, idle, press
):
    find(rates, "lk-limit").value = 1
    await press(rates, "lk-run")
    await underway(rates)
    first, _second = own_workers()
    os.kill(first.pid, signal.SIGKILL)
    await idle(rates)
    error = find(rates, "lk-error")
    assert "killed by SIGKILL" in error.value
    assert "a new worker is started" in error.value
    assert not own_workers()


async def test_two_labs_run_at_the_same_time_without_mixing(lab, idle, press):
    settings = {"workers": 1, "max_jobs": 5, "emails": 10}
    first, second = RateLab(lab, limit=6, **settings), RateLab(lab, limit=0, **settings)
    await press(first, "lk-run")
    await press(second, "lk-run")
    await idle(first)
    await idle(second)
    most = [busiest_window(each.results[0].starts_s).starts for each in (first, second)]
    assert most == [6, 10]
