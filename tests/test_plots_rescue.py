"""The charts of a rescue show what the data says, in ink and in words."""

import itertools
import re
import signal

import pytest

from lessonkit.errors import BadSetting
from lessonkit.frames import Canvas
from lessonkit.plots import against_others, describe_rescue, draw_rescue, rescued
from lessonkit.plots.held import lease_line
from lessonkit.plots.rescue import LEFT_PX
from lessonkit.plots.rescues import attempts_table
from lessonkit.plots.takeover import LEFT_PX as NAMES_PX
from lessonkit.plots.takeover import draw_take_overs
from lessonkit.rescues import Drill, RescueResult
from lessonkit.takeover import take_overs
from tests.handovers import events
from tests.rescues import ADDED, FIRST, HELD, KILLED, alone, asked, early, killed, result


@pytest.fixture
def canvas():
    return Canvas(520, 310)


@pytest.fixture
def ax(canvas):
    return canvas.blank(left=LEFT_PX)


def texts(labels):
    return [label.get_text() for label in labels if label.get_visible()]


def spans(patch):
    """From when to when the shapes of a path reach, all together; None where there are none."""
    xs = patch.get_path().vertices[:, 0] if len(patch.get_path().vertices) else None
    return None if xs is None else (xs.min(), xs.max())


# ---- workers and the lease -----------------------------------------------------------------------


def test_each_worker_has_a_lane_and_the_lease_one_below(ax):
    draw_rescue(ax, killed())
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names == ["process 11", "process 22", "3 s left", "0 s"]
    ticks = list(ax.get_yticks())
    assert ticks == sorted(ticks)


def test_the_attempt_of_the_killed_worker_is_torn_where_it_was_killed(ax):
    chart = draw_rescue(ax, killed())
    assert spans(chart.cut) == (0, pytest.approx(1.2))
    assert spans(chart.done) == (pytest.approx(4.0), pytest.approx(5.5))
    assert texts(chart.absences) == ["was killed"]
    assert texts(draw_rescue(Canvas(520, 310).blank(), asked()).absences) == ["has left"]
    assert texts(chart.labels) == ["email", "again"]


def test_the_lease_is_full_at_each_renewal_and_runs_out_after_the_kill():
    line = lease_line(killed())
    teeth = [x for (x, a), (_, b) in itertools.pairwise(line) if b > a]
    assert teeth == [pytest.approx(1.0), pytest.approx(4.0)]
    assert min(left_s for x, left_s in line if x <= 1) == pytest.approx(2.0, abs=0.01)
    assert min(left_s for x, left_s in line if 1 < x < 4.1) == pytest.approx(0.0, abs=0.01)
    assert line[-1] == (pytest.approx(5.5), 0)  # it ends with the job
    assert lease_line(alone()) == []


def test_what_nobody_sends_is_hatched(ax):
    chart = draw_rescue(ax, killed())
    left, right = spans(chart.orphaned)
    assert 1.2 <= left < 1.5
    assert right == pytest.approx(4.0)
    assert chart.orphaned.get_hatch()
    assert not chart.held.get_hatch()


def test_signal_rescue_stall_and_prediction_are_named(ax):
    chart = draw_rescue(ax, killed(), said_s=5)
    assert {"SIGKILL 1.20 s", "2.80 s later", "◆ you said 5 s"} <= set(texts(ax.texts))
    (stall,) = [text for text in chart.stalls if text.get_visible()]
    assert stall.get_position()[0] == pytest.approx(4.0)
    assert ax.get_xlim()[1] > 6.2  # the prediction counts from the kill
    assert list(chart.kills.get_xdata())[:2] == [1.2, 1.2]
    assert set(chart.kills.get_ydata()[:2]) == {-0.5, 0.5}


def test_a_worker_that_slept_is_back_when_it_was_refused(ax):
    chart = draw_rescue(ax, killed(signum=signal.SIGSTOP, refusals_s=(5.55,)))
    assert spans(chart.away) == (pytest.approx(1.2), pytest.approx(5.55))
    assert texts(chart.absences) == ["sleeps"]


def test_an_email_that_failed_is_crossed_out(ax):
    told = events(*ADDED, HELD, (3.0, "failed", "1", FIRST, 1))
    chart = draw_rescue(ax, result(told, error="lost"))
    assert (list(chart.failures.get_xdata()), list(chart.failures.get_ydata())) == ([3.0], [0])


