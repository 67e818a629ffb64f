"""A worker as a process: what it says, what it runs, how it leaves, and what it survives."""

import asyncio
import contextlib
import json
import shutil
import signal
import subprocess
import time
from itertools import pairwise

import arq
import psutil
import pytest
from arq.jobs import Job
from redis.exceptions import RedisError

from lessonkit.batch import Batch
from lessonkit.queue import Queue
from lessonkit.server import find_program
from workers import codec
from workers.__main__ import main
from workers.codec import JobError
from workers.connection import connect, settings_of
from workers.contract import EMAIL, MAX_JOBS_LIMIT
from workers.leases import LEASE_S
from workers.settings import BadSetting, worker_concurrency
from workers.worker import POLL_S


def names(events):
    return [event.event for event in events]


def pid_of(event):
    return int(event.worker.partition("@")[0])


@pytest.fixture
def measure(queue, wait_until):
    """`await measure(jobs, max_jobs)` is what the stream tells of so many jobs, when all ended."""

    async def wait(jobs, max_jobs, on=queue):
        batch = Batch(jobs, max_jobs, 0)
        last = "0-0"

        async def ended():
            nonlocal last
            for event in await on.read_events(last):
                batch.apply(event)
                last = event.id
            return batch.done == jobs

        await wait_until(ended)
        return batch.result()

    return wait


@pytest.fixture
def ended(queue, wait_until):
    """`await ended(5)` is the last event of each of five jobs, in the order in which they began."""

    async def wait(jobs):
        async def all_ended():
            told = {event.job: event for event in await queue.read_events() if event.job}
            done = [e for e in told.values() if e.final or e.event == "completed"]
            return told if len(done) == jobs else None

        return await wait_until(all_ended)

    return wait


@pytest.fixture
async def arq_client(redis_url, queue):
    """A stock arq client on the test's queue, with our codec."""
    client = await arq.create_pool(
        settings_of(redis_url),
        job_serializer=codec.dumps,
        job_deserializer=codec.loads,
        default_queue_name=queue.keys.queue,
    )
    yield client
    await client.aclose(close_connection_pool=True)


# ---- what it says --------------------------------------------------------------------------------


async def test_it_says_what_it_does_line_by_line(worker, queue, email, story, wait_until):
    one = await worker()
    await queue.add(email())
    await story(until="completed")
    one.send(signal.SIGTERM)
    assert await one.end() == 0
    assert one.lines == [
        "[worker] Started with concurrency: 3",
        "[worker] Listening for jobs on queues: email",
        "[email] Processing job 1: sending to founder@example.com",
        "[email] Job 1: (mock) would send to founder@example.com",
        "  Subject: Welcome",
        "  HTML length: 12 chars",
        "[worker:email] Job 1 completed",
        "[worker] Shutting down gracefully...",
        "[worker] All workers closed",
    ]
    assert one.err == ""


async def test_the_stream_tells_the_same_with_times_and_worker(worker, queue, email, story):
    one = await worker()
    await queue.add(email())
    events = await story(until="completed")
    assert names(events) == ["waiting", "active", "completed"]
    assert [event.at_ms for event in events] == sorted(event.at_ms for event in events)
    assert pid_of(events[1]) == pid_of(events[2]) == one.pid
    assert events[1].attempt == 1
    own = [event.event for event in await queue.read_events() if not event.job]
    assert own == ["ready"]


async def test_text_from_redis_cannot_write_over_the_terminal(worker, queue, wait_until):
    one = await worker()
    hostile = "\x1b[2J\nfaked line"
    await add_raw(queue, b"job", json.dumps(GOOD | {"f": hostile}).encode())
    await add_raw(queue, hostile.encode(), json.dumps(GOOD).encode())
    await wait_until(lambda: one.out.count("failed") >= 2)
    assert "\x1b" not in one.out
    assert not any(line.startswith("faked line") for line in one.lines)


# ---- how many at a time --------------------------------------------------------------------------


