"""The effects lab as a learner uses it: real widgets, real workers, a real outbox."""

import asyncio
import itertools

import pytest

from lessonkit.errors import BadSetting, LabClosed
from lessonkit.labs import EffectsLab
from lessonkit.labs.base import LabBusy
from lessonkit.labs.effects import CRASHES, GUARDS, Plan
from tests.widgets import find, own_workers


@pytest.fixture
def effects(lab):
    return EffectsLab(lab)


def status(lab):
    return find(lab, "lk-status").value


def fates(run):
    """How often each order's email went out."""
    return [len(job.sent) for job in run.jobs]


# ---- the program ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("crash", "guard"), list(itertools.product(CRASHES, GUARDS)))
def test_each_choice_makes_a_program_that_does_nothing_but_what_it_says(crash, guard):
    source = Plan(crash, guard).source
    compile(source, "program", "exec")
    kill, send = source.find("raise_signal"), source.find("await outbox.send")
    assert (kill == -1) == (crash == "never")
    assert ("import signal" in source) == (crash != "never")
    assert ("import uuid" in source) == ("uuid" in guard)
    assert ("note" in source) == ("note" in guard)
    assert ("key=" in source) == guard.startswith("key")
    if crash == "before the email":
        assert kill < send
    elif crash != "never":
        assert kill > send


# ---- pressing buttons ----------------------------------------------------------------------------


async def test_it_opens_with_a_question_a_program_and_empty_rows(effects):
    assert "How many emails go out for 2 orders?" in status(effects)
    assert "await outbox.send(email)" in find(effects, "lk-source").value
    assert "job 1: not begun; 0 emails" in find(effects, "lk-effects").value
    assert "Nothing yet" in find(effects, "lk-runs").value


async def test_run_kills_a_worker_and_shows_the_email_that_went_out_twice(
    effects, idle, press, says, wait_until
):
    await press(effects, "lk-run")
    await says(effects, "the lease of its job runs out")
    assert "where its worker was killed" in find(effects, "lk-effects").value
    assert find(effects, "lk-run").disabled
    await idle(effects)
    (run,) = effects.results
    assert fates(run) == [2, 1]
    assert "3 emails for 2 orders: order 1 twice; order 2 once" in status(effects)
    assert "2 emails in the outbox" in find(effects, "lk-effects").value
    assert "<td>twice</td><td>once</td>" in find(effects, "lk-runs").value
    await wait_until(
        lambda: "[outbox] to ada@example.com: sent" in find(effects, "lk-output").value
    )


async def test_what_is_chosen_is_what_runs(effects, idle, press, wait_until):
    find(effects, "lk-crash").value = "before the email"
    find(effects, "lk-guard").value = "a note before it"
    await wait_until(lambda: "note.touch()" in find(effects, "lk-source").value)
    assert "guarded by <b>a note before it</b>" in status(effects)
    assert 'data-crash="before the email"' in status(effects)
    await press(effects, "lk-run")
    await idle(effects)
    assert fates(effects.results[0]) == [0, 1]
    assert "order 1 never" in status(effects)


async def test_clear_forgets_the_runs(effects):
    await effects.run(crash="never")
    effects.clear()
    assert not effects.results
    assert "Nothing yet" in find(effects, "lk-runs").value
    await effects.run(crash="never", guard="key: the address")
    assert find(effects, "lk-runs").value.count("<td>never</td>") == 2  # killed, and order 2


# ---- without widgets -----------------------------------------------------------------------------


async def test_what_goes_out(lab):
    wanted = {
        ("after the email", "key: the job's id"): ([1, 1], 1),
        ("after the email", "key: id and attempt"): ([2, 1], 0),
        ("after the email", "key: the address"): ([1, 0], 2),
        ("after the acknowledgement", "nothing"): ([1, 1], 0),
        ("never", "nothing"): ([1, 1], 0),
    }
    # each in a lab of its own, so that one lease has to run out, and not one after the other
    runs = await asyncio.gather(
        *(EffectsLab(lab).run(crash=crash, guard=guard) for crash, guard in wanted)
    )
    assert [(fates(run), run.refused) for run in runs] == list(wanted.values())
    for (crash, _), run in zip(wanted, runs, strict=True):
        assert {job.state for job in run.jobs} == {"completed"}
        workers = {each.worker for job in run.jobs for each in job.attempts}
        assert len(workers) == (1 if crash == "never" else 2)


@pytest.mark.parametrize("wrong", [{"crash": "later"}, {"guard": 3}, {"crash": True}], ids=str)
async def test_what_is_in_no_list_is_refused(effects, lab, wrong):
    with pytest.raises(BadSetting, match=r"Give one of: '(before|nothing)"):
        await effects.run(**wrong)
    with pytest.raises(BadSetting):
        EffectsLab(lab, **wrong)
    assert not effects.results


# ---- when it does not go as planned --------------------------------------------------------------


async def test_stop_ends_the_run_and_run_works_again(effects, idle, press, says):
    await press(effects, "lk-run")
    await says(effects, "lease of its job")
    with pytest.raises(LabBusy):
        await effects.run()
    find(effects, "lk-stop").click()
    await idle(effects)
    assert "Stopped" in status(effects)
    assert own_workers() == []
    assert not effects.results
    assert fates(await effects.run(crash="never")) == [1, 1]


async def test_a_closed_session_says_so(effects, lab):
    await lab.close()
    with pytest.raises(LabClosed):
        await effects.run()
    assert "set-up cell" in find(effects, "lk-error").value
