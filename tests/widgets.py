"""A lab's widgets, and the workers of whoever presses them."""

import os

import psutil


def find(lab, css_class):
    """The one widget of a lab with this CSS class."""
    found, todo = [], [lab.box]
    while todo:
        widget = todo.pop()
        todo += getattr(widget, "children", ())
        if css_class in widget._dom_classes:
            found.append(widget)
    (widget,) = found
    return widget


def own_workers():
    """The worker processes of this test."""
    here = os.environ["LESSONKIT_SERVERS"]
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if "workers" in process.cmdline() and process.environ().get("LESSONKIT_SERVERS") == here
    ]
