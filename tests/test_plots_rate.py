"""Charts of starts show what the data says, in ink and in words."""

import re
import time

import pytest

from lessonkit.batch import Batch, BatchResult, JobRecord
from lessonkit.errors import BadSetting
from lessonkit.frames import Canvas
from lessonkit.plots import (
    compare_rates,
    describe_rate,
    describe_starts,
    draw_rate,
    draw_starts,
    rates_table,
)
from workers.contract import Limit

TEN = Limit(10, 1.0)


def records(starts_s, seconds=0.05, pids=(7, 8)):
    return tuple(
        JobRecord(
            str(number + 1),
            0.0,
            started_s,
            started_s + seconds,
            slot=0,
            state="completed",
            attempts=1,
            worker=f"{pids[number % len(pids)]}@here/1",
        )
        for number, started_s in enumerate(starts_s)
    )


def result(starts_s, limit="off", **options):
    return BatchResult(len(starts_s), 5, 0.05, records(starts_s, **options), 2, limit)


#: thirty within 0.1 s, and ten in each second
FREE = result([0.05 * (n // 10) for n in range(30)])
LIMITED = result([1.01 * (n // 10) for n in range(30)], limit="10/1s")


def under_way(starts_s, jobs=30, now_s=0.5):
    batch = Batch(jobs, 5, 0.05, 2, "10/1s")
    begun = records(starts_s)
    waiting = [JobRecord(str(n), 0.0) for n in range(len(begun) + 1, jobs + 1)]
    batch.records = {record.id: record for record in [*begun, *waiting]}
    batch._began = time.monotonic() - now_s
    return batch


def boxes(patch):
    """Left, right, bottom and top of each box of a path."""
    corners = patch.get_path().vertices.reshape(-1, 5, 2)
    return [(box[0, 0], box[1, 0], box[0, 1], box[2, 1]) for box in corners]


@pytest.fixture
def ax():
    return Canvas(430, 290).blank()


def texts(ax):
    return [text.get_text() for text in ax.texts]


# ---- starts in the last second -------------------------------------------------------------------


def test_the_line_counts_the_last_second_and_falls_when_it_is_over(ax):
    chart = draw_rate(ax, FREE, limit=TEN)
    steps = list(zip(*map(list, chart.line.get_data()), strict=True))
    assert steps[:3] == [(0.0, 10), (0.05, 20), (0.1, 30)]
    assert steps[-1] == (1.1, 0)


def test_what_is_above_the_limit_is_hatched_and_nothing_else(ax):
    chart = draw_rate(ax, FREE, limit=TEN)
    assert chart.over.get_hatch()
    assert [box[2:] for box in boxes(chart.over)] == [(10, 20), (10, 30), (10, 20)]
    assert boxes(draw_rate(Canvas(430, 290).blank(), LIMITED, limit=TEN).over) == []
    assert boxes(draw_rate(Canvas(430, 290).blank(), FREE).over) == []


def test_the_busiest_window_is_marked_and_named(ax):
    late = result([0.0, 0.7, 1.5, 1.6, 1.65, 1.8])
    chart = draw_rate(ax, late, limit=TEN)
    assert (chart.busiest.get_x(), chart.busiest.get_width()) == (0.7, 1.0)
    assert "busiest second: 4 starts" in texts(ax)


def test_limit_and_prediction_are_lines_with_a_name(ax):
    draw_rate(ax, FREE, limit=TEN, prediction=15)
    assert {"limit: 10 in any second", "◆ you said 15"} <= set(texts(ax))


def test_each_start_has_a_tick(ax):
    chart = draw_rate(ax, LIMITED, limit=TEN)
    assert list(chart.rug.get_xdata()) == list(LIMITED.starts_s)


def test_a_run_under_way_is_drawn_till_now(ax):
    chart = draw_rate(ax, under_way([0.0] * 10), limit=TEN, end_s=3.0)
    assert list(chart.line.get_ydata()) == [10, 10]
    assert chart.line.get_xdata()[-1] == pytest.approx(0.5, abs=0.2)
    assert chart.now.get_visible()
    assert not any("busiest" in text for text in texts(ax))


def test_more_time_than_expected_stretches_the_axis(ax):
    batch = under_way([0.0] * 3, now_s=0.1)
    chart = draw_rate(ax, batch, end_s=0.5)
    assert not chart.update(batch)
    batch._began -= 9
    assert chart.update(batch)
    assert ax.get_xlim()[1] > 9


def test_a_window_of_another_length_is_named_so(ax):
    draw_rate(ax, result([0.0, 0.1, 0.3]), limit=Limit(2, 0.5))
    assert {"limit: 2 in any 0.5 s", "busiest 0.5 s: 3 starts"} <= set(texts(ax))


# ---- when each email started ---------------------------------------------------------------------


def test_each_email_waits_in_its_row_till_it_starts(ax):
    chart = draw_starts(ax, LIMITED, limit=TEN)
    waits = [segment.tolist() for segment in chart.waiting.get_segments()]
    assert waits[0] == [[0.0, 1.0], [0.0, 1.0]]
    assert waits[29] == [[0.0, 30.0], [2.02, 30.0]]
    assert "soonest 2 s" in texts(ax)


def test_each_worker_process_has_a_sign_of_its_own(ax):
    chart = draw_starts(ax, LIMITED, limit=TEN)
    assert {"● process 7: 15", "○ process 8: 15"} <= set(texts(ax))
    assert [len(line.get_xdata()) for line in chart.starts] == [15, 15, 0, 0]


def test_a_process_keeps_its_sign_when_another_begins(ax):
    batch = under_way([0.0, 0.1])
    batch.records["2"] = JobRecord("2", 0.0)
    chart = draw_starts(ax, batch)
    before = list(chart.starts[0].get_ydata())
    batch.records["2"] = records([0.0, 0.1], pids=(7, 3))[1]
    chart.update(batch)
    assert list(chart.starts[0].get_ydata()) == before == [1]
    assert list(chart.starts[1].get_ydata()) == [2]


def test_more_processes_than_signs_share_the_last(ax):
    chart = draw_starts(ax, result([0.0] * 12, pids=range(1, 7)))
    assert [len(line.get_xdata()) for line in chart.starts] == [2, 2, 2, 6]


def test_an_email_under_way_is_drawn_till_now(ax):
    batch = under_way([0.0] * 10)
    chart = draw_starts(ax, batch, limit=TEN)
    assert chart.waiting.get_segments()[29][1][0] == pytest.approx(0.5, abs=0.2)
    assert len(chart.sending.get_segments()) == 10
    batch._began -= 9
    assert chart.update(batch)
    assert ax.get_xlim()[1] > 9


def test_nothing_has_started_yet(ax):
    assert draw_starts(ax, Batch(30, 5, 0.05)).sending.get_segments() == []
    assert draw_rate(Canvas(430, 290).blank(), Batch(30, 5, 0.05)).busiest.get_width() == 0
    assert "0 of 30" in describe_rate(Batch(30, 5, 0.05))
    assert "0 of 30" in describe_starts(Batch(30, 5, 0.05))


# ---- words ---------------------------------------------------------------------------------------


def test_words_come_from_the_data():
    assert describe_rate(FREE, limit=TEN) == (
        "Starts in the last second, over time: 30 of 30 emails have started. The busiest second "
        "begins at 0.00 s and holds 30 starts, above the limit of 10."
    )
    assert "holds 10 starts, not above the limit of 10" in describe_rate(LIMITED, limit=TEN)
    assert "there is no limit" in describe_rate(FREE)
    words = describe_starts(LIMITED, limit=TEN)
    assert "10 from second 0 on, 10 from second 1 on, 10 from second 2 on" in words
    assert "Process 7 took 15. Process 8 took 15." in words
    assert "allows the last start 2 s after the first" in words


# ---- a figure for a cell -------------------------------------------------------------------------


def test_a_comparison_has_pictures_with_words_a_caption_and_a_table():
    html = compare_rates(FREE, LIMITED, limit="10/1s", starts=15, total=3)._repr_html_()
    alts = re.findall(r'<img class="lk-chart" alt="([^"]+)"', html)
    assert [alt.split(":")[0] for alt in alts] == [
        "Starts in the last second, over time",
        "Starts in the last second, over time",
        "When each email started",
    ]
    assert "The prediction was 15." in alts[0]
    assert "The prediction was 3 s." in alts[2]
    assert "no limiter, 30 of 30 emails started in the busiest second; all took 0.15 s." in html
    assert "You said 15." in html
    assert "You said 3 s." in html
    assert html.count("<tr>") == 3


def test_a_prediction_of_0_is_told_too():
    assert "You said 0." in repr(compare_rates(FREE, limit="10/1s", starts=0))
    assert "You said" not in repr(compare_rates(FREE, limit="10/1s"))


def test_a_table_says_of_each_run_what_the_busiest_second_held():
    table = rates_table([FREE, LIMITED], numbered=True)
    cells = re.findall(r"<td>([^<]+)</td>", table)
    assert cells[:8] == ["1", "off", "30", "2", "5", "30 × 0.05 s", "0.15 s", "2"]
    assert cells[8:10] == ["10/1s", "10"]


@pytest.mark.parametrize(
    ("results", "limit"), [((), "10/1s"), ((None,), "10/1s"), ((FREE,), "10"), ((FREE,), 10)]
)
def test_what_cannot_be_shown_is_told_what_to_give(results, limit):
    with pytest.raises(BadSetting):
        compare_rates(*results, limit=limit)
