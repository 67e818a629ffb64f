"""Effects beside jobs: the attempts at each job over time, and the emails that they put out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from lessonkit.attempts import Attempt, Ending
from lessonkit.effects import Effect, JobEffects, ProgramRun
from lessonkit.plots.ink import (
    INK,
    ORANGE,
    QUIET,
    SMALL_PX,
    TEXT_PX,
    color_of,
    dress,
    mixed,
    nice_end,
    seconds,
    shown,
)
from lessonkit.plots.lanes import Bar, box, joined, torn

ROW_PX, LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 66, 76, 84, 12, 40
#: how deep the teeth of a bar that was cut off are
TOOTH_PX = 4.0
#: where in its row, 1 high, things are: the bar is around 0, what is negative is above it
LABEL, LETTERS = -0.23, 0.3
BAR_PX, LETTER_PX = 18, 13
#: how much longer than a letter is the line that strikes it out
STRIKE = 1.25
#: how long a run takes in which a lease has to run out, about
USUAL_S = 3.6

_OUTLINE = [(-1.0, -0.68), (1.0, -0.68), (1.0, 0.68), (-1.0, 0.68), (-1.0, -0.68)]
_FLAP = [(-1.0, 0.68), (0.0, -0.12), (1.0, 0.68)]
_STRIKE = [(-STRIKE, -0.95), (STRIKE, 0.95)]


def _letter(*lines: Sequence[tuple[float, float]]) -> Path:
    return Path.make_compound_path(*(Path(line) for line in lines))


SENT, REFUSED = _letter(_OUTLINE, _FLAP), _letter(_OUTLINE, _FLAP, _STRIKE)


@dataclass
class EffectsChart:
    """What `draw_effects` drew."""

    ax: Axes
    said: Mapping[str, float]
    artists: list[Artist] = field(default_factory=list)
    moving: tuple[Artist, ...] = ()
    """None: what is drawn changes with every look, and is little."""

    def update(self, *runs: ProgramRun) -> bool:
        """Show how the runs stand. Answers whether anything has changed, which it has."""
        for artist in self.artists:
            artist.remove()
        self.artists = []
        now_s = max((run.now_s for run in runs), default=0.0)
        if now_s > self.ax.get_xlim()[1]:
            self.ax.set_xlim(0, now_s * 1.1)
        rows = rows_of(runs)
        self.ax.set_ylim(max(len(rows), 1) - 0.5, -0.5)
        self.ax.set_yticks(range(len(rows)), [label_of(*row) for row in rows])
        for y, (run, job) in enumerate(rows):
            self._row(y, run, job)
        return True

    def _row(self, y: int, run: ProgramRun, job: JobEffects) -> None:
        for number, attempt in enumerate(job.attempts):
            self._bar(y, run, attempt)
            later = job.attempts[number + 1 :]
            if run.was_killed(attempt):
                self._wait(y, run, attempt, later[0].started_s if later else run.now_s)
        free_s = 0.0
        for effect in job.effects:
            look: dict[str, Any] = {"marker": SENT, "markersize": LETTER_PX}
            look["markerfacecolor"] = ORANGE
            if effect.refused:  # a marker is drawn as large as its path, which is larger here
                look = {"marker": REFUSED, "markersize": LETTER_PX * STRIKE}
                look["markerfacecolor"] = "white"
            at_s = max(run.at_s(effect), free_s)
            free_s = at_s + (LETTER_PX + 5) * self._s_per_px  # side by side
            look |= {"color": INK, "linestyle": "", "clip_on": False, "zorder": 5}
            self._keep(*self.ax.plot([at_s], [y + LETTERS], **look))
        self._beside(y, _emails(len(job.sent)), TEXT_PX, "bold", INK, -6)
        below = [f"{job.refused} refused"] if job.refused else []
        if run.program in self.said:
            below.append(f"you said {self.said[run.program]:g}")
        for line, words in enumerate(below):
            self._beside(y, words, SMALL_PX, "normal", QUIET, 8 + 13 * line)

    def _bar(self, y: int, run: ProgramRun, attempt: Attempt) -> None:
        end_s = run.end_s(attempt)
        killed = run.was_killed(attempt)
        bar = Bar(y, attempt.started_s, run.now_s if end_s is None else end_s, "", "")
        shape = torn(bar, self._s_per_px * TOOTH_PX) if killed else box(bar)
        color = color_of(1)
        look: dict[str, Any] = {"facecolor": color, "edgecolor": color}
        if killed:
            look = {"facecolor": mixed(color, "white", 0.75), "edgecolor": color}
        elif end_s is None:
            look |= {"facecolor": mixed(color, "white", 0.6), "hatch": "///"}
        patch = PathPatch(joined([_thin(shape, y, BAR_PX / ROW_PX)]), linewidth=1.2, **look)
        self._keep(self.ax.add_patch(patch))
        how = ", killed" * killed + ", failed" * (attempt.ending == Ending.FAILED)
        self._write(attempt.started_s, y + LABEL, f"attempt {attempt.number}{how}", INK)

    def _wait(self, y: int, run: ProgramRun, attempt: Attempt, until_s: float) -> None:
        """From a worker's death until its lease of the job ran out."""
        from_s = run.end_s(attempt) or attempt.started_s
        line = self.ax.plot(
            [from_s, max(from_s, until_s)], [y, y], color=QUIET, linewidth=1.4, linestyle=":"
        )
        self._keep(*line)
        if until_s - from_s > 112 * self._s_per_px:
            middle_s = (from_s + until_s) / 2
            self._write(middle_s, y + 0.13, "the lease runs out", QUIET, ha="center", va="top")

    def _write(self, x: float, y: float, words: str, color: str, **where: Any) -> None:
        where = {"ha": "left", "va": "bottom"} | where
        text: dict[str, Any] = {"fontsize": SMALL_PX, "color": color, "parse_math": False}
        self._keep(self.ax.text(x, y, words, clip_on=False, **text, **where))

    def _beside(self, y: int, words: str, size: float, weight: str, color: str, px: float) -> None:
        self._keep(
            self.ax.annotate(
                words,
                xy=(1, y),
                xycoords=self.ax.get_yaxis_transform(),
                xytext=(12, -px),
                textcoords="offset points",
                va="center",
                fontsize=size,
                fontweight=weight,
                color=color,
                parse_math=False,
                annotation_clip=False,
            )
        )

    @property
    def _s_per_px(self) -> float:
        wide_px = self.ax.get_window_extent().width * 72 / self.ax.figure.dpi
        return float((self.ax.get_xlim()[1] - self.ax.get_xlim()[0]) / wide_px)

    def _keep(self, *artists: Artist) -> None:
        self.artists += artists


