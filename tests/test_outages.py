"""Redis goes away and comes back: the worker says so, waits, and goes on."""

import asyncio
import contextlib
import shutil
import signal

import psutil
import pytest
from redis.exceptions import RedisError

from lessonkit.queue import Queue
from lessonkit.server import find_program
from workers.connection import connect
from workers.contract import EMAIL


@pytest.fixture
async def killable(own_servers, wait_until):
    """A server that can be killed and started again on what it wrote; not guarded."""

    class Killable:
        url = f"unix://{own_servers}/redis.sock"
        process = None

        async def start(self):
            own_servers.mkdir(exist_ok=True)
            settings = f"--port 0 --dir {own_servers} --unixsocket {own_servers}/redis.sock"
            settings += " --appendonly yes --save  --logfile log"
            self.process = psutil.Popen(
                [find_program(), *settings.split(" ")], cwd=own_servers, start_new_session=True
            )
            await wait_until(self.answers)

        async def answers(self):
            client = connect(self.url)
            try:
                return await client.ping()
            except (RedisError, OSError):
                return False
            finally:
                await client.aclose()

        async def has_written(self):
            """Whether all that it was told is in its file: a write may wait for a sync."""
            client = connect(self.url)
            about = await client.info("persistence")
            await client.aclose()
            return about["aof_buffer_length"] == 0

        def kill(self):
            with contextlib.suppress(psutil.NoSuchProcess):
                self.process.kill()
            self.process.wait()

    server = Killable()
    try:
        await server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(own_servers)


@pytest.fixture
async def killable_queue(killable, prefix):
    redis = connect(killable.url)
    yield Queue(EMAIL, redis, prefix)
    await redis.aclose()


async def test_a_job_outlives_its_server_and_is_not_run_twice(
    killable, killable_queue, worker, email, wait_until
):
    one = await worker("--max-jobs", 2, REDIS_URL=killable.url)
    await killable_queue.add_many([email(0.8), email(5)])
    await wait_until(lambda: one.out.count("Processing job") == 2)
    await wait_until(killable.has_written)
    killable.kill()
    await asyncio.sleep(1.0)  # job 1 ends while nobody can be told
    await killable.start()
    await wait_until(lambda: "[worker:email] Job 1 completed" in one.lines)
    await killable_queue.add(email())
    await wait_until(lambda: "[worker:email] Job 3 completed" in one.lines)
    told = [(e.event, e.attempt) for e in await killable_queue.read_events() if e.job == "1"]
    assert told == [("waiting", 0), ("active", 1), ("completed", 1)]
    assert one.out.count("Processing job 1") == 1
    assert one.out.count("Processing job 2") == 1
    assert "[worker] Redis is back" in one.lines
    assert one.out.count("[worker:email] Worker error") == 1


async def test_a_worker_whose_server_is_gone_can_leave(killable, worker):
    one = await worker("--grace", 0.1, REDIS_URL=killable.url)
    killable.kill()
    one.send(signal.SIGTERM)
    assert await one.end() == 0


# ---- there, and of no use ------------------------------------------------------------------------


async def cut(redis, server):
    for kind in ("normal", "pubsub"):
        await redis.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")


async def read_only(redis, server):
    await redis.execute_command("REPLICAOF", "127.0.0.1", "1")


async def without_enough_replicas(redis, server):
    await redis.config_set("min-replicas-to-write", 1)


async def full(redis, server):
    await redis.config_set("maxmemory", 1)


async def paused(redis, server):
    await redis.execute_command("CLIENT", "PAUSE", "60000", "WRITE")


async def asleep(redis, server):
    server.process.suspend()


async def well(redis, server):
    server.process.resume()
    await redis.execute_command("REPLICAOF", "NO", "ONE")
    await redis.execute_command("CLIENT", "UNPAUSE")
    for name in ("maxmemory", "min-replicas-to-write"):
        await redis.config_set(name, 0)


@pytest.mark.parametrize(
    "trouble",
    [read_only, without_enough_replicas, full, paused, asleep],
    ids=lambda trouble: trouble.__name__,
)
async def test_a_job_that_ends_while_the_server_takes_nothing_is_reported_afterwards(
    killable, killable_queue, worker, email, wait_until, trouble
):
    one = await worker("--max-jobs", 1, REDIS_URL=killable.url)
    await killable_queue.add_many([email(0.5), email()])
    await wait_until(lambda: "[email] Processing job 1" in one.out)
    await trouble(killable_queue.redis, killable)
    try:
        await wait_until(lambda: "[worker:email] Worker error" in one.out)
        assert "Job 1: (mock) would send" in one.out
        assert "[worker:email] Job 1 completed" not in one.lines
    finally:
        await well(killable_queue.redis, killable)
    await wait_until(lambda: "[worker:email] Job 2 completed" in one.lines)
    assert "[worker] Redis is back" in one.lines
    assert one.out.count("[email] Processing job 1") == 1
    told = await killable_queue.read_events()
    assert [e.event for e in told if e.job == "1"] == ["waiting", "active", "completed"]
    assert "error" in [e.event for e in told if not e.job]


async def test_connections_that_are_killed_again_and_again_cost_no_job_and_no_promptness(
    killable, killable_queue, worker, email, wait_until
):
    one = await worker("--max-jobs", 2, "--limit", "off", REDIS_URL=killable.url)
    for number in range(1, 6):
        await killable_queue.add(email(0.2))
        await wait_until(lambda number=number: f"Processing job {number}" in one.out)
        await cut(killable_queue.redis, killable)
    for number in range(1, 6):
        await wait_until(lambda number=number: f"Job {number} completed" in one.out)
    assert one.out.count("Processing job") == 5
    told = await killable_queue.read_events()
    assert [e.attempt for e in told if e.event == "completed"] == [1] * 5
    assert one.exit_code is None
