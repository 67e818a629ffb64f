"""A worker that was killed or slept loses its jobs to another; one that is only busy keeps them."""

import signal
import time

from tests.told import names, pid_of
from workers import codec
from workers.leases import LEASE_S
from workers.worker import POLL_S


async def test_a_killed_workers_job_is_run_by_another(worker, queue, email, story):
    one = await worker("--max-jobs", 1)
    await queue.add(email(0.5))
    await story(until="active")
    one.send(signal.SIGKILL)
    killed_ms = time.time() * 1000
    other = await worker("--max-jobs", 1)
    events = await story(until="completed")
    assert names(events) == ["waiting", "active", "stalled", "active", "completed"]
    first, stalled, second = events[1:4]
    assert (pid_of(first), pid_of(second)) == (one.pid, other.pid)
    assert second.attempt == 2
    assert stalled.at_ms - killed_ms <= 1000 * (LEASE_S + POLL_S + 1.5)


async def test_a_stopped_worker_cannot_report_over_its_jobs_new_owner(
    worker, queue, email, story, wait_until, redis
):
    one = await worker("--max-jobs", 1)
    await queue.add(email(0.5))
    await story(until="active")
    one.send(signal.SIGSTOP)
    other = await worker("--max-jobs", 1)
    await story(until="stalled")
    one.send(signal.SIGCONT)  # its job is over at once, while the other's goes on
    events = await story(until="completed")
    await wait_until(lambda: "[worker:email] Worker error" in one.out)
    assert [pid_of(e) for e in events if e.event == "completed"] == [other.pid]
    assert [e.attempt for e in events if e.event == "completed"] == [2]
    assert "[worker:email] Job 1 completed" not in one.lines
    await queue.add_many([email(), email()])  # and both go on working
    await story("3", until="completed")
    data = codec.loads(await redis.get(f"arq:result:{queue.keys.job('1')}"))
    assert (data["s"], data["t"]) == (True, 2)


async def test_a_job_that_blocks_its_workers_loop_keeps_its_lease(
    odd_worker, queue, email, story, wait_until
):
    await odd_worker("--max-jobs", 1)
    await queue.add(email(2, subject="block the loop"))
    await story(until="active")
    lease = f"arq:in-progress:{queue.keys.job('1')}"
    left_ms = await queue.redis.pttl(lease)

    async def renewed():
        nonlocal left_ms
        before, left_ms = left_ms, await queue.redis.pttl(lease)
        return left_ms > before

    await wait_until(renewed)
    assert names(await story()) == ["waiting", "active"]
