"""The charts of waits and of a flow: what is drawn is what was measured; and the same in words."""

import math

import pytest
from matplotlib.colors import to_hex

import lessonkit
from lessonkit.arrivals import Arrivals, ArrivalsResult
from lessonkit.batch import JobRecord
from lessonkit.errors import BadSetting
from lessonkit.flow import KEPT_S, Flow, Setting
from lessonkit.frames import Canvas
from lessonkit.plots import (
    color_of,
    describe_queue,
    describe_throughput,
    describe_waiting,
    describe_waits,
    draw_queue,
    draw_throughput,
    draw_waiting,
    draw_waits,
)
from lessonkit.plots.flow import MARKS
from lessonkit.queueing import waits_s
from tests.test_flow import SETTING, ZERO_MS, note, tell
from workers.contract import Event


def modelled(max_jobs, jobs=150, service="exponential", rate_per_s=44, seed=673, limit="off"):
    """What a worker without any time of its own would measure."""
    asked = Arrivals(rate_per_s, 0.05, jobs, seed, service)
    plan = asked.plan()
    arrivals_s = [each.at_s - plan[0].at_s for each in plan]
    waits = waits_s(arrivals_s, [each.seconds for each in plan], max_jobs)
    records = tuple(
        JobRecord(str(number), at_s, at_s + wait_s, at_s + wait_s + each.seconds, 0, "completed", 1)
        for number, (at_s, wait_s, each) in enumerate(zip(arrivals_s, waits, plan, strict=True), 1)
    )
    return ArrivalsResult(jobs, max_jobs, 0.05, records, asked=asked, limit=limit)


@pytest.fixture(scope="module")
def runs():
    return [modelled(max_jobs) for max_jobs in (3, 4, 5)]


@pytest.fixture
def ax():
    return Canvas(430, 290).blank()


# ---- waits ---------------------------------------------------------------------------------------


def test_each_run_has_its_mark_at_its_mean_wait_in_the_colour_of_max_jobs(ax, runs):
    chart = draw_waits(ax, runs, [None] * 3)
    for line, run in zip(chart.measured, runs, strict=True):
        assert line.get_xdata() == [run.slots]
        assert line.get_ydata() == [run.mean_wait_s * 1000]
        assert to_hex(line.get_color()) == color_of(run.max_jobs).lower()
    assert list(chart.predicted.get_xdata()) == [3, 4, 5]
    predicted_ms = [run.predicted_wait_s * 1000 for run in runs]
    assert list(chart.predicted.get_ydata()) == pytest.approx(predicted_ms)
    assert ax.get_ylim()[1] >= max(line.get_ydata()[0] for line in chart.measured)


def test_the_bar_is_the_band_of_chance(ax, runs):
    bands = [run.chance_band() for run in runs]
    chart = draw_waits(ax, runs, bands)
    for box, band in zip(chart.bands, bands, strict=True):
        assert box.get_y() == pytest.approx(band.low_s * 1000)
        assert box.get_y() + box.get_height() == pytest.approx(band.high_s * 1000)


def test_a_prediction_is_marked_and_has_room(ax, runs):
    draw_waits(ax, runs, [None] * 3, predictions_ms={3: 500.0})
    assert "you said 500 ◆" in [text.get_text() for text in ax.texts]
    assert ax.get_ylim()[1] > 500


def test_a_run_without_a_steady_state_has_no_mark(ax, runs):
    full = modelled(2)
    chart = draw_waits(ax, [runs[0], full], [None, None])
    assert len(chart.measured) == 1
    alone = draw_waits(Canvas(430, 290).blank(), [full], [None])
    assert alone.measured == []


def test_fixed_times_have_an_open_mark_beside_the_others(ax, runs):
    fixed = modelled(3, service="fixed")
    exponential_mark, fixed_mark = draw_waits(ax, [runs[0], fixed], [None, None]).measured
    assert fixed_mark.get_xdata()[0] > exponential_mark.get_xdata()[0]
    assert fixed_mark.get_markerfacecolor() == "white"


def test_the_longest_queue_is_drawn_first_and_each_is_named(ax, runs):
    chart = draw_waiting(ax, runs)
    highest = [area.get_paths()[0].vertices[:, 1].max() for area in chart.areas]
    assert highest == sorted(highest, reverse=True)
    names = [text.get_text() for text in ax.texts]
    assert all(any(name.startswith(f"at {each}:") for name in names) for each in (3, 4, 5))


def test_the_words_are_about_the_same_numbers(runs):
    words = describe_waits(runs, [run.chance_band() for run in runs])
    assert f"3 slots, exponential times: {runs[0].mean_wait_s * 1000:.1f} ms measured" in words
    most = max(count for _, count in runs[0].waiting)
    assert f"max_jobs 3, exponential times: up to {most}" in describe_waiting(runs)


