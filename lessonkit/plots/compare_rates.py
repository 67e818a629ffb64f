"""A figure for a cell: how many emails started when, beside a limit; pictures, words, a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import SupportsFloat

from lessonkit.batch import BatchResult
from lessonkit.errors import BadSetting
from lessonkit.frames import Canvas
from lessonkit.page import STYLE, picture, table
from lessonkit.plots.ink import seconds
from lessonkit.plots.rate import describe_rate, draw_rate
from lessonkit.plots.starts import describe_starts, draw_starts
from lessonkit.rate import busiest_window
from workers.contract import Limit

WIDTH, HEIGHT = 430, 290


class RateComparison:
    """What `compare_rates` answers: a figure in a notebook, the same facts as text elsewhere."""

    def __init__(
        self,
        results: Sequence[BatchResult],
        limit: Limit,
        starts_said: float | None,
        seconds_said: float | None,
    ) -> None:
        self.results, self.limit = tuple(results), limit
        self.starts_said, self.seconds_said = starts_said, seconds_said

    @property
    def facts(self) -> list[str]:
        """Each run in words."""
        facts = [self._fact(each) for each in self.results]
        if self.starts_said is not None:
            facts[0] += f" You said {self.starts_said:g}."
        if self.seconds_said is not None:
            facts[-1] += f" You said {self.seconds_said:g} s."
        return facts

    def pictures(self) -> list[tuple[bytes, str]]:
        """Each chart as PNG bytes with its text alternative: the rate of each run, and when each
        email of the last run started. They share one scale of time, the rates one of starts."""
        ends_s = [max(each.starts_s) + self.limit.per_s for each in self.results]
        end_s = max(*ends_s, self.seconds_said or 0.0)
        tops = [busiest_window(each.starts_s, self.limit.per_s).starts for each in self.results]
        top = max(*tops, self.starts_said or 0)
        pictures = []
        for each in self.results:
            canvas = Canvas(WIDTH, HEIGHT)
            said = self.starts_said if each is self.results[0] else None
            draw_rate(
                canvas.blank(),
                each,
                limit=self.limit,
                end_s=end_s,
                top=top,
                prediction=said,
                title=f"Starts in the last second, {_limiter(each)}",
            )
            words = describe_rate(each, limit=self.limit)
            words += "" if said is None else f" The prediction was {said:g}."
            pictures.append((canvas.png(), words))
        last, canvas = self.results[-1], Canvas(WIDTH, HEIGHT)
        draw_starts(
            canvas.blank(),
            last,
            limit=Limit.of(last.limit),
            end_s=end_s,
            prediction_s=self.seconds_said,
            title=f"When each email started, {_limiter(last)}",
        )
        words = describe_starts(last, limit=Limit.of(last.limit))
        words += (
            "" if self.seconds_said is None else f" The prediction was {self.seconds_said:g} s."
        )
        return [*pictures, (canvas.png(), words)]

    def _fact(self, result: BatchResult) -> str:
        most = busiest_window(result.starts_s, self.limit.per_s).starts
        return (
            f"With {_limiter(result)}, {most} of {result.jobs} emails started in the busiest "
            f"second; all took {seconds(result.makespan_s)}."
        )

    def _repr_html_(self) -> str:
        images = "".join(picture(png, words, WIDTH, HEIGHT) for png, words in self.pictures())
        caption = "".join(f"<p>{escape(fact)}</p>" for fact in self.facts)
        return (
            f'{STYLE}<figure class="lk lk-figure"><div class="lk-grid">{images}'
            f"<div><figcaption>{caption}</figcaption>{rates_table(self.results)}</div>"
            "</div></figure>"
        )

    def __repr__(self) -> str:
        return "\n".join(self.facts)


def compare_rates(
    *results: BatchResult,
    limit: str,
    starts: SupportsFloat | None = None,
    total: SupportsFloat | None = None,
) -> RateComparison:
    """Runs beside a provider's `limit` like "10/1s", as the last line of a cell shows them.

    `starts` is what was predicted for the busiest second of the first run, `total` for the seconds
    that the last run takes. Raises BadSetting for a limit or runs that cannot be shown.
    """
    if not results or not all(isinstance(result, BatchResult) for result in results):
        raise BadSetting(name="results", value=results, wanted="one BatchResult or more")
    try:
        known = Limit.of(limit)
    except (TypeError, ValueError):
        raise BadSetting(name="limit", value=limit, wanted='one like "10/1s"') from None
    starts_said = None if starts is None else float(starts)
    return RateComparison(results, known, starts_said, None if total is None else float(total))


def rates_table(results: Sequence[BatchResult], *, numbered: bool = False) -> str:
    """The runs as an HTML table, one row each; with `numbered`, as one that grows."""
    head = ["limit", "busiest second", "workers", "max_jobs", "emails", "took"]
    rows: list[list[object]] = [
        [
            each.limit,
            busiest_window(each.starts_s).starts,
            each.workers,
            each.max_jobs,
            f"{each.jobs} × {each.seconds:g} s",
            seconds(each.makespan_s),
        ]
        for each in results
    ]
    if numbered:
        return table(["#", *head], [[n, *row] for n, row in enumerate(rows, 1)], newest=True)
    return table(head, rows)


def _limiter(result: BatchResult) -> str:
    return "no limiter" if result.limit == "off" else f"limit {result.limit}"
