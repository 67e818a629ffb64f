"""What a notebook of the series imports.

Each name is loaded when it is first used, so that a notebook that draws nothing does not wait for
matplotlib and widgets.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lessonkit.checks import check_cap as check_cap
    from lessonkit.checks import check_effects as check_effects
    from lessonkit.checks import check_handover as check_handover
    from lessonkit.checks import check_launch as check_launch
    from lessonkit.checks import check_log as check_log
    from lessonkit.checks import check_mended as check_mended
    from lessonkit.checks import check_places as check_places
    from lessonkit.checks import check_rate as check_rate
    from lessonkit.checks import check_rescue as check_rescue
    from lessonkit.checks import check_sent as check_sent
    from lessonkit.checks import check_totals as check_totals
    from lessonkit.checks import check_wait as check_wait
    from lessonkit.crashes import count_effects as count_effects
    from lessonkit.doctor import examine as examine
    from lessonkit.drill import rescue as rescue
    from lessonkit.elsewhere import open_elsewhere as open_elsewhere
    from lessonkit.feed import arrive as arrive
    from lessonkit.fleet import LaunchDay as LaunchDay
    from lessonkit.handover import hand_over as hand_over
    from lessonkit.labs import ConcurrencyLab as ConcurrencyLab
    from lessonkit.labs import EffectsLab as EffectsLab
    from lessonkit.labs import EventsLab as EventsLab
    from lessonkit.labs import LaunchLab as LaunchLab
    from lessonkit.labs import LiveLab as LiveLab
    from lessonkit.labs import RateLab as RateLab
    from lessonkit.labs import RescueLab as RescueLab
    from lessonkit.labs import ScaleLab as ScaleLab
    from lessonkit.labs import ShutdownLab as ShutdownLab
    from lessonkit.labs import WorkLab as WorkLab
    from lessonkit.launching import launch as launch
    from lessonkit.plots import against_others as against_others
    from lessonkit.plots import compare as compare
    from lessonkit.plots import compare_rates as compare_rates
    from lessonkit.plots import compare_waits as compare_waits
    from lessonkit.plots import handovers as handovers
    from lessonkit.plots import heat_map as heat_map
    from lessonkit.plots import kinds_of_work as kinds_of_work
    from lessonkit.plots import panels as panels
    from lessonkit.plots import rescued as rescued
    from lessonkit.plots import show_effects as show_effects
    from lessonkit.plots import timeline as timeline
    from lessonkit.predict import Choice as Choice
    from lessonkit.predict import Prediction as Prediction
    from lessonkit.scaling import scale as scale
    from lessonkit.session import Lab as Lab
    from lessonkit.session import open_lab as open_lab
    from lessonkit.speed import measure_speed_ups as measure_speed_ups
    from lessonkit.terminals import side_by_side as side_by_side

_ROOMS = {
    "Choice": "predict",
    "ConcurrencyLab": "labs",
    "EffectsLab": "labs",
    "EventsLab": "labs",
    "Lab": "session",
    "LaunchDay": "fleet",
    "LaunchLab": "labs",
    "LiveLab": "labs",
    "Prediction": "predict",
    "RateLab": "labs",
    "RescueLab": "labs",
    "ScaleLab": "labs",
    "ShutdownLab": "labs",
    "WorkLab": "labs",
    "against_others": "plots",
    "arrive": "feed",
    "check_cap": "checks",
    "check_effects": "checks",
    "check_handover": "checks",
    "check_launch": "checks",
    "check_log": "checks",
    "check_mended": "checks",
    "check_places": "checks",
    "check_rate": "checks",
    "check_rescue": "checks",
    "check_sent": "checks",
    "check_totals": "checks",
    "check_wait": "checks",
    "compare": "plots",
    "compare_rates": "plots",
    "compare_waits": "plots",
    "count_effects": "crashes",
    "examine": "doctor",
    "hand_over": "handover",
    "handovers": "plots",
    "heat_map": "plots",
    "kinds_of_work": "plots",
    "launch": "launching",
    "measure_speed_ups": "speed",
    "open_elsewhere": "elsewhere",
    "open_lab": "session",
    "panels": "plots",
    "rescue": "drill",
    "rescued": "plots",
    "scale": "scaling",
    "show_effects": "plots",
    "side_by_side": "terminals",
    "timeline": "plots",
}

__all__ = sorted(_ROOMS)


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'lessonkit' has no attribute {name!r}")
    return getattr(import_module(f"lessonkit.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return __all__
