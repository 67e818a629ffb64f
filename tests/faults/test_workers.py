"""Workers are killed, told to leave, or put to sleep in the middle of their jobs."""

import asyncio
import signal

import pytest

from tests.told import names, pid_of
from workers.worker import HOLD_OFF_S

# ---- one of two ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "signals",
    [
        [signal.SIGKILL],
        [signal.SIGTERM],
        [signal.SIGINT],
        [signal.SIGTERM, signal.SIGINT],
    ],
    ids=lambda signals: "-".join(each.name for each in signals),
)
async def test_a_worker_that_ends_by_a_signal_leaves_its_jobs_to_the_other(
    bookkeeper, ledger, email, wait_until, signals
):
    one, other = [await bookkeeper("--max-jobs", 3, "--grace", 0.2) for _ in range(2)]
    await ledger.add([email(0.5)] * 20)
    await wait_until(lambda: one.pid in [pid for *_, pid in ledger.effects("began")])
    for signum in signals:
        one.send(signum)
    await one.end()
    await wait_until(ledger.all_ended)
    assert await ledger.faults() == []
    ended_by = {pid_of(event) for event in ledger.events if event.event == "completed"}
    assert other.pid in ended_by


async def test_a_worker_that_sleeps_for_six_seconds_wakes_up_and_goes_on(
    bookkeeper, ledger, email, wait_until
):
    one, other = [await bookkeeper("--max-jobs", 3) for _ in range(2)]
    await ledger.add([email(0.5)] * 20)
    await wait_until(lambda: one.pid in [pid for *_, pid in ledger.effects("began")])
    one.send(signal.SIGSTOP)
    await asyncio.sleep(6)
    one.send(signal.SIGCONT)
    await ledger.add([email(0.5)] * 10)
    await wait_until(ledger.all_ended)
    assert await ledger.faults() == []
    assert ledger.count("stalled").total() == 3
    last = [pid for job, _, pid in ledger.effects("done") if int(job) > 20]
    assert {one.pid, other.pid} == set(last)


# ---- all of them ---------------------------------------------------------------------------------


async def test_workers_that_all_sleep_for_six_seconds_keep_their_jobs(
    bookkeeper, ledger, email, wait_until
):
    """Their leases have run out, but each is there again when the others could take over."""
    workers = [await bookkeeper("--max-jobs", 3) for _ in range(3)]
    await asyncio.sleep(HOLD_OFF_S)
    await ledger.add([email(1)] * 3 + [email(2)] * 3)  # three places are free
    await wait_until(lambda: len(ledger.effects("began")) == 6)
    for each in workers:
        each.send(signal.SIGSTOP)
    await asyncio.sleep(6)
    for each in workers:
        each.send(signal.SIGCONT)
    await wait_until(ledger.all_ended)
    assert await ledger.faults() == []
    assert ledger.count("stalled", "retrying", "returned") == {}


async def test_jobs_whose_workers_were_all_killed_are_run_by_the_next(
    bookkeeper, ledger, email, wait_until
):
    workers = [await bookkeeper("--max-jobs", 3) for _ in range(2)]
    await ledger.add([email(0.5)] * 12)
    await wait_until(lambda: len(ledger.effects("began")) == 6)
    for each in workers:
        each.send(signal.SIGKILL)
    await bookkeeper("--max-jobs", 6)
    await wait_until(ledger.all_ended)
    assert await ledger.faults() == []
    assert ledger.count("stalled").total() == 6


# ---- at each step of a job's life ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "ran", "story"),
    [
        ("claimed", 1, ["waiting", "active", "stalled", "active", "completed"]),
        ("running", 2, ["waiting", "active", "stalled", "active", "completed"]),
        ("ended", 2, ["waiting", "active", "stalled", "active", "completed"]),
        ("reported", 1, ["waiting", "active", "completed"]),
    ],
)
async def test_a_job_whose_worker_dies_when_it_is(
    bookkeeper, ledger, email, wait_until, step, ran, story
):
    one = await bookkeeper(DIE_AT=step)
    await ledger.add([email()])
    assert await one.end() == -signal.SIGKILL
    await bookkeeper()
    await wait_until(ledger.all_ended)
    assert await ledger.faults() == []
    assert names(event for event in ledger.events if event.job) == story
    assert len(ledger.effects("began")) == ran


# ---- of different opinions -----------------------------------------------------------------------


async def test_workers_whose_clocks_are_an_hour_off_agree_as_others_do(
    queue, bookkeeper, ledger, email, wait_until
):
    """All times are those of Redis: when a job is due, how long a lease holds, what was when."""
    fast = await bookkeeper("--max-jobs", 2, "--limit", "4/1s", CLOCK_AHEAD_S="3600")
    slow = await bookkeeper("--max-jobs", 2, "--limit", "4/1s", CLOCK_AHEAD_S="-3600")
    await ledger.add([email(0.6)] * 8 + [email(subject="raise once")] * 2)
    number = await queue.add(email(), delay_s=1.5)
    ledger.jobs.append(number)
    await wait_until(lambda: {fast.pid, slow.pid} == {pid for *_, pid in ledger.effects("began")})
    await wait_until(ledger.all_ended)
    assert await ledger.faults() == []
    assert ledger.count("stalled") == {}
    added, taken = [event.at_ms for event in ledger.events if event.job == number][:2]
    assert taken - added >= 1500
    starts = sorted(event.at_ms for event in ledger.events if event.event == "active")
    assert all(later - first > 1000 for first, later in zip(starts, starts[4:], strict=False))
    for job in ledger.jobs:
        state = await queue.state(job)
        assert 0 <= state.finishedOn - state.processedOn < 60_000
        assert abs(state.processedOn - added) < 60_000
