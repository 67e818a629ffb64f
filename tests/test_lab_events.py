"""The events lab as a learner uses it: real widgets, a real server, real workers."""

import asyncio
import os
import signal

import pytest

from lessonkit.errors import BadSetting, LabClosed, NotAdded, NotOurServer, RunStopped, WorkerDied
from lessonkit.guard import WELL_S
from lessonkit.labs import EventsLab
from lessonkit.labs.live_timeline import BARS_SHOWN, PAGE_S, LiveTimeline, ProgressBars
from lessonkit.queue import QueueEvent
from lessonkit.server import Server
from tests.told import names
from tests.widgets import find, own_workers
from workers.contract import Event

NOBODY = "nobody@example.invalid"


@pytest.fixture
def events(lab):
    return EventsLab(lab, seconds=0.1, backoff_s=0.1)


# ---- buttons -------------------------------------------------------------------------------------


def test_there_is_no_worker_before_the_first_press(events):
    assert "No worker yet" in find(events, "lk-status").value
    assert find(events, "lk-stop").disabled
    assert "no events yet" in find(events, "lk-timeline").value
    assert not own_workers()


async def test_the_first_press_starts_the_workers_and_they_stay_until_stop(
    events, says, wait_until
):
    find(events, "lk-email").click()
    await says(events, "1 completed")
    assert len(own_workers()) == 2
    assert not find(events, "lk-stop").disabled
    find(events, "lk-nobody").click()
    find(events, "lk-busy").click()
    find(events, "lk-report").click()
    await says(events, "4 jobs: 0 waiting, 0 active, 0 delayed, 3 completed, 1 failed")
    await says(events, "failed (3, final)", "lk-timeline")
    assert "reports 1: waiting" in find(events, "lk-timeline").value
    assert "100 %, completed" in find(events, "lk-progress").value
    await says(events, "[worker:email] Job 2 failed (attempt 3)", "lk-output")
    find(events, "lk-stop").click()
    await wait_until(lambda: not events.busy)
    assert "Stopped" in find(events, "lk-status").value
    assert not own_workers()


async def test_kill_redis_kills_it_and_nothing_is_lost(events, says):
    await events.send()
    await asyncio.sleep(1 + WELL_S)  # a younger server is not killed at once
    find(events, "lk-report").click()
    await says(events, "33 %", "lk-timeline")
    find(events, "lk-kill").click()
    await says(events, "Redis was killed")
    with pytest.raises(NotAdded):
        await events.send()
    assert "nobody can add a job" in find(events, "lk-error").value
    await says(events, "2 completed")
    await says(events, "Redis was away", "lk-timeline")
    await says(events, "[worker] Redis is back", "lk-output")
    assert names(await events.send())[-1] == "completed"
    assert not find(events, "lk-error").value


async def test_clear_forgets_what_has_ended(events, says, wait_until):
    await events.send()
    await events.report()
    await says(events, "2 completed")  # the lab follows the stream by itself
    find(events, "lk-clear").click()
    await says(events, "0 jobs")
    await says(events, "no events yet", "lk-timeline")
    assert "No report yet" in find(events, "lk-progress").value
    assert names(await events.send()) == ["waiting", "active", "completed"]


# ---- without widgets -----------------------------------------------------------------------------


async def test_a_cell_can_do_what_the_buttons_do(events):
    sent, lost, made = await asyncio.gather(events.send(), events.send(NOBODY), events.report())
    assert names(sent) == ["waiting", "active", "completed"]
    assert names(lost).count("retrying") == 2
    assert lost[-1].final
    assert [event.progress for event in made if event.event == "progress"] == [33, 67, 100]
    assert len(own_workers()) == 2
    assert "2 completed, 1 failed" in repr(events)


async def test_stop_ends_what_a_cell_waits_for(lab, wait_until):
    events = EventsLab(lab, seconds=0.1, backoff_s=30)  # longer than anybody waits for Stop
    sending = asyncio.ensure_future(events.send(NOBODY))
    await wait_until(lambda: "failed" in find(events, "lk-timeline").value)
    events.stop()
    with pytest.raises(RunStopped):
        await sending
    assert names(await events.send())[-1] == "completed"


