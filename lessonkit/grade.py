"""What became of the exercises in notebooks that were handed in."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import shutil
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

from lessonkit.bounds import check_seconds, check_whole
from lessonkit.checks.verdict import HEADS, Status
from lessonkit.clean_session import KernelDied, OutOfTime, Reply, clean_session
from lessonkit.errors import SeriesNotFound
from lessonkit.submission import Lesson, NotReadable, Step, plan, read, read_series

SERIES = Path(__file__).resolve().parent.parent / "notebooks"
TIMEOUT_S = 120.0
MOST_TIMEOUT_S = 86_400.0
MOST_AT_A_TIME = 64
LONGEST_REASON = 400
INDENT = " " * 4
#: what a spreadsheet takes for the start of a formula
FORMULA = ("=", "+", "-", "@")
#: a name that no learner's cell uses
VERDICT = "_verdict_of_the_series"
#: names are looked up anew, for an answer may have put another check in the place of the series'
CHECK = """\
import lessonkit
for name in lessonkit.__all__: vars(lessonkit).pop(name, None)
{verdict} = (
{check}
)"""

Result = Status | Literal["not graded"]


@dataclass(frozen=True)
class Grade:
    """The result of one exercise in one file, and its reason; `not graded` where there is none."""

    file: str
    notebook: str
    exercise: str
    result: Result
    reason: str
    took_s: float


async def grade_all(
    files: Sequence[Path],
    grades: list[Grade],
    *,
    timeout_s: float = TIMEOUT_S,
    at_a_time: int = 1,
    on_change: Callable[[str], None] = lambda text: None,
) -> None:
    """Put a grade for each exercise in `grades`, in the order of the files; those there are, when
    it is cancelled. Raises BadSetting, and SeriesNotFound."""
    check_seconds("timeout", timeout_s, MOST_TIMEOUT_S)
    check_whole("at-a-time", at_a_time, MOST_AT_A_TIME)
    series = read_series(SERIES)
    if not series:
        raise SeriesNotFound(folder=SERIES)
    found: dict[int, list[Grade]] = {}
    running: dict[int, str] = {}
    slots = asyncio.Semaphore(at_a_time)

    async def grade_one(index: int, file: Path) -> None:
        def show(cell: str = "") -> None:
            running[index] = f"{file.name} {cell}"
            on_change(f"{len(found)} of {len(files)} graded; {', '.join(running.values())}")

        async with slots:
            show()
            found[index] = await grade(file, series, timeout_s, show)
            del running[index]

    try:
        async with asyncio.TaskGroup() as group:
            for index, file in enumerate(files):
                group.create_task(grade_one(index, file))
    finally:
        grades += [grade for index in sorted(found) for grade in found[index]]


async def grade(
    file: Path,
    series: Sequence[Lesson],
    timeout_s: float = TIMEOUT_S,
    on_cell: Callable[[str], None] = lambda text: None,
) -> list[Grade]:
    """A grade for each exercise in a file; where there is none, one that says why."""
    try:
        cells = read(file)
    except NotReadable as problem:
        return [_not_graded(file, str(problem))]
    lessons = [lesson for lesson in series if lesson.is_in(cells)]
    if not lessons:
        return [_not_graded(file, "no exercise of the series is in it")]
    grades = []
    for lesson in lessons:
        began = time.monotonic()
        result, reason = await _run(lesson, plan(lesson, cells), timeout_s, on_cell)
        took_s = round(time.monotonic() - began, 1)
        exercise = lesson.exercise[1]
        grades.append(
            Grade(printable(str(file)), lesson.name, exercise, result, printable(reason), took_s)
        )
    return grades


def _not_graded(file: Path, reason: str) -> Grade:
    return Grade(printable(str(file)), "", "", "not graded", printable(reason), 0.0)


async def _run(
    lesson: Lesson, steps: list[Step], timeout_s: float, on_cell: Callable[[str], None]
) -> tuple[Result, str]:
    """Run the steps, and the series' own check on what they left."""
    now: Step | str = "the kernel's start"
    raised: dict[Step, str] = {}
    try:
        async with clean_session(timeout_s) as session:
            for number, step in enumerate(steps, start=1):
                on_cell(f"{number}/{len(steps)}")
                now = step
                reply = await session.run(step.source)
                if reply.raised:
                    raised.setdefault(step, reply.raised)
            now = "the check"
            check = CHECK.format(verdict=VERDICT, check=lesson.check.source)
            reply = await session.run(check, VERDICT)
    except OutOfTime as late:
        return "not graded", f"{now} had not ended after {late.limit_s:g} s"
    except KernelDied:
        return "not graded", f"{now} ended the kernel"
    except Exception as problem:  # whatever it is, the others are graded all the same
        return "not graded", f"{now} could not be run: {type(problem).__name__}: {problem}"
    return _result(reply, raised)


def _result(reply: Reply, raised: dict[Step, str]) -> tuple[Result, str]:
    """What the check says. Where it is not content, what was raised before it comes first."""
    said = f"the check raised {reply.raised}" if reply.raised else reply.value
    status: Result = "not graded"
    for known, head in HEADS.items():
        if said.startswith(head):
            status, said = known, said.removeprefix(head).partition("Not checked: ")[0].strip()
    if status == "passed" or not raised:
        return status, said
    by_answer = [step for step in raised if step.whose == "exercise"]
    if by_answer:
        status = "not yet"
    first = (by_answer or list(raised))[0]
    return status, f"{first} raised {raised[first]}; then the check says: {said}"


def printable(text: str) -> str:
    """A learner's text in one line that is safe to print: no control characters, nor too long."""
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text.strip())
    return textwrap.shorten(shown.replace("\\n", " "), LONGEST_REASON, placeholder=" …")


# ---- how it is told ------------------------------------------------------------------------------


def to_json(grades: Sequence[Grade]) -> str:
    """A list, an object for each."""
    return json.dumps([asdict(grade) for grade in grades], indent=2, ensure_ascii=False)


def to_csv(grades: Sequence[Grade]) -> str:
    """A line for each, below the names. What a spreadsheet would take for a formula is quoted."""
    names = [field.name for field in fields(Grade)]
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(names)
    for grade in grades:
        values = [str(value) for value in asdict(grade).values()]
        rows.writerow(["'" + value if value.startswith(FORMULA) else value for value in values])
    return text.getvalue().rstrip("\n")


def to_text(grades: Sequence[Grade]) -> str:
    """A paragraph for each, as wide as the terminal, and a line that sums it up."""
    width = shutil.get_terminal_size().columns
    lines = []
    for grade in grades:
        lines.append(f"{grade.result:<15}{grade.notebook:<25}{grade.file}")
        lines += textwrap.wrap(grade.reason, width, initial_indent=INDENT, subsequent_indent=INDENT)
    counted = Counter(grade.result for grade in grades)
    return "\n".join([*lines, ", ".join(f"{count} {result}" for result, count in counted.items())])
