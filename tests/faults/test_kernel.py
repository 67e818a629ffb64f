"""A notebook's kernel is killed, restarted, interrupted, closed: what lives on, and what is gone.

Real kernels, spoken to as Jupyter speaks to them.
"""

import asyncio
import re
import signal

import pytest

from lessonkit.resources import STOP_GRACE_S
from tests.faults.kernel import SET_UP, Kernel

#: what is to be gone is gone this long after the grace of a run's worker is over
GONE_S = STOP_GRACE_S + 3.0
RUN = "await lab.run(jobs=3, seconds=30)"
SHORT_RUN = "(await lab.run(jobs=1, seconds=0)).makespan_s"


@pytest.fixture
async def kernel(tmp_path_factory, session_root, own_servers):
    """`await kernel()` is a kernel in which the set-up cell has run."""
    started = []

    async def start():
        one = Kernel(own_servers.with_name(f"servers{len(started)}") / "servers")
        one.directory.parent.mkdir()
        started.append(one)
        await one.start()
        await one.run(SET_UP)
        return one

    yield start
    for one in started:
        await one.end()


@pytest.fixture
def under_way(wait_until):
    """`cell = await under_way(kernel)` runs a cell whose worker has a long job."""

    async def start(one):
        cell = one.begin(RUN)
        await wait_until(one.has_active_job, timeout_s=30)
        assert set(one.pids) == {"guard", "shell", "server", "worker"}
        return cell

    return start


@pytest.fixture
def gone(wait_until):
    """`await gone(kernel, pids)`: wait, no longer than is promised, until nothing of it is left."""

    async def wait(one, *but):
        await wait_until(lambda: set(one.pids) <= set(but), timeout_s=GONE_S)
        if not but:
            await wait_until(lambda: not one.directory.exists(), timeout_s=GONE_S)

    return wait


async def drop(cell):
    cell.cancel()
    await asyncio.gather(cell, return_exceptions=True)


# ---- how a kernel ends ---------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["SIGKILL", "shutdown", "restart"])
async def test_all_that_a_kernel_started_ends_with_it(kernel, under_way, gone, end):
    one = await kernel()
    cell = await under_way(one)
    before = one.pids
    if end == "SIGKILL":
        await one.manager.signal_kernel(signal.SIGKILL)
    elif end == "shutdown":  # the notebook is closed
        await one.manager.shutdown_kernel()
    else:
        await one.manager.restart_kernel()
    await drop(cell)
    await gone(one)
    if end == "restart":
        await one.client.wait_for_ready(timeout=60)
        await one.run(SET_UP)
        assert float(await one.run(SHORT_RUN)) > 0
        assert not any(one.pids[kind] & before[kind] for kind in one.pids)


async def test_what_a_cell_started_ends_with_a_killed_kernel_too(kernel, gone):
    """A worker that goes on and an API; and its guard is killed at the same moment."""
    one = await kernel()
    await one.run("await lab.start_worker(processes=2); await lab.start_api()")
    assert {kind: len(pids) for kind, pids in one.pids.items()} == {
        "guard": 1,
        "shell": 1,
        "server": 1,
        "worker": 3,
        "api": 1,
    }
    one.only("guard").kill()
    await one.manager.signal_kernel(signal.SIGKILL)
    await gone(one)


# ---- Interrupt -----------------------------------------------------------------------------------


async def test_interrupt_ends_the_run_of_its_cell_and_nothing_else(kernel, gone, wait_until):
    one = await kernel()
    await one.run("worker = await lab.start_worker()")
    before = one.pids
    for _ in range(3):  # while the kernel is idle
        await one.manager.interrupt_kernel()
    cell = one.begin(RUN)
    await wait_until(lambda: one.pids["worker"] > before["worker"], timeout_s=30)
    await wait_until(one.has_active_job)
    await one.manager.interrupt_kernel()
    await wait_until(lambda: one.pids == before, timeout_s=GONE_S)
    assert re.match(r"RunStopped\n.*its worker has left and its jobs were removed", await cell)
    assert not [key for key in await one.keys() if key.startswith(b"arq:")]
    assert float(await one.run(SHORT_RUN)) > 0
    assert one.pids == before


# ---- more than one -------------------------------------------------------------------------------


async def test_of_two_notebooks_one_can_be_killed_and_the_other_knows_nothing(
    kernel, under_way, gone
):
    one, other = await asyncio.gather(kernel(), kernel())
    cells = [await under_way(each) for each in (one, other)]
    before = other.pids
    await one.manager.signal_kernel(signal.SIGKILL)
    await drop(cells[0])
    await gone(one)
    assert other.pids == before
    await other.manager.interrupt_kernel()
    await cells[1]
    assert float(await other.run(SHORT_RUN)) > 0


async def test_the_set_up_cell_run_again_begins_anew_in_the_same_session(kernel, wait_until):
    """Whatever cells started since is ended, so that nothing runs twice and unseen."""
    one = await kernel()
    cell = f"{SET_UP}\nworker = await lab.start_worker()\napi = await lab.start_api()"
    await one.run(cell)
    first = one.pids
    await one.run(cell)
    second = one.pids
    assert {kind: len(pids) for kind, pids in second.items()} == dict.fromkeys(first, 1)
    assert [kind for kind in first if first[kind] == second[kind]] == ["guard", "shell", "server"]


async def test_a_labs_cell_run_again_stops_the_run_of_the_lab_that_it_replaces(kernel, wait_until):
    one = await kernel()
    cell = "shown = lessonkit.ConcurrencyLab(lab, emails=50, seconds=2)"
    await one.run(f"{cell}\nshown._run.click()")
    await wait_until(lambda: "worker" in one.pids)
    await one.run(cell)
    await wait_until(lambda: "worker" not in one.pids, timeout_s=GONE_S)
    assert await one.keys() == []
    assert float(await one.run(SHORT_RUN)) > 0


# ---- the guard -----------------------------------------------------------------------------------


async def test_a_run_whose_guard_is_killed_says_what_to_do_and_the_next_has_another_server(
    kernel, under_way, gone
):
    one = await kernel()
    cell = await under_way(one)
    before = one.pids
    one.only("guard").kill()
    assert re.match(r"ServerLost\n.*Run it again: a private server is started anew", await cell)
    await gone(one)
    assert float(await one.run(SHORT_RUN)) > 0
    assert set(one.pids) == set(before) - {"worker"}
    assert not any(one.pids[kind] & before[kind] for kind in one.pids)
    assert "no process of this lab is left" in await one.run("await lab.close()")
    await gone(one)
