"""Who took how many: for each run a bar of its emails, cut up among the worker processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.ticker import MaxNLocator

from lessonkit.batch import BatchResult
from lessonkit.plots.ink import INK, QUIET, SMALL_PX, Note, annotate, dress, ink_on, mixed

#: the sign and the tint of each process; further ones share the last
_SIGNS, _TINTS = "●○◐◑", (0.12, 0.8, 0.3, 0.62)


@dataclass
class SharingChart:
    """What `draw_sharing` drew: the bars of each process, by its pid."""

    ax: Axes
    bars: dict[int, BarContainer]


def draw_sharing(
    ax: Axes, runs: Sequence[BatchResult], *, title: str = "Who took how many"
) -> SharingChart:
    """Draw a bar for each run on `ax`, with a piece for each process, and answer the artists."""
    dress(ax, title)
    names = [f"{run.workers} × {run.max_jobs}" for run in runs]
    ax.set_yticks(range(len(runs)), names)
    ax.set_ylim(len(runs) - 0.4, -0.6)
    ax.set_xlim(0, max(run.jobs for run in runs))
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    ax.set_xlabel("emails, by the process that took them", color=QUIET, fontsize=SMALL_PX)
    pids, shares = pids_of(runs), [run.jobs_by_pid for run in runs]
    left, bars = [0] * len(runs), {}
    for number, pid in enumerate(pids):
        color = _color(number)
        counts = [share.get(pid, 0) for share in shares]
        bars[pid] = ax.barh(
            range(len(runs)), counts, left=left, height=0.8, color=color, edgecolor="white"
        )
        labels = [f"{_sign(number)} {count}" if count else "" for count in counts]
        ax.bar_label(
            bars[pid], labels, label_type="center", fontsize=SMALL_PX - 1, color=ink_on(color)
        )
        left = [begin + count for begin, count in zip(left, counts, strict=True)]
    names = [f"{_sign(number)} process {pid}" for number, pid in enumerate(pids)]
    places = ax.get_xlim()[1] / 2
    notes = [Note(number % 2 * places, name, INK) for number, name in enumerate(names[:4])]
    annotate(ax, notes, ax.get_ylim()[1])
    return SharingChart(ax, bars)


def describe_sharing(runs: Sequence[BatchResult]) -> str:
    """The chart in words, from the same data."""
    words = [
        f"{run.workers} × {run.max_jobs}: "
        + ", ".join(f"process {pid} {count}" for pid, count in run.jobs_by_pid.items())
        for run in runs
    ]
    return f"Who took how many emails. {'; '.join(words)}."


def pids_of(runs: Sequence[BatchResult]) -> list[int]:
    """The processes of all runs, in the order in which the runs had them."""
    return list(dict.fromkeys(pid for run in runs for pid in run.pids))


def _sign(number: int) -> str:
    return _SIGNS[min(number, len(_SIGNS) - 1)]


def _color(number: int) -> str:
    return mixed(INK, "white", _TINTS[min(number, len(_TINTS) - 1)])
