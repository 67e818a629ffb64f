"""The chart of effects beside jobs shows what the data says, in ink and in words."""

from dataclasses import replace

import pytest

from lessonkit.attempts import Attempt, Ending
from lessonkit.crashes import orders
from lessonkit.effects import Effect, EffectsResult, JobEffects, ProgramRun
from lessonkit.errors import BadSetting
from lessonkit.frames import Canvas
from lessonkit.plots import describe_effects, draw_effects, show_effects
from lessonkit.plots.effects import REFUSED, SENT

FIRST, SECOND = "11@here/aaaaaa", "22@here/bbbbbb"
KILLED = Attempt("1", 1, FIRST, 0, 0.0, 3.0, Ending.STALLED)
AGAIN = Attempt("1", 2, SECOND, 0, 3.0, 3.2, Ending.COMPLETED)
(ORDER,) = orders(1)


def letter(pid, at_s, **more):
    return Effect(ORDER.to, ORDER.subject, pid, 5000 + at_s * 1000, **more)


def run_of(program, *effects, attempts=(KILLED, AGAIN), **more):
    job = JobEffects("1", ORDER, attempts, effects)
    known = {"ended_s": {FIRST: 0.25}, "now_s": 3.2, "over": True, "clock_ms": 5000.0}
    return ProgramRun(program, (job,), **known | more)


PLAIN = run_of("plain", letter(11, 0.2), letter(22, 3.19))
LOST = run_of("note_first")
KEYED = run_of("with_key", letter(11, 0.2, key="1"), letter(22, 3.19, key="1", refused=True))


@pytest.fixture
def ax():
    return Canvas(450, 250).blank(left=76, right=84)


def texts(chart):
    return [each.get_text() for each in chart.artists if hasattr(each, "get_text")]


def letters(chart):
    """Where each email is, and whether it is struck out."""
    marks = {id(SENT): "sent", id(REFUSED): "refused"}
    found = [each for each in chart.artists if id(getattr(each, "get_marker", str)()) in marks]
    return [(round(float(each.get_xdata()[0]), 2), marks[id(each.get_marker())]) for each in found]


def test_a_row_is_a_job_with_its_emails_and_their_number_beside_it(ax):
    chart = draw_effects(ax, PLAIN, LOST, KEYED)
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names == ["plain", "note_first", "with_key"]
    assert letters(chart) == [(0.2, "sent"), (3.19, "sent"), (0.2, "sent"), (3.19, "refused")]
    assert [t for t in texts(chart) if "email" in t] == ["2 emails", "0 emails", "1 email"]
    assert "1 refused" in texts(chart)


def test_a_killed_attempt_is_torn_where_its_worker_died_not_where_its_lease_ran_out(ax):
    chart = draw_effects(ax, PLAIN)
    patches = [each for each in chart.artists if hasattr(each, "get_path") and each in ax.patches]
    torn, whole = (patch.get_path().get_extents() for patch in patches)
    assert torn.x1 == pytest.approx(0.25)
    assert (whole.x0, whole.x1) == pytest.approx((3.0, 3.2))
    assert len(patches[0].get_path().vertices) > len(patches[1].get_path().vertices)
    assert {"attempt 1, killed", "attempt 2", "the lease runs out"} <= set(texts(chart))


def test_the_prediction_stands_beside_the_row_that_it_is_about(ax):
    chart = draw_effects(ax, PLAIN, LOST, said={"plain": 1})
    assert texts(chart).count("you said 1") == 1


def test_emails_of_the_same_moment_stand_side_by_side(ax):
    chart = draw_effects(ax, run_of("two", *(letter(11, 0.2) for _ in range(3))))
    places = [at for at, _ in letters(chart)]
    assert places == sorted(set(places))


def test_a_run_under_way_is_drawn_as_it_stands_and_grows(ax):
    running = replace(KILLED, ended_s=None, ending=Ending.ACTIVE)
    early = run_of("plain", attempts=(running,), ended_s={}, now_s=0.1, over=False)
    chart = draw_effects(ax, early)
    assert "attempt 1" in texts(chart)
    assert "the lease runs out" not in texts(chart)
    waiting = run_of("plain", letter(11, 0.2), attempts=(running,), now_s=2.0, over=False)
    chart.update(waiting)
    assert {"attempt 1, killed", "the lease runs out"} <= set(texts(chart))
    late = replace(PLAIN, now_s=9.0)
    chart.update(late)
    assert ax.get_xlim()[1] > 9
    assert early.stage == "the worker sends emails"
    assert waiting.stage == "the worker was killed, the lease of its job runs out"


def test_the_words_say_what_the_chart_shows():
    words = describe_effects(PLAIN, KEYED)
    assert (
        "plain: attempt 1 from 0.00 to 0.25 s, where its worker was killed, 1 email sent" in words
    )
    assert "attempt 2 from 3.00 to 3.20 s, 1 email sent; 2 emails in the outbox" in words
    assert "1 email in the outbox, 1 refused" in words


def test_the_figure_has_a_picture_with_words_and_a_table():
    figure = show_effects(EffectsResult((PLAIN, LOST)), said={"plain": 1})
    html = figure._repr_html_()
    assert 'alt="Attempts at each job' in html
    assert "<td>completed</td><td>2</td><td>2</td><td>0</td><td>1</td>" in html
    assert "<td>completed</td><td>2</td><td>0</td><td>0</td><td>–</td>" in html
    assert repr(figure).startswith("2 of 2 jobs completed, 2 emails went out.")


def test_of_several_jobs_each_row_has_its_jobs_name(ax):
    several = replace(PLAIN, jobs=(*PLAIN.jobs, replace(PLAIN.jobs[0], job="2")))
    draw_effects(ax, several)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["job 1", "job 2"]


def test_only_a_result_can_be_shown():
    with pytest.raises(BadSetting, match="a result of count_effects"):
        show_effects(PLAIN)
