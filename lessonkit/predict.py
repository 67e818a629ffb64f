"""A learner's prediction, made before the run and marked on its result."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets as widgets

from lessonkit.page import STYLE


class Prediction:
    """A question with a slider for the answer; its number can be typed in as well.

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
        self._slider = widgets.FloatSlider(
            value=default,
            min=low,
            max=high,
            step=step,
            readout_format=".0f" if step == int(step) else ".1f" if step >= 0.1 else ".2f",
            description="My prediction",
            tooltip=question,
            style={"description_width": "initial"},
            layout={"width": "400px", "max_width": "100%"},
        )
        self._slider.observe(self._moved, "value")
        row = widgets.Box([self._slider, widgets.Label(unit)])
        row.add_class("lk-row")
        text = widgets.HTML(f"{STYLE}<div>{escape(question)}</div>")
        self._box = widgets.VBox([text, row])
        for name in ("lk", "lk-predict"):
            self._box.add_class(name)

    @property
    def value(self) -> float:
        """The answer, in `unit`."""
        return float(self._slider.value)

    @value.setter
    def value(self, value: float) -> None:
        self._slider.value = value

    def _moved(self, _: object) -> None:
        self.answered = True

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        return f"{self.question} My prediction: {self.value:g} {self.unit}"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return dict(self._box._repr_mimebundle_(**options)) | {"text/plain": repr(self)}


class Choice:
    """A question with a few answers, one of which is marked until the learner marks another."""

    def __init__(self, question: str, answers: Sequence[str], default: int = 0) -> None:
        self.question = question
        self._buttons = widgets.RadioButtons(
            options=list(answers), index=default, layout={"width": "max-content"}
        )
        text = widgets.HTML(f"{STYLE}<div>{escape(question)}</div>")
        self._box = widgets.VBox([text, self._buttons])
        for name in ("lk", "lk-predict"):
            self._box.add_class(name)

    @property
    def value(self) -> str:
        """The answer that is marked."""
        return str(self._buttons.value)

    @value.setter
    def value(self, value: str) -> None:
        self._buttons.value = value

    def __repr__(self) -> str:
        return f"{self.question} My prediction: {self.value}"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return dict(self._box._repr_mimebundle_(**options)) | {"text/plain": repr(self)}
