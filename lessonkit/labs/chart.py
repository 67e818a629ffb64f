"""A chart that moves: a widget that shows a run while it is under way."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as widgets

from lessonkit.frames import Canvas
from lessonkit.labs.base import classed
from lessonkit.plots import DoneChart, SlotsChart
from lessonkit.plots.data import Run

WIDTH, HEIGHT = 430, 290


class LiveChart:
    """A chart in a widget of its own, `box`. To be used from one thread at a time.

    An image widget replaces its picture without a flicker but has no `alt`, so a text that only
    screen readers see stands beside it; it changes when a run begins and ends, not with each frame.
    """

    def __init__(
        self,
        name: str,
        draw: Callable[..., SlotsChart | DoneChart],
        describe: Callable[..., str],
    ) -> None:
        self._canvas = Canvas(WIDTH, HEIGHT)
        self._draw, self._describe = draw, describe
        self._chart: SlotsChart | DoneChart | None = None
        self._image = classed(widgets.Image(format="png"), "lk-chart", name)
        self._words = classed(widgets.HTML(), "lk-hidden")
        self.box = classed(widgets.VBox([self._image, self._words]), "lk-half")

    def begin(self, run: Run, **options: Any) -> None:
        """Draw anew; `options` are those of the chart's draw function."""
        self._chart = self._draw(self._canvas.blank(), run, **options)
        self._canvas.animate(self._chart.moving)
        self._image.value = self._canvas.png()
        self.describe(run)

    def update(self, run: Run) -> None:
        """Show how the run stands now."""
        assert self._chart, "begin() comes first"
        if self._chart.update(run):
            self._canvas.settle()
        self._image.value = self._canvas.png()

    def describe(self, run: Run) -> None:
        """Say in words what the chart shows now."""
        self._words.value = f"<p>{escape(self._describe(run))}</p>"
