"""The chart of a hand-over shows what the data says, in ink and in words."""

import re

import pytest

from lessonkit.errors import BadSetting
from lessonkit.frames import Canvas
from lessonkit.outcomes import Handover, HandoverResult
from lessonkit.plots import describe_shutdown, draw_shutdown, handovers
from lessonkit.plots.handovers import outcomes_table
from lessonkit.plots.lanes import TEETH, bars_of
from lessonkit.plots.shutdown import LEFT_PX
from tests.handovers import CUT, KILLED, cut, early, kept, killed, result


@pytest.fixture
def canvas():
    return Canvas(430, 290)


@pytest.fixture
def ax(canvas):
    return canvas.blank(left=LEFT_PX)


def shapes(patch, corners=4):
    """Left, right and middle of each shape of a path, which has so many corners."""
    found = patch.get_path().vertices.reshape(-1, corners + 1, 2)
    return [
        (each[:, 0].min(), each[:, 0].max(), (each[:, 1].min() + each[:, 1].max()) / 2)
        for each in found
    ]


def texts(labels):
    return [label.get_text() for label in labels if label.get_visible()]


#: two corners on the left, and a tip, a notch, a tip … on the right
TORN = 2 + 2 * TEETH + 1


# ---- lanes and bars ------------------------------------------------------------------------------


def test_each_slot_of_each_worker_has_a_lane_of_its_own(ax):
    draw_shutdown(ax, cut())
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names == ["first, slot 1", "first, slot 2", "second, slot 1", "second, slot 2"]


def test_an_attempt_that_was_cut_off_is_torn_and_ends_where_it_was_cut(ax):
    chart = draw_shutdown(ax, cut())
    torn = shapes(chart.cut, TORN)
    assert torn == [(pytest.approx(0.8), pytest.approx(1.205), pytest.approx(n)) for n in (0, 1)]
    tips = chart.cut.get_path().vertices.reshape(-1, TORN + 1, 2)[0, 1:-2, 0]
    assert len(set(tips.round(6))) == 2  # a saw's edge
    assert len(shapes(chart.done)) == 5
    assert chart.cut.get_facecolor() != chart.done.get_facecolor()


def test_a_job_that_runs_again_says_so(ax):
    chart = draw_shutdown(ax, cut())
    assert texts(chart.labels) == ["1", "2", "3", "4", "3 again", "4 again", "5"]
    wide = draw_shutdown(Canvas(1200, 290).blank(), cut())
    assert texts(wide.labels)[2:4] == ["3 cut", "4 cut"]


def test_with_grace_nothing_is_torn(ax):
    chart = draw_shutdown(ax, kept())
    assert len(chart.cut.get_path().vertices) == 0
    assert len(shapes(chart.done)) == 5


def test_a_killed_workers_attempts_end_with_it_and_not_with_their_leases(ax):
    chart = draw_shutdown(ax, killed())
    assert [end for _, end, _ in shapes(chart.cut, TORN)] == [pytest.approx(1.2)] * 2
    assert "was killed" in texts(chart.absences)
    unknown = result(early(KILLED, 1.9), exit_code=-9, over=False, now_s=1.9)
    assert [bar.kind for bar in bars_of(unknown)] == ["done", "done", "cut", "cut", "running"]


# ---- the signal, and who is there ----------------------------------------------------------------


def test_the_signal_is_a_line_on_the_first_workers_lanes_and_is_named(ax):
    chart = draw_shutdown(ax, cut())
    assert list(chart.signal.get_xdata()) == [1.2, 1.2]
    assert max(chart.signal.get_ydata()) < 2  # the second worker's first lane is below
    assert {"SIGTERM 1.20 s", "left after 0.01 s"} <= {text.get_text() for text in ax.texts}
    assert "SIGKILL 1.20 s" in [
        text.get_text() for text in draw_shutdown(Canvas(430, 290).blank(), killed()).ax.texts
    ]


def test_no_label_is_struck_out_by_the_signal(canvas, ax):
    chart = draw_shutdown(ax, kept())
    canvas.png()
    renderer = canvas.figure.canvas.get_renderer()
    line = chart.signal.get_window_extent(renderer)
    for label in chart.labels:
        if label.get_visible():
            box = label.get_window_extent(renderer)
            assert box.x1 < line.x0 or box.x0 > line.x1, label.get_text()


