"""What every notebook is held to: its form, its claims, its exercise with every kind of answer."""

from __future__ import annotations

import re
import shutil
from importlib import import_module
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

from tests.answers.wrong import Wrong
from tests.clear import FOLDER, main, tidy
from tests.kernels import AsyncKernelManager

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
ROLES = {"predict", "run", "claim", "exercise", "check", "solution"}
FORBIDDEN = ("asyncio.run(", "nest_asyncio", "%run", "%%time", "import *", "unittest.mock")


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def role(cell: NotebookNode) -> str:
    return cell.metadata.get("lessonkit", {}).get("role", "")


def wrong_answers(path: Path) -> list[Wrong]:
    return import_module(f"tests.answers.n{path.stem}").WRONG


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
    assert last.source.endswith("await lab.close()"), "the last cell closes the lab"
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for heading in ("## Set up", "## Predict", "## Run", "## Observe", "## Exercise", "## Recap"):
        assert heading in text, f"the heading {heading} is missing"
    assert "with BullMQ, in Node" in text, "the recap compares with BullMQ"
    assert "<summary>Hint</summary>" in text, "there is a hint"


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
            assert "keep_output" not in tags, f"nbval would not compare {cell.source!r}"


@notebooks
def test_nothing_is_stored_of_a_run(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    shutil.copy(path, copy)
    assert not tidy(copy), f"run `.venv/bin/python -m tests.clear notebooks/{path.name}`"


def test_what_a_run_left_is_cleared_and_a_kept_output_is_not(tmp_path: Path, capsys) -> None:
    path = tmp_path / "run.ipynb"
    ran = read(FOLDER / "01_your_first_worker.ipynb")
    stored = nbformat.writes(ran) + "\n"
    for count, cell in enumerate((c for c in ran.cells if c.cell_type == "code"), 1):
        cell.execution_count = count
        cell.metadata.execution = {"iopub.status.busy": "2026-01-01T12:00:00Z"}
        cell.outputs = cell.outputs or [new_output("stream", text="[worker] Started\n")]
    ran.metadata.language_info.version = "3.13.1"
    path.write_text(nbformat.writes(ran))
    assert main([str(path)]) == 1
    assert f"{path} is cleared" in capsys.readouterr().out
    assert path.read_text() == stored
    assert main([str(path)]) == 0


@notebooks
def test_links_lead_somewhere(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)#]+)\)", cell.source):
                assert target.startswith("https://") or (FOLDER / target).exists(), target


@notebooks
def test_a_notebook_leads_to_the_one_before_and_the_next_one(path: Path) -> None:
    at, (first, *others) = NOTEBOOKS.index(path), (cell.source for cell in read(path).cells)
    end = "\n".join(others[-3:])
    neighbours = [("Before", each) for each in NOTEBOOKS[max(0, at - 1) : at]]
    neighbours += [("Next", each) for each in NOTEBOOKS[at + 1 : at + 2]]
    for where, text in (("first cell", first), ("end", end)):
        for which, other in neighbours:
            link = rf"{which}: \[[^\]]+\]\({other.name}\)"
            assert re.search(link, text), f"the {where} of {path.name} has no {link}"


@notebooks
def test_a_notebook_is_in_the_readme_and_on_the_map_of_00(path: Path) -> None:
    assert f"](notebooks/{path.name}) |" in (FOLDER.parent / "README.md").read_text()
    if path != NOTEBOOKS[0]:
        map_of_00 = "\n".join(cell.source for cell in read(NOTEBOOKS[0]).cells)
        assert f"]({path.name}) |" in map_of_00, f"the map in 00 has no {path.name}"


@notebooks
def test_every_exercise_has_wrong_answers_to_try(path: Path) -> None:
    assert len(with_role(read(path), "exercise")) == 1
    assert (FOLDER.parent / f"tests/answers/n{path.stem}.py").exists(), "nobody tries wrong answers"
    assert len(wrong_answers(path)) >= 3


@pytest.mark.timeout(300)  # a real run for each answer; on a busy machine they add up
@notebooks
def test_the_check_tells_stub_wrong_answers_and_solution_apart(path: Path) -> None:
    """Run the notebook as shipped up to its check, then give the check every answer in turn."""
    notebook = read(path)
    (solution,) = with_role(notebook, "solution")
    client = NotebookClient(
        notebook,
        timeout=60,
        resources={"metadata": {"path": str(FOLDER)}},
        kernel_manager_class=AsyncKernelManager,
    )

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
                check = cell.source
                assert text_of(cell).startswith("Not attempted")
                break
        for wrong in wrong_answers(path):
            run(stub)
            run(wrong.answer)
            said = run(check)
            assert said.startswith("Not yet, because"), (wrong.answer, said)
            assert wrong.reason in said
        run(re.search(r"```python\n(.*?)```", solution.source, re.DOTALL)[1])
        assert run(check).startswith("Passed.")
        assert "no process of this lab is left" in run("await lab.close()")
