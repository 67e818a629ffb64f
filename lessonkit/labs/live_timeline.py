"""A timeline that moves with the time, and bars that show how far reports are."""

from __future__ import annotations

from html import escape

import ipywidgets as widgets

from lessonkit.events import QueueEvent
from lessonkit.frames import Canvas
from lessonkit.labs.base import classed
from lessonkit.page import picture
from lessonkit.plots.eventlog import height_of
from lessonkit.plots.rows import Row, rows_of
from lessonkit.plots.timeline import (
    BOTTOM_PX,
    LEFT,
    TOP_PX,
    WIDTH,
    TimelineChart,
    describe_timeline,
    draw_timeline,
)
from lessonkit.server import Outage
from workers.contract import Event, State

LANES = 6
#: how much time one page of the chart shows, and how much of the last one the next page begins with
PAGE_S, KEPT_S = 12.0, 4.0
BARS_SHOWN = 4


class LiveTimeline:
    """The latest jobs, a row each, on pages of time: a page is drawn once, then only what goes on
    moves. To be used from one thread at a time."""

    def __init__(self) -> None:
        self._canvas = Canvas(WIDTH, height_of(LANES))
        self.widget = classed(widgets.HTML(), "lk-timeline")
        self.begin(0.0)

    def begin(self, zero_ms: float) -> None:
        """Forget all, and count time from `zero_ms`, ms since the epoch."""
        self._zero_ms, self._start_s = zero_ms, 0.0
        self._events, self._outages = list[QueueEvent](), list[Outage]()
        self._draw(0.0)

    def forget_ended(self) -> None:
        """Forget outages, and what happened to jobs that have ended."""
        self._events = [event for row in self._going() for event in row.events]
        self._outages.clear()
        self._changed = True

    def take(self, event: QueueEvent) -> None:
        """Take in an event, to be seen in the next frame."""
        self._events.append(event)
        self._changed = True

    def take_outage(self, outage: Outage) -> None:
        """Take in an outage, to be seen in the next frame."""
        self._outages.append(outage)
        self._changed = True

    def follow(self, now_ms: float) -> None:
        """Show how things stand now."""
        now_s = (now_ms - self._zero_ms) / 1000
        if now_s > self._start_s + PAGE_S and (self._changed or self._chart.going):
            self._start_s = now_s - KEPT_S
            self._changed = True
        if self._changed:
            self._draw(now_s)
        elif self._chart.going:
            self._chart.update(now_s)
            self._show()

    def _draw(self, now_s: float) -> None:
        self._changed = False
        rows = self._seen()
        self._chart: TimelineChart = draw_timeline(
            self._canvas.blank(left=LEFT, top=TOP_PX, bottom=BOTTOM_PX),
            rows,
            zero_ms=self._zero_ms,
            start_s=self._start_s,
            end_s=self._start_s + PAGE_S,
            now_s=now_s,
            outages=self._outages,
            lanes=LANES,
            since="the workers were started",
        )
        self._words = describe_timeline(rows, self._zero_ms, self._outages)
        self._canvas.animate(self._chart.moving)
        self._show()

    def _show(self) -> None:
        png = self._canvas.png()
        self.widget.value = picture(png, self._words, WIDTH, self._canvas.height)

    def _going(self) -> list[Row]:
        return [row for row in rows_of(self._events) if row.is_job and not row.events[-1].ends]

    def _seen(self) -> list[Row]:
        """The rows of this page: what happened on it or goes on, as far as there is room."""
        page_ms = self._zero_ms + self._start_s * 1000
        rows = [
            row
            for row in rows_of(self._events)
            if row.events[-1].at_ms >= page_ms or (row.is_job and not row.events[-1].ends)
        ]
        workers = [row for row in rows if not row.is_job]
        jobs = [row for row in rows if row.is_job]
        jobs.sort(key=lambda row: row.events[0].at_ms)
        return jobs[len(workers) - LANES :] + workers


class ProgressBars:
    """A bar for each of the latest reports, and how each stands."""

    def __init__(self) -> None:
        self.widget = classed(widgets.HTML(), "lk-progress")
        self.clear()

    def clear(self) -> None:
        """Forget all reports."""
        self._reports: dict[str, tuple[float, str]] = {}
        self._show()

    def take(self, event: QueueEvent) -> None:
        """Take in an event of the reports' queue."""
        if not event.job:
            return
        percent, _ = self._reports.get(event.job, (0.0, ""))
        if event.event == Event.PROGRESS:
            self._reports[event.job] = event.progress, State.ACTIVE
        else:
            done = event.event == Event.COMPLETED
            self._reports[event.job] = 100.0 if done else percent, event.event
        self._show()

    def _show(self) -> None:
        bars = "".join(
            f'<div class="lk-bar"><span>report {escape(job)}</span>'
            f'<progress max="100" value="{percent:g}" aria-label="report {escape(job)}"></progress>'
            f"<span>{percent:g} %, {escape(state)}</span></div>"
            for job, (percent, state) in list(self._reports.items())[-BARS_SHOWN:]
        )
        self.widget.value = bars or '<div class="lk-hint">No report yet.</div>'
