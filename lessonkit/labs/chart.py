"""Charts that move: widgets that show a run while it is under way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets

from lessonkit.batch import Batch, BatchResult
from lessonkit.frames import Canvas
from lessonkit.labs.base import classed
from lessonkit.plots import (
    DoneChart,
    SlotsChart,
    describe_done,
    describe_slots,
    draw_done,
    draw_slots,
)
from lessonkit.plots.data import Run

WIDTH, HEIGHT = 430, 290
#: a frame of both charts costs some 20 ms of CPU, and the eye needs no more than these
FRAME_S = 0.12
#: more earlier runs than this are no longer told apart in one chart
EARLIER_SHOWN = 3


class LiveChart:
    """A chart in a widget of its own, `box`. To be used from one thread at a time.

    An image widget replaces its picture without a flicker but has no `alt`, so a text that only
    screen readers see stands beside it; it changes when a run begins and ends, not with each frame.
    """

    def __init__(self, name: str, draw: Callable[..., SlotsChart | DoneChart]) -> None:
        self._canvas, self._draw = Canvas(WIDTH, HEIGHT), draw
        self._chart: SlotsChart | DoneChart | None = None
        self._image = classed(widgets.Image(format="png"), "lk-chart", name)
        self._words = classed(widgets.HTML(), "lk-hidden")
        self.box = classed(widgets.VBox([self._image, self._words]), "lk-half")

    def begin(self, run: Run, **options: Any) -> None:
        """Draw anew; `options` are those of the chart's draw function."""
        self._chart = self._draw(self._canvas.blank(), run, **options)
        self._canvas.animate(self._chart.moving)
        self._image.value = self._canvas.png()

    def update(self, run: Run) -> None:
        """Show how the run stands now."""
        assert self._chart, "begin() comes first"
        if self._chart.update(run):
            self._canvas.settle()
        self._image.value = self._canvas.png()

    def describe(self, words: str) -> None:
        """Say what the chart shows."""
        self._words.value = f"<p>{escape(words)}</p>"


class RunCharts:
    """The two charts of a run, on one time scale: slots over time, and emails done."""

    def __init__(self) -> None:
        self._slots = LiveChart("lk-slots", draw_slots)
        self._done = LiveChart("lk-done", draw_done)
        self._earlier: list[BatchResult] = []
        self._drawn = 0.0
        self.boxes = (self._slots.box, self._done.box)

    def begin(self, run: Run, results: Sequence[BatchResult]) -> None:
        """Draw anew, with those of the earlier `results` that can be compared."""
        self._earlier = comparable(run, results)[:EARLIER_SHOWN]
        end_s = max((each.makespan_s for each in self._earlier), default=0.0)
        title = f"What each slot is doing (max_jobs = {run.max_jobs})"
        self._slots.begin(run, end_s=end_s, title=title)
        self._done.begin(run, end_s=end_s, earlier=self._earlier)
        self.describe(run)

    def follow(self, batch: Batch) -> bool:
        """Show how the batch stands, at most so often; answers whether it did."""
        now = time.monotonic()
        if now - self._drawn < FRAME_S and batch.done < batch.jobs:
            return False
        self._slots.update(batch)
        self._done.update(batch)
        self._drawn = now
        return True

    def describe(self, run: Run) -> None:
        """Say in words what the charts show now."""
        self._slots.describe(describe_slots(run))
        self._done.describe(describe_done(run, earlier=self._earlier))


def comparable(run: Run, results: Sequence[BatchResult]) -> list[BatchResult]:
    """The latest results of the same emails at other `max_jobs`: that at 1, then the newest."""
    found: dict[int, BatchResult] = {}
    for each in reversed(results):
        if (each.jobs, each.seconds) == (run.jobs, run.seconds):
            found.setdefault(each.max_jobs, each)
    found.pop(run.max_jobs, None)
    return sorted(found.values(), key=lambda each: each.max_jobs != 1)
