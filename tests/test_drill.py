"""The worker that has an email is killed, for real, and what became of the email is measured."""

import asyncio
import itertools
import signal

import psutil
import pytest

from lessonkit import background
from lessonkit.attempts import Ending
from lessonkit.drill import Crew, rescue, run_rescue
from lessonkit.errors import BadSetting, LessonError, RunStopped, RunTimedOut, WorkerDied
from lessonkit.rescues import Drill
from tests.widgets import own_workers
from workers.connection import connect
from workers.leases import LEASE_S


async def keys_left(lab):
    server, _ = await asyncio.wrap_future(background.spawn(lab.open()))
    redis = connect(server.url)
    keys = await redis.keys("*")
    await redis.aclose()
    return keys


@pytest.fixture
def under_way(lab, wait_until):
    """`run = await under_way(fact, **settings)` is a drill of which this has become true."""

    async def start(fact, **settings):
        seen = []
        running = run_rescue(lab, Drill(**settings), on_change=seen.append)
        run = asyncio.ensure_future(background.join(running))
        await wait_until(lambda: run.done() or (seen and fact(seen[-1])))
        assert not run.done()
        return run

    return start


# ---- who sends the email -------------------------------------------------------------------------


async def test_another_worker_begins_when_the_lease_of_a_killed_one_has_run_out(lab):
    killed = await rescue(lab, seconds=0.6, kill_at_s=0.3)
    first, second = killed.attempts
    assert (first.ending, second.ending) == (Ending.STALLED, Ending.COMPLETED)
    assert killed.killed_pid == first.pid != second.pid == killed.rescued_by_pid
    assert (killed.attempts_counted, killed.stalled, len(killed.kills)) == (2, 1, 1)
    assert 0.25 < killed.killed_s < 0.6
    assert 0 < killed.lease_left_s < killed.rescued_after_s + 0.01
    assert killed.rescued_after_s < killed.lease_left_s + LEASE_S
    assert killed.sent_after_s - killed.rescued_after_s > 0.6 * 0.9  # all of it again
    assert killed.over
    assert await keys_left(lab) == []


async def test_a_killed_worker_says_no_goodbye(lab):
    killed = await rescue(lab, seconds=1.5, kill_at_s=0.2)
    closed = {shift.pid: shift.closed_s for shift in killed.shifts}
    assert closed[killed.killed_pid] is None
    assert closed[killed.rescued_by_pid] is not None
    printed = dict(zip(closed, killed.outputs, strict=True))
    assert "Processing job 1" in printed[killed.killed_pid].splitlines()[-1]
    assert printed[killed.rescued_by_pid].endswith("[worker] All workers closed")


async def test_the_lease_is_a_saw_while_its_owner_is_there_and_then_runs_out(lab):
    killed = await rescue(lab, seconds=2.5, kill_at_s=2.2)
    before = [each.left_s for each in killed.lease if each.at_s < killed.killed_s]
    rises = [b > a for a, b in itertools.pairwise(before)]
    assert any(rises)
    assert not all(rises)
    dead = [each for each in killed.lease if each.pid != killed.rescued_by_pid]
    after = [each.left_s for each in dead if killed.killed_s < each.at_s]
    assert after == sorted(after, reverse=True)
    assert after[-1] < after[0] / 2
    pids = [each.pid for each in killed.lease if each.pid]
    assert list(dict.fromkeys(pids)) == [killed.killed_pid, killed.rescued_by_pid]


async def test_an_email_that_loses_its_worker_three_times_has_failed(lab):
    poison = await rescue(lab, seconds=1, kill_at_s=0.1, kills=3)
    assert [kill.pid for kill in poison.kills] == [each.pid for each in poison.attempts[:3]]
    assert len({each.pid for each in poison.attempts}) == 4
    assert poison.attempts[-1].ending == Ending.FAILED
    assert "its worker was lost each time it ran" in poison.error
    assert poison.stalled == 3


async def test_a_worker_that_is_asked_to_leave_gives_the_email_back_at_once(lab):
    asked = await rescue(lab, seconds=0.6, kill_at_s=0.2, signum=signal.SIGTERM)
    assert asked.attempts[0].ending == Ending.RETURNED
    assert (asked.attempts_counted, asked.stalled, asked.lease_left_s) == (1, 0, 0)
    assert asked.rescued_after_s < LEASE_S / 2


async def test_a_worker_that_slept_past_its_lease_is_refused_when_it_wakes_up(lab):
    asleep = await rescue(lab, seconds=1.5, kill_at_s=0.2, signum=signal.SIGSTOP)
    assert (asleep.attempts_counted, asleep.stalled) == (2, 1)
    assert asleep.refused_s > asleep.sent_s
    closed = {shift.pid: shift.closed_s for shift in asleep.shifts}
    assert all(closed.values())  # both left in peace, the one that slept as well
    printed = dict(zip(closed, asleep.outputs, strict=True))
    assert "the lease of job 1 was lost" in printed[asleep.killed_pid]


