"""`python -m lessonkit grade`: what learners hand in, in every state, and what comes out."""

import csv
import io
import json
import re
import signal
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from lessonkit.__main__ import main
from lessonkit.grade import SERIES, Grade, grade, printable, to_csv, to_text
from lessonkit.submission import plan, read, read_series
from tests.answers.n01_your_first_worker import WRONG
from tests.left_behind import left_behind

FIRST_WORKER = SERIES / "01_your_first_worker.ipynb"
LONG_S = 60.0


def marked(source, role="", name="mend"):
    mark = {"lessonkit": {"role": role, "id": name}} if role else {}
    return new_code_cell(source, id=role or f"cell-{source[:5].strip()}", metadata=mark)


def small_notebook():
    """A notebook with the exercise of 00, and nothing else that takes time."""
    return new_notebook(
        cells=[
            marked("import lessonkit"),
            marked("LIMIT = 3"),
            marked("max_jobs = ...\nreport = None", "exercise"),
            marked("lessonkit.check_mended(max_jobs, report)", "check"),
        ]
    )


GOOD = "from lessonkit.doctor import Report\nmax_jobs, report = 5, Report(())"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A series of one small notebook."""
    folder = tmp_path_factory.mktemp("series")
    nbformat.write(small_notebook(), folder / "00_small.ipynb")
    return read_series(folder)


@pytest.fixture
def hand_in(tmp_path):
    """`hand_in(answer)` writes a small notebook with that answer, changed by `change(cells)`."""

    def write(answer=None, change=lambda cells: None, name="ada.ipynb"):
        notebook = small_notebook()
        if answer is not None:
            notebook.cells[2].source = answer
        change(notebook.cells)
        path = tmp_path / name
        nbformat.write(notebook, path)
        return path

    return write


# ---- what is run ---------------------------------------------------------------------------------


def sources(small, path):
    (lesson,) = small
    return [step.source for step in plan(lesson, read(path))]


def test_an_untouched_notebook_runs_as_it_is(small, hand_in):
    stub = "max_jobs = ...\nreport = None"
    assert sources(small, hand_in()) == ["import lessonkit", "LIMIT = 3", stub]


def test_an_added_cell_runs_where_it_stands_and_not_behind_the_check(small, hand_in):
    def add(cells):
        cells.insert(0, new_code_cell("first = 1"))
        cells.insert(3, new_code_cell("helper = 2"))
        cells.insert(5, new_code_cell("late = 3"))
        cells.append(new_code_cell("never = 4"))

    ran = sources(small, hand_in("max_jobs = helper", add))
    assert [ran.index(each) for each in ("first = 1", "helper = 2")] == [0, 3]
    assert ran[-2:] == ["max_jobs = helper", "late = 3"]


def test_a_cell_of_the_series_that_was_changed_runs_as_the_series_has_it(small, hand_in):
    def change(cells):
        cells[0].source = "import math, lessonkit\ndef helper(): ...\nprint('Passed.')"
        cells[1].source = "LIMIT = 10_000"

    ran = sources(small, hand_in("max_jobs = 5", change))
    assert ran[0] == "import math, lessonkit\ndef helper():\n    ..."
    assert ran[1:3] == ["import lessonkit", "LIMIT = 3"]
    assert len(ran) == 5


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_cell_of_the_series_that_was_deleted_runs_all_the_same(small, hand_in, gone):
    def delete(cells):
        del cells[gone]

    whole = sources(small, hand_in())
    assert sources(small, hand_in(change=delete)) == whole


def test_an_exercise_that_was_split_or_moved_is_found(small, hand_in):
    def split(cells):
        cells[2].source, rest = "max_jobs = 5", cells[2].copy() | {"id": "new", "source": "more()"}
        cells.insert(3, nbformat.from_dict(rest))
        cells.insert(0, cells.pop(2))

    assert sources(small, hand_in("", split))[2:] == [
        "max_jobs = ...\nreport = None",
        "max_jobs = 5",
        "more()",
    ]


def test_a_program_that_gives_cells_new_ids_does_no_harm(small, hand_in):
    def renew(cells):
        for index, cell in enumerate(cells):
            cell.id = f"new-{index}"

    changed = hand_in("max_jobs = 5", renew)
    assert sources(small, changed) == sources(small, hand_in("max_jobs = 5"))


# ---- what comes out ------------------------------------------------------------------------------


@pytest.fixture
def clean(own_servers):
    """After the test no directory of a session is there, and nothing that one has started."""
    yield
    assert list(own_servers.parent.iterdir()) == []
    assert left_behind(own_servers.parent, patience_s=0) == []


ESCAPES = "import subprocess\nsubprocess.Popen(['sleep', '321.5'], start_new_session=True)\n"

#: an answer, how long it may take, the result, and words of the reason
ANSWERS = {
    "an answer that is right": (GOOD, LONG_S, "passed", "max_jobs = 5 started"),
    "one that says it passed": (
        "max_jobs = 5\nprint('Passed. ' * 9999)\nprint('\\x1b[2J\\x07')\n'Passed.'",
        LONG_S,
        "not yet",
        "the doctor has not looked",
    ),
    "one that brings a check of its own": (
        "from lessonkit.checks.verdict import Verdict\nmax_jobs = 5\n"
        "lessonkit.check_mended = lambda *answer: Verdict('passed')",
        LONG_S,
        "not yet",
        "the doctor has not looked",
    ),
    "one that raises": (
        "raise ValueError('\\x1b[2J=1+1\\n' + 'x' * 9999)",
        LONG_S,
        "not yet",
        r"the exercise's cell raised ValueError: \x1b[2J=1+1",
    ),
    "one that asks": ("max_jobs = input()", LONG_S, "not yet", "StdinNotImplementedError"),
    "one that leaves": ("import sys\nsys.exit()", LONG_S, "not yet", "raised SystemExit"),
    "one that ends the kernel": (
        ESCAPES + "import os\nos._exit(0)",
        LONG_S,
        "not graded",
        "the exercise's cell ended the kernel",
    ),
    "one that never ends": (
        ESCAPES + "while True: print('no end')",
        8.0,
        "not graded",
        "had not ended after 8 s",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_every_kind_of_answer_has_a_result(small, hand_in, clean, name):
    answer, timeout_s, result, reason = ANSWERS[name]
    (found,) = await grade(hand_in(answer), small, timeout_s)
    assert (found.file[-9:], found.notebook, found.exercise) == ("ada.ipynb", "00_small", "mend")
    assert found.result == result
    assert reason in found.reason
    assert found.reason.isprintable()
    assert len(found.reason) < 500


async def test_what_was_added_counts_and_what_breaks_in_it_is_said(small, hand_in, clean):
    def add(cells):
        cells.insert(1, new_code_cell("import no_such_module"))
        cells.insert(2, new_code_cell("helper = 5"))
        cells[-1].source = "'Passed.'"

    (found,) = await grade(hand_in("max_jobs, report = helper, None", add), small)
    assert found.result == "not yet"
    assert "an added cell (`import no_such_module`) raised ModuleNotFoundError" in found.reason
    assert "the doctor has not looked" in found.reason


NO_NOTEBOOKS = {
    "": "this is no notebook",
    "{": "this is no notebook",
    "[]": "this is no notebook",
    "null": "this is no notebook",
    '{"cells": 1, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}': "this is no notebook",
    '{"nbformat": 99, "nbformat_minor": 0}': "this is no notebook",
    "\x00\xff": "this is no notebook",
    '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}': "no exercise of",
}


@pytest.mark.parametrize("text", NO_NOTEBOOKS)
async def test_a_file_that_is_no_notebook_is_a_row_with_its_reason(small, tmp_path, text):
    path = tmp_path / "odd.ipynb"
    path.write_bytes(text.encode("latin-1"))
    (found,) = await grade(path, small)
    assert found.result == "not graded"
    assert NO_NOTEBOOKS[text] in found.reason


async def test_a_folder_and_a_missing_file_are_rows_too(small, tmp_path):
    (folder,) = await grade(tmp_path, small)
    (missing,) = await grade(tmp_path / "none.ipynb", small)
    assert f"name its notebooks, as in {tmp_path}/*.ipynb" in folder.reason
    assert "there is no such file" in missing.reason


# ---- how it is told ------------------------------------------------------------------------------


def test_a_spreadsheet_finds_no_formula_in_a_file_of_grades():
    text = to_csv([Grade("=cmd.ipynb", "02", "", "not yet", '-1, "no"', 1.0)])
    head, row = csv.reader(io.StringIO(text))
    assert head == ["file", "notebook", "exercise", "result", "reason", "took_s"]
    assert row == ["'=cmd.ipynb", "02", "", "not yet", '\'-1, "no"', "1.0"]


def test_what_a_learner_wrote_is_shown_in_one_line_without_control_characters():
    assert printable(" a\nb\t\x1b[31m\u202e") == r"a b\t\x1b[31m\u202e"
    assert len(printable("long " * 1000)) <= 400


def test_the_text_ends_in_a_line_that_counts():
    grades = [Grade("a", "02", "totals", result, "", 1.0) for result in ("passed", "not yet")]
    assert to_text([*grades, grades[0]]).splitlines()[-1] == "2 passed, 1 not yet"


# ---- the command ---------------------------------------------------------------------------------


def answered(path, answer):
    """The first worker's notebook with an answer."""
    notebook = nbformat.read(FIRST_WORKER, as_version=4)
    for cell in notebook.cells:
        mark = cell.metadata.get("lessonkit", {}).get("role")
        if mark == "solution":
            answer = answer or re.search(r"```python\n(.*?)```", cell.source, re.DOTALL)[1]
    (exercise,) = [
        c for c in notebook.cells if c.metadata.get("lessonkit", {}).get("role") == "exercise"
    ]
    exercise.source = answer
    nbformat.write(notebook, path)
    return path


