"""Experiments with sliders. Importing this loads ipywidgets and matplotlib."""

from lessonkit.labs.concurrency import ConcurrencyLab

__all__ = ["ConcurrencyLab"]
