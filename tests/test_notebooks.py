"""What every notebook is held to: its form, its claims, its exercise with every kind of answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
ROLES = {"predict", "run", "claim", "exercise", "check", "solution"}
FORBIDDEN = ("asyncio.run(", "nest_asyncio", "%run", "%%time", "import *", "unittest.mock")


@dataclass(frozen=True)
class Wrong:
    """An answer that a learner would give, and a word of what the check says to it."""

    answer: str
    reason: str


def tried(limit: str, workers: int, max_jobs: int, *, slow: bool = False) -> str:
    """An answer to 04: settings, tried with quick emails, and with slow ones where it matters."""
    code = [
        f"limit, workers, max_jobs = {limit!r}, {workers}, {max_jobs}",
        "chosen = dict(limit=limit, workers=workers, max_jobs=max_jobs)",
        "quick = await lab.run(jobs=11, seconds=0.05, **chosen)",
        "slow = await lab.run(jobs=11, seconds=0.7, **chosen)",
    ]
    return "\n".join(code if slow else code[:-1])


@dataclass
class Exercise:
    wrong: list[Wrong] = field(default_factory=list)


def handed_over(grace_s: float, signal_at_s: float, more: str = "jobs=2, seconds=0.8") -> str:
    """An answer to 05: two numbers, and a run with them."""
    return (
        f"grace_s, signal_at_s = {grace_s}, {signal_at_s}\n"
        f"mine = await lessonkit.hand_over(lab, grace_s=grace_s, signal_at_s=signal_at_s, {more})"
    )


def handlers(final: str | None = "lost", **words: str | None) -> str:
    """An answer to 03: what is written at each event, and `final` where no attempt is left."""
    words = {"completed": "sent", "retrying": "again"} | words
    lines = [
        f"on({event!r})(lambda event: log.append(({word!r}, event.job)))"
        for event, word in words.items()
        if word
    ]
    if final and "failed" not in words:
        entry = f"({final!r}, event.job)"
        lines.append(f"on('failed')(lambda event: event.final and log.append({entry}))")
    lines += ["for event in heard:", "    on.tell(event)", ""]
    return "\n".join(["log = []", "on = Handlers()", *lines])


EXERCISES = {
    ("00_start_here", "mend"): Exercise(
        [
            Wrong("max_jobs = 0\nreport = await lessonkit.examine(lab, max_jobs)", "still red"),
            Wrong("max_jobs = 'two'\nreport = await lessonkit.examine(lab, max_jobs)", "still red"),
            Wrong("max_jobs = 1\nreport = None", "has not looked"),
        ]
    ),
    ("01_your_first_worker", "stray"): Exercise(
        [
            Wrong(
                'queue_name = "mail"\nsent = await lab.send(email, "mail", timeout_s=0.3)', "waits"
            ),
            Wrong(
                'queue_name = "workers"\nsent = await lab.send(email, "workers", timeout_s=0.3)',
                "waits",
            ),
            Wrong('queue_name = "email"\nsent = None', "nothing was sent"),
        ]
    ),
    ("03_events_and_progress", "log"): Exercise(
        [
            Wrong(handlers(failed="lost"), "tells of each attempt that failed"),
            Wrong(handlers(retrying=None), "is there a handler for `retrying`?"),
            Wrong(handlers(completed=None, active="sent"), "`active` only says"),
            Wrong(handlers(final=None), "is there a handler for `failed`?"),
            Wrong(handlers(completed=None), "is there a handler for `completed`?"),
            Wrong(handlers(retrying=None, failed="again"), "and of nothing else"),
            Wrong(handlers() + handlers().replace("log = []", ""), "each entry is there twice"),
            Wrong(handlers(completed="done"), "is no entry"),
            Wrong("log = {'sent': 2}", "`log` is dict"),
            Wrong(
                handlers() + "log, on = list(log), Handlers()",
                "of those your handlers wrote nothing",
            ),
            Wrong(
                handlers() + "known, on = list(log), Handlers()\n"
                "on('completed')(lambda event: log.extend(known))",
                "has to come from the event",
            ),
        ]
    ),
    ("02_concurrency", "totals"): Exercise(
        [
            Wrong("total_1_s, total_5_s = five.makespan_s, one.makespan_s", "swapped"),
            Wrong("total_1_s, total_5_s = 1.0, 1.0", "the time of one email"),
            Wrong("total_1_s, total_5_s = 5.0, 5.0", "your run at max_jobs 5"),
            Wrong("total_1_s, total_5_s = '5 s', 1.0", "give a number of seconds"),
            Wrong("total_1_s, total_5_s = 5.0, ...", "total_5_s is missing"),
            Wrong("total_1_s, total_5_s, predicted_3_s = 5.0, 1.0, 5 / 3", "like water"),
            Wrong("total_1_s, total_5_s, predicted_3_s = 5.0, 1.0, 1.0", "is one round"),
            Wrong("total_1_s, total_5_s, predicted_3_s = 5.0, 1.0, 5.0", "the time at max_jobs 1"),
            Wrong("total_1_s, total_5_s, predicted_3_s = 5.0, 1.0, 3.0", "count the rounds"),
            Wrong("total_1_s, total_5_s, predicted_3_s = 5.0, 1.0, 2.0", "run at 3 is missing"),
            Wrong(
                "total_1_s, total_5_s, predicted_3_s = 5.0, 1.0, 2.0\n"
                "three = lab.run(max_jobs=3)\nthree.close()",
                "forget the `await`",
            ),
            Wrong(
                "total_1_s, total_5_s, predicted_3_s, three = 5.0, 1.0, 2.0, five",
                "pass `max_jobs=3`",
            ),
            Wrong(
                "total_1_s, total_5_s, predicted_3_s = 5.0, 1.0, 2.0\n"
                "three = await lab.run(jobs=3, seconds=0.1, max_jobs=3)",
                "to compare, send the same",
            ),
        ]
    ),
    ("04_rate_limiting", "rate"): Exercise(
        [
            Wrong("limit = '5/1s'", "still missing"),
            Wrong("limit, workers, max_jobs = '5/1s', 1, 5", "`quick` has not been run"),
            Wrong(tried("off", 1, 5), "how many a worker sends at the same moment"),
            Wrong(tried("off", 1, 1), "these slots could start 1.4"),
            Wrong(tried("10/1s", 2, 5), "a limit is not per worker"),
            Wrong(tried("10/1s", 1, 5), "lets more through"),
            Wrong(tried("1/1s", 1, 5), "far below the 5 a second"),
            Wrong(tried("5/1s", 1, 2, slow=True), "2 slots can start no more than 2.9 a second"),
            Wrong(
                "limit, workers, max_jobs = '5/1s', 2, 5\nquick = slow = free",
                "the exercise is about 11 of 0.05 s",
            ),
        ]
    ),
    ("05_graceful_shutdown", "notice"): Exercise(
        [
            Wrong(handed_over(0, 0.3), "a grace of 0 s"),
            Wrong(handed_over(0.2, 0.3), "shorter than one email"),
            Wrong(handed_over(1.2, 1.0, "jobs=2, seconds=1.5"), "cannot choose when a real signal"),
            Wrong(
                handed_over(10, 0.3, "jobs=2, signum=signal.SIGKILL"), "SIGKILL cannot be heeded"
            ),
            Wrong(handed_over(5, 1.5, "jobs=2, seconds=0.5"), "all 2 emails had been sent"),
            Wrong("grace_s = 5", "signal_at_s is missing"),
            Wrong("grace_s, signal_at_s, mine = 5, 1.3, None", "no run to look at"),
            Wrong(
                "grace_s, signal_at_s, mine = 5, 1.3, lessonkit.hand_over(lab)\nmine.close()",
                "forget the `await`",
            ),
            Wrong("grace_s, signal_at_s, mine = 5, 1.3, kept", "not your answers"),
        ]
    ),
}


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def role(cell: NotebookNode) -> str:
    return cell.metadata.get("lessonkit", {}).get("role", "")


def exercise_id(cell: NotebookNode) -> str:
    return cell.metadata.get("lessonkit", {}).get("id", "")


def with_role(notebook: NotebookNode, wanted: str) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if role(cell) == wanted]


def text_of(cell: NotebookNode) -> str:
    """What a cell showed, as plain text."""
    shown = [output.get("text", "") for output in cell.outputs]
    shown += [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "\n".join(shown).strip()


notebooks = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@notebooks
def test_a_notebook_has_every_part_of_the_template(path: Path) -> None:
    notebook = read(path)
    first, last = notebook.cells[0], notebook.cells[-1]
    assert re.match(r"# .+\?$", first.source.splitlines()[0]), "it opens with its question"
    assert re.search(r"\*\d+ minutes\.\*", first.source)
    assert {role(cell) for cell in notebook.cells} >= ROLES
    assert last.source.endswith("await lab.close()")
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for heading in ("## Set up", "## Predict", "## Run", "## Observe", "## Exercise", "## Recap"):
        assert heading in text
    assert "with BullMQ, in Node" in text
    assert "<summary>Hint</summary>" in text


@notebooks
def test_cells_are_short_and_plain(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type == "code":
            lines = cell.source.splitlines()
            assert len(lines) <= 15, cell.source
            assert max(map(len, lines)) <= 80, cell.source
            for word in FORBIDDEN:
                assert word not in cell.source


@notebooks
def test_only_facts_that_never_change_are_stored(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type != "code":
            continue
        tags = set(cell.metadata.get("tags", []))
        assert "nbval-skip" not in tags
        if "nbval-check-output" in tags:
            assert "keep_output" in tags
            assert cell.outputs, f"nbval would compare nothing in {cell.source!r}"
        else:
            assert not cell.outputs, f"an output is stored for {cell.source!r}"
            assert cell.execution_count is None


@notebooks
def test_links_lead_somewhere(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)#]+)\)", cell.source):
                assert target.startswith("https://") or (FOLDER / target).exists(), target


def test_every_exercise_has_wrong_answers_to_try() -> None:
    found = {
        (path.stem, exercise_id(cell))
        for path in NOTEBOOKS
        for cell in with_role(read(path), "exercise")
    }
    assert found == set(EXERCISES)


@notebooks
def test_the_check_tells_stub_wrong_answers_and_solution_apart(path: Path) -> None:
    """Run the notebook as shipped up to its check, then give the check every answer in turn."""
    notebook = read(path)
    (solution,) = with_role(notebook, "solution")
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(FOLDER)}})

    def run(source: str) -> str:
        cell = new_code_cell(source)
        notebook.cells.append(cell)
        client.execute_cell(cell, len(notebook.cells) - 1)
        return text_of(cell)

    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                client.execute_cell(cell, index)
            if role(cell) == "exercise":
                stub = cell.source
            if role(cell) == "check":
                check, exercise = cell.source, exercise_id(cell)
                assert text_of(cell).startswith("Not attempted")
                break
        for wrong in EXERCISES[path.stem, exercise].wrong:
            run(stub)
            run(wrong.answer)
            said = run(check)
            assert said.startswith("Not yet, because"), (wrong.answer, said)
            assert wrong.reason in said
        run(re.search(r"```python\n(.*?)```", solution.source, re.DOTALL)[1])
        assert run(check).startswith("Passed.")
        assert "no process of this lab is left" in run("await lab.close()")
