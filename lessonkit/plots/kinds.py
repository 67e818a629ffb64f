"""A figure for a cell: kinds of work, their speed-up and the lag of the loop, and a table."""

from __future__ import annotations

from html import escape
from typing import SupportsFloat

from lessonkit.chores import SpeedUps
from lessonkit.errors import BadSetting
from lessonkit.frames import Canvas
from lessonkit.page import STYLE, picture, table
from lessonkit.plots.lags import describe_lags, draw_lags
from lessonkit.plots.slots import describe_slots, draw_slots
from lessonkit.plots.speed import LEFT_PX, describe_speed_ups, draw_speed_ups

WIDTH, SLOTS_HEIGHT = 430, 240


class KindsOfWork:
    """What `kinds_of_work` answers: a figure in a notebook, the same facts as text elsewhere."""

    def __init__(self, speed_ups: SpeedUps, said: float | None, slots_of: tuple[str, str] | None):
        self.speed_ups, self.said = speed_ups, said
        self.slots_of = slots_of

    def pictures(self) -> list[tuple[bytes, str, int]]:
        """Each chart as PNG bytes with its text alternative and its height: speed-ups, lags, and
        the slots of one kind."""
        many = [each.many for each in self.speed_ups]
        height = 98 + 34 * len(many)
        speed = Canvas(WIDTH, height)
        draw_speed_ups(speed.blank(left=LEFT_PX), self.speed_ups, prediction=self.said)
        said = "" if self.said is None else f" The prediction was {self.said:g}×."
        lags = Canvas(WIDTH, height)
        title = f"How late the loop was, at max_jobs {self.speed_ups.max_jobs}"
        draw_lags(lags.blank(left=LEFT_PX), many, title=title)
        pictures = [
            (speed.png(), describe_speed_ups(self.speed_ups) + said, height),
            (lags.png(), describe_lags(many), height),
        ]
        if self.slots_of:
            one = self.speed_ups[self.slots_of].many
            canvas = Canvas(WIDTH, SLOTS_HEIGHT)
            title = f"{one.chore}: the slots, max_jobs {one.batch.max_jobs}"
            draw_slots(canvas.blank(), one.batch, title=title)
            words = f"{one.chore}: {describe_slots(one.batch, job='job')}"
            pictures.append((canvas.png(), words, SLOTS_HEIGHT))
        return pictures

    def _repr_html_(self) -> str:
        images = "".join(
            picture(png, words, WIDTH, height) for png, words, height in self.pictures()
        )
        rows = table(self.speed_ups.head, self.speed_ups.rows)
        caption = "".join(f"<p>{escape(fact)}</p>" for fact in self.facts)
        return (
            f'{STYLE}<figure class="lk lk-figure lk-kinds"><div class="lk-grid">{images}'
            f"<div>{rows}<figcaption>{caption}</figcaption></div></div></figure>"
        )

    @property
    def facts(self) -> list[str]:
        """What there is to say of all kinds together, in words."""
        plan = self.speed_ups
        words = [f"{plan.jobs} jobs of each kind. This machine has {plan.cores} cores to give."]
        if self.said is not None:
            words.append(f"You said {self.said:g}× for photos in the loop.")
        if plan.busy:
            words.append(plan.busy)
        return words

    def __repr__(self) -> str:
        return "\n".join([*self.facts, repr(self.speed_ups)])


def kinds_of_work(
    speed_ups: object,
    *,
    said: SupportsFloat | None = None,
    slots_of: tuple[str, str] | None = None,
) -> KindsOfWork:
    """What `measure_speed_ups` found, as the last line of a cell shows it.

    `said` is the speed-up that the learner predicted for photos in the loop, and `slots_of` a kind
    whose slots are shown as well. Raises BadSetting for what is no result.
    """
    if not isinstance(speed_ups, SpeedUps):
        wanted = "the result of `await lessonkit.measure_speed_ups(...)`"
        raise BadSetting(name="speed_ups", value=speed_ups, wanted=wanted)
    return KindsOfWork(speed_ups, None if said is None else float(said), slots_of)
