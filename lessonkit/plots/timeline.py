"""What happened to each job, and when: a row a job, a marker and a label an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lessonkit.plots.ink import (
    CLOSED,
    INK,
    ORANGE,
    QUIET,
    SKY,
    SMALL_PX,
    Note,
    annotate,
    dress,
    mixed,
    seconds,
    shown,
)
from lessonkit.plots.rows import Row, label_of
from lessonkit.server import Outage
from workers.contract import Event

WIDTH, LEFT, ROW_PX = 560, 92, 50
#: above the rows, where an outage is named, and below them
TOP_PX, BOTTOM_PX = 24, 40
#: events nearer to each other than this share a label, and their markers stand side by side
NEAR_PX, STEP_PX = 13, 10

MARKS = {
    Event.WAITING: ("o", "white"),
    Event.ACTIVE: (">", SKY),
    Event.PROGRESS: ("D", "white"),
    Event.COMPLETED: ("o", INK),
    Event.FAILED: ("X", "black"),
    Event.RETRYING: ("s", ORANGE),
    Event.STALLED: ("*", "white"),
    Event.RETURNED: ("<", "white"),
    Event.ERROR: ("X", ORANGE),
}
OTHER_MARK = ("P", QUIET)

_ACTIVE = {"color": mixed(SKY, "white", 0.25), "linewidth": 9, "solid_capstyle": "butt"}
_DOTS = (0, (1, 1.6))
_WAITING = {"color": QUIET, "linewidth": 1.4, "linestyle": _DOTS}
_DELAYED = {"color": ORANGE, "linewidth": 2.2, "linestyle": _DOTS}
#: what follows an event, until the next one
SPANS: dict[Event, dict[str, Any]] = {
    Event.WAITING: _WAITING,
    Event.ACTIVE: _ACTIVE,
    Event.PROGRESS: _ACTIVE,
    Event.RETRYING: _DELAYED,
    Event.STALLED: _WAITING,
    Event.RETURNED: _WAITING,
}


@dataclass
class TimelineChart:
    """What `draw_timeline` drew. `moving` are the artists that `update` changes."""

    ax: Axes
    going: list[tuple[Line2D, float]]
    """Spans that have not ended, and when they began."""
    marks: list[Artist] = field(default_factory=list)
    """What stands on top of these."""
    still: list[Artist] = field(default_factory=list)

    @property
    def moving(self) -> tuple[Artist, ...]:
        return (*(line for line, _ in self.going), *self.marks)

    def update(self, now_s: float) -> None:
        """What goes on goes on till now, in seconds on the chart's axis."""
        for line, began_s in self.going:
            line.set_xdata([began_s, now_s])


def draw_timeline(
    ax: Axes,
    rows: Sequence[Row],
    *,
    zero_ms: float,
    start_s: float,
    end_s: float,
    now_s: float | None = None,
    outages: Sequence[Outage] = (),
    lanes: int = 1,
    since: str = "the first event",
) -> TimelineChart:
    """Draw rows on `ax` from `start_s` to `end_s`, in seconds since `zero_ms`.

    A job that has not ended is drawn up to `now_s`; there is room for at least `lanes` rows.
    """
    chart = TimelineChart(ax, [], still=dress(ax, ""))
    ax.set_xlabel(f"seconds since {since}", color=QUIET, fontsize=SMALL_PX)
    ax.set_xlim(start_s, end_s)
    ax.set_ylim(max(len(rows), lanes) - 0.5, -0.5)
    ax.set_yticks(range(len(rows)), [shown(row.name, most=14) for row in rows])
    ax.tick_params(axis="y", length=0, pad=11)
    chart.still += _draw_outages(ax, outages, zero_ms)
    for y, row in enumerate(rows):
        _draw_spans(chart, y, row, zero_ms, end_s if now_s is None else now_s)
        marks, labels = _draw_events(ax, y, row, zero_ms)
        if row.is_job and not row.events[-1].ends:
            chart.marks += marks
        else:
            chart.still += marks
        chart.still += labels
    return chart


