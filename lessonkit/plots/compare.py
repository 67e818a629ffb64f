"""A figure for a cell: runs side by side on one time scale, in pictures, words and a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import SupportsFloat

from lessonkit.batch import BatchResult
from lessonkit.errors import BadSetting
from lessonkit.frames import Canvas
from lessonkit.page import STYLE, against_one, picture, runs_table
from lessonkit.plots.done import describe_done, draw_done
from lessonkit.plots.ink import seconds
from lessonkit.plots.slots import describe_slots, draw_slots

WIDTH, HEIGHT = 430, 290
STOCK = "arq as it comes"


class Comparison:
    """What `compare` answers: a figure in a notebook, the same facts as text elsewhere."""

    def __init__(
        self, results: Sequence[BatchResult], predictions_s: Mapping[int, float] | None = None
    ) -> None:
        self.results = tuple(results)
        self.predictions_s = dict(predictions_s or {})

    @property
    def facts(self) -> list[str]:
        """The totals in words, a sentence a run."""
        return [self._fact(result) for result in self.results]

    def pictures(self) -> list[tuple[bytes, str]]:
        """Each chart as PNG bytes with its text alternative: the slots of each run, and emails
        done where all runs are of one kind of worker."""
        end_s = max(
            [each.makespan_s for each in self.results]
            + [each.ideal_s for each in self.results]
            + [self.predictions_s.get(each.max_jobs, 0.0) for each in self.results]
        )
        slots = max(each.slots for each in self.results)
        pictures = []
        for each in self.results:
            canvas = Canvas(WIDTH, HEIGHT)
            said_s = self.predictions_s.get(each.max_jobs)
            who = f"{STOCK}, " if each.stock else ""
            title = f"{who}max_jobs = {each.max_jobs}: {seconds(each.makespan_s)}"
            draw_slots(
                canvas.blank(), each, end_s=end_s, slots=slots, prediction_s=said_s, title=title
            )
            about = f"{STOCK}: {describe_slots(each)}" if each.stock else describe_slots(each)
            said = "" if said_s is None else f" The prediction was {said_s:g} s."
            pictures.append((canvas.png(), about + said))
        if any(each.stock for each in self.results):  # whose line is whose would be hard to tell
            return pictures
        *earlier, last = self.results
        canvas = Canvas(WIDTH, HEIGHT)
        draw_done(canvas.blank(), last, earlier=earlier, end_s=end_s)
        return [*pictures, (canvas.png(), describe_done(last, earlier=earlier))]

    def _fact(self, result: BatchResult) -> str:
        at = f"{STOCK}, at" if result.stock else "At"
        words = (
            f"{at} max_jobs {result.max_jobs}, {result.jobs} emails of {result.seconds:g} s each "
            f"took {seconds(result.makespan_s)}; the ideal is {result.ideal_s:g} s"
        )
        said_s = self.predictions_s.get(result.max_jobs)
        if said_s is not None:
            words += f", and you said {said_s:g} s"
        ratio = against_one(result, self.results)
        if ratio is not None and result.max_jobs != 1:
            words += f". That is {ratio:.1f} times as fast as at max_jobs 1"
        return words + "."

    def _repr_html_(self) -> str:
        images = "".join(picture(png, words, WIDTH, HEIGHT) for png, words in self.pictures())
        caption = "".join(f"<p>{escape(fact)}</p>" for fact in self.facts)
        table = runs_table(self.results, predictions_s=self.predictions_s)
        return (
            f'{STYLE}<figure class="lk lk-figure"><div class="lk-grid">{images}'
            f"<div><figcaption>{caption}</figcaption>{table}</div></div></figure>"
        )

    def __repr__(self) -> str:
        return "\n".join(self.facts)


def compare(
    *results: BatchResult, predictions: Mapping[int, SupportsFloat | None] | None = None
) -> Comparison:
    """Runs side by side, as the last line of a cell shows them.

    `predictions` are seconds by `max_jobs`, as numbers or as `Prediction`s. Raises BadSetting when
    there is no run to show.
    """
    if not results or not all(isinstance(result, BatchResult) for result in results):
        raise BadSetting(name="results", value=results, wanted="one BatchResult or more")
    said = {key: float(value) for key, value in (predictions or {}).items() if value is not None}
    return Comparison(results, said)
