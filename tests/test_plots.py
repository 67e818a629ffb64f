"""Charts show what the data says, in ink and in words."""

import re
import time
from dataclasses import replace

import pytest

from lessonkit.batch import Batch, BatchResult, JobRecord
from lessonkit.errors import BadSetting
from lessonkit.frames import Canvas
from lessonkit.page import against_one, runs_table
from lessonkit.plots import (
    color_of,
    compare,
    describe_done,
    describe_slots,
    draw_done,
    draw_slots,
    marker_of,
)


def records(jobs, max_jobs, seconds, names=None, failed=()):
    """What a perfect worker would do."""
    return [
        JobRecord(
            id=names[n] if names else str(n + 1),
            enqueued_s=0.0,
            started_s=n // max_jobs * seconds,
            finished_s=(n // max_jobs + 1) * seconds,
            slot=n % max_jobs,
            state="failed" if n + 1 in failed else "completed",
            attempts=1,
        )
        for n in range(jobs)
    ]


def result(jobs=5, max_jobs=1, seconds=1.0, **options):
    return BatchResult(jobs, max_jobs, seconds, tuple(records(jobs, max_jobs, seconds, **options)))


def under_way():
    """Of five emails, two at a time: 1 and 2 are done, 3 and 4 are being sent, 5 waits."""
    done = records(2, 2, 1.0)
    active = [
        JobRecord(str(n), 0.0, started_s=1.0, slot=n - 3, state="active", attempts=1)
        for n in (3, 4)
    ]
    batch = Batch(5, 2, 1.0)
    batch.records = {record.id: record for record in [*done, *active, JobRecord("5", 0.0)]}
    batch._began = time.monotonic() - 1.5
    return batch


def boxes(patch):
    """Left, right and lane of each bar of a path."""
    bars = patch.get_path().vertices.reshape(-1, 5, 2)
    return [(bar[0, 0], bar[1, 0], bar[:4, 1].mean()) for bar in bars]


@pytest.fixture
def ax():
    return Canvas(430, 290).blank()


# ---- slots ---------------------------------------------------------------------------------------


def test_a_bar_a_job_from_its_start_to_its_finish_in_its_slot(ax):
    chart = draw_slots(ax, result(max_jobs=5))
    assert boxes(chart.ended) == [(0.0, 1.0, pytest.approx(slot)) for slot in range(5)]
    assert [label.get_text() for label in chart.labels] == list("12345")


def test_a_run_under_way_shows_what_is_done_and_what_runs_till_now(ax):
    chart = draw_slots(ax, under_way())
    assert len(boxes(chart.ended)) == 2
    (_, end, _), _ = boxes(chart.running)
    assert end == pytest.approx(1.5, abs=0.2)
    assert chart.now.get_visible()


def test_update_moves_the_artists_and_says_when_the_axis_grew(ax):
    batch = under_way()
    chart = draw_slots(ax, batch, end_s=1.0)
    assert not chart.update(batch)
    batch._began -= 10
    assert chart.update(batch)
    assert ax.get_xlim()[1] > 11


def test_closed_slots_are_greyed_and_say_why(ax):
    draw_slots(ax, result(max_jobs=2), slots=5)
    assert "closed: max_jobs is 2" in [text.get_text() for text in ax.texts]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["slot 1", "slot 2"]


def test_a_failed_job_has_a_cross_and_no_bar_of_its_own_colour(ax):
    chart = draw_slots(ax, result(max_jobs=5, failed={2}))
    assert len(boxes(chart.ended)) == 4
    assert len(boxes(chart.failed)) == 1
    assert [list(each) for each in chart.crosses.get_data()] == [[0.5], [1]]
    assert "1 failed" in describe_slots(result(max_jobs=5, failed={2}))


def test_ideal_and_prediction_are_marked_and_named(ax):
    draw_slots(ax, result(max_jobs=5), prediction_s=3.5)
    texts = [text.get_text() for text in ax.texts]
    assert {"ideal 1 s", "◆ you said 3.5 s"} <= set(texts)


def test_ten_thousand_jobs_take_no_longer_than_a_blink():
    canvas, run = Canvas(430, 290), result(10_000, 10, 0.1)
    chart = draw_slots(canvas.blank(), run)
    canvas.animate(chart.moving)
    canvas.png()
    began = time.process_time()
    chart.update(run)
    canvas.png()
    assert time.process_time() - began < 0.5  # some 0.04 s; a patch a job takes seconds
    # all that ran in a slot, without a pause, is one bar
    assert sorted(boxes(chart.ended)) == [(0, pytest.approx(100), slot) for slot in range(10)]
    assert not chart.labels


def test_of_many_jobs_no_pause_that_can_be_seen_is_painted_over(ax):
    run = result(1000, 2, 0.1)
    late_s = [0.001 * (n // 2) + 5 * (n >= 500) for n in range(1000)]  # 1 ms each, and once 5 s
    run = replace(
        run,
        records=tuple(
            replace(each, started_s=each.started_s + late, finished_s=each.finished_s + late)
            for each, late in zip(run.records, late_s, strict=True)
        ),
    )
    bars = boxes(draw_slots(ax, run).ended)
    assert [(slot, round(start, 2), round(end, 2)) for start, end, slot in bars] == [
        (slot, *span) for slot in (0, 1) for span in ((0, 25.25), (30.25, 55.5))
    ]


def test_of_few_jobs_each_has_its_own_bar(ax):
    assert len(boxes(draw_slots(ax, result(100, 5, 0.1)).ended)) == 100


# ---- emails done ---------------------------------------------------------------------------------


def test_emails_done_are_steps_beside_the_ideal(ax):
    chart = draw_done(ax, result(5, 2))
    assert list(chart.line.get_xdata()) == [0, 1, 1, 2, 2, 3, 3]
    assert list(chart.line.get_ydata()) == [0, 1, 2, 3, 4, 5, 5]
    assert list(chart.ideal[0].get_xdata()) == [0, 1, 2, 3]
    assert list(chart.ideal[0].get_ydata()) == [0, 2, 4, 5]


def test_earlier_runs_are_kept_with_a_label_each(ax):
    draw_done(ax, result(max_jobs=5), earlier=[result(max_jobs=1)])
    texts = [text.get_text() for text in ax.texts]
    assert {"max_jobs 1: 5.00 s", "max_jobs 5: 1.00 s"} <= set(texts)


def test_labels_of_equal_runs_do_not_overlap():
    canvas = Canvas(430, 290)
    ax = canvas.blank()
    draw_done(ax, result(1, 5), earlier=[result(1, 1)])
    canvas.png()
    renderer = canvas.figure.canvas.get_renderer()
    one, five = (
        text.get_window_extent(renderer) for text in ax.texts if "max_jobs" in text.get_text()
    )
    assert not one.overlaps(five)


def test_failed_emails_are_not_done(ax):
    chart = draw_done(ax, result(5, 5, failed={1, 2}))
    assert max(chart.line.get_ydata()) == 3


# ---- words ---------------------------------------------------------------------------------------


def test_words_come_from_the_data():
    words = describe_slots(under_way())
    assert "2 of 5 emails done" in words
    assert "at most 2 at the same moment" in words
    assert "Slot 1 ran email 1 from 0.00 to 1.00 s, email 3 from 1.00 to" in words
    words = describe_done(result(max_jobs=5), earlier=[result(max_jobs=1)])
    assert "at max_jobs 5, 5 of 5 after 1.00 s; the ideal is 1 s" in words
    assert "at max_jobs 1: 5 of 5 after 5.00 s" in words


def test_names_from_jobs_are_data():
    names = ["$x^2$", "<b>1</b>", "two\nlines", "\N{PILE OF POO}", "long" * 99]
    run = result(5, 1, 1.0, names=names)
    canvas = Canvas(1000, 290)
    chart = draw_slots(canvas.blank(), run)
    canvas.png()  # warns, which is an error here, about a sign that the font lacks
    texts = [label.get_text() for label in chart.labels]
    assert texts[0] == "$x^2$"
    assert not chart.labels[0].get_parse_math()
    assert max(map(len, texts)) <= 12
    assert "<b>" not in compare(run)._repr_html_()


# ---- a figure for a cell -------------------------------------------------------------------------


def test_a_comparison_has_pictures_with_words_a_caption_and_a_table():
    html = compare(result(max_jobs=1), result(max_jobs=5), predictions={5: 3})._repr_html_()
    alts = re.findall(r'<img class="lk-chart" alt="([^"]+)"', html)
    assert [alt.split(":")[0] for alt in alts] == [
        "Slots over time at max_jobs 1",
        "Slots over time at max_jobs 5",
        "Emails done over time",
    ]
    assert "The prediction was 3 s." in alts[1]
    assert "took 1.00 s; the ideal is 1 s, and you said 3 s. That is 5.0 times as fast" in html
    assert html.count("<tr ") == 2
    assert "<figcaption>" in html


def test_outside_of_a_notebook_a_comparison_is_text():
    assert repr(compare(result())) == (
        "At max_jobs 1, 5 emails of 1 s each took 5.00 s; the ideal is 5 s."
    )


def test_nothing_to_compare_says_what_to_give():
    with pytest.raises(BadSetting, match="one BatchResult or more"):
        compare()


# ---- what charts share ---------------------------------------------------------------------------


def test_a_colour_means_the_same_everywhere_and_a_marker_says_it_too():
    assert (color_of(1), color_of(5)) == ("#0072B2", "#D55E00")
    signs = {(color_of(max_jobs), marker_of(max_jobs)) for max_jobs in range(1, 11)}
    assert len(signs) == 10
    assert len({marker_of(max_jobs) for max_jobs in range(1, 11)}) == 10
    assert color_of(1000)


def test_against_one_compares_equal_emails_only():
    one, other, five = result(max_jobs=1), result(seconds=0.5), result(max_jobs=5)
    assert against_one(five, [one, other, five]) == pytest.approx(5.0)
    assert against_one(five, [other, five]) is None
    assert "–" in runs_table([five])


def test_a_frame_is_sharp_small_and_lets_the_page_through():
    png = Canvas(430, 290).png()
    assert png[16:24] == (860).to_bytes(4, "big") + (580).to_bytes(4, "big")
    assert b"tRNS" in png
    assert len(png) < 40_000
