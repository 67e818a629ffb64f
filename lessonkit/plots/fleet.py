"""Every slot of every worker over time, and how long emails waited: a fleet on its launch day."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from lessonkit.attempts import Attempt
from lessonkit.fleet import LaunchResult
from lessonkit.plots.done import DASHES, HALO
from lessonkit.plots.ink import (
    CLOSED,
    INK,
    QUIET,
    RULE,
    SMALL_PX,
    Note,
    annotate,
    color_of,
    dress,
    mixed,
    nice_end,
)

BAR = 0.76
#: between the lanes of two workers, in lanes
GAP = 0.5


def draw_fleet(
    ax: Axes, result: LaunchResult, *, end_s: float | None = None, title: str = ""
) -> list[Artist]:
    """Draw on `ax` a lane for each slot of each worker, and a bar for each attempt; return the
    artists. What runs for the second time is hatched, what was cut off by the kill is pale."""
    last_s = end_s or result.over_s
    lanes = {pid: number * (result.max_jobs + GAP) for number, pid in enumerate(_pids(result))}
    dress(ax, title or f"What each slot is doing ({result.workers} × {result.max_jobs})")
    ax.set_xlim(0, nice_end(last_s))
    ax.set_ylim(max(lanes.values(), default=0) + result.max_jobs - 0.4, -0.6)
    ax.set_yticks(
        [lane + (result.max_jobs - 1) / 2 for lane in lanes.values()],
        [str(pid) for pid in lanes],
    )
    ax.set_ylabel("process", color=QUIET, fontsize=SMALL_PX)
    color = color_of(result.max_jobs)
    cut = [each for each in result.attempts if result.was_cut(each)]
    again = [each for each in result.attempts if each.number > 1]
    first = [each for each in result.attempts if each.number == 1 and each not in cut]
    artists: list[Artist] = [
        ax.add_patch(PathPatch(_bars(first, lanes, result), facecolor=color, edgecolor="white")),
        ax.add_patch(
            PathPatch(_bars(again, lanes, result), facecolor=color, hatch="////", edgecolor="white")
        ),
        ax.add_patch(
            PathPatch(
                _bars(cut, lanes, result),
                facecolor=mixed(color, "white", 0.6),
                edgecolor=color,
                linewidth=0.8,
            )
        ),
    ]
    return artists + _draw_kill(ax, result, lanes)


def describe_fleet(result: LaunchResult) -> str:
    """The chart in words, from the same data."""
    words = [f"Which process ran what: {result.workers} of {result.max_jobs} slots each."]
    for pid in _pids(result):
        own = [each for each in result.attempts if each.pid == pid]
        killed = f", until it was killed at {result.killed_s:.1f} s"
        killed = killed if pid == result.killed_pid else ""
        words.append(f"Process {pid} ran {len(own)} emails{killed}.")
    cut = sum(result.was_cut(each) for each in result.attempts)
    words.append(f"The kill cut off {cut}; {result.rescued} were sent by another process.")
    return " ".join(words)


def draw_waits(ax: Axes, result: LaunchResult, *, title: str = "") -> list[Artist]:
    """Draw on `ax` which share of the emails started within which time, with the mark at 95 % and
    the target; return the artists."""
    target_s, waits_s = result.day.target_s, sorted(w for w in result.wait_s if math.isfinite(w))
    dress(ax, title or "How long emails waited")
    ax.grid(axis="y", color=RULE, linewidth=0.8)
    ax.set_xlabel("seconds from enqueue to start", color=QUIET, fontsize=SMALL_PX)
    ax.set_xlim(0, nice_end(max([target_s * 1.6, *waits_s[-1:]])))
    ax.set_ylim(0, 104)
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_major_formatter("{x:.0f} %")
    color = color_of(result.max_jobs)
    shares = [100 * number / result.jobs for number in range(len(waits_s) + 1)]
    xs = [0.0, *waits_s, ax.get_xlim()[1]]
    (line,) = ax.plot(
        xs, [*shares, shares[-1]], drawstyle="steps-post", color=color, linewidth=2.6, zorder=4
    )
    artists: list[Artist] = [line, ax.axvline(target_s, color=QUIET, linestyle=DASHES)]
    artists.append(ax.axhline(95, color=QUIET, linewidth=1.0, zorder=2))
    artists += annotate(ax, [Note(target_s, f"target {target_s:g} s")], ax.get_ylim()[1])
    if math.isfinite(result.wait_95_s):
        (dot,) = ax.plot(result.wait_95_s, 95, "o", color=color, markersize=7, zorder=5)
        artists += [dot, _say(ax, f"95 %: {result.wait_95_s:.2f} s", result.wait_95_s)]
    else:
        artists.append(_say(ax, "never reaches 95 %", ax.get_xlim()[1] * 0.1))
    return artists


def describe_waits(result: LaunchResult) -> str:
    """The chart in words, from the same data."""
    within = sum(wait <= result.day.target_s for wait in result.wait_s)
    reached = f"95 % started within {result.wait_95_s:.2f} s"
    reached = reached if math.isfinite(result.wait_95_s) else "fewer than 95 % ever started"
    return (
        f"How long emails waited: {within} of {result.jobs} started within the target of "
        f"{result.day.target_s:g} s; {reached}."
    )


def _pids(result: LaunchResult) -> list[int]:
    """The worker processes in the order of their first starts."""
    return list(dict.fromkeys(each.pid for each in result.attempts))


def _bars(attempts: Iterable[Attempt], lanes: dict[int, float], result: LaunchResult) -> Path:
    boxes = []
    for each in attempts:
        top = lanes[each.pid] + each.slot - BAR / 2
        start_s, end_s, bottom = each.started_s, result.end_s(each), top + BAR
        boxes.append([(start_s, top), (end_s, top), (end_s, bottom), (start_s, bottom)])
    corners = [corner for box in boxes for corner in [*box, box[0]]]
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * len(boxes)
    return Path(np.array(corners).reshape(-1, 2), np.array(codes, dtype=Path.code_type))


def _draw_kill(ax: Axes, result: LaunchResult, lanes: dict[int, float]) -> list[Artist]:
    if result.killed_pid not in lanes:
        return []
    top, right = lanes[result.killed_pid] - 0.5, ax.get_xlim()[1]
    gone = Rectangle(
        (result.killed_s, top), right - result.killed_s, result.max_jobs, color=CLOSED, zorder=0.6
    )
    mark = ax.plot([result.killed_s] * 2, [top, top + result.max_jobs], color=INK, linewidth=1.6)
    name = ax.text(
        (result.killed_s + right) / 2,
        top + result.max_jobs / 2,
        "was killed",
        ha="center",
        va="center",
        fontsize=SMALL_PX,
        color=QUIET,
    )
    notes = annotate(ax, [Note(result.killed_s, "SIGKILL", INK, "bold")], ax.get_ylim()[1])
    return [ax.add_patch(gone), *mark, name, *notes]


def _say(ax: Axes, text: str, at_s: float) -> Artist:
    right = at_s > ax.get_xlim()[1] * 0.6
    return ax.annotate(
        text,
        xy=(at_s, 95),
        xytext=(-9 if right else 9, -9),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top",
        fontsize=SMALL_PX,
        fontweight="bold",
        color=INK,
        path_effects=HALO,
        zorder=6,
    )
