"""A figure for a cell: what became of the jobs of each run, in pictures, words and a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from lessonkit.errors import BadSetting
from lessonkit.frames import Canvas
from lessonkit.outcomes import HandoverResult
from lessonkit.page import STYLE, picture, table
from lessonkit.plots.ink import seconds
from lessonkit.plots.lanes import kind_of
from lessonkit.plots.shutdown import LEFT_PX, NAMES, describe_shutdown, draw_shutdown

WIDTH, HEIGHT = 430, 290
HEAD = ("email", *(f"{name} worker" for name in NAMES), "starts", "attempts", "outcome")


def outcomes_table(result: HandoverResult) -> str:
    """What became of each job, as an HTML table: what each worker did of it, how often it was
    started, and how many of these attempts the queue has counted."""
    rows: list[list[object]] = []
    for job, outcome in result.outcomes.items():
        started = len(result.attempts_at(job))
        cells = [_share(result, job, number) for number in range(len(NAMES))]
        rows.append([job, *cells, started, result.attempts_counted[job], outcome])
    return table(HEAD, rows)


def _share(result: HandoverResult, job: str, number: int) -> str:
    """What one of the workers did of a job."""
    if number >= len(result.shifts):
        return "–"
    worker = result.shifts[number].worker
    for each in result.attempts_at(job):
        if each.worker == worker:
            end_s = result.end_s(each)
            if end_s is None:
                return "at it"
            cut = "cut at " if kind_of(each, result) == "cut" else ""
            return cut + seconds(end_s - each.started_s)
    return "–"


class Handovers:
    """What `handovers` answers: a figure in a notebook, the same facts as text elsewhere."""

    def __init__(self, results: Sequence[HandoverResult], said: Mapping[float, str]) -> None:
        self.results, self.said = tuple(results), dict(said)

    def facts(self, result: HandoverResult) -> list[str]:
        """What became of a run's jobs, in words."""
        plan = result.settings
        words = [
            f"Grace {plan.grace_s:g} s: {result.finished} finished by the first worker, "
            f"{result.ran_twice} started twice, {result.waited} waited for the second worker, "
            f"{result.lost} lost. T{result.goodbye[1:]}."
        ]
        if said := self.said.get(plan.grace_s):
            words.append(f"You said: {said}.")
        return words

    def pictures(self) -> list[tuple[bytes, str]]:
        """The chart of each run as PNG bytes with its text alternative, on one scale of time."""
        end_s = max(each.now_s for each in self.results)
        pictures = []
        for each in self.results:
            canvas = Canvas(WIDTH, HEIGHT)
            draw_shutdown(canvas.blank(left=LEFT_PX), each, end_s=end_s)
            pictures.append((canvas.png(), describe_shutdown(each)))
        return pictures

    def _repr_html_(self) -> str:
        columns = []
        for each, (png, words) in zip(self.results, self.pictures(), strict=True):
            caption = "".join(f"<p>{escape(fact)}</p>" for fact in self.facts(each))
            columns.append(
                f"<div>{picture(png, words, WIDTH, HEIGHT)}"
                f"<figcaption>{caption}</figcaption>{outcomes_table(each)}</div>"
            )
        grid = f'<div class="lk-grid lk-tops">{"".join(columns)}</div>'
        return f'{STYLE}<figure class="lk lk-figure">{grid}</figure>'

    def __repr__(self) -> str:
        return "\n".join(" ".join(self.facts(each)) for each in self.results)


def handovers(*results: HandoverResult, said: Mapping[float, str] | None = None) -> Handovers:
    """Runs of `hand_over` side by side, as the last line of a cell shows them.

    `said` is what the learner predicted, by grace in seconds. Raises BadSetting when there is no
    run to show.
    """
    if not results or not all(isinstance(result, HandoverResult) for result in results):
        raise BadSetting(name="results", value=results, wanted="one HandoverResult or more")
    return Handovers(results, said or {})
