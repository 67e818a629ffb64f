"""Charts that move: widgets that show a run while it is under way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import ipywidgets as widgets
from matplotlib.artist import Artist

from lessonkit.batch import Batch, BatchResult
from lessonkit.frames import Canvas
from lessonkit.labs.base import classed
from lessonkit.page import picture
from lessonkit.plots import describe_done, describe_slots, draw_done, draw_slots
from lessonkit.plots.data import Run

WIDTH, HEIGHT = 430, 290
#: a frame of both charts costs some 20 ms of CPU, and the eye needs no more than these
FRAME_S = 0.12
#: more earlier runs than this are no longer told apart in one chart
EARLIER_SHOWN = 3


class Chart(Protocol):
    """What a draw function answers."""

    @property
    def moving(self) -> tuple[Artist, ...]: ...

    def update(self, run: Any) -> bool: ...


class LiveChart:
    """A chart in a widget of its own. To be used from one thread at a time.

    An image widget has no `alt`, so this is HTML with an `<img>`: in a browser's painted frames, at
    12 frames a second, it flickers as little, which is not at all.
    """

    def __init__(
        self, name: str, draw: Callable[..., Chart], *, height: int = HEIGHT, **margins: int
    ) -> None:
        """`height` and `margins`, as of `Canvas.blank`, are in CSS pixels."""
        self._canvas, self._draw, self._margins = Canvas(WIDTH, height), draw, margins
        self._chart: Chart | None = None
        self._words = ""
        self.widget = classed(widgets.HTML(), "lk-half", name)

    def begin(self, run: Any, words: str, **options: Any) -> None:
        """Draw anew; `words` describe it, `options` are those of the chart's draw function."""
        self._chart, self._words = self._drawn(run, **options), words
        self._canvas.animate(self._chart.moving)
        self._show()

    def update(self, run: Any, words: str) -> None:
        """Show how the run stands now, and say so in `words`."""
        assert self._chart, "begin() comes first"
        self._words = words
        if self._chart.update(run):
            self._canvas.settle()
        self._show()

    def _drawn(self, run: Any, **options: Any) -> Chart:
        return self._draw(self._canvas.blank(**self._margins), run, **options)

    def _show(self) -> None:
        self.widget.value = picture(self._canvas.png(), self._words, WIDTH, self._canvas.height)


class RunCharts:
    """The two charts of a run, on one time scale: slots over time, and emails done."""

    def __init__(self) -> None:
        self._slots = LiveChart("lk-slots", draw_slots)
        self._done = LiveChart("lk-done", draw_done)
        self._earlier: list[BatchResult] = []
        self._drawn = 0.0
        self.widgets = (self._slots.widget, self._done.widget)

    def begin(self, run: Run, results: Sequence[BatchResult]) -> None:
        """Draw anew, with those of the earlier `results` that can be compared."""
        self._earlier = comparable(run, results)[:EARLIER_SHOWN]
        end_s = max((each.makespan_s for each in self._earlier), default=0.0)
        title = f"What each slot is doing (max_jobs = {run.max_jobs})"
        slots, done = self._words(run)
        self._slots.begin(run, slots, end_s=end_s, title=title)
        self._done.begin(run, done, end_s=end_s, earlier=self._earlier)

    def follow(self, batch: Batch) -> bool:
        """Show how the batch stands, at most so often; answers whether it did."""
        now = time.monotonic()
        if now - self._drawn < FRAME_S and not batch.ended:
            return False
        slots, done = self._words(batch)
        self._slots.update(batch, slots)
        self._done.update(batch, done)
        self._drawn = now
        return True

    def _words(self, run: Run) -> tuple[str, str]:
        return describe_slots(run), describe_done(run, earlier=self._earlier)


def comparable(run: Run, results: Sequence[BatchResult]) -> list[BatchResult]:
    """The latest results of the same emails at other `max_jobs`: that at 1, then the newest."""
    found: dict[int, BatchResult] = {}
    for each in reversed(results):
        if (each.jobs, each.seconds) == (run.jobs, run.seconds):
            found.setdefault(each.max_jobs, each)
    found.pop(run.max_jobs, None)
    return sorted(found.values(), key=lambda each: each.max_jobs != 1)