@pytest.mark.parametrize("wrong", [{"seconds": -1}, {"seconds": "1"}, {"backoff_s": float("nan")}])
def test_a_time_that_makes_no_sense_is_refused(lab, wrong):
    with pytest.raises(BadSetting, match="number of seconds"):
        EventsLab(lab, **wrong)


def test_a_lab_is_text_where_there_are_no_widgets(events):
    bundle = events._repr_mimebundle_()
    assert "buttons need a notebook" in bundle["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in bundle


# ---- when it does not go as planned --------------------------------------------------------------


async def test_a_worker_that_was_killed_is_shown_and_the_next_press_starts_another(
    events, says, wait_until
):
    await events.send()
    os.kill(own_workers()[0].pid, signal.SIGKILL)
    await wait_until(lambda: not events.busy)
    error = find(events, "lk-error")
    assert "killed by SIGKILL" in error.value
    assert "Press a button" in error.value
    assert not own_workers()
    find(events, "lk-email").click()
    await says(events, "1 completed")
    assert not error.value


async def test_a_cell_is_told_that_the_worker_was_killed(lab, wait_until):
    events = EventsLab(lab, seconds=0.1, backoff_s=60)  # its second attempt is far off
    sending = asyncio.ensure_future(events.send(NOBODY))
    await wait_until(lambda: "failed" in find(events, "lk-timeline").value)
    os.kill(own_workers()[0].pid, signal.SIGKILL)
    with pytest.raises(WorkerDied):
        await sending


async def test_closing_the_session_is_no_failure(events, lab, wait_until):
    await events.send()
    assert repr(await lab.close()) == "Closed: no process of this lab is left."
    await wait_until(lambda: not events.busy)
    assert not find(events, "lk-error").value
    with pytest.raises(LabClosed):
        await events.send()
    assert "set-up cell" in find(events, "lk-error").value


async def test_somebody_elses_redis_is_not_killed(events, lab, redis_url, monkeypatch):
    monkeypatch.setenv("REDIS_URL", redis_url)
    with pytest.raises(NotOurServer):
        await events.kill_redis()
    assert "Unset REDIS_URL" in find(events, "lk-error").value
    assert not Server(redis_url, program="").is_private
    assert names(await events.send())[-1] == "completed"


async def test_two_labs_do_not_mix(events, lab):
    other = EventsLab(lab, seconds=0.1)
    await asyncio.gather(events.send(), events.send(), other.send())
    assert "2 jobs" in repr(events)
    assert "1 job:" in repr(other)


# ---- what is shown -------------------------------------------------------------------------------


def at(ms, event, job="1", **fields):
    return QueueEvent(f"{ms}-0", Event(event), ms, job, queue="email", **fields)


def test_the_chart_is_drawn_anew_for_events_and_not_when_nothing_goes_on():
    chart = LiveTimeline()
    chart.take(at(100, "waiting"))
    chart.take(at(110, "active"))
    chart.follow(500)
    first = chart.widget.value
    chart.follow(900)
    assert chart.widget.value != first  # the bar has grown
    chart.take(at(950, "completed"))
    chart.follow(1000)
    last = chart.widget.value
    assert "completed at 0.95" in last
    chart.follow(2000)
    assert chart.widget.value is last


def test_a_new_page_begins_where_the_old_one_ends_and_keeps_what_goes_on():
    chart = LiveTimeline()
    chart.take(at(100, "waiting", "1"))
    chart.take(at(200, "completed", "1"))
    chart.take(at(300, "waiting", "2"))
    late_ms = PAGE_S * 1000 + 100
    chart.follow(late_ms)
    assert "email 2" in chart.widget.value
    assert "email 1" not in chart.widget.value
    low, high = chart._chart.ax.get_xlim()
    assert low < late_ms / 1000 < high
    assert high - low == pytest.approx(PAGE_S)


def test_the_latest_reports_have_a_bar():
    bars = ProgressBars()
    for number in range(1, BARS_SHOWN + 3):
        bars.take(at(number, "waiting", str(number)))
    bars.take(at(100, "progress", "6", progress=67))
    assert bars.widget.value.count("<progress") == BARS_SHOWN
    assert 'value="67" aria-label="report 6"' in bars.widget.value
    assert "report 2<" not in bars.widget.value
