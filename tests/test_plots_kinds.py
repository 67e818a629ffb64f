"""The charts of kinds of work show what the data says, in ink and in words."""

import re

import pytest

from lessonkit.errors import BadSetting
from lessonkit.frames import Canvas
from lessonkit.plots import (
    describe_lags,
    describe_speed_ups,
    draw_lags,
    draw_speed_ups,
    kinds_of_work,
)
from lessonkit.plots.speed import LEFT_PX
from tests.kinds import run, speed_ups


@pytest.fixture
def ax():
    return Canvas(430, 290).blank(left=LEFT_PX)


def texts(ax):
    return [text.get_text() for text in ax.texts if text.get_visible()]


def names(ax):
    return [tick.get_text() for tick in ax.get_yticklabels()]


def test_a_bar_is_as_long_as_its_speed_up_and_says_so(ax):
    chart = draw_speed_ups(ax, speed_ups(("call", "loop"), ("photo", "thread")))
    assert [bar.get_width() for bar in chart.bars] == pytest.approx([4.9, 1.0])
    assert names(ax) == ["call, loop", "photo, thread"]
    assert {"4.9×", "1.0×", "ideal 5×", "2 cores"} <= set(texts(ax))


def test_places_differ_in_colour_and_in_hatch(ax):
    kinds = [("photo", where) for where in ("loop", "thread", "process")]
    bars = draw_speed_ups(ax, speed_ups(*kinds)).bars
    assert len({bar.get_facecolor() for bar in bars}) == 3
    assert len({bar.get_hatch() for bar in bars}) == 3


def test_a_kind_that_failed_has_no_bar_and_says_so(ax):
    chart = draw_speed_ups(ax, speed_ups(("call", "thread")))
    assert chart.bars[0].get_width() == 0
    assert "5 failed" in texts(ax)


def test_a_prediction_and_a_speed_up_above_the_ideal_have_room(ax):
    draw_speed_ups(ax, speed_ups(("call", "loop"), speed_up=5.6), prediction=6.0)
    assert ax.get_xlim()[1] > 6.0
    assert "◆ you said 6×" in texts(ax)


def test_no_line_for_cores_where_there_are_more_than_jobs(ax):
    draw_speed_ups(ax, speed_ups(("call", "loop"), cores=16))
    assert not any("cores" in text for text in texts(ax))


def test_a_tooth_ends_when_the_loop_woke_and_is_as_high_as_it_was_late(ax):
    chart = draw_lags(ax, [run(late_ms=485), run(("call", "loop"), late_ms=97)])
    late, less = (patch.get_path().vertices.reshape(-1, 4, 2)[-1] for patch in chart.teeth)
    assert late[:, 0].min() == pytest.approx(0.016)
    assert late[:, 0].max() == pytest.approx(0.501)
    heights = [tooth[:, 1].max() - tooth[:, 1].min() for tooth in (late, less)]
    assert heights[0] == pytest.approx(5 * heights[1])
    assert {"485 ms late", "97 ms late"} <= set(texts(ax))


def test_a_row_of_a_live_chart_grows_with_its_run(ax):
    chart = draw_lags(ax, [run(took_s=0.3)])
    assert chart.update(run(took_s=3.0, late_ms=2990))
    assert ax.get_xlim()[1] > 3.0
    assert "2990 ms late" in texts(ax)
    assert not chart.update(run(took_s=3.0, late_ms=2990))


def test_the_charts_in_words():
    both = speed_ups(("photo", "loop"), ("call", "thread"))
    assert "photo, loop: 1.0×. call, thread: 5 failed." in describe_speed_ups(both)
    words = describe_lags([each.many for each in both])
    assert "photo, loop: at most 485 ms, from 0.02 to 0.50 s." in words


def test_the_figure_has_a_text_for_each_picture_and_the_table():
    figure = kinds_of_work(speed_ups(), said=5, slots_of=("photo", "loop"))
    html = figure._repr_html_()
    alts = re.findall(r'alt="([^"]+)"', html)
    assert len(alts) == 3
    assert "The prediction was 5×." in alts[0]
    assert "job 1 from 0.00 to 0.50 s" in alts[2]
    assert html.count("<tr") == 1 + len(speed_ups())
    assert "You said 5×" in repr(figure)


def test_the_figure_says_that_the_machine_was_busy():
    assert "was busy" in repr(kinds_of_work(speed_ups(("photo", "loop"), share=0.3)))


def test_what_is_no_result_is_refused():
    with pytest.raises(BadSetting, match=r"await lessonkit\.measure_speed_ups"):
        kinds_of_work(None)
