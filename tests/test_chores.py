"""A worker that does chores: in its loop, in threads, in processes; and what it leaves behind."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from lessonkit.errors import BadPayload
from lessonkit.queue import Queue
from workers import contract
from workers.contract import CHORES, Event

CHORES_FILE = Path(contract.__file__).with_name("chores.py")


@pytest.fixture
async def queue(redis, prefix):
    """A queue of chores that no other test has."""
    queue = Queue(CHORES, redis, prefix)
    yield queue
    print(*await queue.read_events(), sep="\n")


@pytest.fixture
def chores(command, redis_url, prefix, queue, wait_until):
    """`await chores("--grace", 0)` is a `python -m workers workers/chores.py` that is ready."""

    async def start(*arguments):
        one = command(
            "-m", "workers", CHORES_FILE, "--prefix", prefix, *arguments, REDIS_URL=redis_url
        )

        async def ready():
            told = [each.event for each in await queue.read_events()]
            return Event.READY in told or one.exit_code is not None

        await wait_until(ready)
        assert one.exit_code is None, one.out + one.err
        return one

    return start


def pool_of(one):
    """The processes of a worker's pool."""
    return [
        each
        for each in psutil.Process(one.pid).children()
        if "spawn_main" in " ".join(each.cmdline())
    ]


def job(work="photo", where="process", amount=100):
    return {"work": work, "where": where, "amount": amount}


LONG = 10_000_000  # rounds of a photo, which is hours


async def ended(queue, number):
    return [e for e in await queue.read_events() if e.job == number and e.ends]


@pytest.mark.parametrize(
    ("work", "where", "amount", "result"),
    [
        ("call", "loop", 0.01, "200 OK"),
        ("webhook", "loop", 0.01, "called back"),
        ("query", "loop", 0.01, "42 rows"),
        ("query", "thread", 0.01, "42 rows"),
        ("photo", "thread", 2, "1024 pixels"),
        ("photo", "process", 2, "1024 pixels"),
    ],
)
async def test_a_chore_is_done_in_its_place(chores, queue, wait_until, work, where, amount, result):
    await chores()
    await queue.add(job(work, where, amount))
    await wait_until(lambda: ended(queue, "1"))
    assert (await queue.state("1")).result == result


async def test_what_computes_in_c_answers_the_same_everywhere(chores, queue, wait_until):
    await chores()
    works = [
        (work, where) for work in ("password", "backup") for where in ("loop", "thread", "process")
    ]
    await queue.add_many([job(work, where, 3) for work, where in works])
    await wait_until(lambda: ended(queue, str(len(works))))
    results = [(await queue.state(str(n))).result for n in range(1, len(works) + 1)]
    assert len(set(results)) == 2


@pytest.mark.parametrize("where", ["thread", "process"])
async def test_an_async_def_elsewhere_is_an_error_that_says_coroutine(
    chores, queue, wait_until, where
):
    await chores("--backoff", 0.05)
    await queue.add(job("call", where, 0.01))
    (last,) = await wait_until(lambda: ended(queue, "1"))
    assert last.event == Event.FAILED
    assert "coroutine" in last.error


async def test_a_chore_that_there_is_not_is_refused(queue):
    with pytest.raises(BadPayload, match="work"):
        await queue.add(job("nap"))


# ---- its pool ------------------------------------------------------------------------------------


async def test_the_processes_of_a_killed_worker_leave_even_while_they_compute(
    chores, queue, wait_until
):
    one = await chores()
    pool = pool_of(one)
    children = psutil.Process(one.pid).children(recursive=True)
    await queue.add(job(amount=LONG))
    await wait_until(lambda: any(each.cpu_times().user > 0.3 for each in pool))
    one.send(signal.SIGKILL)
    await wait_until(lambda: not any(lives(each) for each in children))


async def test_a_worker_that_leaves_ends_what_still_computes(chores, queue, wait_until):
    one = await chores("--grace", 0)
    children = psutil.Process(one.pid).children(recursive=True)
    await queue.add(job(amount=LONG))
    await wait_until(lambda: any(each.cpu_times().user > 0.3 for each in pool_of(one)))
    one.send(signal.SIGTERM)
    assert await one.end() == 0
    assert one.lines[-1] == "[worker] All workers closed"
    assert one.err == ""
    await wait_until(lambda: not any(lives(each) for each in children))
    assert [e.event for e in await queue.read_events() if e.job == "1"][-1] == Event.RETURNED


async def test_a_signal_to_all_its_processes_is_for_the_worker_to_answer(chores, queue, wait_until):
    one = await chores("--grace", 20)
    await queue.add(job(amount=300))
    await wait_until(lambda: "Job 1: photo in the process" in one.out)
    os.killpg(one.pid, signal.SIGTERM)  # as a service manager does, and a terminal with Ctrl-C
    assert await one.end() == 0
    assert await ended(queue, "1")
    assert (await queue.state("1")).result == "1024 pixels"
    assert one.err == ""


async def test_a_pool_that_lost_a_process_is_replaced(chores, queue, wait_until):
    one = await chores("--backoff", 0.05)
    before = pool_of(one)
    await queue.add(job(amount=300))
    await wait_until(lambda: "Job 1: photo in the process" in one.out)
    for each in before:
        each.kill()
    (last,) = await wait_until(lambda: ended(queue, "1"))
    assert (last.event, last.attempt) == (Event.COMPLETED, 2)
    assert not {each.pid for each in pool_of(one)} & {each.pid for each in before}
    one.send(signal.SIGTERM)
    assert await one.end() == 0


# ---- its pulse -----------------------------------------------------------------------------------


async def beats(queue):
    """How late each beat was so far, in ms."""
    entries = await queue.redis.xrange(queue.keys.heartbeat)
    return [float(told[b"late_ms"]) for _, told in entries]


@pytest.mark.parametrize(
    ("work", "where", "blocks"),
    [("query", "loop", True), ("query", "thread", False), ("call", "loop", False)],
)
async def test_the_pulse_is_late_while_the_loop_is_blocked(
    chores, queue, wait_until, work, where, blocks
):
    await chores("--max-jobs", 3)
    await wait_until(lambda: beats(queue))
    await queue.add_many([job(work, where, 0.5)] * 3)
    await wait_until(lambda: ended(queue, "3"))
    count = len(await beats(queue))

    async def more():
        return len(await beats(queue)) > count

    await wait_until(more)
    assert (max(await beats(queue)) > 1000) == blocks


async def test_the_pulse_is_kept_short_and_goes_with_the_queue(chores, queue, wait_until):
    one = await chores()

    async def some():
        return len(await beats(queue)) > 5

    await wait_until(some)
    one.send(signal.SIGTERM)
    assert await one.end() == 0
    await queue.obliterate()
    assert await queue.redis.exists(queue.keys.heartbeat) == 0


# ---- threads -------------------------------------------------------------------------------------


async def test_a_worker_does_not_wait_for_a_thread_whose_job_went_back(chores, queue, wait_until):
    one = await chores("--grace", 0)
    await queue.add(job("query", "thread", 600))
    await wait_until(lambda: "Job 1: query in the thread" in one.out)
    one.send(signal.SIGTERM)
    assert await one.end() == 0
    assert one.lines[-1] == "[worker] All workers closed"
    assert [e.event for e in await queue.read_events() if e.job == "1"][-1] == Event.RETURNED


def lives(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