async def test_as_many_jobs_run_at_a_time_as_it_has_slots(worker, redis, prefix, email, measure):
    async def peak(max_jobs):
        own = f"{prefix}{max_jobs}:"
        queue = Queue(EMAIL, redis, own)
        await queue.add_many([email(0.15)] * 2 * max_jobs)
        await worker("--max-jobs", max_jobs, "--limit", "off", "--prefix", own)
        return (await measure(2 * max_jobs, max_jobs, on=queue)).peak_concurrency

    assert await asyncio.gather(peak(1), peak(2), peak(5)) == [1, 2, 5]


async def test_worker_concurrency_says_how_many_and_max_jobs_comes_first(worker):
    by_environment, by_both = await asyncio.gather(
        worker(WORKER_CONCURRENCY="7"), worker("--max-jobs", 2, WORKER_CONCURRENCY="7")
    )
    assert "[worker] Started with concurrency: 7" in by_environment.lines
    assert "[worker] Started with concurrency: 2" in by_both.lines


@pytest.mark.parametrize("max_jobs", [1, 3])
async def test_jobs_start_in_the_order_they_were_added(worker, queue, email, measure, max_jobs):
    await queue.add_many([email()] * 30)
    await worker("--max-jobs", max_jobs, "--limit", "off")
    await measure(30, max_jobs)
    started = [event.job for event in await queue.read_events() if event.event == "active"]
    assert started == [str(number) for number in range(1, 31)]


async def test_its_slots_can_change_while_it_runs(worker, queue, email, measure, redis, wait_until):
    one = await worker("--max-jobs", 1, "--limit", "off")
    (ready,) = await queue.read_events()
    await redis.hset(queue.keys.max_jobs, ready.worker, 4)
    await redis.publish(queue.keys.wake, "")
    await wait_until(lambda: "[worker] max_jobs is now 4" in one.lines)
    await queue.add_many([email(0.15)] * 8)
    assert (await measure(8, 4)).peak_concurrency == 4


async def test_no_window_ever_holds_more_starts_than_the_limit(worker, queue, email, measure):
    await queue.add_many([email()] * 10)
    await asyncio.gather(*(worker("--max-jobs", 5, "--limit", "3/0.4s") for _ in range(2)))
    result = await measure(10, 10)
    starts = sorted(record.started_s for record in result.records)
    assert all(later - earlier >= 0.4 for earlier, later in zip(starts, starts[3:], strict=False))
    assert {record.attempts for record in result.records} == {1}


# ---- how long a job takes ------------------------------------------------------------------------


async def test_an_email_takes_email_seconds_unless_it_says_otherwise(worker, queue, email, measure):
    await worker(EMAIL_SECONDS="0.4")
    await queue.add_many([email(None), email(0.1)])
    slow, quick = (await measure(2, 3)).records
    assert slow.finished_s - slow.started_s >= 0.39
    assert 0.09 <= quick.finished_s - quick.started_s < slow.finished_s - slow.started_s


async def test_a_delayed_job_starts_when_it_is_due_and_not_before(worker, queue, email, story):
    await worker()
    await queue.add(email(), delay_s=0.7)
    await queue.add(email())
    waiting, active, _ = await story("1", until="completed")
    assert active.at_ms - waiting.at_ms > 700 - 1  # it is due at a whole millisecond
    assert active.at_ms - waiting.at_ms < 700 + 1000 * POLL_S
    assert (await story("2", until="completed"))[-1].at_ms < active.at_ms


# ---- with arq's own clients and workers ----------------------------------------------------------


async def test_a_stock_arq_client_gets_its_job_run_and_its_result(worker, arq_client, email):
    await worker()
    job = await arq_client.enqueue_job("send-email", email(), _job_id=None)
    assert await job.result(timeout=10) == "would send to founder@example.com"
    info = await job.result_info()
    assert (info.success, info.job_try, info.queue_name) == (True, 1, arq_client.default_queue_name)


async def test_a_stock_arq_client_is_told_what_its_job_raised(odd_worker, arq_client, email):
    await odd_worker()
    job = await arq_client.enqueue_job("send-email", email(subject="raise"))
    with pytest.raises(JobError, match="RuntimeError: the provider said no"):
        await job.result(timeout=10)
    assert (await job.result_info()).job_try == 3


