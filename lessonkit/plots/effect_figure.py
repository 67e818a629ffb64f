"""A figure for a cell: effects beside jobs, in a picture, in words and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from lessonkit.effects import EffectsResult, ProgramRun
from lessonkit.errors import BadSetting
from lessonkit.frames import Canvas
from lessonkit.page import STYLE, picture, table
from lessonkit.plots.effects import (
    BOTTOM_PX,
    LEFT_PX,
    RIGHT_PX,
    ROW_PX,
    TOP_PX,
    describe_effects,
    draw_effects,
    rows_of,
)

WIDTH = 450


def effects_table(*runs: ProgramRun, said: Mapping[str, float] | None = None) -> str:
    """Each job as the queue knows it, and beside it what went out, as an HTML table."""
    head = ["program", "job", "the queue says", "attempts", "went out", "refused"]
    rows = []
    for run, job in rows_of(runs):
        cells = [run.program, job.job, job.state, len(job.attempts), len(job.sent), job.refused]
        if said:
            cells.append(f"{said[run.program]:g}" if run.program in said else "–")
        rows.append(cells)
    return table([*head, "you said"] if said else head, rows)


class EffectsFigure:
    """What `show_effects` answers: a figure in a notebook, the same facts as text elsewhere."""

    def __init__(self, result: EffectsResult, said: Mapping[str, float]) -> None:
        self.result, self.said = result, dict(said)

    def picture(self) -> tuple[bytes, str, int]:
        """The chart as PNG bytes, its text alternative, and its height in CSS pixels."""
        rows = max(1, len(rows_of(self.result.runs)))
        canvas = Canvas(WIDTH, TOP_PX + rows * ROW_PX + BOTTOM_PX)
        margins = {"left": LEFT_PX, "right": RIGHT_PX, "top": TOP_PX, "bottom": BOTTOM_PX}
        draw_effects(canvas.blank(**margins), *self.result, said=self.said)
        return canvas.png(), describe_effects(*self.result), canvas.height

    def _repr_html_(self) -> str:
        png, words, height = self.picture()
        return (
            f'{STYLE}<figure class="lk lk-figure"><div class="lk-grid">'
            f"<div>{picture(png, words, WIDTH, height)}</div>"
            f"<div><figcaption><p>{escape(self.fact)}</p></figcaption>"
            f"{effects_table(*self.result, said=self.said)}</div></div></figure>"
        )

    @property
    def fact(self) -> str:
        """How many jobs ended, and how many emails went out, in a sentence."""
        jobs = [job for _, job in rows_of(self.result.runs)]
        ended = sum(job.state == "completed" for job in jobs)
        emails = sum(run.emails for run in self.result)
        return (
            f"{ended} of {len(jobs)} job{'s' * (len(jobs) != 1)} completed, "
            f"{emails} email{'s' * (emails != 1)} went out."
        )

    def __repr__(self) -> str:
        return f"{self.fact}\n{self.result!r}"


def show_effects(
    result: EffectsResult, *, said: Mapping[str, float] | None = None
) -> EffectsFigure:
    """Effects beside jobs, as the last line of a cell shows them.

    `said` is how many emails were expected, by program. Raises BadSetting when `result` is not one
    of `count_effects`.
    """
    if not isinstance(result, EffectsResult):
        raise BadSetting(name="result", value=result, wanted="a result of count_effects")
    return EffectsFigure(result, said or {})