async def test_a_kill_that_comes_too_late_finds_nobody(lab):
    alone = await rescue(lab, seconds=0.1, kill_at_s=1)
    assert alone.kills == ()
    assert alone.sent_s < 1
    assert alone.now_s < 10


async def test_who_watches_sees_it_stage_by_stage(lab):
    seen, output = [], []
    plan = Drill(seconds=1.5, kill_at_s=0.3)
    watching = run_rescue(lab, plan, on_change=seen.append, on_output=output.append)
    result = await background.join(watching)
    stages = [each.stage for each in seen]
    assert stages[0] == "starting the workers"
    assert f"process {result.killed_pid} sends the email" in stages
    assert any("nobody sends the email" in stage for stage in stages)
    assert stages[-1] == "the email has ended, the workers have left"
    assert seen[-1] == result
    pids = {str(shift.pid) for shift in result.shifts}
    assert {line.split()[0] for line in output} == pids


SLEEP = """
import asyncio, os, signal
from lessonkit import background, drill
from lessonkit.rescues import Drill
from lessonkit.session import open_lab

def told(result):
    if result.kills:
        print(result.killed_pid, flush=True)

async def main():
    plan = Drill(60, 0.2, signum=signal.SIGSTOP)
    await background.join(drill.run_rescue(await open_lab(), plan, on_change=told))

asyncio.run(main())
"""


async def test_a_worker_that_sleeps_when_its_kernel_is_killed_wakes_up_and_leaves(
    command, own_servers, wait_until
):
    kernel = command("-c", SLEEP)
    await wait_until(lambda: kernel.lines)
    sleeper = psutil.Process(int(kernel.lines[0]))
    await wait_until(lambda: sleeper.status() == psutil.STATUS_STOPPED)
    kernel.kill()
    await wait_until(lambda: not sleeper.is_running())


# ---- killing by hand -----------------------------------------------------------------------------


async def test_the_last_worker_cannot_be_killed_nor_one_that_has_nothing(lab):
    crews, told = [], []

    async def strike_twice() -> None:
        crew: Crew = crews[0]
        told.append(await crew.kill())  # nobody has the email yet
        assert await crew.until_it_was_sent_for(0.1)
        told.extend(await asyncio.gather(crew.kill(), crew.kill()))  # a double click
        assert await crew.until_it_was_sent_for(0.1)
        told.append(await crew.kill())

    def meet(crew):
        crews.append(crew)
        tasks.append(asyncio.ensure_future(strike_twice()))

    tasks = []
    plan = Drill(seconds=1, kills=0)
    result = await background.join(run_rescue(lab, plan, on_crew=meet))
    assert tasks[0].done()
    tasks[0].result()
    assert [kill is not None for kill in told] == [False, True, False, False]
    assert len(result.kills) == 1


# ---- when it does not go as planned --------------------------------------------------------------


async def test_a_setting_that_makes_no_sense_starts_nothing(lab):
    with pytest.raises(BadSetting):
        await rescue(lab, kill_at_s=-1)
    with pytest.raises(BadSetting):
        await rescue(lab, kills="two")
    assert repr(lab) == "Lab(no server yet)"


async def test_a_worker_that_nobody_was_to_kill_ends_the_drill_and_leaves_nothing(lab, under_way):
    run = await under_way(lambda seen: seen.running, seconds=30, kill_at_s=30)
    own_workers()[0].kill()
    with pytest.raises(WorkerDied, match="was killed by SIGKILL with 0 of 1 jobs done"):
        await run
    assert own_workers() == []
    assert await keys_left(lab) == []


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGSTOP], ids=lambda s: s.name)
async def test_a_drill_that_is_stopped_leaves_nothing(lab, under_way, signum):
    run = await under_way(lambda seen: seen.kills, seconds=60, kill_at_s=0.1, signum=signum)
    run.cancel()
    with pytest.raises(RunStopped):
        await run
    assert own_workers() == []
    assert await keys_left(lab) == []


async def test_a_drill_that_takes_far_too_long_is_ended(lab, monkeypatch):
    monkeypatch.setattr(Crew, "patience_s", 1.0)
    with pytest.raises(RunTimedOut, match="Only 0 of 1 jobs ended within 1 s"):
        await rescue(lab, seconds=60, kill_at_s=30)
    assert own_workers() == []


async def test_closing_the_lab_ends_it(lab, under_way, own_servers):
    run = await under_way(lambda seen: seen.running, seconds=30, kill_at_s=30)
    await lab.close()
    with pytest.raises(LessonError):
        await run
    assert not own_servers.exists()
