"""`--processes`: several worker processes, kept running, and ended together."""

import signal

import psutil
import pytest

from tests.told import names, pid_of


async def ready_pids(queue):
    """The processes that have said in the queue's stream that they are up, in order."""
    events = await queue.read_events()
    return [pid_of(event) for event in events if event.event == "ready"]


@pytest.fixture
def supervised(worker, queue, wait_until):
    """`one, pids = await supervised("--grace", 5)` is a `--processes 2`, both up."""

    async def start(*arguments, processes=2):
        one = await worker("--processes", processes, *arguments)

        async def all_up():
            pids = await ready_pids(queue)
            return pids if len(pids) == processes else None

        return one, await wait_until(all_up)

    return start


async def test_all_processes_drain_and_the_supervisor_exits_0(supervised, queue, email, story):
    one, pids = await supervised("--max-jobs", 1, processes=4)
    await queue.add_many([email(0.5)] * 5)
    await story("4", until="active")
    one.send(signal.SIGTERM)
    assert await one.end() == 0
    ran = {job: (await story(job))[1:] for job in ("1", "2", "3", "4")}
    assert {pid_of(told[0]) for told in ran.values()} == set(pids)
    assert all(names(told) == ["active", "completed"] for told in ran.values())
    assert names(await story("5")) == ["waiting"]
    assert one.out.count("[worker] All workers closed") == 4
    assert one.lines[-1] == "[workers] All processes have left"


async def test_a_process_that_is_killed_while_it_drains_is_told_by_the_exit_code(
    supervised, queue, email, story, wait_until
):
    one, _ = await supervised("--max-jobs", 1)
    await queue.add(email(60))
    active = (await story(until="active"))[-1]
    one.send(signal.SIGTERM)
    await wait_until(lambda: "[worker] Shutting down gracefully..." in one.lines)
    psutil.Process(pid_of(active)).kill()
    assert await one.end() == 128 + signal.SIGKILL


async def test_a_process_that_crashes_is_restarted_each_time_after_a_longer_pause(
    supervised, queue, email, story, wait_until
):
    one, (crashing, other) = await supervised("--max-jobs", 1)

    async def restarted(after):
        pids = await ready_pids(queue)
        return pids[-1] if len(pids) > after else None

    for number, pause in ((2, "0.2 s"), (3, "0.4 s")):
        psutil.Process(crashing).kill()
        said = f"Process {crashing} ended with exit code -9; its successor starts in {pause}"
        await wait_until(lambda said=said: f"[workers] {said}" in one.lines)
        crashing = await wait_until(lambda number=number: restarted(number))
    assert psutil.pid_exists(other)
    await queue.add(email())
    await story(until="completed")
    one.send(signal.SIGTERM)
    assert await one.end() == 0


async def test_a_second_signal_ends_all_processes_at_once(
    supervised, queue, email, story, wait_until
):
    one, pids = await supervised("--max-jobs", 1, "--grace", 60)
    await queue.add_many([email(60)] * 2)
    await story("2", until="active")
    one.send(signal.SIGTERM)
    await wait_until(lambda: one.out.count("[worker] Shutting down gracefully...") == 2)
    one.send(signal.SIGINT)
    assert await one.end() == 128 + signal.SIGINT
    await wait_until(lambda: not any(map(runs, pids)))


async def test_processes_leave_when_their_supervisor_was_killed(
    supervised, queue, email, story, wait_until
):
    one, pids = await supervised("--max-jobs", 1)
    await queue.add(email(0.3))
    await story(until="active")
    one.send(signal.SIGKILL)
    await wait_until(lambda: not any(map(runs, pids)))
    assert names(await story()) == ["waiting", "active", "completed"]


def runs(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
