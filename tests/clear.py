"""`python -m tests.clear [NOTEBOOK ...]`: take out of notebooks, or of all, what running them left.

The outputs of cells tagged `keep_output` stay. Says which it changed, and exits with 1 then.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

FOLDER = Path(__file__).parent.parent / "notebooks"
#: what JupyterLab notes of a run, and of how a cell was looked at
NOTES = ("execution", "collapsed", "scrolled", "jupyter")


def main(arguments: list[str]) -> int:
    paths = [Path(argument) for argument in arguments] or sorted(FOLDER.glob("*.ipynb"))
    changed = [path for path in paths if tidy(path)]
    for path in changed:
        print(f"{path} is cleared")
    return 1 if changed else 0


def tidy(path: Path) -> bool:
    """Clear the file of a notebook; answers whether that changed it."""
    before = path.read_text(encoding="utf-8")
    after = nbformat.writes(clear(nbformat.reads(before, as_version=4))) + "\n"
    if after != before:
        path.write_text(after, encoding="utf-8")
    return after != before


def clear(notebook: NotebookNode) -> NotebookNode:
    """The notebook as it is stored."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = {"name": "python"}
    for cell in notebook.cells:
        for note in NOTES:
            cell.metadata.pop(note, None)
        if cell.cell_type != "code":
            continue
        if "keep_output" not in cell.metadata.get("tags", []):
            cell.outputs = []
        # where there is an output, nbval wants a count
        cell.execution_count = 1 if cell.outputs else None
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = 1
    return notebook


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
