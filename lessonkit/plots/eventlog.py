"""A figure for a cell: a timeline of events in a picture, in words and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from lessonkit.errors import BadSetting
from lessonkit.events import QueueEvent
from lessonkit.frames import Canvas
from lessonkit.page import STYLE, picture, table
from lessonkit.plots.ink import nice_end, seconds
from lessonkit.plots.rows import more_of, rows_of
from lessonkit.plots.timeline import (
    BOTTOM_PX,
    LEFT,
    ROW_PX,
    TOP_PX,
    WIDTH,
    describe_timeline,
    draw_timeline,
)
from lessonkit.server import Outage
from workers.contract import Event


class Timeline:
    """What `timeline` answers: a figure in a notebook, the same facts as text elsewhere."""

    def __init__(
        self,
        events: Sequence[QueueEvent],
        names: Mapping[str, str] | None = None,
        outages: Sequence[Outage] = (),
    ) -> None:
        self.events = sorted(events, key=lambda event: event.at_ms)
        self.rows, self.outages = rows_of(self.events, names), tuple(outages)
        self._names = {(each.queue, each.job): row.name for row in self.rows for each in row.events}
        self._zero_ms = self.events[0].at_ms

    @property
    def fact(self) -> str:
        """How it ended, in a sentence."""
        jobs = sum(row.is_job for row in self.rows)
        ended = [event for event in self.events if event.ends]
        completed = sum(event.event == Event.COMPLETED for event in ended)
        again = sum(event.event == Event.RETRYING for event in self.events)
        words = (
            f"{jobs} job{'s' * (jobs != 1)} in {seconds(self._at_s(self.events[-1]))}: "
            f"{completed} completed, {len(ended) - completed} failed for good"
        )
        if again:
            words += f"; {again} failed attempt{'s were' if again > 1 else ' was'} tried again"
        return words + "."

    def picture(self) -> tuple[bytes, str, int]:
        """The chart as PNG bytes, its text alternative, and its height in CSS pixels."""
        canvas = Canvas(WIDTH, height_of(len(self.rows)))
        draw_timeline(
            canvas.blank(left=LEFT, top=TOP_PX, bottom=BOTTOM_PX),
            self.rows,
            zero_ms=self._zero_ms,
            start_s=0,
            end_s=nice_end(self._at_s(self.events[-1])),
            outages=self.outages,
        )
        words = describe_timeline(self.rows, self._zero_ms, self.outages)
        return canvas.png(), words, canvas.height

    def _at_s(self, event: QueueEvent) -> float:
        return (event.at_ms - self._zero_ms) / 1000

    def _cells(self, event: QueueEvent) -> list[str]:
        name = self._names.get((event.queue, event.job), "workers")
        attempt = str(event.attempt or "")
        return [f"{self._at_s(event):.3f}", name, str(event.event), attempt, more_of(event)]

    def _repr_html_(self) -> str:
        png, words, height = self.picture()
        head = ("s", "job", "event", "attempt", "what it says")
        rows = [self._cells(event) for event in self.events]
        return (
            f'{STYLE}<figure class="lk lk-figure lk-events">'
            f"<figcaption><p>{escape(self.fact)}</p></figcaption>"
            f'<div class="lk-timeline" tabindex="0">{picture(png, words, WIDTH, height)}</div>'
            f"{table(head, rows)}</figure>"
        )

    def __repr__(self) -> str:
        lines = ["  ".join(filter(None, self._cells(event))) for event in self.events]
        return "\n".join([self.fact, *lines])


def height_of(rows: int) -> int:
    """How high, in CSS pixels, a timeline of so many rows is."""
    return TOP_PX + ROW_PX * max(rows, 1) + BOTTOM_PX


def timeline(
    events: Sequence[QueueEvent],
    *,
    names: Mapping[str, str] | None = None,
    outages: Sequence[Outage] = (),
) -> Timeline:
    """What happened to each job, as the last line of a cell shows it.

    `names` are what to call jobs, by their numbers; `outages` are what `lab.kill_redis()` answered.
    Raises BadSetting when there is no event to show.
    """
    if not events or not all(isinstance(event, QueueEvent) for event in events):
        raise BadSetting(name="events", value=events, wanted="one event of a queue or more")
    return Timeline(events, names, outages)
