"""Charts of a run: each draws on a given ax and returns its artists; and the same in words."""

from lessonkit.plots.compare import Comparison, compare
from lessonkit.plots.compare_rates import RateComparison, compare_rates, rates_table
from lessonkit.plots.done import DoneChart, describe_done, draw_done
from lessonkit.plots.effect_figure import EffectsFigure, show_effects
from lessonkit.plots.effects import EffectsChart, describe_effects, draw_effects
from lessonkit.plots.eventlog import Timeline, timeline
from lessonkit.plots.handovers import Handovers, handovers
from lessonkit.plots.ink import color_of, marker_of
from lessonkit.plots.kinds import KindsOfWork, kinds_of_work
from lessonkit.plots.lags import LagsChart, describe_lags, draw_lags
from lessonkit.plots.rate import RateChart, describe_rate, draw_rate
from lessonkit.plots.rescue import RescueChart, describe_rescue, draw_rescue
from lessonkit.plots.rescues import Rescued, TakeOvers, against_others, attempts_table, rescued
from lessonkit.plots.shutdown import ShutdownChart, describe_shutdown, draw_shutdown
from lessonkit.plots.slots import SlotsChart, describe_slots, draw_slots
from lessonkit.plots.speed import SpeedUpsChart, describe_speed_ups, draw_speed_ups
from lessonkit.plots.starts import StartsChart, describe_starts, draw_starts
from lessonkit.plots.timeline import TimelineChart, describe_timeline, draw_timeline

__all__ = [
    "Comparison",
    "DoneChart",
    "EffectsChart",
    "EffectsFigure",
    "Handovers",
    "KindsOfWork",
    "LagsChart",
    "RateChart",
    "RateComparison",
    "RescueChart",
    "Rescued",
    "ShutdownChart",
    "SlotsChart",
    "SpeedUpsChart",
    "StartsChart",
    "TakeOvers",
    "Timeline",
    "TimelineChart",
    "against_others",
    "attempts_table",
    "color_of",
    "compare",
    "compare_rates",
    "describe_done",
    "describe_effects",
    "describe_lags",
    "describe_rate",
    "describe_rescue",
    "describe_shutdown",
    "describe_slots",
    "describe_speed_ups",
    "describe_starts",
    "describe_timeline",
    "draw_done",
    "draw_effects",
    "draw_lags",
    "draw_rate",
    "draw_rescue",
    "draw_shutdown",
    "draw_slots",
    "draw_speed_ups",
    "draw_starts",
    "draw_timeline",
    "handovers",
    "kinds_of_work",
    "marker_of",
    "rates_table",
    "rescued",
    "show_effects",
    "timeline",
]
