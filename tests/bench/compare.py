"""Measure in turns, and say how the figures compare."""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

Figures = dict[str, list[float]]
"""Who was measured -> a figure for each round."""


@dataclass(frozen=True)
class Target:
    """A bound for ours, or, with `of`, for ours divided by the figure of that name."""

    most: float | None = None
    least: float | None = None
    of: str = ""

    def __str__(self) -> str:
        sign, bound = ("≤", self.most) if self.least is None else ("≥", self.least)
        return f"{sign} {bound:g}" + (f" × {self.of}" if self.of else "")

    def allows(self, value: float) -> bool:
        return value <= self.most if self.least is None else value >= self.least


@dataclass(frozen=True)
class Row:
    """One measure: ours, and what stands beside it. The measure's text says the unit."""

    measure: str
    ours: list[float]
    beside: Figures = field(default_factory=dict)
    target: Target | None = None
    note: str = ""
    parts: bool = False
    """Whether beside ours stands what it is made of, which is nothing to compare it with."""

    @property
    def against(self) -> str:
        """Whom `ratio` compares with: whom the target names, or else the first beside ours."""
        return (self.target and self.target.of) or next(iter(self.beside), "")

    def ratios(self, name: str) -> list[float]:
        """Ours divided by that, for each round in which both were measured in turns."""
        if self.parts:
            return []
        ours, other = self.ours, self.beside.get(name, [])
        if len(ours) != len(other):
            ours, other = [statistics.median(ours)], [statistics.median(other or [0])]
        return [one / two for one, two in zip(ours, other, strict=True) if two]

    @property
    def ratio(self) -> float | None:
        """The median of the `ratios` to what it is held `against`."""
        ratios = self.ratios(self.against)
        return statistics.median(ratios) if ratios else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none, or nothing to compare with."""
        if not self.target:
            return None
        value = self.ratio if self.target.of else statistics.median(self.ours)
        return None if value is None else self.target.allows(value)

    @property
    def verdict(self) -> str:
        """The target, and whether it is met."""
        met = {True: "met", False: "MISSED", None: "cannot be compared here"}[self.met]
        return f"{self.target}: {met}" if self.target else ""

    def to_dict(self) -> dict[str, object]:
        """What a program reads; `spread` has the lowest and the highest of each."""
        all_figures = {"ours": self.ours, **self.beside, "ratio": self.ratios(self.against)}
        spread = {name: _ends(each) for name, each in all_figures.items() if len(each) > 1}
        beside = {name: _rounded(statistics.median(each)) for name, each in self.beside.items()}
        return {
            "measure": self.measure,
            "ours": _rounded(statistics.median(self.ours)),
            "beside": beside,
            "ratio": _rounded(self.ratio),
            "target": str(self.target) if self.target else None,
            "met": self.met,
            "spread": spread,
            **({"note": self.note} if self.note else {}),
        }

    def to_text(self) -> str:
        """A line for ours, one for each beside it, with its spread and ours divided by it."""
        goal = f"   target {self.verdict}" if self.target else ""
        note = f"   {self.note}" if self.note else ""
        lines = [self.measure, f"  {'ours':26}{_in_column(self.ours)}{goal}{note}"]
        for name, figures in self.beside.items():
            ratios = self.ratios(name)
            compared = f"   ours / this = {spread(ratios)}" if ratios else ""
            lines.append(f"  {name:26}{_in_column(figures)}{compared}")
        return "\n".join(lines)


async def in_turns(
    what: str, entrants: Mapping[str, Callable[[], Awaitable[float]]], rounds: int
) -> Figures:
    """Measure each entrant once a round, another one first in each round."""
    found: Figures = {name: [] for name in entrants}
    names = list(entrants)
    for number in range(rounds):
        say(f"{what}: round {number + 1} of {rounds}")
        for name in names[number % len(names) :] + names[: number % len(names)]:
            found[name].append(await entrants[name]())
    return found


def row(
    measure: str, found: Mapping[str, list[float]], target: Target | None = None, ours: str = "ours"
) -> Row:
    """The row in which `ours` stands before the others."""
    beside = {name: figures for name, figures in found.items() if name != ours}
    return Row(measure, found[ours], beside, target)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of all do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def say(line: str) -> None:
    """Progress, which is no part of the answer."""
    print(line, file=sys.stderr, flush=True)


def shown(value: float) -> str:
    """Three figures, or all that stand before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(figures: Sequence[float]) -> str:
    """The median, and in brackets the lowest and the highest."""
    middle = shown(statistics.median(figures))
    if len(figures) == 1:
        return middle
    return f"{middle} ({shown(min(figures))}–{shown(max(figures))})"


def _in_column(figures: Sequence[float]) -> str:
    middle, _, ends = spread(figures).partition(" ")
    return f"{middle:>9}  {ends:19}"


def _ends(figures: Sequence[float]) -> list[float | None]:
    return [_rounded(min(figures)), _rounded(max(figures))]


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
