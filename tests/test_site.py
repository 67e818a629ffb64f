"""How the site's builder runs a notebook, and what it leaves of widgets."""

from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
SET_UP = "import lessonkit\nlab = await lessonkit.open_lab()"


@pytest.fixture
def build(monkeypatch):
    """The builder's module, which is a script."""
    monkeypatch.syspath_prepend(ROOT / ".site")
    return pytest.importorskip("build")


async def run(build, *sources):
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    await build.run(notebook, ROOT / "notebooks" / "made_up.ipynb")
    return notebook


async def test_a_lab_is_played_and_its_last_state_kept(build):
    lab = "lessonkit.ConcurrencyLab(lab, emails=2, seconds=0.1, max_jobs=2)"
    notebook = await run(build, SET_UP, lab, "await lab.close()")
    (shown,) = notebook.cells[1].outputs
    assert list(shown.data) == ["text/html"]
    html = shown.data["text/html"]
    assert "2 emails in" in html
    assert "[worker:email] Job 2 completed" in html
    assert 'alt="' in html
    assert html.count("data-took-s") == 1
    for name in ("max_jobs", "emails", "seconds per email"):
        assert f'<span class="widget-label">{name}</span><input type="range" disabled' in html
    assert "no process of this lab is left" in notebook.cells[2].outputs[0].data["text/plain"]


async def test_every_kind_of_question_has_a_still_image(build):
    question = 'lessonkit.Choice("What is <b>?", ["This", "That & this"], default=1)'
    notebook = await run(build, f"import lessonkit\n{question}")
    html = notebook.cells[0].outputs[0].data["text/html"]
    assert "What is &lt;b&gt;?" in html
    assert 'That &amp; this <input type="radio" disabled checked>' in html


async def test_a_cell_that_fails_is_told_with_its_notebooks_name(build):
    with pytest.raises(
        build.NotebookFailed, match=r"made_up\.ipynb failed: [\s\S]*ZeroDivisionError"
    ):
        await run(build, "1 / 0")


async def test_a_widget_that_nobody_has_drawn_is_told(build):
    with pytest.raises(build.NotebookFailed, match=r"made_up\.ipynb: no still image for a Valid"):
        await run(build, "import ipywidgets\nipywidgets.Valid()")
