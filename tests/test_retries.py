"""A job that raises is tried again, later each time, until no attempt is left."""

from itertools import pairwise

from tests.told import names


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


async def test_a_job_that_takes_its_worker_down_each_time_is_given_up(
    odd_worker, queue, email, story
):
    number = await queue.add(email())
    await queue.redis.set(f"arq:retry:{queue.keys.job(number)}", 3)  # three workers were lost on it
    await odd_worker()
    assert "its worker was lost each time" in (await story(until="failed"))[-1].error
