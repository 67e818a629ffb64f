"""The rescue lab as a learner uses it: real widgets, a real server, real workers and kills."""

import asyncio
import threading

import pytest

from lessonkit.errors import BadSetting, LabClosed, RunStopped
from lessonkit.labs import RescueLab
from lessonkit.labs.base import LabBusy
from tests.widgets import find, own_workers


@pytest.fixture
def rescues(lab):
    return RescueLab(lab, seconds=1.0, workers=2)


@pytest.fixture
def kill(wait_until):
    """`await kill(lab)`: press Kill as soon as that is possible, and wait for what comes of it."""

    async def wait(lab):
        button, before = find(lab, "lk-kill"), find(lab, "lk-outcomes").value.count("SIGKILL")
        await wait_until(lambda: not button.disabled)
        button.click()
        outcomes = find(lab, "lk-outcomes")
        await wait_until(lambda: outcomes.value.count("SIGKILL") > before)

    return wait


def status(lab):
    return find(lab, "lk-status").value


# ---- pressing buttons ----------------------------------------------------------------------------


async def test_it_opens_with_an_empty_chart_a_question_and_nobody_to_kill(rescues):
    assert "An email of <b>1 s</b>, <b>2</b> workers" in status(rescues)
    assert "2 workers over time, one email of 1 s" in find(rescues, "lk-rescue").value
    assert "Nothing yet" in find(rescues, "lk-runs").value
    assert find(rescues, "lk-stop").disabled
    assert find(rescues, "lk-kill").disabled
    assert not find(rescues, "lk-run").disabled


async def test_kill_kills_the_worker_that_has_the_email_and_another_sends_it(
    rescues, idle, press, kill, wait_until
):
    await press(rescues, "lk-run")
    await kill(rescues)
    await wait_until(lambda: "nobody sends the email" in status(rescues))
    assert find(rescues, "lk-kill").disabled
    assert len(own_workers()) == 1
    await idle(rescues)
    (result,) = rescues.results
    assert result.killed_pid != result.rescued_by_pid
    assert result.attempts_counted == 2
    assert f"Process {result.rescued_by_pid} sent it, in attempt 2" in status(rescues)
    assert "after the first kill" in status(rescues)
    assert f"SIGKILL to process {result.killed_pid}" in find(rescues, "lk-rescue").value
    assert find(rescues, "lk-outcomes").value.count("completed") == 1
    assert find(rescues, "lk-runs").value.count("lk-newest") == 1
    output = find(rescues, "lk-output")
    await wait_until(lambda: "All workers closed" in output.value)
    assert f"{result.killed_pid} [email] Processing job 1" in output.value
    assert f"{result.rescued_by_pid} [worker:email] Job 1 completed" in output.value


async def test_three_kills_and_the_email_has_failed(lab, idle, press, kill):
    rescues = RescueLab(lab, seconds=10)
    await press(rescues, "lk-run")
    for _ in range(3):
        await kill(rescues)
    await idle(rescues)
    (result,) = rescues.results
    assert len({kill.pid for kill in result.kills}) == 3
    assert "its worker was lost each time it ran" in status(rescues)
    assert find(rescues, "lk-runs").value.count("failed") == 1


async def test_a_run_in_which_nobody_is_killed_says_so(rescues, idle, press):
    find(rescues, "lk-seconds").value = 0.5
    find(rescues, "lk-workers").value = 3
    assert 'data-workers="3"' in status(rescues)
    await press(rescues, "lk-run")
    await idle(rescues)
    (result,) = rescues.results
    assert (result.settings.seconds, len(result.shifts), result.kills) == (0.5, 3, ())
    assert "Nobody was killed" in status(rescues)


async def test_a_press_from_another_thread_works(rescues, idle, wait_until):
    thread = threading.Thread(target=find(rescues, "lk-run").click)
    thread.start()
    await wait_until(lambda: not find(rescues, "lk-kill").disabled)
    thread = threading.Thread(target=find(rescues, "lk-kill").click)
    thread.start()
    await idle(rescues)
    assert len(rescues.results[0].kills) == 1


async def test_clear_forgets_the_runs(rescues):
    await rescues.run(seconds=0.5)
    rescues.clear()
    assert not rescues.results
    assert "Nothing yet" in find(rescues, "lk-runs").value
    assert "Nothing yet" in find(rescues, "lk-outcomes").value


# ---- without widgets -----------------------------------------------------------------------------


async def test_a_cell_can_do_what_the_buttons_do(rescues):
    result = await rescues.run(seconds=0.5, workers=2, kill_at_s=0.2)
    assert find(rescues, "lk-seconds").value == 0.5
    assert rescues.results == [result]
    assert len(result.kills) == 1
    assert result.attempts_counted == 2
    assert (await rescues.run()).kills == ()  # which was meant for that run alone


@pytest.mark.parametrize(
    "wrong", [{"seconds": 0.1}, {"workers": 1}, {"workers": 2.5}, {"kill_at_s": -1}], ids=str
)
async def test_a_value_that_makes_no_sense_is_refused(rescues, lab, wrong):
    with pytest.raises(BadSetting, match="from"):
        await rescues.run(**wrong)
    if "kill_at_s" not in wrong:
        with pytest.raises(BadSetting):
            RescueLab(lab, **wrong)
    assert not rescues.results


def test_it_is_text_where_there_are_no_widgets(rescues):
    assert "RescueLab(0 runs" in rescues._repr_mimebundle_()["text/plain"]


# ---- when it does not go as planned --------------------------------------------------------------


async def test_stop_ends_the_run_at_once_and_run_works_again(rescues, idle, press, wait_until):
    rescues.settings.set(seconds=10)
    await press(rescues, "lk-run")
    await wait_until(lambda: not find(rescues, "lk-kill").disabled)
    with pytest.raises(LabBusy):
        await rescues.run()
    find(rescues, "lk-stop").click()
    await idle(rescues)
    assert "Stopped" in status(rescues)
    assert find(rescues, "lk-kill").disabled
    assert own_workers() == []
    assert not rescues.results
    assert await rescues.run(seconds=0.5)


async def test_an_interrupted_cell_leaves_a_lab_that_works(rescues, wait_until):
    run = asyncio.ensure_future(rescues.run(seconds=10))
    await wait_until(lambda: not find(rescues, "lk-kill").disabled)
    run.cancel()
    with pytest.raises(RunStopped):
        await run
    assert own_workers() == []
    assert await rescues.run(seconds=0.5)


async def test_a_failure_is_shown_with_its_next_step(rescues, idle, press, wait_until):
    rescues.settings.set(seconds=10)
    await press(rescues, "lk-run")
    await wait_until(lambda: not find(rescues, "lk-kill").disabled)
    own_workers()[0].kill()  # not with the button
    await idle(rescues)
    error = find(rescues, "lk-error")
    assert "was killed by SIGKILL with 0 of 1 jobs done" in error.value
    assert "Press Run" in error.value
    await rescues.run(seconds=0.5)
    assert error.layout.display == "none"


async def test_a_closed_session_says_so_in_the_lab_and_in_the_cell(rescues, lab):
    await lab.close()
    with pytest.raises(LabClosed):
        await rescues.run()
    assert "set-up cell" in find(rescues, "lk-error").value