async def test_a_stock_arq_worker_runs_a_job_of_ours(command, redis, redis_url, email):
    queue = Queue(EMAIL, redis)  # arq's command takes no prefix
    number = await queue.add(email())
    stock = command("-m", "arq", "workers.email.WorkerSettings", REDIS_URL=redis_url)
    job = Job(
        queue.keys.job(number), redis, _queue_name=queue.keys.queue, _deserializer=codec.loads
    )
    assert await job.result(timeout=20) == "would send to founder@example.com"
    assert "[email] Processing job 1: sending to founder@example.com" in stock.lines
    stock.send(signal.SIGTERM)
    await stock.end()
    await queue.obliterate()


# ---- how it leaves -------------------------------------------------------------------------------


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
async def test_a_signal_lets_the_running_job_finish(worker, queue, email, story, signum):
    one = await worker("--max-jobs", 1)
    await queue.add_many([email(0.4), email(0.4)])
    await story("1", until="active")
    one.send(signum)
    assert await one.end() == 0
    assert names(await story("1")) == ["waiting", "active", "completed"]
    assert names(await story("2")) == ["waiting"]
    own = [event.event for event in await queue.read_events() if not event.job]
    assert own == ["ready", "draining", "closed"]


async def test_past_its_grace_a_job_goes_back_without_losing_an_attempt(
    worker, queue, email, story, wait_until
):
    one = await worker("--grace", 0.1)
    await queue.add(email(60))
    await story(until="active")
    one.send(signal.SIGTERM)
    assert await one.end() == 0
    assert names(await story()) == ["waiting", "active", "returned"]
    other = await worker()
    await wait_until(
        lambda: "[email] Processing job 1: sending to founder@example.com" in other.out
    )
    last = (await story())[-1]
    assert (last.event, last.attempt, pid_of(last)) == ("active", 1, other.pid)


async def test_a_job_that_goes_back_keeps_its_place(worker, queue, email, story):
    one = await worker("--max-jobs", 1, "--grace", 0.1)
    await queue.add_many([email(0.8), email()])
    await story("1", until="active")
    one.send(signal.SIGTERM)
    await one.end()
    await worker("--max-jobs", 1)
    await story("2", until="completed")
    assert names(await story("1"))[-1] == "completed"


async def test_a_job_that_will_not_be_cancelled_does_not_hold_its_worker(
    odd_worker, queue, email, story
):
    one = await odd_worker("--grace", 0.1)
    await queue.add(email(subject="swallow its cancellation"))
    await story(until="active")
    one.send(signal.SIGTERM)
    assert await one.end(5) == 0
    assert names(await story())[-1] == "returned"


async def test_a_second_signal_ends_it_at_once(worker, queue, email, story, wait_until):
    one = await worker("--grace", 60)
    await queue.add(email(60))
    await story(until="active")
    one.send(signal.SIGINT)
    await wait_until(lambda: "[worker] Shutting down gracefully..." in one.lines)
    assert one.exit_code is None
    one.send(signal.SIGTERM)
    assert await one.end() == 128 + signal.SIGTERM


async def test_an_idle_worker_leaves_nothing_of_its_own_in_redis(worker, queue, redis, prefix):
    one = await worker()
    one.send(signal.SIGTERM)
    await one.end()
    await queue.obliterate()
    assert await redis.keys(f"*{prefix}*") == []


async def test_it_leaves_with_its_parent_when_it_was_told_to(worker, queue, email, story):
    one = await worker("--leave-with-parent", stdin=subprocess.PIPE)
    await queue.add(email(0.3))
    await story(until="active")
    one.process.stdin.close()
    assert await one.end() == 0
    assert names(await story())[-1] == "completed"


async def test_jupyters_interrupt_is_not_meant_for_it(worker, queue, email, story):
    one = await worker("--leave-with-parent", stdin=subprocess.PIPE)
    one.send(signal.SIGINT)
    await queue.add(email())
    await story(until="completed")
    assert one.exit_code is None


async def test_otherwise_it_does_not_matter_that_its_input_is_at_its_end(
    worker, queue, email, story
):
    """Under systemd, Docker and nohup it is from the first moment."""
    one = await worker(stdin=subprocess.DEVNULL)
    await queue.add(email(0.2))
    await story(until="completed")
    assert one.exit_code is None


# ---- jobs that go wrong --------------------------------------------------------------------------


