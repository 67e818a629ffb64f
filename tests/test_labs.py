"""The labs as a learner uses them: real widgets, a real server, real workers."""

import asyncio
import os
import signal
import threading
from contextlib import suppress

import pytest

from lessonkit import background
from lessonkit.errors import BadSetting, LabClosed, RunStopped, WorkerDied
from lessonkit.labs import ConcurrencyLab
from lessonkit.labs.base import LabBusy, OutputPane, WidgetLab
from tests.widgets import find, own_workers


@pytest.fixture
def concurrency(lab):
    return ConcurrencyLab(lab, emails=5, seconds=0.2)


# ---- sliders and buttons -------------------------------------------------------------------------


def test_every_control_can_be_found(concurrency):
    controls = ["max-jobs", "emails", "seconds", "run", "stop", "compare", "clear"]
    for name in [*controls, "status", "runs", "error", "output", "slots", "done"]:
        assert find(concurrency, f"lk-{name}")


def test_the_ideal_is_shown_before_the_run_and_follows_the_sliders(concurrency):
    status = find(concurrency, "lk-status")
    assert "<b>1 s</b>. What will you measure?" in status.value
    find(concurrency, "lk-max-jobs").value = 5
    assert "⌈5 / 5⌉ × 0.2 s = <b>0.2 s</b>" in status.value
    assert 'data-max-jobs="5" data-emails="5" data-seconds="0.2"' in status.value


async def test_run_runs_what_the_sliders_say(concurrency, idle, press):
    find(concurrency, "lk-max-jobs").value = 5
    find(concurrency, "lk-emails").value = 10
    empty = find(concurrency, "lk-slots").value
    await press(concurrency, "lk-run")
    await idle(concurrency)
    (result,) = concurrency.results
    assert (result.jobs, result.max_jobs, result.seconds) == (10, 5, 0.2)
    assert result.peak_concurrency == 5
    assert "<b>10 emails in 0." in find(concurrency, "lk-status").value
    assert 'data-max-jobs="5"' in find(concurrency, "lk-runs").value
    assert find(concurrency, "lk-slots").value != empty
    assert "10 of 10 emails done" in find(concurrency, "lk-slots").value
    assert "10 of 10 after" in find(concurrency, "lk-done").value


async def test_the_workers_own_output_stands_beside_it(concurrency, idle, wait_until, press):
    await press(concurrency, "lk-run")
    await idle(concurrency)
    output = find(concurrency, "lk-output")
    await wait_until(lambda: "[worker:email] Job 5 completed" in output.value)


async def test_compare_runs_at_1_and_at_5(concurrency, idle, press):
    await press(concurrency, "lk-compare")
    await idle(concurrency)
    one, five = concurrency.results
    assert (one.max_jobs, five.max_jobs) == (1, 5)
    assert one.makespan_s > 3 * five.makespan_s
    assert "times</b> as fast" in find(concurrency, "lk-status").value
    assert find(concurrency, "lk-runs").value.count("<tr ") == 2
    assert "at max_jobs 1: 5 of 5" in find(concurrency, "lk-done").value


async def test_clear_forgets_the_runs(concurrency, idle):
    await concurrency.run(max_jobs=5)
    concurrency.clear()
    assert not concurrency.results
    assert "No run yet" in find(concurrency, "lk-runs").value


async def test_a_press_from_another_thread_works(concurrency, idle, wait_until):
    thread = threading.Thread(target=find(concurrency, "lk-run").click)
    thread.start()
    await wait_until(lambda: concurrency.busy)
    await idle(concurrency)
    assert len(concurrency.results) == 1


# ---- without widgets -----------------------------------------------------------------------------


async def test_a_cell_can_do_what_the_buttons_do(concurrency):
    result = await concurrency.run(max_jobs=5, emails=10, seconds=0.1)
    assert find(concurrency, "lk-max-jobs").value == 5
    assert find(concurrency, "lk-seconds").value == 0.1
    assert concurrency.results == [result]


@pytest.mark.parametrize(
    "wrong",
    [{"max_jobs": 0}, {"max_jobs": 11}, {"max_jobs": "5"}, {"emails": 2.5}, {"seconds": True}],
)
async def test_a_value_that_no_slider_takes_is_refused(concurrency, lab, wrong):
    with pytest.raises(BadSetting, match="from"):
        await concurrency.run(**wrong)
    with pytest.raises(BadSetting):
        ConcurrencyLab(lab, **wrong)
    assert not concurrency.results


async def test_a_lab_does_one_thing_at_a_time(concurrency, underway, idle, press):
    concurrency.settings.set(seconds=1.0)
    await press(concurrency, "lk-run")
    await underway(concurrency)
    with pytest.raises(LabBusy):
        await concurrency.run(seconds=0.1)
    with pytest.raises(LabBusy):
        concurrency.clear()
    concurrency.stop()
    await idle(concurrency)


