"""The stream of a queue, followed from a notebook: in order, to the end, through an outage."""

import asyncio
import time

import pytest

from lessonkit.errors import NotOurServer
from lessonkit.guard import WELL_S
from lessonkit.server import Server
from tests.told import names

REPORT = {"reportType": "weekly", "seconds": 0.05}


async def test_a_jobs_events_come_in_order_and_end_with_the_job(lab):
    reports = await lab.queue("reports")
    await lab.start_worker("reports", max_jobs=1)
    other, job = await reports.add_many([REPORT, REPORT])
    heard = [event async for event in reports.events(job)]
    assert names(heard) == ["waiting", "active", *["progress"] * 3, "completed"]
    assert [event.progress for event in heard if event.event == "progress"] == [33, 67, 100]
    assert {(event.job, event.queue) for event in heard} == {(job, "reports")}
    assert [event.ends for event in heard] == [False] * 5 + [True]
    assert {event.job async for event in reports.events(job, other)} == {job, other}


async def test_each_event_comes_as_it_happens(lab):
    """Not when a waiting cell next looks up: a hundred events do not take a hundred looks."""
    emails = await lab.queue("email")
    payload = {"to": "founder@example.com", "subject": "Hi", "html": "", "seconds": 0.0}
    jobs = await emails.add_many([payload] * 100)
    began = time.monotonic()
    count = 0
    async for _ in emails.events(from_start=True):
        count += 1
        if count == len(jobs):
            break
    assert time.monotonic() - began < 0.05 * len(jobs)


async def test_the_back_off_is_chosen_and_doubles(lab, email):
    emails = await lab.queue("email")
    await lab.start_worker(backoff_s=0.05)
    job = await emails.add(email(to="nobody@example.invalid"))
    heard = [event async for event in emails.events(job)]
    assert names(heard) == [
        *("waiting", "active", "failed", "retrying"),
        *("active", "failed", "retrying"),
        *("active", "failed"),
    ]
    assert [event.delay_ms for event in heard if event.event == "retrying"] == [50, 100]
    assert [event.final for event in heard if event.event == "failed"] == [False, False, True]
    assert (await emails.state(job)).error.endswith("there is no such mailbox")


async def test_redis_killed_and_back_loses_no_job_and_no_event(lab, email):
    emails = await lab.queue("email")
    worker = await lab.start_worker(max_jobs=2)
    await asyncio.sleep(1 + WELL_S)  # a younger server is not killed at once
    jobs = await emails.add_many([email(seconds=0.3)] * 3)
    following = asyncio.ensure_future(_all(emails.events(*jobs)))
    outage = await lab.kill_redis()
    heard = await following
    assert outage.killed_pid != outage.new_pid
    assert outage.began_ms < outage.ended_ms
    for job in jobs:
        told = [str(event.event) for event in heard if event.job == job]
        assert told == ["waiting", "active", "completed"]
        assert (await emails.state(job)).attemptsMade == 1
    assert "[worker:email] Worker error: " in worker.output
    assert "[worker] Redis is back" in worker.output
    assert "error" in names(await emails.read_events())


async def test_redis_can_be_killed_again_and_again(lab):
    first, second = await lab.kill_redis(), await lab.kill_redis()
    assert first.new_pid == second.killed_pid
    assert "killed with SIGKILL" in repr(second)


async def test_somebody_elses_redis_is_not_killed():
    with pytest.raises(NotOurServer, match=r"redis://u:\*\*\*@example\.com.*Unset REDIS_URL"):
        await Server("redis://u:secret@example.com", program="").kill()


async def _all(events):
    return [event async for event in events]
