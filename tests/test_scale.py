"""Notebook 09 without its kernel: its charts, its lab, its check."""

import asyncio
import re

import pytest

from lessonkit.batch import Batch, BatchResult, JobRecord
from lessonkit.checks import check_cap
from lessonkit.errors import BadSetting, RunStopped
from lessonkit.frames import Canvas
from lessonkit.grid import Grid
from lessonkit.labs import ScaleLab
from lessonkit.plots import (
    describe_heat,
    describe_processes,
    describe_sharing,
    draw_heat,
    draw_processes,
    draw_sharing,
    heat_map,
)
from lessonkit.plots.heat import equal_slots
from lessonkit.plots.processes import spans_by_process
from tests.widgets import find, own_workers


def run(workers, max_jobs, jobs=16, seconds=0.5, limit="off", overlap=None):
    """What perfect workers would do; with `overlap`, as if there were so many slots."""
    slots = overlap or workers * max_jobs
    records = [
        JobRecord(
            str(n + 1),
            0.0,
            n // slots * seconds,
            (n // slots + 1) * seconds,
            n % slots,
            "completed",
            1,
            f"{100 + n % workers}@host/a",
        )
        for n in range(jobs)
    ]
    return BatchResult(jobs, max_jobs, seconds, tuple(records), workers, limit)


GRID = Grid(tuple(run(workers, slots) for workers in (1, 2, 4) for slots in (1, 2, 4)))


@pytest.fixture
def ax():
    return Canvas(430, 300).blank()


# ---- the heat map --------------------------------------------------------------------------------


def test_each_cell_says_how_long_and_how_many_at_once(ax):
    chart = draw_heat(ax, GRID, workers=GRID.workers, max_jobs=GRID.max_jobs, said={(2, 4): "4"})
    assert [text.get_text() for text in chart.texts[1, 1]] == ["8.00 s", "1 at once"]
    assert [text.get_text() for text in chart.texts[2, 4]] == [
        "1.00 s",
        "8 at once",
        "◆ you said 4",
    ]


def test_the_quicker_the_darker_and_equal_times_look_alike(ax):
    chart = draw_heat(ax, GRID, workers=GRID.workers, max_jobs=GRID.max_jobs)
    light = {spot: sum(cell.get_facecolor()[:3]) for spot, cell in chart.cells.items()}
    assert light[1, 1] > light[1, 2] > light[2, 2] > light[2, 4] > light[4, 4]
    assert light[1, 4] == light[2, 2] == light[4, 1]


def test_cells_with_as_many_slots_are_joined_where_they_meet(ax):
    chart = draw_heat(ax, GRID, workers=GRID.workers, max_jobs=GRID.max_jobs)
    assert len(chart.equals) == 2 * 4
    other = draw_heat(Canvas(430, 300).blank(), GRID, workers=(1, 2), max_jobs=(1, 5))
    assert other.equals == []
    assert list(equal_slots(GRID)) == [2, 4, 8]
    assert len(equal_slots(GRID)[4]) == 3


def test_a_cell_without_a_run_is_empty_and_the_chosen_one_is_outlined(ax):
    chart = draw_heat(ax, [run(1, 1)], workers=(1, 2), max_jobs=(1,), marked=(2, 1))
    assert [text.get_text() for text in chart.texts[2, 1]] == ["–"]
    assert chart.cells[2, 1].get_linewidth() < chart.cells[1, 1].get_linewidth()
    assert chart.cells[2, 1].get_edgecolor() != chart.cells[1, 1].get_edgecolor()
    assert describe_heat([]).endswith("no run yet.")


# ---- who took how many ---------------------------------------------------------------------------


def test_each_process_has_its_piece_of_each_bar(ax):
    chart = draw_sharing(ax, GRID.runs)
    assert list(chart.bars) == [100, 101, 102, 103]
    widths = [[bar.get_width() for bar in bars] for bars in chart.bars.values()]
    assert widths[0] == [16, 16, 16, 8, 8, 8, 4, 4, 4]
    assert widths[3] == [0, 0, 0, 0, 0, 0, 4, 4, 4]
    texts = [text.get_text() for text in ax.texts]
    assert {"● process 100", "◑ process 103", "● 16", "○ 8", "◑ 4"} <= set(texts)
    assert "2 × 4: process 100 8, process 101 8" in describe_sharing(GRID.runs)


def test_more_processes_than_signs_share_the_last(ax):
    chart = draw_sharing(ax, [run(6, 1, jobs=12)])
    assert len(chart.bars) == 6


# ---- the slots of each process -------------------------------------------------------------------


def test_each_process_has_lanes_of_its_own(ax):
    two = run(2, 2, jobs=8)
    lanes = {span.job: span.slot for span in spans_by_process(two)}
    of = {record.id: record.pid for record in two.records}
    assert {lanes[job] for job in lanes if of[job] == 100} == {0, 1}
    assert {lanes[job] for job in lanes if of[job] == 101} == {2, 3}
    draw_processes(ax, two)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["100", "101"]
    words = describe_processes(two)
    assert "Process 101 took 4, from 0.00 to 1.00 s." in words


def test_a_process_has_no_name_before_its_first_email(ax):
    batch = Batch(4, 2, 1.0, workers=2)
    chart = draw_processes(ax, batch)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["–", "–"]
    batch.records = {record.id: record for record in run(1, 1, jobs=1).records}
    assert chart.update(batch), "a name is part of what stands still"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["100", "–"]


# ---- the figure ----------------------------------------------------------------------------------


def test_a_heat_map_has_pictures_with_words_a_caption_and_a_table():
    html = heat_map(GRID, at_once={(2, 4): 4}, total={(4, 4): 0.5})._repr_html_()
    alts = re.findall(r'alt="([^"]+)"', html)
    assert "2 processes at max_jobs 4 1.00 s, 8 at once" in alts[0]
    assert "For 2 × 4 you said 4 at once." in alts[0]
    assert alts[1].startswith("Who took how many emails.")
    assert "at max_jobs 4: 1 process 4, 2 processes 8, 4 processes 16." in html
    assert "4 slots: 1 × 4 2.00 s, 2 × 2 2.00 s, 4 × 1 2.00 s." in html
    assert html.count("<tr>") == 10


def test_what_is_no_grid_and_a_prediction_for_no_run_are_told_what_to_give():
    with pytest.raises(BadSetting, match="a Grid"):
        heat_map(run(1, 1))
    with pytest.raises(BadSetting, match="workers, max_jobs"):
        heat_map(GRID, at_once={(3, 3): 4})


# ---- the lab -------------------------------------------------------------------------------------


@pytest.fixture
def scales(lab):
    return ScaleLab(lab, workers=2, max_jobs=2, emails=6, seconds=0.2)


def test_every_control_can_be_found(scales):
    controls = ["workers", "max-jobs", "emails", "seconds", "run", "stop", "clear"]
    for name in [*controls, "status", "runs", "error", "output", "processes", "heat"]:
        assert find(scales, f"lk-{name}")


async def test_run_runs_what_the_sliders_say_and_fills_its_cell(scales, idle, press):
    find(scales, "lk-workers").value = 1
    assert "<b>1</b> × max_jobs <b>2</b>" in find(scales, "lk-status").value
    await press(scales, "lk-run")
    await idle(scales)
    (result,) = scales.results
    assert (result.workers, result.max_jobs, result.jobs) == (1, 2, 6)
    assert "2 at once</b>: 1 × 2 = 2 slots" in find(scales, "lk-status").value
    assert "1 process at max_jobs 2" in find(scales, "lk-heat").value
    assert f"Process {result.pids[0]} took 6" in find(scales, "lk-processes").value
    assert "<td>1 × 2</td>" in find(scales, "lk-runs").value


async def test_a_cell_can_do_what_the_buttons_do_and_earlier_runs_stay(scales):
    await scales.run(workers=2, max_jobs=1)
    both = await scales.run(workers=2, max_jobs=2)
    assert both.peak_concurrency > 2
    heat = find(scales, "lk-heat").value
    assert "2 processes at max_jobs 1" in heat
    assert "2 processes at max_jobs 2" in heat
    await scales.run(emails=4)
    assert "2 processes at max_jobs 1" not in find(scales, "lk-heat").value, "other emails"
    scales.clear()
    assert "no run yet" in find(scales, "lk-heat").value


@pytest.mark.parametrize("wrong", [{"workers": 5}, {"max_jobs": 0}, {"emails": 49}])
async def test_a_value_that_no_slider_takes_is_refused(scales, wrong):
    with pytest.raises(BadSetting, match="a whole number from"):
        await scales.run(**wrong)


async def test_an_interrupted_cell_leaves_a_lab_that_works(scales, underway):
    task = asyncio.ensure_future(scales.run(workers=2, max_jobs=1, emails=40))
    await underway(scales)
    task.cancel()
    with pytest.raises(RunStopped):
        await task
    assert not own_workers()
    assert await scales.run(emails=2)


# ---- the check -----------------------------------------------------------------------------------


def verdict(workers, max_jobs, limit="off", **other):
    result = run(workers, max_jobs, jobs=18, seconds=0.7, limit=limit, **other)
    return check_cap((workers, max_jobs, limit), result)


@pytest.mark.parametrize(("workers", "max_jobs"), [(2, 3), (3, 2), (6, 1)])
def test_six_slots_in_more_than_one_process_pass(workers, max_jobs):
    said = verdict(workers, max_jobs)
    assert said.status == "passed", said
    assert "nobody is asked" in said.unchecked


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (verdict(2, 6), "max_jobs is what each process has, and you have 2 × 6 = 12 slots"),
        (verdict(7, 1), "7 × 1 = 7"),
        (verdict(1, 6), "when it crashes"),
        (verdict(2, 7), "2 × 7 = 14"),
        (verdict(2, 2), "the provider would take 6"),
        (verdict(2, 6, "6/1s", overlap=6), "up to 12 may overlap"),
        (verdict(2, 6, "6/0.5s"), "12 emails overlapped"),
        (verdict(2, 3, overlap=4), "the machine was busy"),
        (verdict(2, 3, "2/1s", overlap=2), "Leave it off"),
        (check_cap((2, ..., "off"), None), "still missing"),
        (check_cap((2, 3, "off"), None), "has not been run"),
        (check_cap((2, 3, "off"), 6), "is int, not a result"),
        (check_cap((2, 3, "off"), GRID[2, 4]), "the exercise is about 18"),
        (check_cap((3, 2, "off"), run(2, 3, 18, 0.7)), "other settings"),
    ],
)
def test_what_is_wrong_is_told_why(said, why):
    assert said.status == "not yet"
    assert why in said.why


def test_dots_are_no_attempt():
    assert check_cap((..., ..., "off"), None).status == "not attempted"
