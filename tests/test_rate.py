"""How starts are counted, what a limit leaves, and what the exercise on it is told."""

import json

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessonkit import background
from lessonkit.batch import Batch, BatchResult, JobRecord
from lessonkit.checks import check_rate
from lessonkit.errors import BadSetting, ProcessDidNotStart
from lessonkit.processes import WorkerProcess, started
from lessonkit.rate import (
    busiest_window,
    limited_span_s,
    starts_in_the_last,
    starts_in_windows,
)
from workers.contract import NO_LIMIT, Limit

#: multiples of a quarter: sums and differences of them are exact
TIMES = st.lists(st.integers(0, 40).map(lambda n: n / 4), min_size=1, max_size=40)


# ---- counting ------------------------------------------------------------------------------------


def test_a_window_begins_with_its_first_start_and_ends_before_its_end():
    assert starts_in_windows([0.0, 0.5, 0.999, 1.0, 1.5], 1.0) == [3, 3, 3, 2, 1]
    assert busiest_window([0.0, 1.0, 2.0], 1.0) == (0.0, 1)
    assert busiest_window([]) == (0.0, 0)


def test_a_fixed_window_lets_almost_twice_as_many_through():
    begin_s, starts = busiest_window([0.0] + [0.98] * 9 + [1.0] * 10)
    assert (begin_s, starts) == (0.98, 19)


@given(TIMES, st.sampled_from([0.25, 1.0, 2.5]))
def test_no_window_anywhere_holds_more_than_the_busiest(times, window_s):
    most = busiest_window(times, window_s)
    anywhere = [begin / 8 for begin in range(-24, 96)]
    brute = [sum(begin <= time < begin + window_s for time in times) for begin in anywhere]
    assert most.starts == max(brute)
    assert sum(most.begin_s <= time < most.begin_s + window_s for time in times) == most.starts


@given(TIMES, st.sampled_from([0.25, 1.0, 2.5]))
def test_the_last_second_holds_what_the_windows_do(times, window_s):
    steps = starts_in_the_last(times, window_s)
    assert max(count for _, count in steps) == busiest_window(times, window_s).starts
    assert steps[-1] == (max(times) + window_s, 0)
    for at_s, count in steps:
        assert count == sum(at_s - window_s < time <= at_s for time in times)


@pytest.mark.parametrize(
    ("jobs", "limit", "span_s"),
    [(30, "10/1s", 2.0), (31, "10/1s", 3.0), (10, "10/1s", 0.0), (5, "1/0.5s", 2.0), (9, "off", 0)],
)
def test_a_limit_leaves_so_many_whole_windows_between_first_and_last(jobs, limit, span_s):
    assert limited_span_s(jobs, Limit.of(limit)) == span_s


# ---- limits in words -----------------------------------------------------------------------------


def test_a_limit_is_read_from_text():
    assert Limit.of("10/1s") == Limit.of("10/1") == Limit(10, 1.0)
    assert Limit.of("3/0.4s") == Limit(3, 0.4)
    assert Limit.of("1/.5s") == Limit(1, 0.5)
    assert Limit.of("off") == NO_LIMIT


@pytest.mark.parametrize(
    "text", ["", "10", "0/1s", "10/0s", "-1/1s", "1/nans", "1/1e3s", "1/99999s", "ten/1s", "10/1m"]
)
def test_a_text_that_is_no_limit_is_told_what_one_is(text):
    with pytest.raises(ValueError, match="10/1s, or off"):
        Limit.of(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("limit", value) for value in ("10", "0/1s", 10, None, "10/1m", "")),
        *(("workers", value) for value in (0, -1, 9, 1.0, "2", True)),
    ],
)
def test_a_batch_refuses_workers_and_limits_that_make_no_sense(name, value):
    with pytest.raises(BadSetting) as caught:
        Batch(1, 1, 1.0, **{name: value})
    assert str(caught.value).startswith(f"{name} is {value!r}, which cannot be used. Give ")


# ---- runs of several workers ---------------------------------------------------------------------


async def test_two_workers_run_a_batch_under_one_limit(lab):
    result = await lab.run(jobs=16, seconds=0.05, max_jobs=2, workers=2, limit="8/0.5s")
    assert busiest_window(result.starts_s, 0.5).starts <= 8
    assert result.makespan_s >= limited_span_s(16, Limit.of("8/0.5s"))
    assert len(result.pids) == 2
    assert result.peak_concurrency <= result.slots == 4
    assert result.ideal_s == 4 * 0.05
    assert {record.slot for record in result.records} <= {0, 1, 2, 3}
    assert "workers=2, limit='8/0.5s'" in repr(result)
    for line in lab.output.splitlines():
        first, _, said = line.partition(" ")
        assert int(first) in result.pids
        assert said
    assert not set(result.pids) & set(psutil.pids())