async def test_real_notebooks_are_graded_beside_a_broken_one(command, own_servers, tmp_path):
    files = [
        answered(tmp_path / "ada.ipynb", None),
        answered(tmp_path / "bob.ipynb", WRONG[0].answer),
        tmp_path / "eve.ipynb",
    ]
    own_servers.parent.mkdir(exist_ok=True)
    one = command("-m", "lessonkit", "grade", "--at-a-time", 2, "--json", *files)
    assert await one.end(100) == 1
    ada, bob, eve = json.loads(one.out)
    assert [each["result"] for each in (ada, bob, eve)] == ["passed", "not yet", "not graded"]
    assert [each["file"] for each in (ada, bob, eve)] == list(map(str, files))
    assert WRONG[0].reason in bob["reason"]
    assert one.err == ""
    assert list(own_servers.parent.iterdir()) == []


async def test_ctrl_c_prints_what_is_graded_and_leaves_nothing(
    command, own_servers, tmp_path, wait_until
):
    """The first is quickly done, for there is no such file."""
    last = answered(tmp_path / "ada.ipynb", "import time\ntime.sleep(600)")
    one = command("-m", "lessonkit", "grade", "--csv", tmp_path / "none.ipynb", last)
    # its kernel, its server's guard, its server
    await wait_until(lambda: len(one.process.children(recursive=True)) > 2, 60)
    one.send(signal.SIGINT)
    assert await one.end(60) == 130
    assert [row.split(",")[3] for row in one.lines] == ["result", "not graded"]
    assert one.err == "lessonkit: stopped; nothing of it is left running.\n"
    assert left_behind(own_servers.parent, patience_s=0) == []
    assert list(own_servers.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--timeout", "-1"], "timeout is -1.0"),
        (["--timeout", "soon"], "is no number of seconds"),
        (["--at-a-time", "0"], "at-a-time is 0"),
        (["--csv", "--json"], "not allowed with"),
    ],
    ids=" ".join,
)
def test_a_bad_option_is_answered_with_one_clear_line(capsys, words, wanted):
    with pytest.raises(SystemExit) as ended:
        sys.exit(main(["grade", "none.ipynb", *words]))
    assert ended.value.code in (1, 2)
    assert wanted in capsys.readouterr().err.splitlines()[-1]
