"""What is run of a notebook that was handed in: the series' own, and what its learner wrote."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import nbformat


class NotReadable(Exception):
    """Raised with the reason why a file is no notebook."""


@dataclass(frozen=True)
class Cell:
    """A cell; `part` is its role and id in the series, such as ("check", "totals")."""

    id: str
    is_code: bool
    source: str
    part: tuple[str, str]


@dataclass(frozen=True)
class Step:
    """Code to run: the series' own, the answer to the exercise, or what the learner added."""

    source: str
    whose: Literal["series", "exercise", "added"]

    def __str__(self) -> str:
        """How a message calls it."""
        if self.whose == "exercise":
            return "the exercise's cell"
        lines = [line.strip() for line in self.source.splitlines() if line.strip()]
        what = "an added cell" if self.whose == "added" else "a cell of the series"
        return f"{what} (`{lines[0]:.40}`)" if lines else what


@dataclass(frozen=True)
class Lesson:
    """A notebook of the series, up to the check of its exercise."""

    name: str
    cells: tuple[Cell, ...]

    @cached_property
    def check(self) -> Cell:
        return next(cell for cell in self.cells if cell.part[0] == "check")

    @property
    def exercise(self) -> tuple[str, str]:
        return "exercise", self.check.part[1]

    @property
    def before_check(self) -> tuple[Cell, ...]:
        return self.cells[: self.cells.index(self.check)]

    def is_in(self, submitted: list[Cell]) -> bool:
        """Whether what was handed in has this exercise, or at least its check."""
        parts = {cell.part for cell in submitted}
        return self.exercise in parts or self.check.part in parts


def read(path: Path) -> list[Cell]:
    """The cells of a notebook. Raises NotReadable."""
    if path.is_dir():
        raise NotReadable(f"this is a folder: name its notebooks, as in {path}/*.ipynb")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of older forms, which will do
            text = path.read_text("utf-8")
            notebook: Any = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
            nbformat.validate(notebook)
    except FileNotFoundError:
        raise NotReadable("there is no such file") from None
    except OSError as error:
        raise NotReadable(f"it cannot be read: {error.strerror}") from None
    # what nbformat raises for text that is JSON and yet no notebook is of many kinds
    except Exception as error:
        said = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise NotReadable(f"this is no notebook: {said}") from None
    return [_cell(cell) for cell in notebook.cells]


def _cell(cell: Any) -> Cell:
    marks = cell.metadata.get("lessonkit")
    marks = marks if isinstance(marks, dict) else {}
    part = str(marks.get("role", "")), str(marks.get("id", ""))
    return Cell(str(cell.get("id", "")), cell.cell_type == "code", cell.source, part)


def read_series(folder: Path) -> list[Lesson]:
    """The notebooks of the series."""
    return [Lesson(path.stem, tuple(read(path))) for path in sorted(folder.glob("*.ipynb"))]


def plan(lesson: Lesson, submitted: list[Cell]) -> list[Step]:
    """What to run, in order, before the check.

    The experiment is the series' own: a cell of it that was changed or deleted runs as the series
    has it, after the imports and functions of the changed one. A cell that was added runs behind
    the cell of the series that it stands behind; behind the check, it does not run. The stub of the
    exercise runs before its answer, so that a name which the answer leaves out has its dots.
    """
    theirs = list(_place(lesson, submitted))
    steps = [step for index, step in theirs if index < 0]
    for index, cell in enumerate(lesson.before_check):
        if cell.is_code:
            steps.append(Step(cell.source, "series"))
        steps += [step for behind, step in theirs if behind == index]
    return steps


def _place(lesson: Lesson, submitted: list[Cell]) -> Iterator[tuple[int, Step]]:
    """What the learner wrote, each with the index of the cell of the series that it runs behind.

    A cell of the series is known by its id, or by its text, for some programs give cells new ids;
    the exercise by its mark as well, which both halves of a cell that was split keep.
    """
    known = {cell.source: index for index, cell in enumerate(lesson.cells)}
    known |= {cell.id: index for index, cell in enumerate(lesson.cells)}
    exercise = next(i for i, cell in enumerate(lesson.cells) if cell.part == lesson.exercise)
    last = -1
    for cell in submitted:
        at = known.get(cell.id, known.get(cell.source))
        if cell.part == lesson.exercise:
            at = exercise
        elif cell.part[0] == "check":
            at = lesson.cells.index(lesson.check)
        changed = cell.is_code and (at is None or cell.source != lesson.cells[at].source)
        last = last if at is None else at
        if changed and at is None:
            yield last, Step(cell.source, "added")
        elif changed and at == exercise:
            yield exercise, Step(cell.source, "exercise")
        elif changed and (borrowed := _definitions(cell.source)):
            yield last - 1, Step(borrowed, "added")


def _definitions(source: str) -> str:
    """The imports, functions and classes of a cell."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # a magic, or no Python
        return ""
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return "\n".join(ast.unparse(node) for node in tree.body if isinstance(node, kinds))
