"""A timeline shows what the events say, in ink, in words and as a table."""

import re

import pytest

from lessonkit.errors import BadSetting
from lessonkit.events import QueueEvent
from lessonkit.frames import Canvas
from lessonkit.plots import describe_timeline, draw_timeline, timeline
from lessonkit.plots.rows import rows_of
from lessonkit.server import Outage
from workers.contract import Event

ZERO_MS = 1_700_000_000_000.0


def at(ms, event, job="", **fields):
    return QueueEvent(f"{ms}-0", Event(event), ZERO_MS + ms, job, queue="email", **fields)


def refused_once():
    return [
        at(0, "waiting", "1"),
        at(2, "active", "1", attempt=1),
        at(200, "failed", "1", attempt=1, error="Refused: <busy>"),
        at(200, "retrying", "1", attempt=1, delay_ms=200.0),
        at(401, "active", "1", attempt=2),
        at(600, "completed", "1", attempt=2),
    ]


def lost():
    return [
        at(0, "waiting", "2"),
        at(300, "active", "2", attempt=1),
        at(500, "failed", "2", attempt=1, error="no $x$", final=True),
    ]


def under_way():
    return [at(0, "waiting", "3"), at(100, "active", "3", attempt=1)]


OUTAGE = Outage(1, 2, ZERO_MS + 250, ZERO_MS + 1250)


def drawn(events, **options):
    options = {"zero_ms": ZERO_MS, "start_s": 0.0, "end_s": 2.0} | options
    ax = Canvas(560, 300).blank(left=92, top=24)
    return draw_timeline(ax, rows_of(events), **options)


def labels(chart):
    return [text.get_text() for text in chart.ax.texts if text.get_text()]


def marks(chart):
    """Each mark's shape, time and row."""
    return [
        (line.get_marker(), line.get_xdata()[0], line.get_ydata()[0])
        for line in chart.ax.lines
        if line.get_marker() != "None"
    ]


def bars(chart):
    return [
        tuple(line.get_xdata())
        for line in chart.ax.lines
        if line.get_marker() == "None" and line.get_linewidth() > 5
    ]


def test_a_mark_an_event_at_its_time_in_its_row():
    chart = drawn(refused_once() + lost())
    found = marks(chart)
    assert len(found) == 9
    assert ("X", pytest.approx(0.2), 0) in found
    assert ("X", pytest.approx(0.5), 1) in found
    assert [tick.get_text() for tick in chart.ax.get_yticklabels()] == ["email 1", "email 2"]


def test_a_bar_is_the_time_in_which_a_worker_had_the_job():
    assert bars(drawn(refused_once())) == [
        (pytest.approx(0.002), pytest.approx(0.2)),
        (pytest.approx(0.401), pytest.approx(0.6)),
    ]


def test_every_label_is_there_and_says_which_attempt_and_whether_it_was_the_last():
    assert labels(drawn(refused_once(), end_s=0.7)) == [
        "completed",
        "waiting, active",
        "failed (1), retrying",
        "active (2)",
    ]
    assert "failed (1, final)" in labels(drawn(lost()))


def test_labels_do_not_overlap_and_how_it_ended_is_the_last_to_be_left_out():
    chart = drawn(refused_once(), end_s=30)
    assert labels(chart)[0] == "waiting, active, failed (1), retrying, active (2), completed"
    crowd = [at(5 * n, "progress", "1", progress=n) for n in range(100)]
    chart = drawn([*crowd, at(500, "completed", "1")], end_s=1.0)
    boxes = [text.get_window_extent() for text in chart.ax.texts if text.get_text()]
    assert any("completed" in label for label in labels(chart))
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[:n])


def test_what_goes_on_grows_under_its_marks():
    chart = drawn(under_way(), now_s=1.0)
    chart.update(1.5)
    assert bars(chart) == [(pytest.approx(0.1), 1.5)]
    line, *on_top = chart.moving
    assert line is chart.going[0][0]
    assert len(on_top) == 2


def test_what_has_ended_stands_still():
    assert drawn(refused_once()).moving == ()


def test_workers_have_a_row_for_their_trouble_but_not_for_being_there():
    assert [row.name for row in rows_of([at(0, "ready"), *lost()])] == ["email 2"]
    rows = rows_of([*lost(), at(900, "error", error="away")])
    assert [row.name for row in rows] == ["email 2", "workers"]


def test_an_outage_is_shaded_and_named():
    chart = drawn(lost(), outages=[OUTAGE])
    (band,) = [p for p in chart.ax.patches if p.get_width() == pytest.approx(1.0)]
    assert band.get_x() == pytest.approx(0.25)
    assert "Redis killed, away 1.0 s" in labels(chart)
    assert "Redis was away for 1.00 s, from 0.25." in describe_timeline(
        rows_of(lost()), ZERO_MS, [OUTAGE]
    )


def test_the_words_say_all_that_the_chart_shows():
    words = describe_timeline(rows_of(refused_once(), {"1": "busy"}), ZERO_MS)
    assert "1 busy: waiting at 0.00, active at 0.00, failed (1) at 0.20, retrying" in words
    assert "active (2) at 0.40, completed at 0.60." in words
    assert describe_timeline([], ZERO_MS) == "Event timeline: no events yet."


def test_the_figure_is_a_picture_with_words_and_a_table_of_every_event():
    figure = timeline(refused_once() + lost(), names={"1": "busy"}, outages=[OUTAGE])
    html = figure._repr_html_()
    assert figure.fact == (
        "2 jobs in 0.60 s: 1 completed, 1 failed for good; 1 failed attempt was tried again."
    )
    assert re.search(r'alt="Event timeline[^"]*1 busy[^"]*Redis was away', html)
    assert html.count("<tr>") == 1 + 9
    assert "again in 200 ms" in html
    assert "Refused: &lt;busy&gt;" in html
    assert "no $x$ (final)" in html
    assert "1 busy  completed  2" in repr(figure)


@pytest.mark.parametrize("wrong", [[], ["completed"], None])
def test_a_timeline_of_nothing_says_what_is_wanted(wrong):
    with pytest.raises(BadSetting, match="one event of a queue or more"):
        timeline(wrong)
