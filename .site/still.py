"""Widgets as they stood when a notebook had run, as HTML that needs no kernel.

It has the class names of the real widgets, so that `lessonkit/style.css` fits both. Controls are
HTML's own, disabled: a reader sees what there is to move, and a screen reader its name and value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"

Models = Mapping[str, Mapping[str, Any]]


class NoStillImage(Exception):
    """A kind of widget that is not known here."""


def still(models: Models, model_id: str) -> str:
    """The widget with this id as HTML. `models` is the widget state that a notebook stores."""
    model = models[model_id]
    kind, state = model["model_name"].removesuffix("Model"), model["state"]
    layout = models[state["layout"].removeprefix("IPY_MODEL_")]["state"]
    if layout.get("display") == "none":
        return ""
    if kind.endswith("Box"):
        inside = "".join(still(models, child) for child in children(state))
    elif kind in KINDS:
        inside = KINDS[kind](state)
    else:
        raise NoStillImage(f"no still image for a {kind}: add it to KINDS in {__file__}")
    names = " ".join([*CLASSES.get(kind, ("widget-box",)), *state["_dom_classes"]])
    if kind == "Button":
        title = escape(state["tooltip"] or "")
        return f'<button type="button" disabled class="{names}" title="{title}">{inside}</button>'
    if "_options_labels" in state and "Buttons" in kind:
        return f'<fieldset disabled class="{names}">{inside}</fieldset>'
    return f'<div class="{names}">{inside}</div>'


def children(state: Mapping[str, Any]) -> list[str]:
    """The ids of what is in a box."""
    return [child.removeprefix("IPY_MODEL_") for child in state.get("children", ())]


def _html(state: Mapping[str, Any]) -> str:
    return f'<div class="widget-html-content">{state["value"]}</div>'


def _slider(state: Mapping[str, Any]) -> str:
    value = state["value"]
    digits = state.get("readout_format", "d").lstrip(".").rstrip("df") or "0"
    limits = f'min="{state["min"]}" max="{state["max"]}" step="any"'
    return _control(state, f'{limits} value="{value}"', f"{value:.{digits}f}")


def _selection_slider(state: Mapping[str, Any]) -> str:
    labels, index = state["_options_labels"], state["index"]
    limits = f'min="0" max="{len(labels) - 1}" value="{index}"'
    return _control(state, f'{limits} aria-valuetext="{escape(labels[index])}"', labels[index])


def _control(state: Mapping[str, Any], attributes: str, readout: str) -> str:
    return (
        f'<label><span class="widget-label">{escape(state["description"])}</span>'
        f'<input type="range" disabled {attributes}>'
        f'<span class="widget-readout">{escape(readout)}</span></label>'
    )


def _progress(state: Mapping[str, Any]) -> str:
    about = escape(state["description"] or "progress")
    shown = f'<span class="widget-label">{about}</span>' if state["description"] else ""
    bar = (
        f'<progress aria-label="{about}" max="{state["max"]}" value="{state["value"]}"></progress>'
    )
    return shown + bar


def _radio(state: Mapping[str, Any]) -> str:
    name = escape(state["description"] or "My prediction")
    answers = "".join(
        f"<label>{escape(answer)} "
        f'<input type="radio" disabled{" checked" * (index == state["index"])}></label>'
        for index, answer in enumerate(state["_options_labels"])
    )
    return (
        f'<legend class="widget-label">{name}</legend><div class="widget-radio-box">{answers}</div>'
    )


def _dropdown(state: Mapping[str, Any]) -> str:
    chosen = escape(state["_options_labels"][state["index"]])
    return (
        f'<label><span class="widget-label">{escape(state["description"])}</span>'
        f"<select disabled><option>{chosen}</option></select></label>"
    )


def _text(state: Mapping[str, Any]) -> str:
    return escape(state.get("value") or state["description"])


KINDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "Button": _text,
    "Dropdown": _dropdown,
    "FloatSlider": _slider,
    "HTML": _html,
    "IntProgress": _progress,
    "IntSlider": _slider,
    "Label": _text,
    "RadioButtons": _radio,
    "SelectionSlider": _selection_slider,
    "ToggleButtons": _radio,
}
CLASSES = {
    "Button": ("widget-button",),
    "Dropdown": ("widget-dropdown",),
    "FloatSlider": ("widget-slider",),
    "HBox": ("widget-box", "widget-hbox"),
    "HTML": ("widget-html",),
    "IntProgress": ("widget-hprogress",),
    "IntSlider": ("widget-slider",),
    "Label": ("widget-label",),
    "RadioButtons": ("widget-radio",),
    "SelectionSlider": ("widget-slider",),
    "ToggleButtons": ("widget-radio",),
    "VBox": ("widget-box", "widget-vbox"),
}
