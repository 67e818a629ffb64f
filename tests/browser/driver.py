"""Drive a real JupyterLab: open a notebook, run its cells, look at it."""

import os
import shutil
from pathlib import Path
from urllib.parse import quote

import pytest

TOKEN = "lessonkit-tests"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # Chromium has none for root, which containers run as
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
]
BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
NO_BROWSER = (
    "no Chromium or Chrome found. Get one with `sudo apt install chromium` or "
    "`.venv/bin/python -m playwright install chromium`, or name one in LESSONKIT_CHROMIUM"
)
ERRORS = ", ".join(
    f'[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in ("error", "stderr")
)

# The toolbar says "idle" before the kernel is connected: ask the session itself.
KERNEL_READY = """async () => {
  await jupyterapp.restored;
  const session = jupyterapp.shell.currentWidget.context.sessionContext;
  await session.ready;
  await session.session.kernel.info;
}"""


def find_chromium(playwright):
    """Return a browser's path; without one skip, or fail where one is required."""
    own = playwright.chromium.executable_path
    named = os.environ.get("LESSONKIT_CHROMIUM")
    # Playwright's own comes early: Ubuntu's chromium-browser may be a script that asks for a snap.
    for path in [named, own, *map(shutil.which, BROWSERS), MAC_CHROME]:
        if path and Path(path).exists():
            return path
    if os.environ.get("LESSONKIT_REQUIRE_BROWSER") == "1":
        pytest.fail(NO_BROWSER)
    pytest.skip(NO_BROWSER)


def address(url, path="", **query):
    """Return the address of a page of JupyterLab, signed in."""
    asked = "".join(f"&{name}={quote(value)}" for name, value in query.items())
    return f"{url}/{path}?token={TOKEN}{asked}"


def open_notebook(page, url, name, theme="light", width=1300, height=900):
    """Open ``notebooks/<name>`` alone, in a theme and a width, and wait for its kernel."""
    page.set_viewport_size({"width": width, "height": height})
    page.goto(address(url, f"lab/tree/notebooks/{quote(name)}", reset=""))
    wait_for_kernel(page)
    set_theme(page, theme)


def open_lab(page, url, name, lab):
    """Open a notebook, run its set-up and the cell that makes this lab; answer it on the page."""
    open_notebook(page, url, name)
    return make_lab(page, lab)


def make_lab(page, lab):
    """Run the set-up of the notebook in front and the cell that makes this lab; answer it."""
    run_cell_with(page, "open_lab()")
    run_cell_with(page, lab)
    shown = page.locator(".lk-lab").first
    shown.scroll_into_view_if_needed()
    return shown


def set_theme(page, theme):
    """Change to JupyterLab's "light" or "dark" theme."""
    name = f"JupyterLab {theme.capitalize()}"
    page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", name)
    is_light = str(theme == "light").lower()
    page.locator(f'body[data-jp-theme-light="{is_light}"]').wait_for(state="attached")


def wait_for_kernel(page, timeout_s=60):
    """Wait until the notebook in front is there, with a kernel that answers."""
    page.locator(".jp-NotebookPanel:visible .jp-Cell").first.wait_for(timeout=timeout_s * 1000)
    within(page, timeout_s, KERNEL_READY)


def run_all(page, timeout_s=120):
    """Run every cell and wait for the last one."""
    within(page, timeout_s, "() => jupyterapp.commands.execute('notebook:run-all-cells')")


def run_to_cell(page, index, timeout_s=120):
    """Run the cells up to and with the one at ``index``, and return that cell."""
    script = """async index => {
      const notebook = jupyterapp.shell.currentWidget.content;
      notebook.deselectAll();
      notebook.activeCellIndex = index;
      await jupyterapp.commands.execute('notebook:run-all-above');
      notebook.activeCellIndex = index;
      await jupyterapp.commands.execute('notebook:run-cell');
    }"""
    within(page, timeout_s, script, index)
    return cell(page, index)


def run_cell_with(page, text, timeout_s=120):
    """Run the first code cell that holds this text, whether or not those above it have run."""
    script = """async text => {
      const notebook = jupyterapp.shell.currentWidget.content;
      notebook.deselectAll();
      notebook.activeCellIndex = notebook.widgets.findIndex(
        cell => cell.model.type === 'code' && cell.model.sharedModel.source.includes(text));
      await jupyterapp.commands.execute('notebook:run-cell');
    }"""
    within(page, timeout_s, script, text)


def within(page, timeout_s, script, argument=None):
    """Evaluate an asynchronous script, with the time limit that ``page.evaluate`` has not."""
    timed = f"""argument => Promise.race([
      ({script})(argument),
      new Promise((_, fail) => setTimeout(
        () => fail(new Error('not done in {timeout_s} s')), {timeout_s * 1000})),
    ]).then(() => null)"""
    page.evaluate(timed, argument)


def cell(page, index):
    """Return the cell at ``index`` in the notebook in front."""
    return page.locator(".jp-NotebookPanel:visible .jp-Notebook-cell").nth(index)


def errors(page):
    """Return the texts of all errors, and of all that went to stderr."""
    return page.locator(f".jp-NotebookPanel:visible :is({ERRORS})").all_inner_texts()


def screenshot(page, path, of=None):
    """Save a picture of the window, or of one cell or element; return its path."""
    if of is not None:
        of.scroll_into_view_if_needed()
    (of or page).screenshot(path=path)
    return Path(path)
