"""The panels of a launch day show what the data says, in ink and in words."""

import math

import pytest

from lessonkit.attempts import Ending
from lessonkit.errors import BadSetting
from lessonkit.fleet import batch_of
from lessonkit.frames import Canvas
from lessonkit.plots import describe_backlog, draw_backlog, panels
from lessonkit.plots.fleet import describe_fleet, describe_waits, draw_fleet, draw_waits
from lessonkit.result import JobRecord
from tests.test_fleet import KILLED, SHORT, attempt, record, result

RECORDS = [record(n) for n in range(1, 21)]
CUT = attempt(1, 0.1, KILLED, ended_s=2.9, ending=Ending.STALLED)
AGAIN = attempt(1, 2.9, ended_s=3.0, number=2)
DAY = result(
    RECORDS,
    [CUT, AGAIN, *(attempt(n, 0.1 * n, ended_s=0.1 * n + 0.1) for n in range(2, 21))],
    killed_pid=7,
    killed_s=0.15,
)


@pytest.fixture
def ax():
    return Canvas(430, 290).blank()


def test_each_attempt_is_a_bar_and_the_kill_cuts_one_off(ax):
    first, again, cut, *_ = draw_fleet(ax, DAY)
    bars = [len(each.get_path().vertices) // 5 for each in (first, again, cut)]
    assert bars == [19, 1, 1]
    assert cut.get_path().vertices[:, 0].max() == 0.15
    words = describe_fleet(DAY)
    assert "until it was killed at 0.1 s" in words or "until it was killed at 0.2 s" in words
    assert "cut off 1; 1 were sent by another process" in words


def test_between_arrived_and_sent_lies_what_is_in_the_queue(ax):
    chart = draw_backlog(ax, DAY)
    assert chart.arrived.get_ydata()[-1] == chart.sent.get_ydata()[-1] == 20
    assert "20 of 20 arrived, 20 were sent" in describe_backlog(DAY)


def test_a_day_under_way_shows_what_is_known_of_it(ax):
    batch = batch_of(SHORT, 2, 2, "off")
    chart = draw_backlog(ax, batch, end_s=2.0)
    batch.records = {"1": record(1), "2": JobRecord("2", 0.1)}
    chart.update(batch)
    assert max(chart.arrived.get_ydata()) == 2
    assert max(chart.sent.get_ydata()) == 1
    assert "2 of 24 arrived, 1 were sent" in describe_backlog(batch)


def test_waits_are_marked_at_95_percent(ax):
    texts = {text.get_text() for text in draw_waits(ax, DAY) if hasattr(text, "get_text")}
    assert {"95 %: 0.10 s", "target 0.8 s"} <= texts
    assert "20 of 20 started within the target of 0.8 s" in describe_waits(DAY)


def test_a_fleet_that_never_reaches_95_percent_says_so(ax):
    day = result([record(1), JobRecord("2", 0.1)])
    texts = {text.get_text() for text in draw_waits(ax, day) if hasattr(text, "get_text")}
    assert math.isinf(day.wait_95_s)
    assert "never reaches 95 %" in texts
    assert "fewer than 95 % ever started" in describe_waits(day)


def test_the_panels_are_four_pictures_with_words_and_a_table():
    html = panels(DAY, sent=7)._repr_html_()
    assert html.count("<img") == html.count('alt="') == 4
    assert "you said 7" in html
    assert html.count("✓ met") == 4


def test_panels_of_something_else_are_refused():
    with pytest.raises(BadSetting):
        panels("a day")