def test_the_figure_has_alternatives_a_table_and_what_was_said(runs):
    figure = lessonkit.compare_waits(*runs, modelled(2), predictions={3: 20, 4: None})
    html = figure._repr_html_()
    assert html.count("<img") == html.count("alt=") == 2
    assert html.count("<tr>") == 1 + 4
    three, *_, full = figure.facts
    assert "You said 20 ms" in three
    assert "side what chance alone does" in three
    assert "there is no mean wait to predict" in full
    assert repr(figure) == "\n".join(figure.facts)


def test_no_band_is_promised_where_the_model_does_not_hold(runs):
    fixed, limited = modelled(3, service="fixed"), modelled(3, limit="10/1s")
    figure = lessonkit.compare_waits(runs[0], fixed, limited, modelled(2))
    assert [band is None for band in figure.bands] == [False, True, True, True]
    assert "a formula that is not about fixed times" in figure.facts[1]
    assert "a formula that is not about a rate limit" in figure.facts[2]


@pytest.mark.parametrize("wrong", [[], [42], [modelled(3, jobs=1)]])
def test_what_is_no_result_of_arrive_is_refused(wrong):
    with pytest.raises(BadSetting, match="one result of `arrive` or more"):
        lessonkit.compare_waits(*wrong)


# ---- a flow --------------------------------------------------------------------------------------


@pytest.fixture
def flow():
    """Ten emails a second for ten seconds, and two slots of which one is closed after five."""
    flow = Flow(Setting(10, 2, 0.1), ZERO_MS)
    for number in range(100):
        tell(flow, number / 10, Event.WAITING, str(number))
        tell(flow, number / 10, Event.ACTIVE, str(number))
        tell(flow, number / 10 + 0.05, Event.COMPLETED, str(number))
        if number % 2:
            note(flow, number / 10 + 0.06, Setting(10, 2 if number < 50 else 1, 0.1))
    return flow


def test_throughput_is_drawn_in_the_colour_of_the_max_jobs_of_its_time(ax, flow):
    chart = draw_throughput(ax, flow)
    colors = [to_hex(color) for color in chart.colored.get_colors()]
    assert {colors[0], colors[-1]} == {color_of(2).lower(), color_of(1).lower()}
    last = chart.colored.get_segments()[-1]
    assert last[-1][0] == 0, "now is at the right end"
    assert last[-1][1] == pytest.approx(10, rel=0.1)
    capacity, arriving = chart.lines
    assert (capacity.get_ydata()[0], capacity.get_ydata()[-1]) == (20, 10)
    assert set(arriving.get_ydata()) == {10}
    assert ax.get_xlim() == (-KEPT_S, 0)


def test_a_change_is_marked_where_it_was_made(ax, flow):
    chart = draw_throughput(ax, flow)
    ((line, text),) = [mark for mark in chart.marks if mark[0].get_visible()]
    assert text.get_text().strip() == "max_jobs 1"
    assert line.get_xdata()[0] == pytest.approx(flow.changes[0][0] - flow.now.at_s)
    for number in range(20):
        note(flow, 11 + number / 10, Setting(10, number % 2 + 1, 0.1))
    chart.update(flow)
    assert sum(line.get_visible() for line, _ in chart.marks) == MARKS


def test_the_axis_grows_at_once_and_shrinks_when_far_less_is_left(ax, flow):
    chart = draw_queue(ax, flow)
    low = ax.get_ylim()[1]
    for number in range(500):
        tell(flow, 20, Event.WAITING, f"more {number}")
    note(flow, 20)
    assert chart.update(flow), "what stands still has changed: the axis"
    assert ax.get_ylim()[1] > 500
    assert not chart.update(flow), "and then it stays"
    for number in range(500):
        tell(flow, 21, Event.ACTIVE, f"more {number}")
        tell(flow, 21, Event.COMPLETED, f"more {number}")
    for second in range(400):
        note(flow, 21 + second / 5)
    assert chart.update(flow)
    assert ax.get_ylim()[1] == low


def test_the_words_of_a_flow_are_about_the_same_numbers(flow):
    words = describe_throughput(flow)
    assert "at max_jobs 1 the capacity is 10.0" in words
    assert f"changed to 1 {flow.now.at_s - flow.changes[0][0]:.0f} s ago" in words
    assert "0 wait and 0 run now" in describe_queue(flow)


def test_an_empty_flow_is_drawn_as_well(ax):
    flow = Flow(SETTING, 0.0)
    draw_throughput(ax, flow)
    draw_queue(Canvas(430, 290).blank(), flow)
    assert math.isnan(flow.recent().mean_wait_s)
