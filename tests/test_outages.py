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