# ---- when it does not go as planned --------------------------------------------------------------


async def test_stop_ends_the_run_and_run_works_again(concurrency, underway, idle, press):
    find(concurrency, "lk-seconds").value = 2.0
    await press(concurrency, "lk-run")
    await underway(concurrency)
    find(concurrency, "lk-stop").click()
    find(concurrency, "lk-stop").click()
    await idle(concurrency)
    assert "Stopped" in find(concurrency, "lk-status").value
    assert not own_workers()
    assert await concurrency.run(seconds=0.1)


async def test_stop_ends_a_cells_run_in_run_stopped(concurrency, underway):
    run = asyncio.ensure_future(concurrency.run(seconds=2.0))
    await underway(concurrency)
    concurrency.stop()
    with pytest.raises(RunStopped):
        await run


async def test_an_interrupted_cell_leaves_a_lab_that_works(concurrency, underway):
    run = asyncio.ensure_future(concurrency.run(seconds=2.0))
    await underway(concurrency)
    run.cancel()
    with pytest.raises(RunStopped):
        await run
    assert await concurrency.run(seconds=0.1)


async def test_a_failure_is_shown_with_its_next_step_and_run_works_again(
    concurrency, underway, idle, press
):
    find(concurrency, "lk-seconds").value = 2.0
    await press(concurrency, "lk-run")
    await underway(concurrency)
    (worker,) = own_workers()
    os.kill(worker.pid, signal.SIGKILL)
    await idle(concurrency)
    error = find(concurrency, "lk-error")
    assert "killed by SIGKILL" in error.value
    assert WorkerDied.next_step.split("'")[0][:20] in error.value
    assert error.layout.display != "none"
    find(concurrency, "lk-seconds").value = 0.1
    await press(concurrency, "lk-run")
    await idle(concurrency)
    assert error.layout.display == "none"
    assert len(concurrency.results) == 1


async def test_a_closed_session_says_so_in_the_lab_and_in_the_cell(concurrency, lab):
    await lab.close()
    with pytest.raises(LabClosed):
        await concurrency.run()
    assert "set-up cell" in find(concurrency, "lk-error").value


async def test_a_bug_of_ours_is_shown_with_its_traceback(concurrency, monkeypatch):
    async def broken(*_, **__):
        raise ValueError("<oops>")

    monkeypatch.setattr(concurrency.lab, "measure", broken)
    with pytest.raises(ValueError, match="oops"):
        await concurrency.run()
    assert "ValueError: &lt;oops&gt;" in find(concurrency, "lk-error").value


# ---- side by side --------------------------------------------------------------------------------


async def test_two_labs_run_at_the_same_time_without_mixing(lab, idle, press):
    first, second = ConcurrencyLab(lab, seconds=0.2), ConcurrencyLab(lab, seconds=0.2, max_jobs=5)
    await press(first, "lk-run")
    await press(second, "lk-run")
    await idle(first)
    await idle(second)
    assert [each.results[0].peak_concurrency for each in (first, second)] == [1, 5]


async def test_output_is_escaped_and_the_last_lines_are_kept():
    async def fill():
        pane = OutputPane()
        for number in range(300):
            pane.append(f"<b>{number}</b>")
        await asyncio.sleep(0.3)
        return pane.widget.value

    shown = await background.join(fill())
    assert "&lt;b&gt;299&lt;/b&gt;" in shown
    assert "&lt;b&gt;100&lt;/b&gt;" in shown
    assert "&lt;b&gt;99&lt;/b&gt;" not in shown


def test_a_lab_is_text_where_there_are_no_widgets(concurrency):
    bundle = concurrency._repr_mimebundle_()
    assert "sliders need a notebook" in bundle["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in bundle


async def test_a_lab_that_is_made_anew_stops_the_run_of_the_one_before(
    lab, concurrency, press, underway, wait_until
):
    find(concurrency, "lk-seconds").value = 2.0
    await press(concurrency, "lk-run")
    await underway(concurrency)
    again = ConcurrencyLab(lab, emails=1, seconds=0.1)
    await wait_until(lambda: not concurrency.busy)
    assert "Stopped" in find(concurrency, "lk-status").value
    assert (await again.run()).jobs == 1


class Timeouts(WidgetLab):
    """A lab that waits as Redis' client does: within timeouts that run out, again and again."""

    def run(self):
        self._press(self._wait)

    async def _wait(self):
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(0):
                    await asyncio.sleep(1)

    def _say(self, message):
        pass

    def _show_busy(self, busy):
        pass


@pytest.mark.parametrize("_", range(5))
async def test_stop_is_heard_while_a_timeout_runs_out(_, wait_until):
    lab = Timeouts("Timeouts", "")
    lab.run()
    await wait_until(lambda: lab.busy)
    lab.stop()
    await wait_until(lambda: not lab.busy)
