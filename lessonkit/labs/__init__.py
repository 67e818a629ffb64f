"""Experiments with sliders. Importing this loads ipywidgets and matplotlib."""

from lessonkit.labs.concurrency import ConcurrencyLab
from lessonkit.labs.effects import EffectsLab
from lessonkit.labs.events import EventsLab
from lessonkit.labs.launch import LaunchLab
from lessonkit.labs.live import LiveLab
from lessonkit.labs.rate import RateLab
from lessonkit.labs.rescue import RescueLab
from lessonkit.labs.scale import ScaleLab
from lessonkit.labs.shutdown import ShutdownLab
from lessonkit.labs.work import WorkLab

__all__ = [
    "ConcurrencyLab",
    "EffectsLab",
    "EventsLab",
    "LaunchLab",
    "LiveLab",
    "RateLab",
    "RescueLab",
    "ScaleLab",
    "ShutdownLab",
    "WorkLab",
]
