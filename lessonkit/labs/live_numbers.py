"""What the live lab says in numbers: measured over the last seconds, and predicted."""

from __future__ import annotations

import math

from lessonkit.flow import Recent, Setting
from lessonkit.page import table

NAMES = ("arrive, λ", "finish", "slots busy", "there, L", "stay, W", "λ × W", "wait")


def numbers_table(recent: Recent, setting: Setting) -> str:
    """The last seconds beside what the theory says of the present setting, as an HTML table."""
    measured = [
        _per_s(recent.arrivals_per_s),
        _per_s(recent.throughput_jobs_per_s),
        _share(recent.utilisation),
        _count(recent.mean_in_system),
        _s(recent.mean_latency_s),
        _count(recent.arrivals_per_s * recent.mean_latency_s),
        _s(recent.mean_wait_s),
    ]
    head = ("", f"last {recent.span_s:.0f} s", "predicted")
    return table(head, [*zip(NAMES, measured, _predicted(setting), strict=True)])


def outlook(setting: Setting) -> str:
    """What can be known beforehand."""
    load = (
        f"{setting.rate_per_s:g} × {setting.mean_s:g} s keep <b>{setting.load:.1f}</b> of "
        f"{setting.max_jobs} slots busy"
    )
    if setting.load >= setting.max_jobs:
        return f"{load}: too many, the queue grows as long as they come"
    return f"{load}; Erlang C predicts a mean wait of <b>{_s(setting.predicted_wait_s)}</b>"


def _predicted(setting: Setting) -> list[str]:
    """What the theory says of each number, once things have settled."""
    rate, wait_s = setting.rate_per_s, setting.predicted_wait_s
    if math.isinf(wait_s):
        most = _per_s(setting.capacity_per_s)
        return [_per_s(rate), most, "100 %", "grows", "grows", "–", "grows"]
    stay_s = wait_s + setting.mean_s
    return [
        _per_s(rate),
        _per_s(rate),
        _share(setting.load / setting.max_jobs),
        _count(rate * stay_s),
        _s(stay_s),
        _count(rate * stay_s),
        _s(wait_s),
    ]


def _per_s(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1f}/s"


def _count(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1f}"


def _share(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.0%}".replace("%", " %")


def _s(value_s: float) -> str:
    return "–" if math.isnan(value_s) else f"{value_s:.2f} s"
