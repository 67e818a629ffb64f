"""Jobs that misbehave, and what is no job at all: it fails alone, and says what happened."""

import json
import math

import pytest


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


async def add_raw(queue, job_id, data):
    """As whoever can write to Redis may."""
    if data is not None:
        await queue.redis.set(b"arq:job:" + job_id, data)
    await queue.redis.zadd(queue.keys.queue, {job_id: 1})


# ---- jobs that misbehave ------------------------------------------------------------------------

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


# ---- what is no job of ours ----------------------------------------------------------------------

GOOD = {"f": "send-email", "a": [], "k": {}, "et": 1_700_000_000_000, "t": None}
MAIL = {"to": "founder@example.com", "subject": "Hi", "html": "<p>Hi</p>"}
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
    "truncated": json.dumps(GOOD).encode()[:-9],
    "not a number": json.dumps(GOOD | {"a": [MAIL | {"seconds": math.nan}]}).encode(),
    "50 MB": json.dumps(GOOD | {"a": [MAIL | {"html": "x" * 50_000_000}]}).encode(),
    "a control character": GOOD | {"a": [MAIL | {"subject": "\x1b[2J"}]},
    "a header of its own": GOOD | {"a": [MAIL | {"subject": "Hi\r\nBcc: all@example.com"}]},
}


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


async def test_a_place_that_no_queue_has_and_a_count_that_is_none_stop_nobody(
    odd_worker, queue, email, ended
):
    await queue.redis.zadd(queue.keys.queue, {b"before all others": "-inf"})
    await queue.redis.set(b"arq:retry:counted", b"many")
    await add_raw(queue, b"counted", json.dumps(GOOD | {"a": [MAIL]}).encode())
    number = await queue.add(email())
    one = await odd_worker("--limit", "off")
    told = await ended(2)
    assert {event.event for event in told.values()} == {"completed"}
    assert set(told) == {"counted", number}
    assert "error" not in {str(event.event) for event in await queue.read_events()}
    assert "Worker error" not in one.out
    assert one.exit_code is None


async def test_text_from_redis_cannot_write_over_the_terminal(worker, queue, wait_until):
    one = await worker()
    hostile = "\x1b[2J\nfaked line"
    await add_raw(queue, b"job", json.dumps(GOOD | {"f": hostile}).encode())
    await add_raw(queue, hostile.encode(), json.dumps(GOOD).encode())
    await wait_until(lambda: one.out.count("failed") >= 2)
    assert "\x1b" not in one.out
    assert not any(line.startswith("faked line") for line in one.lines)


async def test_html_in_a_subject_is_text_like_any_other(worker, queue, email, wait_until):
    one = await worker()
    number = await queue.add(email(subject="<script>alert(1)</script> & <b>"))
    await wait_until(lambda: f"[worker:email] Job {number} completed" in one.lines)
    assert "  Subject: <script>alert(1)</script> & <b>" in one.lines
