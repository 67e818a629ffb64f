"""Workers that are killed between an effect and its acknowledgement: real ones, really killed."""

import asyncio
import textwrap

import pytest

from lessonkit import background
from lessonkit.crashes import count_effects, orders, run_program
from lessonkit.effects import EffectsResult, ProgramRun
from lessonkit.errors import BadSetting, ProcessDidNotStart, WorkerDied

HEAD = """
import signal
from workers import outbox
from workers.contract import EMAIL
from workers.outbox import send
from workers.settings import worker_settings

async def send_email(job, email):
"""
TAIL = "WorkerSettings = worker_settings(EMAIL, send_email, max_jobs=1)\n"
KILL = "if job.attempt == 1: signal.raise_signal(signal.SIGKILL)"


@pytest.fixture
async def lab(lab):
    await background.join(lab.open())
    return lab


@pytest.fixture
def save(lab):
    """`save("plain", "await send(email)")` saves a program with this processor."""

    def write(name, *lines):
        body = textwrap.indent("\n".join(lines), "    ")
        (lab.directory / f"{name}.py").write_text(f"{HEAD}{body}\n{TAIL}")

    return write


async def test_where_the_crash_is_and_which_key_there_is_decide_what_goes_out(lab, save):
    note = "note = outbox.OUTBOX / job.id"
    save("plain", "await send(email)", KILL)
    save("note_first", note, "if note.exists(): return", "note.touch()", KILL, "await send(email)")
    save("note_last", note, "if note.exists(): return", "await send(email)", KILL, "note.touch()")
    save("with_key", "await send(email, key=job.id)", KILL)
    save("untroubled", "await send(email)")
    result = await count_effects(lab, "plain", "note_first", "note_last", "with_key", "untroubled")
    assert {run.program: (run.emails, run.refused) for run in result} == {
        "plain": (2, 0),
        "note_first": (0, 0),
        "note_last": (2, 0),
        "with_key": (1, 1),
        "untroubled": (1, 0),
    }
    for run in result:
        (job,) = run.jobs
        assert job.state == "completed"
        assert run.over
        if run.program != "untroubled":
            first, second = job.attempts
            assert run.was_killed(first)
            assert not run.was_killed(second)
            # its worker was seen to be gone long before its lease ran out
            assert run.end_s(first) < first.ended_s - 1
            assert first.worker != second.worker
    plain = result["plain"]
    (first, second), (sent, again) = plain.jobs[0].attempts, plain.jobs[0].effects
    assert first.started_s < plain.at_s(sent) < second.started_s < plain.at_s(again) < plain.now_s
    assert {sent.pid, again.pid} == {int(each.worker.split("@")[0]) for each in (first, second)}
    assert f"{sent.pid} [outbox] to ada@example.com: sent" in plain.output


async def test_a_worker_is_killed_after_so_many_emails(lab, save):
    save("twice", "await send(email, key=job.id + 'a')", "await send(email, key=job.id + 'b')")
    result = await count_effects(lab, "twice", emails=orders(4, 0.02), crash_after=(0, 1, 2))
    run = result["twice"]
    assert sorted(job.refused for job in run.jobs) == [0, 0, 1, 2]
    assert [len(job.sent) for job in run.jobs] == [2] * 4
    killed = [job for job in run.jobs if run.was_killed(job.attempts[0])]
    assert len(killed) == 3
    assert {job.state for job in run.jobs} == {"completed"}


async def test_each_look_is_told_and_the_last_says_that_it_is_over(lab, save):
    save("plain", "await send(email)", KILL)
    seen = []
    await background.join(
        run_program(lab, lab.directory / "plain.py", orders(1), on_change=seen.append)
    )
    stages = list(dict.fromkeys(run.stage for run in seen))
    assert "the worker was killed, the lease of its job runs out" in stages
    assert stages[-1] == "all jobs have ended"
    assert [run.over for run in seen].index(True) == len(seen) - 1


async def test_a_processor_that_raises_says_what(lab, save):
    save("raises", "await send(email, key=7)")
    (job,) = (await count_effects(lab, "raises"))["raises"].jobs
    assert job.state == "failed"
    assert len(job.attempts) == 3
    assert "ValueError: key is 7" in job.error


async def test_a_processor_that_kills_each_worker_is_an_error(lab, save):
    save("deadly", "signal.raise_signal(signal.SIGKILL)")
    with pytest.raises(WorkerDied, match="killed by SIGKILL with 0 of 1 jobs done"):
        await count_effects(lab, "deadly")
    assert not lab._processes


async def test_a_file_that_cannot_be_used_says_why(lab, save):
    save("broken", "await send(email")
    with pytest.raises(ProcessDidNotStart, match="SyntaxError"):
        await count_effects(lab, "broken")


async def test_a_program_that_is_not_there_is_refused_with_those_that_are(lab, save):
    with pytest.raises(BadSetting, match="one that a cell has saved"):
        await count_effects(lab, "plain")
    save("plain", "await send(email)")
    with pytest.raises(BadSetting, match="Give one of plain"):
        await count_effects(lab, "plian")
    with pytest.raises(BadSetting, match="one program or more"):
        await count_effects(lab)


async def test_a_run_that_is_stopped_leaves_nothing(lab, save, wait_until):
    save("plain", "await send(email)", KILL)
    running = asyncio.ensure_future(count_effects(lab, "plain"))
    await wait_until(lambda: any((lab.directory / "outbox").glob("*/new/*")))
    running.cancel()
    with pytest.raises(Exception, match="stopped"):
        await running
    assert not lab._processes
    assert not lab._guests


def test_a_result_knows_its_programs_by_name():
    result = EffectsResult((ProgramRun("plain", ()),))
    assert result["plain"].emails == 0
    with pytest.raises(KeyError, match="'nope' was not run, but plain"):
        _ = result["nope"]