def describe_timeline(rows: Sequence[Row], zero_ms: float, outages: Sequence[Outage] = ()) -> str:
    """The chart in words, from the same data."""
    if not rows:
        return "Event timeline: no events yet."
    words = ["Event timeline, in seconds."]
    for row in rows:
        told = ", ".join(
            f"{label_of(event)} at {(event.at_ms - zero_ms) / 1000:.2f}" for event in row.events
        )
        words.append(f"{shown(row.name, most=40)}: {told}.")
    for outage in outages:
        began_s = (outage.began_ms - zero_ms) / 1000
        words.append(f"Redis was away for {seconds(outage.away_s)}, from {began_s:.2f}.")
    return " ".join(words)


def _draw_outages(ax: Axes, outages: Sequence[Outage], zero_ms: float) -> list[Artist]:
    low, high = ax.get_xlim()
    artists: list[Artist] = []
    notes = []
    for outage in outages:
        began_s, ended_s = ((at - zero_ms) / 1000 for at in (outage.began_ms, outage.ended_ms))
        if low < ended_s and began_s < high:
            artists.append(ax.axvspan(began_s, ended_s, color=CLOSED, zorder=0.5))
            text = f"Redis killed, away {outage.away_s:.1f} s"
            notes.append(Note(max(began_s, low), text, INK, "bold"))
    return artists + annotate(ax, notes, ax.get_ylim()[1])


def _draw_spans(chart: TimelineChart, y: int, row: Row, zero_ms: float, now_s: float) -> None:
    """A bar while a worker has the job, dots while it waits for its turn or its next attempt."""
    if not row.is_job:
        return
    for event, after in zip(row.events, (*row.events[1:], None), strict=True):
        if event.event not in SPANS:
            continue
        began_s = (event.at_ms - zero_ms) / 1000
        ended_s = (after.at_ms - zero_ms) / 1000 if after else now_s
        line = Line2D([began_s, ended_s], [y, y], zorder=2, **SPANS[event.event])
        chart.ax.add_line(line)
        if after:
            chart.still.append(line)
        else:
            chart.going.append((line, began_s))


def _draw_events(ax: Axes, y: int, row: Row, zero_ms: float) -> tuple[list[Artist], list[Artist]]:
    """Marks and labels."""
    low, high = ax.get_xlim()
    wide_px = ax.get_window_extent().width / ax.figure.dpi * 72
    px_per_s = wide_px / (high - low)
    marks: list[Artist] = []
    groups: list[tuple[float, list[str]]] = []  # where, and the labels that stand there
    for event in row.events:
        at_px = ((event.at_ms - zero_ms) / 1000 - low) * px_per_s
        if not -1 <= at_px <= wide_px + 1:
            continue
        if not groups or at_px - groups[-1][0] - STEP_PX * (len(groups[-1][1]) - 1) > NEAR_PX:
            groups.append((at_px, []))
        first_px, labels = groups[-1]
        mark, color = MARKS.get(event.event, OTHER_MARK)
        marks += ax.plot(
            [low + max(at_px, first_px + STEP_PX * len(labels)) / px_per_s],
            [y],
            mark,
            color=color,
            markeredgecolor=INK,
            markersize=6 if mark == "D" else 8,
            zorder=4,
            clip_on=False,
        )
        labels.append(label_of(event))
    if groups and row.events[-1].ends:  # how it ended is the last thing to be left out
        groups = [groups[-1], *groups[:-1]]
    return marks, _label(ax, y, groups, low, px_per_s, wide_px)


def _label(
    ax: Axes,
    y: int,
    groups: Sequence[tuple[float, list[str]]],
    low: float,
    px_per_s: float,
    wide_px: float,
) -> list[Artist]:
    """Write above the row, or below it where a label is in the way; else not at all."""
    taken: dict[int, list[tuple[float, float]]] = {+1: [], -1: []}
    artists: list[Artist] = []
    for at_px, labels in groups:
        text = ", ".join(labels)
        length = 0.58 * SMALL_PX * len(text) + 6
        begin = max(-LEFT / 6, min(at_px - 4, wide_px + 8 - length))
        for side, spans in taken.items():
            if all(begin >= end or begin + length <= start for start, end in spans):
                spans.append((begin, begin + length))
                artists.append(
                    ax.annotate(
                        text,
                        xy=(low + begin / px_per_s, y),
                        xytext=(0, side * 8),
                        textcoords="offset points",
                        va="bottom" if side > 0 else "top",
                        fontsize=SMALL_PX,
                        color=INK,
                        parse_math=False,
                        annotation_clip=False,
                    )
                )
                break
    return artists
