"""A notebook's lab as a page of its own: what `voila notebooks/NN_name.ipynb` shows.

Voila runs a notebook from top to bottom before it shows the page. A lab needs only a few of the
cells, and not the last one, which closes the session. `voila_config.py`, which the wheel installs
where Voila looks for its settings, has Voila call `only_labs`.
"""

from __future__ import annotations

import ast
import re
from typing import Any

#: how a cell makes a lab
MAKES_LAB = re.compile(r"lessonkit\.\w+Lab\(")


def only_labs(request: Any, notebook: Any, cwd: str) -> Any:  # noqa: ARG001 (Voila names them)
    """Leave of a notebook its question, its labs, what is said of them and what they need.

    A notebook without a lab stays as it is. This is Voila's `prelaunch_hook`.
    """
    cells = notebook["cells"]
    labs = [at for at, cell in enumerate(cells) if MAKES_LAB.search(_code(cell))]
    if not labs:
        return notebook
    kept = {0, *labs, *(_heading_above(cells, at) for at in labs)}
    wanted = {name for at in labs for name in _names(cells[at], ast.Load)}
    for at in range(max(labs) - 1, 0, -1):
        if wanted & _names(cells[at], ast.Store):
            kept.add(at)
            wanted |= _names(cells[at], ast.Load)
    notebook["cells"] = [cells[at] for at in sorted(kept)]
    return notebook


def _code(cell: Any) -> str:
    """Its Python; none where the cell is a magic's."""
    source = str(cell["source"])
    return "" if cell["cell_type"] != "code" or source.startswith("%") else source


def _heading_above(cells: Any, at: int) -> int:
    """The nearest Markdown cell above the one at `at`: it says what to do there."""
    return max(above for above in range(at) if cells[above]["cell_type"] == "markdown")


def _names(cell: Any, context: type[ast.expr_context]) -> set[str]:
    """The names that a code cell reads (`ast.Load`) or makes (`ast.Store`)."""
    found = set()
    for node in ast.walk(ast.parse(_code(cell))):
        if isinstance(node, ast.Name) and isinstance(node.ctx, context):
            found.add(node.id)
        elif context is ast.Store and isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        elif context is ast.Store and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
    return found
