"""A figure for a cell: a grid of runs as a heat map, who took how many, words and a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import SupportsFloat

from lessonkit.batch import BatchResult
from lessonkit.errors import BadSetting
from lessonkit.frames import Canvas
from lessonkit.grid import Grid
from lessonkit.page import STYLE, picture, table
from lessonkit.plots.heat import Spot, describe_heat, draw_heat, equal_slots
from lessonkit.plots.ink import seconds
from lessonkit.plots.sharing import describe_sharing, draw_sharing

WIDTH, HEIGHT = 430, 300


class HeatMap:
    """What `heat_map` answers: a figure in a notebook, the same facts as text elsewhere."""

    def __init__(
        self, grid: Grid, at_once: Mapping[Spot, float], total_s: Mapping[Spot, float]
    ) -> None:
        self.grid, self.at_once, self.total_s = grid, dict(at_once), dict(total_s)

    @property
    def facts(self) -> list[str]:
        """What the grid shows, in words: how many at once, what was said, equal slots."""
        grid, most = self.grid, self.grid.max_jobs[-1]
        peaks = [
            f"{count} process{'es' * (count != 1)} {grid[count, most].peak_concurrency}"
            for count in grid.workers
        ]
        facts = [f"Emails sent at the same moment, at max_jobs {most}: {', '.join(peaks)}."]
        for (count, slots), said in self.at_once.items():
            facts.append(f"For {count} × {slots} you said {said:g} at once.")
        for (count, slots), said in self.total_s.items():
            took = seconds(grid[count, slots].makespan_s)
            facts.append(f"{count} × {slots} took {took}; you said {said:g} s.")
        for slots, runs in equal_slots(grid).items():
            each = [f"{run.workers} × {run.max_jobs} {seconds(run.makespan_s)}" for run in runs]
            facts.append(f"{slots} slots: {', '.join(each)}.")
        return facts

    def pictures(self) -> list[tuple[bytes, str]]:
        """Each chart as PNG bytes with its text alternative."""
        grid = self.grid
        said = {spot: f"{value:g}" for spot, value in self.at_once.items()}
        said |= {spot: f"{value:g} s" for spot, value in self.total_s.items()}
        heat, sharing = Canvas(WIDTH, HEIGHT), Canvas(WIDTH, HEIGHT)
        draw_heat(
            heat.blank(), grid, workers=grid.workers, max_jobs=grid.max_jobs, said=said,
            title=f"How long {grid.title} took",
        )  # fmt: skip
        draw_sharing(sharing.blank(), grid.runs, title="processes × max_jobs: who took how many")
        words = describe_heat(grid)
        words += "".join(f" {fact}" for fact in self.facts if "you said" in fact)
        return [(heat.png(), words), (sharing.png(), describe_sharing(grid.runs))]

    def _repr_html_(self) -> str:
        images = "".join(picture(png, words, WIDTH, HEIGHT) for png, words in self.pictures())
        caption = "".join(f"<p>{escape(fact)}</p>" for fact in self.facts)
        return (
            f'{STYLE}<figure class="lk lk-figure"><div class="lk-grid">{images}'
            f"<div><figcaption>{caption}</figcaption></div>{grid_table(self.grid.runs)}</div></figure>"
        )

    def __repr__(self) -> str:
        return "\n".join(self.facts)


def heat_map(
    grid: object,
    *,
    at_once: Mapping[Spot, SupportsFloat] | None = None,
    total: Mapping[Spot, SupportsFloat] | None = None,
) -> HeatMap:
    """A grid as the last line of a cell shows it.

    By (processes, max_jobs), `at_once` is how many emails were predicted to be sent at the same
    moment, `total` the seconds that all were to take. Raises BadSetting for what is no grid.
    """
    if not isinstance(grid, Grid):
        wanted = "a Grid: `await lessonkit.scale(lab)` answers one"
        raise BadSetting(name="grid", value=grid, wanted=wanted)
    for spot in [*(at_once or {}), *(total or {})]:
        _ = grid[spot]
    return HeatMap(grid, _numbers(at_once), _numbers(total))


def grid_table(runs: Sequence[BatchResult], *, numbered: bool = False) -> str:
    """The runs as an HTML table, one row each; with `numbered`, as one that grows."""
    head = ["processes × max_jobs", "slots", "at once", "took", "ideal", "per second"]
    rows: list[list[object]] = [
        [
            f"{run.workers} × {run.max_jobs}",
            run.slots,
            run.peak_concurrency,
            seconds(run.makespan_s),
            f"{run.ideal_s:g} s",
            f"{run.throughput_jobs_per_s:.1f}",
        ]
        for run in runs
    ]
    if numbered:
        head.insert(0, "#")
        rows = [[number, *row] for number, row in enumerate(rows, 1)]
    return table(head, rows, newest=numbered)


def _numbers(said: Mapping[Spot, SupportsFloat] | None) -> dict[Spot, float]:
    return {spot: float(value) for spot, value in (said or {}).items()}
