"""Redis goes away and comes back: the worker says so, waits, and goes on, and nothing is lost."""

import asyncio
import itertools
import signal

import psutil
import pytest

from lessonkit.server import open_server
from workers.connection import connect
from workers.worker import HOLD_OFF_S

#: in one of these each job ran once
NOTHING_TWICE = {"stalled": 0, "retrying": 0, "returned": 0}


def again(ledger):
    return {name: sum(ledger.count(name).values()) for name in NOTHING_TWICE}


# ---- killed --------------------------------------------------------------------------------------


async def test_a_server_killed_under_a_hundred_jobs_knows_all_of_them_when_it_is_back(
    server, bookkeeper, ledger, email, wait_until
):
    for _ in range(2):
        await bookkeeper("--max-jobs", 5)
    for _ in range(3):
        await ledger.add([email(0.3)] * 34)
        running = len(ledger.effects("began"))
        await wait_until(lambda running=running: len(ledger.effects("began")) > running)
        server.kill()  # the answer to a worker's visit may be lost with it
        server.start()
    await wait_until(ledger.all_ended, 30)
    assert await ledger.faults() == []
    assert again(ledger) == NOTHING_TWICE


async def test_jobs_that_end_while_the_server_is_ten_seconds_away_are_reported_and_not_run_again(
    server, bookkeeper, ledger, email, wait_until
):
    one, other = [await bookkeeper("--max-jobs", 3) for _ in range(2)]
    await ledger.add([email(seconds) for seconds in (1, 5, 9, 13)])  # two places are free
    await wait_until(lambda: len(ledger.effects("began")) == 4)
    server.kill()
    await asyncio.sleep(10)
    assert len(ledger.effects("done")) == 3
    server.start()
    await ledger.add([email()])
    await wait_until(ledger.all_ended)
    assert await ledger.faults() == []
    assert again(ledger) == NOTHING_TWICE
    for each in (one, other):
        assert each.lines.count("[worker] Redis is back") == 1
        assert each.out.count("[worker:email] Worker error") == 1


def cut(directory):
    """Cut off the end of the last command that a server wrote into its file there."""
    (file,) = (directory / "appendonlydir").glob("*.incr.aof")
    with file.open("r+b") as written:
        written.truncate(file.stat().st_size - 10)


async def test_a_server_whose_file_was_cut_short_comes_back_with_what_is_left_and_says_so(
    server, bookkeeper, ledger, email, wait_until
):
    """What was lost with the end of the file is that a job was taken: it is taken again."""
    one = await bookkeeper("--max-jobs", 1)
    await ledger.add([email(2), *[email()] * 20])
    await wait_until(lambda: ledger.effects("began"))
    server.kill()
    cut(server.directory)
    server.start()
    await wait_until(ledger.all_ended)
    assert "aof-load-truncated is enabled" in server.log
    told = [event.event for event in ledger.events if event.job == "1"]
    assert told.count("completed") == 1
    assert one.exit_code is None


async def test_who_killed_a_server_is_told_when_it_came_back_with_less(own_servers, wait_until):
    server = await open_server("a test")
    client = connect(server.url)
    process = psutil.Process((await client.info("server"))["process_id"])
    try:
        for cut_short in (False, True):
            await client.set("told", str(cut_short))
            outage = asyncio.create_task(server.kill())
            await wait_until(lambda process=process: not process.is_running())
            if cut_short:
                cut(server.directory.parent)
            assert (await outage).cut_short == cut_short
            assert ("what was written last is lost" in repr(outage.result())) == cut_short
            process = psutil.Process(outage.result().new_pid)
        assert await client.get("told") == b"False"
    finally:
        await client.aclose()
        await server.stop()


async def test_a_worker_whose_server_is_gone_can_leave(server, worker):
    one = await worker("--grace", 0.1)
    server.kill()
    one.send(signal.SIGTERM)
    assert await one.end() == 0


# ---- there, and of no use ------------------------------------------------------------------------


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
async def test_jobs_whose_server_takes_nothing_for_five_seconds_are_reported_and_not_run_again(
    server, queue, bookkeeper, ledger, email, wait_until, trouble
):
    one, other = [await bookkeeper("--max-jobs", 3) for _ in range(2)]
    await asyncio.sleep(HOLD_OFF_S)  # from now on each would take over what the other loses
    await ledger.add([email(1), email(8), email(1), email(8)])  # two places are free
    await wait_until(lambda: len(ledger.effects("began")) == 4)
    await trouble(queue.redis, server)
    try:
        await asyncio.sleep(5)
        await wait_until(lambda: "[worker:email] Worker error" in one.out)
        await wait_until(lambda: "[worker:email] Worker error" in other.out)
        assert len(ledger.effects("done")) == 2
    finally:
        await well(queue.redis, server)
    await ledger.add([email()])
    await wait_until(ledger.all_ended)
    assert await ledger.faults() == []
    assert again(ledger) == NOTHING_TWICE
    assert "[worker] Redis is back" in one.lines
    assert "error" in [event.event for event in ledger.events if not event.job]


async def test_connections_that_are_killed_a_hundred_times_cost_no_job(
    queue, bookkeeper, ledger, email, wait_until
):
    one, other = [await bookkeeper("--max-jobs", 5) for _ in range(2)]
    for number in itertools.count():
        if number < 100:
            await ledger.add([email(0.1)])
            for kind in ("normal", "pubsub"):
                await queue.redis.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
        elif await ledger.all_ended():
            break
        await asyncio.sleep(0.03)
    assert await ledger.faults() == []
    assert again(ledger) == NOTHING_TWICE
    assert (one.exit_code, other.exit_code) == (None, None)
