"""A queue as its producer sees it."""

import asyncio
import math

import pytest

from lessonkit.errors import BadPayload
from lessonkit.queue import Queue
from workers import codec
from workers.contract import EMAIL, REPORTS, EmailPayload, ReportPayload


async def test_jobs_are_numbered_in_the_order_they_are_added(queue, email):
    assert await queue.add(email()) == "1"
    assert await queue.add_many([email(), email()]) == ["2", "3"]
    assert await queue.add(EmailPayload(**email())) == "4"


async def test_thousands_are_added_at_once_and_in_order(queue, email):
    numbers = await queue.add_many([email()] * 2500)
    assert numbers == [str(number) for number in range(1, 2501)]
    assert await queue.redis.zcard(queue.keys.queue) == 2500
    await queue.obliterate()


async def test_producers_do_not_get_in_each_others_way(queue, email):
    numbers = await asyncio.gather(*(queue.add_many([email()] * 5) for _ in range(10)))
    assert sorted(int(n) for batch in numbers for n in batch) == list(range(1, 51))


async def test_what_is_added_is_an_arq_job_without_pickle(queue, email):
    number = await queue.add(email(0.5))
    job = codec.loads(await queue.redis.get(f"arq:job:{queue.keys.job(number)}"))
    assert (job["f"], job["a"], job["k"]) == ("send-email", [email(0.5)], {})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"to": "nobody"}, "to"),
        ({"subject": ""}, "subject"),
        ({"html": 5}, "html"),
        ({"seconds": "1"}, "seconds"),
        ({"seconds": math.nan}, "seconds"),
        ({"cc": "b@example.com"}, "cc"),
        ({"html": "x" * 1_000_001}, ""),
        ({"html": "\ud800"}, ""),
    ],
)
async def test_a_payload_of_another_kind_is_refused_by_name_and_nothing_is_added(
    queue, email, change, named
):
    with pytest.raises(BadPayload) as caught:
        await queue.add_many([email(), email() | change])
    assert named in caught.value.reason
    assert await queue.redis.exists(queue.keys.queue, queue.keys.ids) == 0


async def test_a_payload_of_another_queue_is_refused(queue, redis, prefix, email):
    reports = Queue(REPORTS, redis, prefix)
    with pytest.raises(BadPayload):
        await reports.add(email())
    with pytest.raises(BadPayload):
        await queue.add(ReportPayload(reportType="monthly"))


@pytest.mark.parametrize("delay_s", [-1, math.nan, math.inf])
async def test_a_delay_that_makes_no_sense_is_refused(queue, email, delay_s):
    with pytest.raises(BadPayload):
        await queue.add(email(), delay_s=delay_s)


async def test_events_are_read_from_where_one_left_off(queue, email):
    await queue.add(email())
    last = await queue.last_event_id()
    assert await queue.read_events(last) == []
    await queue.add(email())
    (event,) = await queue.read_events(last)
    assert (event.event, event.job) == ("waiting", "2")
    assert [e.job for e in await queue.read_events()] == ["1", "2"]


async def test_an_empty_queue_has_no_events(queue):
    assert await queue.read_events(await queue.last_event_id()) == []


async def test_obliterating_leaves_nothing_of_the_queue_and_all_of_others(
    queue, redis, prefix, email, worker, story
):
    other = Queue(EMAIL, redis, f"other-{prefix}")
    await other.add(email())
    await worker()
    await queue.add_many([email(), email(60)])
    await story("1", until="completed")
    await story("2", until="active")
    await queue.obliterate()
    left = {key.decode() for key in await redis.keys(f"*{prefix}*")}
    assert left == {
        other.keys.queue, other.keys.ids, other.keys.events, f"arq:job:{other.keys.job('1')}"
    }  # fmt: skip
    await other.obliterate()