async def test_new_settings_leave_the_json_as_promised(lab):
    plain = await lab.run(jobs=1, seconds=0, max_jobs=1)
    other = await lab.run(jobs=1, seconds=0, max_jobs=1, workers=2, limit="5/1s")
    assert plain.to_dict().keys() == other.to_dict().keys()
    assert plain.to_dict()["records"][0].keys() == other.to_dict()["records"][0].keys()
    assert json.dumps(other.to_dict(), allow_nan=False)


async def test_when_one_of_several_does_not_start_none_is_left(lab):
    async def start():
        async with lab.own_queue() as (queue, url):
            good, bad = (WorkerProcess(queue, url, max_jobs=slots) for slots in (1, 0))
            with pytest.raises(ProcessDidNotStart):
                async with started([good, bad]):
                    pass
            return good.running or bad.running

    assert not await background.join(start())


async def test_a_bad_limit_is_refused_before_anything_starts(lab):
    with pytest.raises(BadSetting, match="limit is '10 a second'"):
        await lab.run(limit="10 a second")
    assert lab.output == ""


# ---- the exercise --------------------------------------------------------------------------------


def run(limit="5/1s", workers=2, max_jobs=3, seconds=0.05, jobs=11):
    """What a perfect worker would do: start when there is a slot and the limit allows it."""
    known, starts = Limit.of(limit), []
    for number in range(jobs):
        slot = starts[-workers * max_jobs] + seconds if number >= workers * max_jobs else 0.0
        window = starts[-known.max] + 1.01 * known.per_s if 0 < known.max <= number else 0.0
        starts.append(max(slot, window))
    records = [JobRecord(str(n), 0.0, start, start + seconds) for n, start in enumerate(starts)]
    return BatchResult(jobs, max_jobs, seconds, tuple(records), workers, limit)


def verdict(limit="5/1s", workers=2, max_jobs=3, **other):
    both = (run(limit, workers, max_jobs, seconds) for seconds in (0.05, 0.7))
    runs = dict(zip(("quick", "slow"), both, strict=True)) | other
    return check_rate((limit, workers, max_jobs), **runs)


@pytest.mark.parametrize(
    "settings", [("5/1s", 2, 3), ("5/1s", 1, 5), ("5/1s", 3, 10), ("1/0.2s", 1, 4), ("4/1s", 1, 9)]
)
def test_settings_of_04_that_keep_the_rule_and_use_it_pass(settings):
    said = verdict(*settings)
    assert said.status == "passed", said
    assert said.unchecked


WRONG = [
    (("off", 1, 5), "max_jobs = 5 is how many a worker sends at the same moment"),
    (("off", 1, 1), "could start 1.4"),
    (("10/1s", 2, 5), "5 for each of 2 workers"),
    (("15/1s", 3, 5), "5 for each of 3 workers"),
    (("10/1s", 1, 5), "lets more through"),
    (("6/1s", 2, 5), "lets more through"),
    (("10/2s", 1, 9), "lets more through"),
    (("2/1s", 2, 5), "need not be divided"),
    (("3/1s", 2, 5), "need not be divided"),
    (("1/1s", 1, 5), "itself is far below"),
    (("5/2s", 2, 5), "itself is far below"),
    (("5/1s", 1, 1), "one slot can start no more than 1.4 a second"),
    (("5/1s", 2, 1), "2 slots can start no more than 2.9 a second"),
]


@pytest.mark.parametrize(("settings", "why"), WRONG, ids=[str(answer) for answer, _ in WRONG])
def test_settings_of_04_that_do_not_are_told_why(settings, why):
    said = verdict(*settings)
    assert said.status == "not yet"
    assert why in said.why


def test_04_says_what_is_missing_or_mixed_up():
    assert check_rate((..., ..., ...), None, None).status == "not attempted"
    for said, why in [
        (check_rate(("5/1s", ..., 3), None, None), "still missing"),
        (check_rate(("5/1s", 2, 3), None, None), "`quick` has not been run"),
        (verdict(slow=None), "`slow` has not been run"),
        (verdict(quick="5 s"), "is str, not a result"),
        (verdict(quick=run(jobs=5)), "the exercise is about 11"),
        (verdict(slow=run(max_jobs=5, seconds=0.7)), "different settings"),
    ]:
        assert said.status == "not yet"
        assert why in said.why


def test_a_machine_that_was_too_busy_is_no_fault_of_the_settings():
    late = run()
    records = [
        JobRecord(each.id, 0.0, each.started_s * 2, each.finished_s * 2) for each in late.records
    ]
    slow = BatchResult(11, 3, 0.05, tuple(records), 2, "5/1s")
    assert "the machine was busy" in verdict(quick=slow).why
