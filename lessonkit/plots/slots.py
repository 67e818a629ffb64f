"""Jobs × slots over time: which slot of the worker ran which job, and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.text import Text

from lessonkit.batch import Batch, ideal_makespan_s
from lessonkit.plots.data import Run, Span, now_of, records_of, spans_of
from lessonkit.plots.ink import (
    CLOSED,
    INK,
    QUIET,
    TEXT_PX,
    Note,
    annotate,
    color_of,
    dress,
    ink_on,
    mixed,
    nice_end,
    seconds,
    shown,
)

#: how much of its lane a bar fills
BAR = 0.76
#: more bars than this are too narrow for a number, a hatch or a seam each
DETAILED = 120
#: more lanes than this are too thin to be named one by one
NAMED_SLOTS = 12


@dataclass
class SlotsChart:
    """What `draw_slots` drew. `moving` are the artists that `update` changes."""

    ax: Axes
    ended: PathPatch
    running: PathPatch
    failed: PathPatch
    crosses: Line2D
    now: Line2D
    labels: list[Text]
    still: list[Artist] = field(default_factory=list)

    @property
    def moving(self) -> tuple[Artist, ...]:
        return (self.ended, self.running, self.failed, self.crosses, *self.labels, self.now)

    def update(self, run: Run) -> bool:
        """Show how the run stands. Answers whether what stands still had to change as well."""
        spans = self._spans(run)
        by_state: defaultdict[str, list[Span]] = defaultdict(list)
        for span in spans:
            by_state[span.state].append(span)
        failed, gap_s = by_state["failed"], self._unseen_gap_s(run)
        self.ended.set_path(_bars(by_state["completed"], gap_s))
        self.running.set_path(_bars(by_state["active"], gap_s))
        self.failed.set_path(_bars(failed, gap_s))
        self.crosses.set_data(
            [(span.start_s + span.end_s) / 2 for span in failed], [span.slot for span in failed]
        )
        now_s = now_of(run)
        self.now.set_xdata([now_s, now_s])
        self.now.set_visible(bool(spans) and isinstance(run, Batch) and not run.ended)
        grew = now_s > self.ax.get_xlim()[1]
        if grew:
            self.ax.set_xlim(0, now_s * 1.25)
        self._label(spans)
        return grew

    def _spans(self, run: Run) -> list[Span]:
        return spans_of(run)

    def _unseen_gap_s(self, run: Run) -> float:
        """Half of what a pixel shows: bars that are no further apart are drawn as one."""
        if run.jobs <= DETAILED:
            return 0.0
        return float(self.ax.get_xlim()[1] / self.ax.get_window_extent().width / 2)

    @property
    def _inks(self) -> dict[str, str]:
        """What a bar's label is written in, by the job's state."""
        done = ink_on(to_hex(self.ended.get_facecolor()))
        return {"active": INK, "failed": "white"} | {"completed": done}

    def _label(self, spans: Sequence[Span]) -> None:
        wide_px, high_px = _size_px(self.ax)
        px_per_s = wide_px / self.ax.get_xlim()[1]
        for label in self.labels:
            label.set_visible(False)
        if BAR * high_px / self.ax.get_ylim()[0] < TEXT_PX - 1:
            return  # the numbers would overlap those of the next lane
        for span, label in zip(spans, self.labels, strict=False):
            name = shown(span.job)
            if (span.end_s - span.start_s) * px_per_s > 0.62 * TEXT_PX * len(name) + 5:
                # a failed job's cross is in the middle of its bar: its number stands beside it
                share = 0.5 if span.state != "failed" else 0.2
                label.set_x(span.start_s + share * (span.end_s - span.start_s))
                label.set_y(span.slot)
                label.set_text(name)
                label.set_color(self._inks[span.state])
                label.set_visible(True)


def draw_slots(
    ax: Axes,
    run: Run,
    *,
    end_s: float | None = None,
    slots: int = 5,
    prediction_s: float | None = None,
    title: str = "",
    kind: type[SlotsChart] = SlotsChart,
) -> SlotsChart:
    """Draw a run on `ax`, one bar a job, and return the artists, as a chart of this `kind`.

    `end_s` is the time that the axis has to show (default: the run's); at least `slots` lanes are
    shown, and those that `max_jobs` keeps closed are greyed.
    """
    lanes = max(run.slots, slots)
    ideal_s = ideal_makespan_s(run.jobs, run.slots, run.seconds)
    dress(ax, title or f"max_jobs = {run.max_jobs}", mark=run.max_jobs)
    ax.set_xlim(0, nice_end(max(ideal_s, now_of(run), prediction_s or 0, end_s or 0)))
    ax.set_ylim(lanes - 0.45, -0.55)
    _name_lanes(ax, run.slots)
    still = _draw_closed(ax, run.slots, lanes)
    still += _draw_marks(ax, ideal_s, prediction_s)

    color, detailed = color_of(run.max_jobs), run.jobs <= DETAILED
    labels = [
        ax.text(0, 0, "", ha="center", va="center", fontsize=TEXT_PX, fontweight="bold")
        for _ in range(run.jobs if detailed else 0)
    ]
    for label in labels:
        label.set(zorder=4, clip_on=True, parse_math=False)
    chart = kind(
        ax,
        ended=_add_bars(ax, color, detailed),
        running=_add_bars(ax, mixed(color, "white", 0.62), detailed, hatch="///"),
        failed=_add_bars(ax, mixed("black", "white", 0.2), detailed),
        crosses=ax.plot(
            [], [], "x", color="white", markersize=9 if detailed else 2, markeredgewidth=2, zorder=5
        )[0],
        now=ax.axvline(0, color=QUIET, linewidth=1, zorder=3),
        labels=labels,
        still=still,
    )
    chart.update(run)
    return chart


def describe_slots(run: Run, *, job: str = "email") -> str:
    """The chart in words, from the same data; `job` is what its jobs are called."""
    peak = run.result().peak_concurrency if isinstance(run, Batch) else run.peak_concurrency
    failed = sum(record.state == "failed" for record in records_of(run))
    done = sum(record.finished_s is not None for record in records_of(run))
    spans = spans_of(run) if run.jobs <= 20 else []
    words = [
        f"Slots over time at max_jobs {run.max_jobs}: "
        f"{done} of {run.jobs} {job}s done in {seconds(now_of(run))}, "
        f"at most {peak} at the same moment."
    ]
    if failed:
        words.append(f"{failed} failed, marked with a cross.")
    if spans:
        words += [
            f"Slot {slot + 1} ran "
            + ", ".join(
                f"{job} {shown(span.job)} from {span.start_s:.2f} to {seconds(span.end_s)}"
                for span in sorted(spans, key=lambda span: span.start_s)
                if span.slot == slot
            )
            + "."
            for slot in sorted({span.slot for span in spans})
        ]
    return " ".join(words)


def _add_bars(ax: Axes, color: str, detailed: bool, hatch: str | None = None) -> PathPatch:
    edge: dict[str, Any] = {"edgecolor": "white", "linewidth": 1.2, "hatch": hatch}
    patch = PathPatch(_bars([]), facecolor=color, **(edge if detailed else {"linewidth": 0.0}))
    ax.add_patch(patch)
    return patch


def _bars(spans: Sequence[Span], gap_s: float = 0.0) -> Path:
    """All bars as one path, which is one artist to draw; those of a slot that are no further apart
    than `gap_s` are one bar, unless that is 0."""
    found = np.array([(slot, start, end) for slot, start, end, _, _ in spans]).reshape(-1, 3)
    if gap_s and len(found):
        found = found[np.lexsort(found.T[1::-1])]
        slot, start, end = found.T
        apart = (slot[1:] != slot[:-1]) | (start[1:] - end[:-1] > gap_s)
        first = np.flatnonzero(np.concatenate([[True], apart]))
        found = np.stack([slot[first], start[first], np.maximum.reduceat(end, first)], 1)
    slot, start, end = found.T
    low, high = slot - BAR / 2, slot + BAR / 2
    corners = np.stack(
        [np.stack([start, end, end, start, start], 1), np.stack([low, low, high, high, low], 1)], 2
    )
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    return Path(corners.reshape(-1, 2), np.tile(codes, len(found)).astype(Path.code_type))


def _name_lanes(ax: Axes, open_slots: int) -> None:
    if open_slots <= NAMED_SLOTS:
        ax.set_yticks(range(open_slots), [f"slot {slot + 1}" for slot in range(open_slots)])
        return
    step = max(1, round(open_slots / 8))
    ticks = [0, *range(step - 1, open_slots, step)] if step > 1 else list(range(open_slots))
    ax.set_yticks(ticks, [f"slot {tick + 1}" for tick in ticks])


def _draw_closed(ax: Axes, open_slots: int, lanes: int) -> list[Artist]:
    if lanes <= open_slots:
        return []
    text = ax.text(
        0.5,
        (open_slots + lanes) / 2 - 0.5,
        f"closed: max_jobs is {open_slots}",
        transform=ax.get_yaxis_transform(),
        ha="center",
        va="center",
        fontsize=TEXT_PX,
        color=QUIET,
    )
    return [ax.axhspan(open_slots - 0.5, lanes, color=CLOSED, zorder=0.5), text]


def _draw_marks(ax: Axes, ideal_s: float, prediction_s: float | None) -> list[Artist]:
    notes = [Note(ideal_s, f"ideal {ideal_s:g} s")]
    marks: list[Artist] = [
        ax.axvline(ideal_s, color=QUIET, linewidth=1.2, linestyle=(0, (4, 3)), zorder=2.5)
    ]
    if prediction_s is not None:
        notes.append(Note(prediction_s, f"◆ you said {prediction_s:g} s", INK, "bold"))
        marks.append(
            ax.axvline(prediction_s, color=INK, linewidth=1.6, linestyle=(0, (1, 1.6)), zorder=2.5)
        )
    return marks + annotate(ax, notes, ax.get_ylim()[1])


def _size_px(ax: Axes) -> tuple[float, float]:
    extent, scale = ax.get_window_extent(), 72 / ax.figure.dpi
    return extent.width * scale, extent.height * scale
