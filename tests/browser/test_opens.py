"""`make lab` opens JupyterLab as a learner should find it."""

import json
import shutil

import nbformat
import pytest
from playwright.sync_api import expect

from lessonkit import jupyter
from tests.browser import driver

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def small_notebook(jupyter_root):
    """A notebook to try the driver on; returns its name."""
    cells = [
        nbformat.v4.new_markdown_cell("# A question"),
        nbformat.v4.new_code_cell("from pathlib import Path\nimport lessonkit\nruns = [1]"),
        nbformat.v4.new_code_cell("runs.append(2)\nPath.cwd().name, runs"),
        nbformat.v4.new_code_cell("1 / 0"),
    ]
    for index, cell in enumerate(cells):
        cell.id = f"cell-{index}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, jupyter_root / "notebooks" / "small.ipynb")
    return "small.ipynb"


@pytest.fixture
def first_start(jupyter_root):
    """Forget the layout that earlier tests left."""
    shutil.rmtree(jupyter_root / ".jupyter" / "workspaces")
    jupyter.environment(root=jupyter_root)


def test_the_first_start_shows_contents_no_news_and_run_to_here(
    page, jupyter_url, small_notebook, first_start
):
    page.goto(driver.address(jupyter_url, f"lab/tree/notebooks/{small_notebook}"))
    driver.wait_for_kernel(page)
    contents = page.locator("#table-of-contents")
    expect(contents).to_be_visible()
    expect(contents).to_contain_text("A question")
    button = page.locator(".jp-NotebookPanel-toolbar:visible [data-jp-item-name='run-above']")
    expect(button).to_contain_text("Run to here")
    expect(page.locator(".Toastify__toast, .jp-Dialog")).to_have_count(0)


def test_cells_run_up_to_the_one_asked_for(page, jupyter_url, small_notebook):
    driver.open_notebook(page, jupyter_url, small_notebook, theme="dark", width=800)
    cell = driver.run_to_cell(page, 2)
    expect(cell).to_contain_text("('notebooks', [1, 2])")
    assert driver.errors(page) == []


def test_an_error_is_seen(page, jupyter_url, small_notebook, tmp_path):
    driver.open_notebook(page, jupyter_url, small_notebook)
    driver.run_all(page)
    (error,) = driver.errors(page)
    assert "ZeroDivisionError" in error
    assert driver.screenshot(page, tmp_path / "error.png").stat().st_size > 10_000


async def test_asyncio_is_free_again_after_a_browser():
    """Playwright ran a loop in this thread; a test like this one needs the thread."""


def test_the_url_opens_the_first_notebook():
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in jupyter.command()


def test_arguments_are_passed_on():
    assert jupyter.command(["--port", "8890"])[-2:] == ["--port", "8890"]


def test_a_layout_of_the_users_own_is_kept(tmp_path):
    jupyter.environment(root=tmp_path)
    file = tmp_path / ".jupyter" / "workspaces" / jupyter.WORKSPACE_FILE
    assert "toc" in file.read_text()
    file.write_text(json.dumps({"mine": True}))
    jupyter.environment(root=tmp_path)
    assert json.loads(file.read_text()) == {"mine": True}


def test_all_that_jupyter_writes_stays_in_the_repository(tmp_path):
    env = jupyter.environment(root=tmp_path)
    names = [name for name in env if name.startswith(("JUPYTER_", "JUPYTERLAB_", "IPYTHON"))]
    written = [name for name in names if name.endswith(("DIR", "DIRS"))]
    assert len(written) >= 6
    assert all(env[name].startswith(str(tmp_path)) for name in written)
