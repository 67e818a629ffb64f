"""Measure in turns, and say how the figures compare."""

from __future__ import annotations

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

    @property
    def ratio(self) -> float | None:
        """Ours divided by what the target names, or else by the first beside it."""
        name = (self.target and self.target.of) or next(iter(self.beside), "")
        other = statistics.median(self.beside[name]) if name in self.beside else 0
        return statistics.median(self.ours) / other if other else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none, or nothing to compare with."""
        if not self.target:
            return None
        value = self.ratio if self.target.of else statistics.median(self.ours)
        return None if value is None else self.target.allows(value)

    def to_dict(self) -> dict[str, object]:
        return {
            "measure": self.measure,
            "ours": _rounded(statistics.median(self.ours)),
            "beside": {
                name: _rounded(statistics.median(each)) for name, each in self.beside.items()
            },
            "ratio": _rounded(self.ratio),
            "target": str(self.target) if self.target else None,
            "met": self.met,
        }

    def to_text(self) -> str:
        """A line for ours, one for each beside it, with its spread and ours divided by it."""
        verdict = {True: "met", False: "MISSED", None: "cannot be compared here"}[self.met]
        goal = f"   target {self.target}: {verdict}" if self.target else ""
        lines = [self.measure, f"  {'ours':26}{_spread(self.ours)}{goal}"]
        for name, figures in self.beside.items():
            other = statistics.median(figures)
            ratio = f"   ours / this = {statistics.median(self.ours) / other:.3g}" if other else ""
            lines.append(f"  {name:26}{_spread(figures)}{ratio}")
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
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def say(line: str) -> None:
    """Progress, which is no part of the answer."""
    print(line, file=sys.stderr, flush=True)


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _spread(figures: Sequence[float]) -> str:
    middle = _shown(statistics.median(figures))
    if len(figures) == 1:
        return f"{middle:>9}{'':21}"
    return f"{middle:>9}  {f'({_shown(min(figures))}–{_shown(max(figures))})':19}"


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
