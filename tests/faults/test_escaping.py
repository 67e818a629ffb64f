"""What jobs are called and say is data: in widgets, on figures and in logs it is text, no more."""

import re

import ipywidgets
import pytest

import lessonkit
from lessonkit import background
from lessonkit.doctor import Finding, Report
from lessonkit.events import QueueEvent
from lessonkit.frames import Canvas
from lessonkit.labs.base import WidgetLab
from lessonkit.page import picture, table
from workers.contract import Event, Keys

MARKUP = "<img src=x onerror=alert(1)>"
#: for a page, for matplotlib, for a terminal, and for a log
HOSTILE = f"{MARKUP}\"'&$\\frac{{$\x1b[2J\r\nfaked line\u202e\x00"
LABS = [
    *("ConcurrencyLab", "EffectsLab", "EventsLab", "LaunchLab", "LiveLab", "RateLab"),
    *("RescueLab", "ScaleLab", "ShutdownLab", "WorkLab"),
]


def is_text(html):
    """Whether none of it would be markup, nor leave the attribute that it is in."""
    return MARKUP not in html and "onerror" not in re.sub(r"&lt;img src=x onerror=", "", html)


def told():
    """A job's life, in which all that can be a text is hostile."""
    known = {"job": HOSTILE, "attempt": 1, "worker": "1@host", "queue": HOSTILE}
    return [
        QueueEvent("1-0", Event.WAITING, 0.0, **known),
        QueueEvent("2-0", Event.ACTIVE, 10.0, **known),
        QueueEvent("3-0", Event.FAILED, 900.0, **known, error=HOSTILE, final=True),
        QueueEvent("4-0", Event.ERROR, 950.0, worker="1@host", error=HOSTILE),
    ]


def html_of(widget):
    """All HTML in a box of widgets."""
    if isinstance(widget, ipywidgets.HTML):
        yield widget.value
    for child in getattr(widget, "children", ()):
        yield from html_of(child)


def every_lab():
    found, open_ = [], [WidgetLab]
    for kind in open_:
        open_ += kind.__subclasses__()
        found.append(kind.__name__)
    return found


@pytest.mark.parametrize("name", LABS)
async def test_in_a_lab_what_workers_print_and_how_jobs_fail_is_text(lab, name, wait_until):
    shown = getattr(lessonkit, name)(lab)
    shown._fail(HOSTILE, HOSTILE, HOSTILE)
    background.spawn(print_into(shown.output)).result(10)
    await wait_until(lambda: any("faked line" in html for html in html_of(shown.output.widget)))
    pieces = list(html_of(shown.box))
    assert any("&lt;img" in html for html in pieces)
    assert all(map(is_text, pieces))


async def print_into(output):
    output.append(HOSTILE)


def test_every_lab_is_among_them():
    made = {name for name in every_lab() if hasattr(lessonkit, name)}
    assert made == set(LABS)


@pytest.mark.parametrize("names", [None, {HOSTILE: HOSTILE}], ids=["by number", "by name"])
def test_a_timeline_and_its_words_hold_text(names):
    figure = lessonkit.timeline(told(), names=names)
    assert is_text(figure._repr_html_())
    assert MARKUP[1:10] in figure._repr_html_()


def test_reports_tables_and_pictures_hold_text():
    report = Report([Finding(HOSTILE, HOSTILE, HOSTILE)])
    assert is_text(report._repr_html_())
    assert is_text(table([HOSTILE], [[HOSTILE]]))
    assert is_text(picture(b"", HOSTILE, 1, 1))


def test_on_a_canvas_a_dollar_is_a_dollar():
    """matplotlib takes what is between two of them for mathematics, and fails on what is none."""
    canvas = Canvas(400, 200)
    ax = canvas.blank()
    ax.set_title(f"{MARKUP} $\\frac{{$")
    ax.set_yticks([0, 1], ["$\\frac{$", "$x$"])
    ax.text(0, 0, "$\\frac{$")
    ax.annotate("$\\frac{$", xy=(0, 0))
    assert canvas.png().startswith(b"\x89PNG")


def test_an_event_that_is_read_says_its_error_on_one_line():
    fields = {b"event": b"failed", b"at": b"1", b"job": b"1", b"error": HOSTILE.encode()}
    (event,) = QueueEvent.read(b"1-0", fields, "email", Keys("email"))
    assert event.error.isprintable()
