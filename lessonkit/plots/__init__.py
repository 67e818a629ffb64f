"""Charts of a run: each draws on a given ax and returns its artists; and the same in words."""

from lessonkit.plots.compare import Comparison, compare
from lessonkit.plots.done import DoneChart, describe_done, draw_done
from lessonkit.plots.ink import color_of, marker_of
from lessonkit.plots.slots import SlotsChart, describe_slots, draw_slots

__all__ = [
    "Comparison",
    "DoneChart",
    "SlotsChart",
    "color_of",
    "compare",
    "describe_done",
    "describe_slots",
    "draw_done",
    "draw_slots",
    "marker_of",
]