async def test_a_job_that_raises_is_tried_again_later_and_fails_with_its_real_error(
    odd_worker, queue, email, story, wait_until
):
    one = await odd_worker()
    await queue.add(email(subject="raise"))

    async def ended():
        events = await story()
        return events if events[-1].final else None

    events = await wait_until(ended)
    again = ["active", "failed", "retrying"]
    assert names(events) == ["waiting", *again, *again, "active", "failed"]
    assert [event.attempt for event in events] == [0, 1, 1, 1, 2, 2, 2, 3, 3]
    errors = [event.error for event in events if event.event == "failed"]
    assert errors == ["RuntimeError: the provider said no"] * 3
    assert [event.final for event in events if event.event == "failed"] == [False, False, True]
    assert [event.delay_ms for event in events if event.event == "retrying"] == [100, 200]
    for event, following in pairwise(events):
        if event.event == "retrying":
            assert following.at_ms - event.at_ms > event.delay_ms - 1  # due at a whole millisecond
    last = "[worker:email] Job 1 failed (attempt 3): RuntimeError: the provider said no"
    await wait_until(lambda: last in one.lines)


async def test_a_job_that_raises_once_completes(odd_worker, queue, email, story):
    await odd_worker()
    await queue.add(email(subject="raise once"))
    events = await story(until="completed")
    assert names(events) == ["waiting", "active", "failed", "retrying", "active", "completed"]


SINS = {
    "exit": "SystemExit: 3",
    "interrupt": "KeyboardInterrupt",
    "cancel itself": "CancelledError",
    "raise unprintably": "Unprintable: (its text cannot be shown)",
    "return NaN": "CodecError: cannot be written as JSON",
    "return an object": "CodecError: cannot be written as JSON: object is not JSON",
    "return too much": "are allowed",
}


async def test_a_job_that_misbehaves_fails_alone(odd_worker, queue, email, ended):
    one = await odd_worker("--max-jobs", 2, "--limit", "off")
    await queue.add_many([email(subject=sin) for sin in SINS])
    number = await queue.add(email())
    told = await ended(len(SINS) + 1)
    assert told[number].event == "completed"
    for error, event in zip(SINS.values(), told.values(), strict=False):
        assert error in event.error
    assert one.exit_code is None


GOOD = {"f": "send-email", "a": [], "k": {}, "et": 1_700_000_000_000, "t": None}
GARBAGE = {
    "nothing": b"",
    "pickle": b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00}\x94.",
    "no object": b"[]",
    "deep": b"[" * 100_000,
    "a list for a name": GOOD | {"f": ["send-email"]},
    "text for a time": GOOD | {"et": "now"},
    "a time beyond all times": GOOD | {"et": 10**30},
    "an unknown function": GOOD | {"f": "no-such-job"},
    "no arguments": GOOD,
    "too many arguments": GOOD | {"a": [{}, {}]},
    "a wrong payload": GOOD | {"a": [{"to": "nobody"}]},
    "a surrogate": GOOD | {"f": "\ud800"},
}


async def add_raw(queue, job_id, data):
    """As whoever can write to Redis may."""
    if data is not None:
        await queue.redis.set(b"arq:job:" + job_id, data)
    await queue.redis.zadd(queue.keys.queue, {job_id: 1})


async def test_garbage_in_the_queue_fails_and_stops_nobody(odd_worker, queue, email, ended):
    one = await odd_worker("--limit", "off")
    for name, data in GARBAGE.items():
        data = data if isinstance(data, bytes) else json.dumps(data).encode()
        await add_raw(queue, name.encode(), data)
    number = await queue.add(email())
    told = await ended(len(GARBAGE) + 1)
    assert told.pop(number).event == "completed"
    assert set(told) == set(GARBAGE)
    assert all(event.error for event in told.values())
    assert "no-such-job" in told["an unknown function"].error
    assert "Traceback" not in one.out + one.err
    assert one.exit_code is None
    assert await queue.redis.zcard(queue.keys.queue) == 0


