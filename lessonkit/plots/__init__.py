"""Charts of a run: each draws on a given ax and returns its artists; and the same in words."""

from lessonkit.plots.backlog import BacklogChart, describe_backlog, draw_backlog
from lessonkit.plots.compare import Comparison, compare
from lessonkit.plots.compare_rates import RateComparison, compare_rates, rates_table
from lessonkit.plots.compare_waits import WaitComparison, compare_waits
from lessonkit.plots.done import DoneChart, describe_done, draw_done
from lessonkit.plots.effect_figure import EffectsFigure, show_effects
from lessonkit.plots.effects import EffectsChart, describe_effects, draw_effects
from lessonkit.plots.eventlog import Timeline, timeline
from lessonkit.plots.flow import (
    FlowChart,
    describe_queue,
    describe_throughput,
    draw_queue,
    draw_throughput,
)
from lessonkit.plots.handovers import Handovers, handovers
from lessonkit.plots.heat import HeatChart, describe_heat, draw_heat
from lessonkit.plots.heat_map import HeatMap, grid_table, heat_map
from lessonkit.plots.ink import color_of, marker_of
from lessonkit.plots.kinds import KindsOfWork, kinds_of_work
from lessonkit.plots.lags import LagsChart, describe_lags, draw_lags
from lessonkit.plots.panels import Panels, panels
from lessonkit.plots.processes import describe_processes, draw_processes
from lessonkit.plots.rate import RateChart, describe_rate, draw_rate
from lessonkit.plots.rescue import RescueChart, describe_rescue, draw_rescue
from lessonkit.plots.rescues import Rescued, TakeOvers, against_others, attempts_table, rescued
from lessonkit.plots.sharing import SharingChart, describe_sharing, draw_sharing
from lessonkit.plots.shutdown import ShutdownChart, describe_shutdown, draw_shutdown
from lessonkit.plots.slots import SlotsChart, describe_slots, draw_slots
from lessonkit.plots.speed import SpeedUpsChart, describe_speed_ups, draw_speed_ups
from lessonkit.plots.starts import StartsChart, describe_starts, draw_starts
from lessonkit.plots.timeline import TimelineChart, describe_timeline, draw_timeline
from lessonkit.plots.waits import describe_waiting, describe_waits, draw_waiting, draw_waits

__all__ = [
    "BacklogChart",
    "Comparison",
    "DoneChart",
    "EffectsChart",
    "EffectsFigure",
    "FlowChart",
    "Handovers",
    "HeatChart",
    "HeatMap",
    "KindsOfWork",
    "LagsChart",
    "Panels",
    "RateChart",
    "RateComparison",
    "RescueChart",
    "Rescued",
    "SharingChart",
    "ShutdownChart",
    "SlotsChart",
    "SpeedUpsChart",
    "StartsChart",
    "TakeOvers",
    "Timeline",
    "TimelineChart",
    "WaitComparison",
    "against_others",
    "attempts_table",
    "color_of",
    "compare",
    "compare_rates",
    "compare_waits",
    "describe_backlog",
    "describe_done",
    "describe_effects",
    "describe_heat",
    "describe_lags",
    "describe_processes",
    "describe_queue",
    "describe_rate",
    "describe_rescue",
    "describe_sharing",
    "describe_shutdown",
    "describe_slots",
    "describe_speed_ups",
    "describe_starts",
    "describe_throughput",
    "describe_timeline",
    "describe_waiting",
    "describe_waits",
    "draw_backlog",
    "draw_done",
    "draw_effects",
    "draw_heat",
    "draw_lags",
    "draw_processes",
    "draw_queue",
    "draw_rate",
    "draw_rescue",
    "draw_sharing",
    "draw_shutdown",
    "draw_slots",
    "draw_speed_ups",
    "draw_starts",
    "draw_throughput",
    "draw_timeline",
    "draw_waiting",
    "draw_waits",
    "grid_table",
    "handovers",
    "heat_map",
    "kinds_of_work",
    "marker_of",
    "panels",
    "rates_table",
    "rescued",
    "show_effects",
    "timeline",
]
