"""A learner's prediction, made before the run and marked on its result."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as widgets
from traitlets import link

from lessonkit.page import STYLE


class Prediction:
    """A question with a slider and a number field for the answer.

    `value` is the answer so far: `default` until the learner moves something, so a notebook that is
    run without stopping goes on. `answered` says whether they did.
    """

    def __init__(
        self,
        question: str,
        default: float,
        low: float,
        high: float,
        step: float = 0.5,
        unit: str = "s",
    ) -> None:
        self.question, self.unit, self.answered = question, unit, False
        limits = {"value": default, "min": low, "max": high, "step": step}
        slider = widgets.FloatSlider(
            **limits,
            readout=False,
            description="My prediction",
            style={"description_width": "initial"},
            layout={"width": "340px", "max_width": "100%"},
        )
        self._number = widgets.BoundedFloatText(**limits, layout={"width": "84px"})
        link((slider, "value"), (self._number, "value"))
        self._number.observe(self._moved, "value")
        slider.tooltip = self._number.tooltip = question
        row = widgets.Box([slider, self._number, widgets.Label(unit)])
        row.add_class("lk-row")
        text = widgets.HTML(f"{STYLE}<div>{escape(question)}</div>")
        self._box = widgets.VBox([text, row])
        for name in ("lk", "lk-predict"):
            self._box.add_class(name)

    @property
    def value(self) -> float:
        """The answer, in `unit`."""
        return float(self._number.value)

    @value.setter
    def value(self, value: float) -> None:
        self._number.value = value

    def _moved(self, _: object) -> None:
        self.answered = True

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        return f"{self.question} My prediction: {self.value:g} {self.unit}"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return dict(self._box._repr_mimebundle_(**options)) | {"text/plain": repr(self)}
