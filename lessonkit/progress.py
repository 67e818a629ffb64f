"""How far a run is: one line, under the cell or in the terminal, gone when the run is over."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from lessonkit.batch import Batch

#: of a terminal: go there, and clear it
START_OF_LINE = "\r\x1b[K"


class CellProgress:
    """A context in which `show(batch)` updates the line. Outside of a notebook it shows nothing."""

    def __init__(self) -> None:
        self._phase = ""
        self._shown = ""
        self._handle: Any = None

    def __enter__(self) -> CellProgress:
        if _in_notebook():
            from IPython.display import display

            self._handle = display(_Line(""), display_id=True)  # type: ignore[no-untyped-call]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._update("")

    def phase(self, name: str) -> None:
        """What is being done now; from any thread."""
        self._phase = name

    def show(self, batch: Batch | None = None) -> None:
        """Update the line; from the cell's own thread, where Jupyter knows whose output it is."""
        if batch and self._phase == "running":
            self._update(f"{batch.done} of {batch.jobs} sent, {batch.now_s:.1f} s")
        elif self._phase:
            self._update(f"{self._phase} …")

    def _update(self, text: str) -> None:
        if self._handle and text != self._shown:
            self._handle.update(_Line(text))
            self._shown = text


@contextmanager
def terminal_progress() -> Iterator[Callable[[str], None]]:
    """A context whose function shows a text in a line on stderr. Outside of a terminal it shows
    nothing."""
    live = sys.stderr.isatty()

    def show(text: str) -> None:
        if live:
            # a line that is broken could not be taken back
            text = text[: shutil.get_terminal_size().columns - 1]
            sys.stderr.write(START_OF_LINE + text)
            sys.stderr.flush()

    try:
        yield show
    finally:
        show("")


class _Line:
    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _in_notebook() -> bool:
    """Whether a Jupyter kernel runs this, without importing IPython where it is not used."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return bool(shell) and hasattr(shell, "kernel")