def test_where_a_worker_is_not_there_its_lanes_are_grey(ax):
    chart = draw_shutdown(ax, kept())
    after, before = shapes(chart.away)
    assert after[:2] == (pytest.approx(1.61), pytest.approx(ax.get_xlim()[1]))
    assert before[:2] == (0, pytest.approx(2.0))
    assert texts(chart.absences) == ["has left", "not there yet"]


# ---- while it is under way -----------------------------------------------------------------------


def test_a_run_that_has_not_begun_has_lanes_and_nothing_in_them(canvas, ax):
    chart = draw_shutdown(ax, HandoverResult(Handover(grace_s=1.5)))
    canvas.animate(chart.moving)
    canvas.png()
    assert not texts(chart.labels)
    assert not chart.now.get_visible()
    assert texts(chart.absences) == ["not there yet"]


def test_update_shows_each_moment_and_says_when_what_stands_still_changed(canvas, ax):
    chart = draw_shutdown(ax, HandoverResult(Handover(grace_s=0)))
    canvas.animate(chart.moving)
    sending = result(early(CUT, 1.0), over=False, exit_code=None, signal_s=None, now_s=1.0)
    assert not chart.update(sending)
    assert [end for _, end, _ in shapes(chart.running)] == [pytest.approx(1.0)] * 2
    assert chart.now.get_visible()
    told = result(early(CUT, 1.201), over=False, exit_code=None, now_s=1.201)
    assert chart.update(told)  # the signal's name is new
    assert not chart.update(told)
    assert chart.update(cut(now_s=99))  # and here the axis had to grow
    assert ax.get_xlim()[1] > 99
    canvas.png()


# ---- words ---------------------------------------------------------------------------------------


def test_the_words_say_the_same_as_the_chart():
    words = describe_shutdown(cut())
    assert "max_jobs 2, grace 0 s" in words
    assert "SIGTERM at 1.20 s: the first worker left with exit code 0, 0.01 s after" in words
    assert re.search(r"email 3 from 0\.80 to 1\.2\d s, where it was cut off", words)
    assert "The second worker's slot 1 ran email 3 from 1.60 to 2.40 s, email 5 from 2.40" in words
    assert "cut off" not in describe_shutdown(kept())
    running = result(early(CUT, 1.0), over=False, exit_code=None, signal_s=None, now_s=1.0)
    assert "email 3 from 0.80 on" in describe_shutdown(running)


def test_the_table_says_what_each_worker_did_of_each_email():
    rows = re.findall(r"<tr>(.*?)</tr>", outcomes_table(cut()))
    cells = [re.findall(r"<td>(.*?)</td>", row) for row in rows[1:]]
    assert cells[0] == ["1", "0.80 s", "–", "1", "1", "finished"]
    assert cells[2][2:] == ["0.80 s", "2", "1", "went back"]
    assert cells[2][1].startswith("cut at 0.4")
    assert cells[4] == ["5", "–", "0.80 s", "1", "1", "waited"]
    assert "Nothing yet" in outcomes_table(HandoverResult(Handover()))


# ---- a figure for a cell -------------------------------------------------------------------------


def test_a_figure_has_a_chart_a_caption_and_a_table_for_each_run():
    html = handovers(cut(), kept(), said={0: "They are <lost>"})._repr_html_()
    alts = re.findall(r'<img class="lk-chart" alt="([^"]+)"', html)
    assert [alt.split(".")[0] for alt in alts] == [
        "Slots of two workers over time, max_jobs 2, grace 0 s",
        "Slots of two workers over time, max_jobs 2, grace 10 s",
    ]
    assert html.count("<figcaption>") == html.count("<table") == 2
    assert "You said: They are &lt;lost&gt;." in html
    assert html.count("You said") == 1


def test_outside_of_a_notebook_it_is_text():
    assert repr(handovers(cut())) == (
        "Grace 0 s: 2 finished by the first worker, 2 started twice, 1 waited for the second "
        "worker, 0 lost. The first worker left with exit code 0, 0.01 s after the signal."
    )


def test_nothing_to_show_says_what_to_give():
    with pytest.raises(BadSetting, match="one HandoverResult or more"):
        handovers()
