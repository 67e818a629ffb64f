"""Figures for cells: a rescue, in a picture, words and a table; and how long others take to it."""

from __future__ import annotations

import math
from html import escape

from lessonkit.errors import BadSetting
from lessonkit.frames import Canvas
from lessonkit.page import STYLE, picture, table
from lessonkit.plots.ink import seconds
from lessonkit.plots.rescue import LEFT_PX, describe_rescue, draw_rescue
from lessonkit.plots.takeover import LEFT_PX as NAMES_PX
from lessonkit.plots.takeover import describe_take_overs, draw_take_overs
from lessonkit.rescues import RescueResult
from lessonkit.takeover import take_overs

WIDTH, HEIGHT, LOW = 440, 290, 230
HEAD = ("attempt", "process", "began", "had it for", "and then")


def attempts_table(result: RescueResult) -> str:
    """What each worker did of the email, as an HTML table."""
    rows: list[list[object]] = []
    killed = {kill.pid for kill in result.kills}
    for each in result.attempts:
        end_s = result.end_s(each)
        length = "so far" if end_s is None else seconds(end_s - each.started_s)
        ending = result.settings.signal_name if each.pid in killed else str(each.ending)
        rows.append([each.number, each.pid, seconds(each.started_s), length, ending])
    return table(HEAD, rows)


class Rescued:
    """What `rescued` answers: a figure in a notebook, the same facts as text elsewhere."""

    def __init__(self, result: RescueResult, said_s: float | None, said_who: str) -> None:
        self.result, self.said_s, self.said_who = result, said_s, said_who

    @property
    def facts(self) -> list[str]:
        """What happened, in sentences."""
        result, plan = self.result, self.result.settings
        words = [f"{result.story[0].upper()}{result.story[1:]}."]
        words += [
            f"{plan.signal_name} to process {kill.pid} at {seconds(kill.at_s)}, with "
            f"{seconds(kill.lease_left_s)} of its lease left."
            for kill in result.kills
        ]
        if self.said_who:
            words.insert(1, f"You said: {self.said_who}.")
        if result.rescue:
            words.append(
                f"It took {seconds(result.rescued_after_s)} until another worker began"
                + (f"; you said {self.said_s:g} s." if self.said_s is not None else ".")
            )
        return words

    def picture(self) -> tuple[bytes, str]:
        """The chart as PNG bytes, and its text alternative."""
        canvas = Canvas(WIDTH, HEIGHT)
        draw_rescue(canvas.blank(left=LEFT_PX), self.result, said_s=self.said_s)
        return canvas.png(), describe_rescue(self.result)

    def _repr_html_(self) -> str:
        image = picture(*self.picture(), WIDTH, HEIGHT)
        caption = "".join(f"<p>{escape(fact)}</p>" for fact in self.facts)
        return (
            f'{STYLE}<figure class="lk lk-figure"><div class="lk-grid"><div>{image}</div>'
            f"<div><figcaption>{caption}</figcaption>{attempts_table(self.result)}</div></div>"
            "</figure>"
        )

    def __repr__(self) -> str:
        return "\n".join(self.facts)


def rescued(result: RescueResult, *, said_s: float | None = None, said_who: str = "") -> Rescued:
    """A run of `rescue`, as the last line of a cell shows it, with what the learner predicted: how
    long until the rescue, and who it would be. Raises BadSetting when it is no such run."""
    _check(result)
    return Rescued(result, None if said_s is None else float(said_s), said_who)


class TakeOvers:
    """What `take_overs` answers: a figure in a notebook, the same facts as text elsewhere."""

    def __init__(self, measured_s: float, said_s: float | None) -> None:
        self.measured_s = None if math.isnan(measured_s) else measured_s
        self.said_s = said_s

    def picture(self) -> tuple[bytes, str]:
        """The chart as PNG bytes, and its text alternative."""
        canvas = Canvas(WIDTH, LOW)
        known = {"measured_s": self.measured_s, "said_s": self.said_s}
        draw_take_overs(canvas.blank(left=NAMES_PX), **known)
        return canvas.png(), describe_take_overs(**known)

    def _repr_html_(self) -> str:
        image = picture(*self.picture(), WIDTH, LOW)
        facts = "".join(
            f"<p><b>{escape(each.name)}</b>: {escape(each.why)} ({_link(each.source)})</p>"
            for each in take_overs()
        )
        return (
            f'{STYLE}<figure class="lk lk-figure"><div class="lk-grid"><div>{image}</div>'
            f"<figcaption>{facts}</figcaption></div></figure>"
        )

    def __repr__(self) -> str:
        return describe_take_overs(measured_s=self.measured_s, said_s=self.said_s)


def against_others(result: RescueResult, *, said_s: float | None = None) -> TakeOvers:
    """The rescue of a run beside the times that BullMQ and arq take by themselves, with what the
    learner predicted. Raises BadSetting when it is no such run."""
    _check(result)
    return TakeOvers(result.rescued_after_s, None if said_s is None else float(said_s))


def _check(result: object) -> None:
    if not isinstance(result, RescueResult):
        wanted = "a RescueResult, as `await lessonkit.rescue(lab)` answers"
        raise BadSetting(name="result", value=result, wanted=wanted)


def _link(source: str) -> str:
    if not source.startswith("https://"):
        return f"<code>{escape(source)}</code>"
    return f'<a href="{escape(source)}" target="_blank" rel="noopener">source</a>'
