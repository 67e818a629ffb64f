"""A figure for a cell: a launch day in four panels, in words, and its demands as a table."""

from __future__ import annotations

from html import escape
from typing import SupportsFloat

from lessonkit.errors import BadSetting
from lessonkit.fleet import LaunchResult
from lessonkit.frames import Canvas
from lessonkit.page import STYLE, picture, table
from lessonkit.plots.backlog import describe_backlog, draw_backlog
from lessonkit.plots.fleet import describe_fleet, describe_waits, draw_fleet, draw_waits
from lessonkit.plots.rate import describe_rate, draw_rate
from workers.contract import Limit

WIDTH, HEIGHT = 430, 290


class Panels:
    """What `panels` answers: a figure in a notebook, the same facts as text elsewhere."""

    def __init__(self, result: LaunchResult, sent_said: float | None) -> None:
        self.result, self.sent_said = result, sent_said

    @property
    def fact(self) -> str:
        """The day in words."""
        result = self.result
        met = sum(demand.met for demand in result.demands)
        words = (
            f"{result.workers} × {result.max_jobs} slots, limit {result.limit}: {met} of "
            f"{len(result.demands)} demands met. {result.sent} of {result.jobs} emails were sent"
        )
        return words + ("." if self.sent_said is None else f", and you said {self.sent_said:g}.")

    def pictures(self) -> list[tuple[bytes, str]]:
        """Each panel as PNG bytes with its text alternative."""
        result, end_s = self.result, self.result.over_s
        marks = [(result.killed_s, "SIGKILL"), (result.day.crowd_at_s, "the crowd")]
        provider = Limit.of(result.day.provider)
        canvases = [Canvas(WIDTH, HEIGHT) for _ in range(4)]
        draw_fleet(canvases[0].blank(left=70), result, end_s=end_s)
        draw_backlog(
            canvases[1].blank(), result, end_s=end_s, prediction=self.sent_said, marks=marks
        )
        draw_rate(canvases[2].blank(), result, limit=provider, end_s=end_s)
        draw_waits(canvases[3].blank(), result)
        said = "" if self.sent_said is None else f" The prediction was {self.sent_said:g} sent."
        words = [
            describe_fleet(result),
            describe_backlog(result) + said,
            describe_rate(result, limit=provider),
            describe_waits(result),
        ]
        return [(canvas.png(), text) for canvas, text in zip(canvases, words, strict=True)]

    def _repr_html_(self) -> str:
        images = "".join(picture(png, words, WIDTH, HEIGHT) for png, words in self.pictures())
        return (
            f'{STYLE}<figure class="lk lk-figure"><div class="lk-grid">{images}</div>'
            f"<figcaption><p>{escape(self.fact)}</p></figcaption>"
            f'<div class="lk-demands">{demands_table(self.result)}</div></figure>'
        )

    def __repr__(self) -> str:
        return f"{self.fact}\n{self.result!r}"


def panels(result: LaunchResult, *, sent: SupportsFloat | None = None) -> Panels:
    """A launch day, as the last line of a cell shows it; `sent` is how many emails were predicted
    to be sent. Raises BadSetting when it is no launch day."""
    if not isinstance(result, LaunchResult):
        raise BadSetting(name="result", value=result, wanted="what `await lessonkit.fleet(…)` is")
    return Panels(result, None if sent is None else float(sent))


def demands_table(result: LaunchResult) -> str:
    """The demands as an HTML table, one row each."""
    rows = [
        [each.wanted, each.measured, "✓ met" if each.met else "✗ not met"]
        for each in result.demands
    ]
    return table(["demanded", "measured", ""], rows)
