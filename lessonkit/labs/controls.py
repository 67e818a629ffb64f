"""Controls of a lab: sliders and choices that are checked as a group, buttons, rows."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from lessonkit.errors import BadSetting
from lessonkit.labs.base import classed

LAYOUT = {"width": "420px", "max_width": "100%"}
#: more letters to choose from than this do not fit on buttons: they make a list that drops down
BUTTON_LETTERS = 60


class Settings:
    """Sliders by name, each from a label, its least and most value, and a tooltip; or, in place of
    the two values, all that there is to choose from.

    Whole limits make a slider of whole numbers; a further text is shown in place of the least of
    them. A slider of the name `max_jobs` has the CSS class `lk-max-jobs`.
    """

    def __init__(
        self,
        **sliders: tuple[str, float, float, str]
        | tuple[str, int, int, str, str]
        | tuple[str, Sequence[str], str],
    ) -> None:
        self._limits: dict[str, Any] = {}
        self._sliders: dict[str, Any] = {}
        for name, about in sliders.items():
            if len(about) == 3:
                self._limits[name] = about[1]
                self._sliders[name] = _choice(name, *about)
            else:
                self._limits[name] = about[1], about[2]
                self._sliders[name] = _slider(name, *about)

    @property
    def sliders(self) -> tuple[Any, ...]:
        """The widgets."""
        return tuple(self._sliders.values())

    @property
    def values(self) -> dict[str, Any]:
        """What they are set to."""
        return {name: slider.value for name, slider in self._sliders.items()}

    def check(self, **values: object) -> None:
        """Raise BadSetting for a value that its slider cannot take. None stands for: as it is."""
        for name, value in values.items():
            if isinstance(self._limits[name][0], str):
                _check_choice(name, value, self._limits[name])
                continue
            low, high = self._limits[name]
            whole = isinstance(low, int) and isinstance(high, int)
            kind: Any = numbers.Integral if whole else numbers.Real
            if value is None:
                continue
            if isinstance(value, bool) or not (isinstance(value, kind) and low <= value <= high):
                wanted = f"a {'whole ' * whole}number from {low:g} to {high:g}"
                raise BadSetting(name=name, value=value, wanted=wanted)

    def set(self, **values: float | str | None) -> None:
        """Move sliders, after a check of them all."""
        self.check(**values)
        for name, value in values.items():
            if value is not None:
                self._sliders[name].value = value


def _check_choice(name: str, value: object, options: Sequence[str]) -> None:
    if value is not None and value not in options:
        wanted = "one of: " + ", ".join(map(repr, options))
        raise BadSetting(name=name, value=value, wanted=wanted)


def _choice(name: str, label: str, options: Sequence[str], tooltip: str) -> Any:
    look = {"options": list(options), "description": label, "layout": LAYOUT}
    if sum(map(len, options)) > BUTTON_LETTERS:
        style = {"description_width": "130px"}
        choice = widgets.Dropdown(**look, style=style, tooltip=tooltip)
    else:
        choice = widgets.ToggleButtons(
            **look,
            tooltips=[f"{tooltip}: {option}" for option in options],
            style={"description_width": "130px", "button_width": "auto"},
        )
    return classed(choice, f"lk-{name.replace('_', '-')}", "lk-choice")


def _slider(name: str, label: str, low: float, high: float, tooltip: str, lowest: str = "") -> Any:
    look = {
        "value": low,
        "description": label,
        "tooltip": tooltip,
        "style": {"description_width": "130px"},
        "layout": LAYOUT,
    }
    if lowest:
        values = range(int(low), int(high) + 1)
        options = [(lowest if value == low else str(value), value) for value in values]
        slider = widgets.SelectionSlider(options=options, **look)
    elif isinstance(low, int) and isinstance(high, int):
        slider = widgets.IntSlider(min=low, max=high, **look)
    else:
        slider = widgets.FloatSlider(min=low, max=high, step=0.1, readout_format=".2f", **look)
    return classed(slider, f"lk-{name.replace('_', '-')}")


def button(label: str, icon: str, tooltip: str, css_class: str) -> Any:
    """A button, wide enough for its label."""
    width = "150px" if len(label) > 8 else "100px"
    made = widgets.Button(description=label, icon=icon, tooltip=tooltip, layout={"width": width})
    return classed(made, css_class)


def row(*children: Any) -> Any:
    """Side by side where there is room, else one under the other."""
    return classed(widgets.Box(children), "lk-row")


def half(caption: str, child: Any) -> Any:
    """Half of a row, with a caption."""
    title = widgets.HTML(f'<div class="lk-caption">{caption}</div>')
    return classed(widgets.VBox([title, child]), "lk-half")