def draw_effects(
    ax: Axes, *runs: ProgramRun, said: Mapping[str, float] | None = None
) -> EffectsChart:
    """Draw the jobs of `runs` on `ax`, a row each, and beside them what went out.

    `said` is how many emails the learner expected, by program.
    """
    dress(ax, "")
    ax.set_xlabel("seconds since the job was added", color=QUIET, fontsize=SMALL_PX)
    ax.tick_params(axis="y", length=0, pad=8)
    ax.set_xlim(0, nice_end(max(USUAL_S, *(run.now_s for run in runs))))
    chart = EffectsChart(ax, said or {})
    chart.update(*runs)
    return chart


def rows_of(runs: Sequence[ProgramRun]) -> list[tuple[ProgramRun, JobEffects]]:
    """Each job, with its run."""
    return [(run, job) for run in runs for job in run.jobs]


def label_of(run: ProgramRun, job: JobEffects) -> str:
    """What a row is called: by its program, or by its job where the program ran several."""
    return shown(run.program if len(run.jobs) == 1 else f"job {job.job}")


def describe_effects(*runs: ProgramRun) -> str:
    """The chart in words, from the same data."""
    words = ["Attempts at each job over time, and the emails that went out."]
    for run, job in rows_of(runs):
        tries = "; ".join(_attempt_in_words(run, job, each) for each in job.attempts)
        refused = f", {job.refused} refused" if job.refused else ""
        sent = f"{_emails(len(job.sent))} in the outbox{refused}."
        words.append(f"{label_of(run, job)}: {tries or 'not begun'}; {sent}")
    return " ".join(words)


def _attempt_in_words(run: ProgramRun, job: JobEffects, attempt: Attempt) -> str:
    end_s = run.end_s(attempt)
    until = "on" if end_s is None else f"to {seconds(end_s)}"
    how = ", where its worker was killed" if run.was_killed(attempt) else ""
    pid = int(attempt.worker.partition("@")[0])
    sent = sum(_is_of(effect, pid, attempt, run) for effect in job.sent)
    went = f", {_emails(sent)} sent" if sent else ""
    return f"attempt {attempt.number} from {attempt.started_s:.2f} {until}{how}{went}"


def _is_of(effect: Effect, pid: int, attempt: Attempt, run: ProgramRun) -> bool:
    """Whether an attempt sent this: a worker that is tried again has the same process."""
    end_s = run.end_s(attempt)
    at_s = run.at_s(effect)
    return (
        effect.pid == pid
        and at_s >= attempt.started_s - 0.05
        and (end_s is None or at_s <= end_s + 0.05)
    )


def _emails(count: int) -> str:
    return f"{count} email{'s' * (count != 1)}"


def _thin(shape: list[tuple[float, float]], y: float, high: float) -> list[tuple[float, float]]:
    """A bar of lanes.py, `high` rows high."""
    top = min(at for _, at in shape)
    return [(x, y + (at - y) * (high / 2) / (y - top)) for x, at in shape]
