"""What Voila is given of a notebook: its labs, and no more than they need."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from lessonkit.voila import only_labs
from tests.kernels import AsyncKernelManager

FOLDER = Path(__file__).parent.parent / "notebooks"
WITH_LAB = sorted(path.stem for path in FOLDER.glob("*.ipynb") if "Lab(" in path.read_text())


def shown(stem):
    return only_labs(None, nbformat.read(FOLDER / f"{stem}.ipynb", as_version=4), cwd="")


@pytest.mark.parametrize("stem", WITH_LAB)
def test_a_lab_is_left_with_its_question_its_text_and_the_session(stem):
    question, *cells = shown(stem).cells
    text, lab = cells[-2:]
    assert question.source.startswith("# ")
    assert text.source.startswith("## Play")
    assert "Lab(lab" in lab.source
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert "open_lab(" in code[0].source
    assert not any(cell.metadata.get("lessonkit") for cell in code), "nothing is run or asked"
    assert "lab.close()" not in code[-1].source


def test_a_notebook_without_a_lab_stays_as_it_is():
    assert shown("00_start_here") == nbformat.read(FOLDER / "00_start_here.ipynb", as_version=4)


async def test_what_is_left_runs_also_where_a_lab_needs_more_than_the_session():
    notebook = shown("11_capstone")
    client = NotebookClient(
        notebook,
        resources={"metadata": {"path": str(FOLDER)}},
        kernel_manager_class=AsyncKernelManager,
    )
    await client.async_execute()
    assert "DAY" in notebook.cells[-1].source
    assert "widget-view" in str(notebook.cells[-1].outputs[-1].data.keys())
