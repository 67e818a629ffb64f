"""A flow's figures, from events as the queue's stream has them; and that it forgets what is old."""

import math

import pytest

from lessonkit.events import QueueEvent
from lessonkit.flow import KEPT_S, NOTED_S, THROUGHPUT_S, Flow, Recent, Setting
from workers.contract import Event

SETTING = Setting(rate_per_s=2, max_jobs=1, mean_s=0.25)
ZERO_MS = 1_000_000.0


@pytest.fixture
def flow():
    return Flow(SETTING, ZERO_MS)


def tell(flow, at_s, event, job="1", **more):
    """An event at this second of the flow."""
    flow.take(QueueEvent("0-0", event, ZERO_MS + at_s * 1000, job, **more))


def life(flow, job, added_s, started_s, ended_s):
    """The events of a job's life, to be told in the order of their times."""
    return [
        (added_s, Event.WAITING, job),
        (started_s, Event.ACTIVE, job),
        (ended_s, Event.COMPLETED, job),
    ]


def note(flow, at_s, setting=SETTING):
    flow.note(ZERO_MS + at_s * 1000, setting)


def test_a_setting_says_its_capacity_its_load_and_what_to_expect():
    assert SETTING.capacity_per_s == 4
    assert SETTING.load == 0.5
    assert SETTING.predicted_wait_s == pytest.approx(0.25)  # ρ / (μ - λ), of one slot
    assert Setting(8, 1, 0.25).predicted_wait_s == math.inf


def test_the_figures_of_two_jobs_are_as_counted_by_hand(flow):
    told = [*life(flow, "1", 0, 0, 2), *life(flow, "2", 1, 2, 4)]
    for at_s, event, job in sorted(told, key=lambda each: each[0]):
        tell(flow, at_s, event, job)
    note(flow, 5)
    recent = flow.recent()
    assert recent.arrivals_per_s == pytest.approx(2 / 5)
    assert recent.throughput_jobs_per_s == pytest.approx(2 / 5)
    assert recent.mean_wait_s == pytest.approx(0.5)
    assert recent.mean_latency_s == pytest.approx(2.5)
    assert recent.mean_in_system == pytest.approx(recent.arrivals_per_s * 2.5), "L = λW"
    assert recent.utilisation == pytest.approx(4 / 5)
    assert (flow.now.waiting, flow.now.running) == (0, 0)


def test_what_cannot_be_told_yet_is_no_number(flow):
    recent = flow.recent()
    for value in (recent.arrivals_per_s, recent.mean_wait_s, recent.utilisation):
        assert math.isnan(value)


def test_a_job_that_goes_back_to_the_queue_waits_again_and_its_wait_counts_once(flow):
    tell(flow, 0, Event.WAITING)
    tell(flow, 1, Event.ACTIVE)
    tell(flow, 2, Event.RETURNED)
    assert (flow.now.waiting, flow.now.running) == (1, 0)
    tell(flow, 3, Event.FAILED, final=True, error="no such address")
    assert (flow.now.waiting, flow.now.running, flow.now.finished) == (0, 0, 1)
    assert (flow.now.started, flow.now.waited_s) == (1, 1)


def test_events_of_workers_and_of_jobs_unknown_are_passed_over(flow):
    tell(flow, 0, Event.READY, job="")
    tell(flow, 0, Event.ACTIVE, job="77")
    tell(flow, 0, Event.COMPLETED, job="77")
    assert flow.now.finished == 0


def test_throughput_is_that_of_the_last_seconds(flow):
    at_s = 0.0
    for number in range(100):  # ten per second for ten seconds, then none
        at_s = number / 10
        tell(flow, at_s, Event.WAITING, str(number))
        tell(flow, at_s, Event.ACTIVE, str(number))
        tell(flow, at_s, Event.COMPLETED, str(number))
        if number % 2:
            note(flow, at_s)
    assert flow.throughputs()[-1] == pytest.approx(10, rel=0.1)
    for more in range(1, 12):
        note(flow, at_s + more * THROUGHPUT_S / 10)
    assert flow.throughputs()[-1] == 0


def test_a_change_of_max_jobs_is_remembered_with_its_moment(flow):
    note(flow, 1)
    note(flow, 2, Setting(2, 5, 0.25))
    note(flow, 3, Setting(9, 5, 0.25))
    assert list(flow.changes) == [(2, 5)]
    assert [each.setting.max_jobs for each in flow.notes] == [1, 1, 5, 5]


def test_utilisation_is_of_the_slots_that_were_open(flow):
    tell(flow, 0, Event.WAITING)
    tell(flow, 0, Event.ACTIVE)
    note(flow, 1, Setting(2, 3, 0.25))  # one slot until now, three from now on
    note(flow, 2, Setting(2, 3, 0.25))
    assert Recent(flow.notes[0], flow.now).utilisation == pytest.approx(2 / (1 + 3))


def test_hours_take_no_more_memory_than_half_a_minute(flow):
    for second in range(20_000):
        tell(flow, second, Event.WAITING, str(second))
        tell(flow, second, Event.ACTIVE, str(second))
        tell(flow, second + 0.2, Event.COMPLETED, str(second))
        note(flow, second + 0.3)
    assert len(flow.notes) <= KEPT_S / NOTED_S + 2
    assert not flow._arrived_s
    assert not flow._running
    assert flow.now.finished == 20_000


def test_an_event_that_is_told_late_does_not_turn_back_the_time(flow):
    note(flow, 5)
    tell(flow, 4.9, Event.WAITING)
    note(flow, 6)
    assert flow.now.at_s == 6
    assert flow.now.in_system_s == pytest.approx(1)
