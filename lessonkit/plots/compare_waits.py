"""A figure for a cell: how long emails waited, beside what was predicted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import SupportsFloat

from lessonkit.arrivals import ArrivalsResult
from lessonkit.errors import BadSetting
from lessonkit.frames import Canvas
from lessonkit.page import STYLE, picture, table
from lessonkit.plots.waits import describe_waiting, describe_waits, draw_waiting, draw_waits
from lessonkit.queueing import Band

WIDTH, HEIGHT = 430, 290
HEAD = ("max_jobs", "times", "load", "slots busy", "mean wait", "Erlang C", "by chance",
        "95 % wait ≤", "Erlang C")  # fmt: skip


class WaitComparison:
    """What `compare_waits` answers: a figure in a notebook, the same facts as text elsewhere."""

    def __init__(
        self, results: Sequence[ArrivalsResult], predictions_ms: Mapping[int, float]
    ) -> None:
        self.results, self.predictions_ms = tuple(results), dict(predictions_ms)
        self.bands = tuple(each.chance_band() if each.is_modelled else None for each in results)
        """Where the mean wait of each run lies in 95 of 100 such runs; None where the model does
        not hold."""

    @property
    def facts(self) -> list[str]:
        """Each run in words."""
        pairs = zip(self.results, self.bands, strict=True)
        return [self._fact(each, band) for each, band in pairs]

    def pictures(self) -> list[tuple[bytes, str]]:
        """Each chart as PNG bytes with its text alternative: mean waits by slots, and how many
        emails waited over time."""
        waits, waiting = Canvas(WIDTH, HEIGHT), Canvas(WIDTH, HEIGHT)
        draw_waits(
            waits.blank(), self.results, self.bands, predictions_ms=self.predictions_ms
        )  # fmt: skip
        draw_waiting(waiting.blank(), self.results)
        words = describe_waits(self.results, self.bands)
        for slots, said_ms in self.predictions_ms.items():
            words += f" The prediction for {slots} was {said_ms:g} ms."
        return [(waits.png(), words), (waiting.png(), describe_waiting(self.results))]

    def _fact(self, run: ArrivalsResult, band: Band | None) -> str:
        said_ms = self.predictions_ms.get(run.slots)
        said = "" if said_ms is None else f" You said {said_ms:g} ms."
        predicted = f"{_ms(run.mean_wait_s)} measured, {_ms(run.predicted_wait_s)} predicted"
        if math.isinf(run.predicted_wait_s):
            return (
                f"max_jobs {run.max_jobs}: a load of {run.load:.1f} is more than {run.slots} slots "
                "can carry. The queue grows as long as emails come: there is no mean wait to "
                f"predict.{said}"
            )
        if not band:
            other = "a rate limit" if run.limit != "off" else "fixed times"
            return (
                f"max_jobs {run.max_jobs}, {other}: {predicted} by a formula that is not about "
                f"{other}.{said}"
            )
        where = "inside" if run.mean_wait_s in band else "outside"
        return (
            f"max_jobs {run.max_jobs}: {predicted}; {where} what chance alone does, "
            f"{band.low_s * 1000:.1f} to {_ms(band.high_s)}.{said}"
        )

    def _repr_html_(self) -> str:
        images = "".join(picture(png, words, WIDTH, HEIGHT) for png, words in self.pictures())
        caption = "".join(f"<p>{escape(fact)}</p>" for fact in self.facts)
        return (
            f'{STYLE}<figure class="lk lk-figure"><div class="lk-grid">{images}</div>'
            f"<figcaption>{caption}</figcaption>{waits_table(self.results, self.bands)}</figure>"
        )

    def __repr__(self) -> str:
        return "\n".join(self.facts)


def compare_waits(
    *results: ArrivalsResult, predictions: Mapping[int, SupportsFloat | None] | None = None
) -> WaitComparison:
    """Runs of `arrive` beside Erlang's formula, as the last line of a cell shows them.

    `predictions` are mean waits in ms by slots, as numbers or as `Prediction`s. Raises BadSetting
    when there is no run to show.
    """
    if not results or not all(
        isinstance(result, ArrivalsResult) and math.isfinite(result.load) for result in results
    ):
        wanted = "one result of `arrive` or more, of two emails at least"
        raise BadSetting(name="results", value=results, wanted=wanted)
    said = {key: float(value) for key, value in (predictions or {}).items() if value is not None}
    return WaitComparison(results, said)


def waits_table(results: Sequence[ArrivalsResult], bands: Sequence[Band | None]) -> str:
    """The runs as an HTML table, one row each."""
    rows = [
        [
            each.max_jobs,
            each.asked.service,
            f"{each.load:.2f}",
            f"{each.utilisation:.0%}",
            _ms(each.mean_wait_s),
            _ms(each.predicted_wait_s),
            f"{band.low_s * 1000:.1f} to {_ms(band.high_s)}" if band else "–",
            _ms(each.wait_percentile_s(95)),
            _ms(each.predicted_percentile_s(95)),
        ]
        for each, band in zip(results, bands, strict=True)
    ]
    return table(HEAD, rows)


def _ms(value_s: float) -> str:
    return f"{value_s * 1000:.1f} ms" if math.isfinite(value_s) else "no end"