def test_a_drill_that_has_not_begun_has_lanes_and_nothing_in_them(canvas, ax):
    chart = draw_rescue(ax, RescueResult(Drill(workers=3)))
    canvas.animate(chart.moving)
    canvas.png()
    assert texts(chart.labels) == texts(chart.absences) == texts(chart.stalls) == []
    assert not chart.now.get_visible()
    assert ax.get_yticklabels()[2].get_text() == "worker 3"


def test_update_shows_each_moment_and_says_when_what_stands_still_changed(canvas, ax):
    chart = draw_rescue(ax, RescueResult(Drill()))
    canvas.animate(chart.moving)
    sending = killed(told=early(KILLED, 1.0), kills=[], over=False, now_s=1.0)
    assert chart.update(sending)  # the lanes have names now
    assert not chart.update(sending)
    assert spans(chart.running) == (0, pytest.approx(1.0))
    waiting = killed(told=early(KILLED, 3.9), over=False, now_s=3.0)
    assert chart.update(waiting)  # the signal's name is new
    assert not chart.update(waiting)
    assert chart.now.get_visible()
    assert spans(chart.running) is None
    assert chart.update(killed(now_s=99))  # and here the axis had to grow
    assert ax.get_xlim()[1] > 99
    canvas.png()


def test_the_words_say_the_same_as_the_chart():
    words = describe_rescue(killed())
    assert "2 workers over time, one email of 1.5 s" in words
    assert "Process 11 had the email from 0.00 to 1.20 s." in words
    assert "SIGKILL to process 11 at 1.20 s, when 2.80 s of its lease were left." in words
    assert "Process 22 began 2.80 s after that." in words
    assert "from 0.00 on" in describe_rescue(killed(told=early(KILLED, 1), kills=[], over=False))


def test_the_table_has_a_row_for_each_attempt():
    rows = re.findall(r"<tr>(.*?)</tr>", attempts_table(killed()))
    cells = [re.findall(r"<td>(.*?)</td>", row) for row in rows[1:]]
    assert cells == [
        ["1", "11", "0.00 s", "1.20 s", "SIGKILL"],
        ["2", "22", "4.00 s", "1.50 s", "completed"],
    ]
    assert "Nothing yet" in attempts_table(RescueResult(Drill()))


# ---- here and elsewhere --------------------------------------------------------------------------


def test_each_has_a_bar_from_the_soonest_to_the_latest():
    ax = Canvas(520, 230).blank(left=NAMES_PX)
    draw_take_overs(ax, measured_s=2.79, said_s=5)
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches]
    assert bars == [(each.soonest_s, each.latest_s) for each in take_overs()]
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names == [each.name for each in take_overs()]
    assert {"2 to 3 s", "15 to 60 s", "10 to 310 s"} <= set(texts(ax.texts))
    above = {text for other in ax.figure.axes for text in texts(other.texts)}
    assert {"measured 2.79 s", "◆ you said 5 s"} <= above


def test_a_prediction_beyond_the_scale_stands_at_its_edge():
    ax = Canvas(520, 230).blank(left=NAMES_PX)
    draw_take_overs(ax, said_s=0)
    assert ax.lines[-1].get_xdata()[0] == ax.get_xlim()[0]


# ---- figures for a cell --------------------------------------------------------------------------


def test_a_figure_has_a_chart_with_its_words_a_caption_and_a_table():
    html = rescued(killed(), said_s=5, said_who="Nobody: it is <lost>")._repr_html_()
    assert 'alt="2 workers over time' in html
    assert "You said: Nobody: it is &lt;lost&gt;." in html
    assert "It took 2.80 s until another worker began; you said 5 s." in html
    assert html.count("<figcaption>") == html.count("<table") == 1


def test_the_times_of_others_stand_with_their_sources():
    html = against_others(killed(), said_s=5)._repr_html_()
    assert html.count('<a href="https://') == 2
    assert "Measured here: 2.80 s. You said 5 s." in html
    assert "Measured" not in repr(against_others(alone()))


def test_outside_of_a_notebook_it_is_text():
    assert repr(rescued(killed())) == (
        "Process 22 sent it, in attempt 2.\n"
        "SIGKILL to process 11 at 1.20 s, with 2.80 s of its lease left.\n"
        "It took 2.80 s until another worker began."
    )
    assert "BullMQ, 15 to 60 s" in repr(against_others(killed()))


@pytest.mark.parametrize("show", [rescued, against_others])
def test_what_is_no_rescue_is_refused(show):
    with pytest.raises(BadSetting, match="a RescueResult"):
        show("killed")
