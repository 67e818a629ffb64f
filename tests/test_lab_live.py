"""The live lab as a learner uses it: real widgets, a real server, a real worker that stays."""

import asyncio
import signal

import pytest

from lessonkit.errors import BadSetting, RunStopped, WorkerDied
from lessonkit.labs import LiveLab
from lessonkit.labs.base import LabBusy
from tests.widgets import find, own_workers


@pytest.fixture
def live(lab):
    return LiveLab(lab, rate=20, max_jobs=1, seconds=0.1)


@pytest.fixture
def running(live, wait_until):
    """`await running()`: press Start and wait until emails are sent."""

    async def start():
        find(live, "lk-run").click()
        await wait_until(lambda: live.flow.now.finished)
        return live

    return start


async def stopped(live, wait_until):
    live.stop()
    await wait_until(lambda: not live.busy)


async def test_a_slider_changes_the_running_worker_and_throughput_follows(running, wait_until):
    live = await running()
    (worker,) = own_workers()
    await wait_until(lambda: live.flow.now.waiting > 15)
    slow = live.recent.throughput_jobs_per_s

    find(live, "lk-max-jobs").value = 10
    await wait_until(lambda: live.flow.setting.max_jobs == 10 and live.flow.now.waiting == 0)
    assert max(live.flow.throughputs()) > 1.3 * slow
    assert [each.pid for each in own_workers()] == [worker.pid], "it was never restarted"
    assert "max_jobs is now 10" in find(live, "lk-output").value
    assert [max_jobs for _, max_jobs in live.flow.changes] == [10]
    await stopped(live, wait_until)
    assert own_workers() == []


async def test_the_rate_slider_turns_the_emails_off_and_on(running, wait_until):
    live = await running()
    find(live, "lk-rate").value = 0
    await wait_until(lambda: live.flow.setting.rate_per_s == 0)
    arrived = live.flow.now.arrived
    await asyncio.sleep(0.6)
    assert live.flow.now.arrived <= arrived + 1, "one may have been on its way"
    find(live, "lk-rate").value = 30
    await wait_until(lambda: live.flow.now.arrived > arrived + 10)
    await stopped(live, wait_until)


async def test_the_lab_shows_charts_numbers_and_what_is_predicted(running, wait_until):
    live = await running()
    await wait_until(lambda: "20.0/s" in find(live, "lk-numbers").value)
    assert 'data-max-jobs="1"' in find(live, "lk-status").value
    assert "the queue grows as long as they come" in find(live, "lk-status").value
    assert "grows" in find(live, "lk-numbers").value
    for chart in ("lk-throughput", "lk-queue"):
        assert "<img" in find(live, chart).value
    find(live, "lk-max-jobs").value = 4
    await wait_until(lambda: "Erlang C predicts a mean wait" in find(live, "lk-status").value)
    await stopped(live, wait_until)
    assert "Stopped" in find(live, "lk-status").value


async def test_before_the_start_the_sliders_tell_what_to_expect(live):
    find(live, "lk-max-jobs").value = 5
    assert "2.0</b> of 5 slots busy" in find(live, "lk-status").value
    assert "does not run" in repr(live)
    assert find(live, "lk-stop").disabled


async def test_the_same_from_cells(live):
    await live.start(rate=20, max_jobs=1)
    with pytest.raises(LabBusy):
        await live.start()
    await live.watch(1.5)
    await live.set(max_jobs=8)
    assert live._worker.max_jobs == 8, "set() comes back when the worker has heeded it"
    recent = await live.watch(1.5)
    assert recent.span_s > 0.9
    assert recent.throughput_jobs_per_s > 0
    watching = asyncio.ensure_future(live.watch(60))
    await asyncio.sleep(0.2)
    live.stop()
    with pytest.raises(RunStopped):
        await watching


async def test_a_setting_that_a_slider_cannot_take_is_refused(live):
    for wrong in ({"max_jobs": 0}, {"rate": 31}, {"seconds": 5.0}, {"rate": 1.5}):
        with pytest.raises(BadSetting):
            await live.start(**wrong)
        with pytest.raises(BadSetting):
            await live.set(**wrong)
    assert not live.busy


async def test_it_starts_again_after_a_stop_with_a_new_worker(running, live, wait_until):
    await running()
    (first,) = own_workers()
    live.stop()
    await live.start()
    (second,) = own_workers()
    assert first.pid != second.pid
    assert live.flow.now.at_s < 5, "a new flow"
    await stopped(live, wait_until)


async def test_a_worker_that_is_killed_is_said_in_the_lab(running, live, wait_until):
    await running()
    watching = asyncio.ensure_future(live.watch(60))
    (worker,) = own_workers()
    worker.send_signal(signal.SIGKILL)
    with pytest.raises(WorkerDied):
        await watching
    await wait_until(lambda: not live.busy)
    assert "killed by SIGKILL" in live._error.value
    assert "Press Start" in live._error.value


async def test_closing_the_session_ends_it_and_leaves_nothing(running, lab, live, wait_until):
    await running()
    closed = await lab.close()
    assert "no process of this lab is left" in repr(closed)
    await wait_until(lambda: not live.busy)
    assert live._error.value == ""


async def test_no_more_are_added_when_too_many_wait(running, live, wait_until, monkeypatch):
    monkeypatch.setattr("lessonkit.labs.live.MOST_WAITING", 5)
    await running()
    await wait_until(lambda: "no more are added" in find(live, "lk-status").value)
    await asyncio.sleep(1.0)
    assert live.flow.now.waiting <= 5 + 20, "those that came until it was seen"
    await stopped(live, wait_until)
