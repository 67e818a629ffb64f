"""Handlers are told what happened, and harm nobody."""

import doctest

import pytest

from workers import handlers

PROGRAM = """
from workers.contract import EMAIL
from workers.handlers import Handlers
from workers.settings import worker_settings

on = Handlers()

async def send(job, email):
    if email.subject == "raise":
        raise RuntimeError("no")

@on("completed")
def wrong(happened):
    raise KeyError("a handler of the learner's")

@on("completed")
def right(happened):
    print(f"completed: {happened.job}")

@on("failed")
def say(happened):
    attempt = f"attempt {happened.attempt}"
    print(f"failed: {happened.job}, {attempt}, {happened.reason}, {happened.final}")

WorkerSettings = worker_settings(EMAIL, send, max_jobs=1, on=on)
"""


async def test_attached_handlers_are_told_and_one_that_raises_stops_nobody(
    worker, queue, email, wait_until, tmp_path
):
    program = tmp_path / "mine.py"
    program.write_text(PROGRAM)
    one = await worker("--backoff", 0.05, program=program)
    await queue.add_many([email(), email(subject="raise"), email()])
    await wait_until(lambda: "failed: 2, attempt 3, RuntimeError: no, True" in one.lines)
    assert "completed: 1" in one.lines
    assert "completed: 3" in one.lines
    assert "failed: 2, attempt 1, RuntimeError: no, False" in one.lines
    assert one.out.count("a handler of 'completed' failed") == 2
    assert one.exit_code is None


def test_an_event_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="finished"):
        handlers.Handlers()("finished")(print)


def test_the_example_in_its_docstring_is_true():
    assert doctest.testmod(handlers).failed == 0