async def test_a_job_under_an_odd_id_ends_and_stops_nobody(odd_worker, queue, email, ended):
    one = await odd_worker("--limit", "off")
    odd_ids = [b"\xff\xfe", b"\x1b[2J", b"two\nlines", "é".encode(), b"x" * 10_000]
    for odd_id in odd_ids:
        await add_raw(queue, odd_id, None)  # and its job is not there
    number = await queue.add(email())
    told = await ended(len(odd_ids) + 1)
    assert told.pop(number).event == "completed"
    assert all("expired" in event.error for event in told.values())
    assert await queue.redis.zcard(queue.keys.queue) == 0
    assert one.exit_code is None
    assert "Traceback" not in one.out + one.err
    assert "\x1b" not in one.out


async def test_a_job_that_takes_its_worker_down_each_time_is_given_up(
    odd_worker, queue, email, story
):
    number = await queue.add(email())
    await queue.redis.set(f"arq:retry:{queue.keys.job(number)}", 3)  # three workers were lost on it
    await odd_worker()
    assert "its worker was lost each time" in (await story(until="failed"))[-1].error


# ---- workers and servers that go away ------------------------------------------------------------


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


# ---- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--max-jobs", "0"], f"give a whole number from 1 to {MAX_JOBS_LIMIT}"),
        (["--max-jobs", "-1"], f"give a whole number from 1 to {MAX_JOBS_LIMIT}"),
        (["--max-jobs", "abc"], f"give a whole number from 1 to {MAX_JOBS_LIMIT}"),
        (["--max-jobs", "1000000"], f"give a whole number from 1 to {MAX_JOBS_LIMIT}"),
        (["--limit", "10"], "10/1s"),
        (["--limit", "0/1s"], "10/1s"),
        (["--grace", "nan"], "seconds"),
        (["--backoff", "-1"], "seconds"),
        (["--processes", "0"], "from 1 to 64"),
    ],
    ids=" ".join,
)
def test_a_bad_option_is_answered_with_one_clear_line(words, wanted, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["email", *words])
    last = capsys.readouterr().err.splitlines()[-1]
    assert ended.value.code == 2
    assert wanted in last
    assert repr(words[-1]) in last


@pytest.mark.parametrize("value", ["0", "-1", "abc", "1000000", "", "2.5", "٣"])
def test_a_worker_concurrency_that_is_no_number_is_refused(monkeypatch, value):
    monkeypatch.setenv("WORKER_CONCURRENCY", value)
    with pytest.raises(BadSetting, match=f"WORKER_CONCURRENCY is {value!r}: give a whole number"):
        worker_concurrency(3)


async def test_a_bad_setting_ends_the_worker_with_one_clear_line(worker, command, redis_url):
    bad_number = await worker(WORKER_CONCURRENCY="0", ready=False)
    bad_queue = command("-m", "workers", "sms", REDIS_URL=redis_url)
    await asyncio.gather(bad_number.end(), bad_queue.end())
    for one, wanted in ((bad_number, "from 1 to"), (bad_queue, "Give one of: email, reports")):
        assert (one.exit_code, one.out) == (2, "")
        assert len(one.err.splitlines()) == 1
        assert wanted in one.err


BAD_URLS = {
    "redis://founder:secret@127.0.0.1:1": "mend REDIS_URL",
    "unix://:secret@/none/redis.sock": "mend REDIS_URL",
    "http://:secret@example.com": "redis://, rediss:// or unix://",
    "redis://:secret@127.0.0.1:port": "cannot be used",
    "redis://:se/cret@127.0.0.1": "cannot be used",
}


async def test_a_bad_redis_url_is_answered_with_one_clear_line(worker):
    workers = [await worker(ready=False, REDIS_URL=url) for url in BAD_URLS]
    await asyncio.gather(*(one.end() for one in workers))
    for one, step in zip(workers, BAD_URLS.values(), strict=True):
        assert one.exit_code in (1, 2)
        assert len(one.err.splitlines()) == 1
        assert step in one.err
        assert "cret" not in one.err
        assert "'se'" not in one.err
        assert one.out == ""


async def test_a_wrong_password_is_answered_with_one_clear_line(worker, redis_url):
    one = await worker(ready=False, REDIS_URL=redis_url.replace("unix://", "unix://:secret@"))
    assert await one.end() == 1
    assert len(one.err.splitlines()) == 1
    assert "REDIS_URL" in one.err
    assert "secret" not in one.err
