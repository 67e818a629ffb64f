"""What a batch's figures say of its jobs, from made-up events."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessonkit.batch import LONGEST_JOB_S, MAX_BATCH, Batch, ideal_makespan_s
from lessonkit.errors import BadSetting
from lessonkit.queue import QueueEvent
from workers.contract import MAX_JOBS_LIMIT, Event

KEYS = {
    "jobs",
    "max_jobs",
    "seconds",
    "makespan_s",
    "ideal_s",
    "throughput_jobs_per_s",
    "peak_concurrency",
    "records",
}


def told(*events, jobs=1, max_jobs=1, seconds=1.0):
    """A batch that was told events: (ms, job, event) and more fields of the event."""
    batch = Batch(jobs, max_jobs, seconds)
    for at_ms, job, event, *more in events:
        fields = more[0] if more else {}
        batch.apply(QueueEvent("0-0", Event(event), 1_700_000_000_000.0 + at_ms, job, **fields))
    return batch


def spans(*times, max_jobs=1):
    """A result whose jobs, all added at 0, ran from and to these ms."""
    events = [(0, str(number), "waiting") for number, _ in enumerate(times, 1)]
    for number, (start, end) in enumerate(times, 1):
        events += [(start, str(number), "active"), (end, str(number), "completed")]
    # at the same moment a job ends before another starts, as a visit reports before it claims
    events.sort(key=lambda event: (event[0], ["completed", "waiting", "active"].index(event[2])))
    return told(*events, jobs=len(times), max_jobs=max_jobs).result()


# ---- the ideal -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("jobs", "max_jobs", "seconds", "ideal_s"),
    [(5, 1, 1.0, 5.0), (5, 5, 1.0, 1.0), (5, 3, 1.0, 2.0), (5, 10, 1.0, 1.0), (6, 3, 0.5, 1.0)],
)
def test_the_ideal_is_so_many_whole_rounds(jobs, max_jobs, seconds, ideal_s):
    assert ideal_makespan_s(jobs, max_jobs, seconds) == ideal_s
    assert told(jobs=jobs, max_jobs=max_jobs, seconds=seconds).result().ideal_s == ideal_s


@given(st.integers(1, MAX_BATCH), st.integers(1, MAX_JOBS_LIMIT))
def test_more_slots_never_take_longer_and_never_save_more_than_their_share(jobs, max_jobs):
    alone, together = ideal_makespan_s(jobs, 1, 1.0), ideal_makespan_s(jobs, max_jobs, 1.0)
    assert alone / max_jobs <= together <= alone


# ---- records -------------------------------------------------------------------------------------


def test_a_jobs_life_is_read_from_its_events():
    events = [
        (0.0, "1", "waiting"),
        (250.5, "1", "active", {"attempt": 1, "worker": "7@here/1"}),
        (1250.75, "1", "completed", {"attempt": 1}),
    ]
    (record,) = told(*events).result().records
    assert (record.enqueued_s, record.started_s, record.finished_s) == (0, 0.2505, 1.25075)
    assert (record.wait_s, record.latency_s) == (0.2505, 1.25075)
    assert (record.state, record.slot, record.attempts, record.worker) == (
        "completed",
        0,
        1,
        "7@here/1",
    )


def test_a_job_under_way_has_no_finish_yet():
    batch = told((0, "1", "waiting"), (5, "1", "active"), (9, "2", "waiting"), jobs=2)
    running, waiting = batch.result().records
    assert (running.state, running.wait_s) == ("active", 0.005)
    assert math.isnan(running.latency_s)
    assert waiting.state == "waiting"
    assert math.isnan(waiting.wait_s)
    assert batch.done == 0


def test_a_retried_job_keeps_its_first_start_and_says_how_often_it_ran():
    events = [
        (0, "1", "waiting"),
        (10, "1", "active", {"attempt": 1}),
        (20, "1", "failed", {"attempt": 1, "error": "no"}),
        (20, "1", "retrying", {"attempt": 1, "delay_ms": 100.0}),
        (120, "1", "active", {"attempt": 2}),
        (130, "1", "failed", {"attempt": 2, "error": "no again", "final": True}),
    ]
    batch = told(*events)
    (record,) = batch.result().records
    assert (record.started_s, record.finished_s, record.attempts) == (0.01, 0.13, 2)
    assert (record.state, record.error) == ("failed", "no again")
    assert batch.done == batch.result().failed == 1


def test_a_failure_that_is_not_final_leaves_the_job_undone():
    batch = told((0, "1", "waiting"), (1, "1", "active"), (2, "1", "failed"))
    assert batch.done == 0


@pytest.mark.parametrize("event", ["retrying", "returned", "stalled"])
def test_a_job_that_lost_its_worker_frees_its_slot(event):
    batch = told(
        (0, "1", "waiting"),
        (0, "2", "waiting"),
        (1, "1", "active"),
        (2, "1", event),
        (3, "2", "active"),
        (4, "1", "active"),
        jobs=2,
        max_jobs=2,
    )
    assert [record.slot for record in batch.result().records] == [1, 0]


def test_jobs_take_the_lowest_slot_that_is_free():
    result = spans((0, 30), (0, 10), (10, 20), (20, 40), max_jobs=2)
    assert [record.slot for record in result.records] == [0, 1, 1, 1]


def test_a_workers_own_events_are_no_jobs():
    batch = told((0, "", "ready"), (5, "1", "waiting"), (6, "", "error"))
    assert list(batch.records) == ["1"]
    assert batch.records["1"].enqueued_s == 0


# ---- figures -------------------------------------------------------------------------------------


def test_one_slot_runs_one_job_after_the_other():
    result = spans((0, 10), (10, 20), (20, 30))
    assert result.peak_concurrency == 1
    assert result.makespan_s == 0.03
    assert result.throughput_jobs_per_s == pytest.approx(100)
    assert result.wait_s == (0.0, 0.01, 0.02)
    assert result.latency_s == (0.01, 0.02, 0.03)


@pytest.mark.parametrize(
    ("times", "peak"),
    [
        ([(0, 10), (0, 10), (0, 10)], 3),
        ([(0, 10), (5, 15), (10, 20)], 2),
        ([(0, 10), (10, 20)], 1),
        ([(0, 10), (9.999, 20)], 2),
        ([(0, 100), (10, 20), (20, 30), (25, 35)], 3),
    ],
)
def test_the_peak_is_the_most_jobs_at_the_same_moment(times, peak):
    assert spans(*times).peak_concurrency == peak


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 1000)), min_size=1, max_size=20))
def test_the_peak_is_right_for_any_jobs(drawn):
    times = [(start, start + length) for start, length in drawn]
    brute = max(sum(start <= at < end for start, end in times) for at, _ in times)
    assert spans(*times).peak_concurrency == brute


def test_as_data_a_result_has_the_promised_keys_and_is_json():
    data = spans((0, 10), (10, 20)).to_dict()
    assert set(data) == KEYS
    assert {"wait_s", "latency_s", "started_s", "finished_s"} <= set(data["records"][0])
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_a_results_repr_is_worth_reading():
    assert " ".join(repr(spans((0, 1000), (1000, 2000))).split()) == (
        "BatchResult(jobs=2, max_jobs=1, seconds=1, makespan_s=2.000, ideal_s=2, "
        "throughput_jobs_per_s=1.00, peak_concurrency=1)"
    )


def test_the_clock_stands_still_when_all_has_ended():
    batch = told((0, "1", "waiting"), (5, "1", "active"), (1500, "1", "completed"))
    assert batch.now_s == 1.5
    assert Batch(1, 1, 1.0).now_s == 0


# ---- bad settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("jobs", value) for value in (0, -1, MAX_BATCH + 1, 1.0, "5", None, True)),
        *(("max_jobs", value) for value in (0, -1, 10**6, 2.5, "abc", None, True)),
        *(("seconds", value) for value in (-0.1, LONGEST_JOB_S + 1, math.nan, math.inf, "1", None)),
    ],
)
def test_a_number_that_makes_no_sense_is_refused_by_name(name, value):
    with pytest.raises(BadSetting) as caught:
        Batch(**({"jobs": 1, "max_jobs": 1, "seconds": 1.0} | {name: value}))
    assert str(caught.value).startswith(f"{name} is {value!r}, which cannot be used. Give a ")


@pytest.mark.parametrize(
    "settings", [(1, 1, 0), (MAX_BATCH, MAX_JOBS_LIMIT, LONGEST_JOB_S), (1, 1, 0.5)]
)
def test_numbers_at_the_edge_are_fine(settings):
    Batch(*settings)
