"""Run the notebooks and make a website of them: ``python .site/build.py [STEM ...]``.

Without a STEM all notebooks are run. Those that are not run appear as they are stored.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from queue import Empty

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from still import STATE, VIEW, NoStillImage, children, still

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / ".site"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CELL_TIMEOUT_S = 120
#: what is pressed in a lab, where it has these, so that it has something to show
PRESSED = ("lk-run", "lk-email", "lk-busy", "lk-nobody", "lk-report")
#: a file of the repository beside the notebooks: it comes with the site
LINKED = re.compile(r"\]\(\.\./([\w@./-]+)\)")
#: a lab that does not end by itself is stopped then
LAB_S = 15.0
EMPTY = {"text/plain": ""}
NOTE = """\
```{{note}}
This page shows a run of {day}, on a machine with {cpus} CPUs ({system}, Python {python}).
Predictions are as they were before anybody moved them, and sliders and buttons only show how they
stood. To use them, and to get numbers of your own, [run the notebook](../index.md#run-it-yourself).
```"""


class NotebookFailed(Exception):
    """A notebook that did not run to its end, and why."""


def main() -> int:
    """Build the site and return the exit code."""
    parser = argparse.ArgumentParser(description="Run the notebooks and make a website of them.")
    stems = [path.stem for path in NOTEBOOKS]
    parser.add_argument(
        "run", nargs="*", metavar="STEM", help="the notebooks to run (default: all)"
    )
    parser.add_argument(
        "--to", type=Path, default=ROOT / "build" / "site", help="default: %(default)s"
    )
    options = parser.parse_args()
    if unknown := sorted(set(options.run) - set(stems)):
        parser.error(f"no such notebook: {', '.join(unknown)}. There are: {', '.join(stems)}")
    target = options.to.resolve()
    pages = target.with_name(target.name + "-pages")
    try:
        asyncio.run(write_pages(pages, set(options.run or stems)))
    except NotebookFailed as failure:
        print(f"\n{failure}\nNo site was made.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. No site was made.", file=sys.stderr)
        return 130
    return make_html(pages, target)


async def write_pages(pages: Path, chosen: set[str]) -> None:
    """Write what Sphinx reads: the front page, and each notebook with its outputs."""
    shutil.rmtree(pages, ignore_errors=True)
    (pages / "notebooks").mkdir(parents=True)
    index = (HERE / "index.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("## The notebooks\n")[2].strip().partition("\n\n")[0]
    (pages / "index.md").write_text(index.replace("TABLE", table), encoding="utf-8")
    for number, path in enumerate(NOTEBOOKS, 1):
        notebook = nbformat.read(path, as_version=4)
        if path.stem in chosen:
            began = time.monotonic()
            print(f"{number:2} of {len(NOTEBOOKS)}  {path.stem} …", end="", flush=True)
            await run(notebook, path)
            print(f" {time.monotonic() - began:.1f} s", flush=True)
            notebook.cells.insert(1, new_markdown_cell(note()))
        nbformat.write(notebook, pages / "notebooks" / path.name)
        for linked in LINKED.findall("\n".join(cell.source for cell in notebook.cells)):
            (pages / linked).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / linked, pages / linked)


def note() -> str:
    """Where the numbers on a page come from, in Markdown."""
    return NOTE.format(
        day=f"{datetime.datetime.now().astimezone():%-d %B %Y}",
        cpus=os.cpu_count(),
        system=platform.system(),
        python=platform.python_version(),
    )


async def run(notebook: NotebookNode, path: Path) -> None:
    """Run a notebook as it is stored, press what its labs have, and leave its widgets still."""
    with tempfile.TemporaryDirectory(prefix="site-") as folder:
        kernel = AsyncKernelManager(transport="ipc", connection_file=f"{folder}/kernel.json")
        client = NotebookClient(
            notebook,
            km=kernel,
            timeout=CELL_TIMEOUT_S,
            resources={"metadata": {"path": str(path.parent)}},
        )
        try:
            async with client.async_setup_kernel(cleanup_kc=True):
                for index, cell in enumerate(notebook.cells):
                    await client.async_execute_cell(cell, index)
                    await play(client, cell)
                client.set_widgets_metadata()
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise NotebookFailed(f"{path.name} failed: {error}") from error
    models = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    for cell in notebook.cells:
        if cell.cell_type == "code":  # a line of progress is empty when a run is over
            cell.outputs = [each for each in cell.outputs if each.get("data", each) != EMPTY]
        for output in cell.get("outputs", ()):
            view = output.get("data", {}).pop(VIEW, None)
            if view:
                try:
                    output.data = {"text/html": still(models, view["model_id"])}
                except NoStillImage as error:
                    raise NotebookFailed(f"{path.name}: {error}") from error
    notebook.metadata.pop("widgets", None)


async def play(client: NotebookClient, cell: NotebookNode) -> None:
    """Press the buttons of the lab that a cell shows, as its page would, and wait for its end."""
    for output in cell.get("outputs", ()):
        if view := output.get("data", {}).get(VIEW):
            buttons = find_buttons(client, view["model_id"])
            if "lk-stop" in buttons:
                await press_and_wait(client, buttons)


def find_buttons(client: NotebookClient, model_id: str) -> dict[str, str]:
    """The buttons in a widget: the id of each by the class that names it."""
    state = client.widget_state[model_id]
    found = {
        name: model_id for name in state["_dom_classes"] if state["_model_name"] == "ButtonModel"
    }
    for child in children(state):
        found |= find_buttons(client, child)
    return found


async def press_and_wait(client: NotebookClient, buttons: dict[str, str]) -> None:
    """Press what starts something, and stop it if it does not end by itself."""
    for name in PRESSED:
        if name in buttons:
            press(client, buttons[name])
    to_kill = "lk-run" in buttons  # a run that waits for somebody to kill its worker
    deadline = time.monotonic() + LAB_S
    await hear(client)
    while busy(client, buttons) and time.monotonic() < deadline:
        if to_kill and enabled(client, buttons, "lk-kill"):
            to_kill = False
            press(client, buttons["lk-kill"])
        await hear(client)
    if busy(client, buttons):
        press(client, buttons["lk-stop"])
        while busy(client, buttons):
            await hear(client)
    await hear(client)  # what the lab says last


def press(client: NotebookClient, model_id: str) -> None:
    """Send what a page sends when a button is clicked."""
    data = {"method": "custom", "content": {"event": "click"}}
    message = client.kc.session.msg("comm_msg", {"comm_id": model_id, "data": data})
    client.kc.shell_channel.send(message)


def busy(client: NotebookClient, buttons: dict[str, str]) -> bool:
    """Whether the lab runs something: then there is something to stop."""
    return enabled(client, buttons, "lk-stop")


def enabled(client: NotebookClient, buttons: dict[str, str], name: str) -> bool:
    """Whether the lab has this button and it can be pressed."""
    return name in buttons and not client.widget_state[buttons[name]]["disabled"]


async def hear(client: NotebookClient, seconds: float = 0.3) -> None:
    """Take in what widgets tell. nbclient itself hears only what comes of the cell it runs."""
    deadline = time.monotonic() + seconds
    while (left_s := deadline - time.monotonic()) > 0:
        with contextlib.suppress(Empty):
            message = await client.kc.iopub_channel.get_msg(timeout=left_s)
            if message["msg_type"] in ("comm_open", "comm_msg"):
                client.handle_comm_msg([], message, 0)


def make_html(pages: Path, target: Path) -> int:
    """Have Sphinx make the site; any warning of it fails the build."""
    shutil.rmtree(target, ignore_errors=True)
    settings = ["-c", str(HERE), "-d", str(pages / "doctrees")]
    sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", *settings]
    code = subprocess.run([*sphinx, str(pages), str(target)], check=False).returncode
    if not code:
        print(f"The site is in {target}: open {(target / 'index.html').as_uri()}")
    return code


if __name__ == "__main__":
    sys.exit(main())
