"""A worker that runs a processor of somebody's own, from a file."""

import textwrap

import pytest

from workers.contract import EMAIL
from workers.programs import load_settings, queue_of
from workers.settings import BadSetting

OWN = """
    from workers.contract import EMAIL
    from workers.settings import worker_settings

    async def shout(job, email):
        return email.subject.upper()

    WorkerSettings = worker_settings(EMAIL, shout, max_jobs=2)
"""


@pytest.fixture
def file(tmp_path):
    def write(source, name="email.py"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(source))
        return str(path)

    return write


async def test_a_processor_of_ones_own_runs_in_a_real_worker(
    file, command, redis_url, prefix, queue, email, story, wait_until
):
    path = file(OWN)
    one = command("-m", "workers", path, "--prefix", prefix, REDIS_URL=redis_url)
    await queue.add(email(subject="quiet"))
    await story(until="completed")
    assert (await queue.state("1")).result == "QUIET"
    assert "[worker] Listening for jobs on queues: email" in one.lines
    assert "[worker] Started with concurrency: 2" in one.lines


def test_the_settings_of_a_file_say_which_queue_they_are_for(file):
    assert queue_of(load_settings(file(OWN))) == EMAIL.queue


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("x = (", "line 1: SyntaxError"),
        ("import os\n\n1 / 0", "line 3: ZeroDivisionError"),
        ("from workers import nothing_like_it", "line 1: ImportError"),
        ("WorkerSettings = {}", "has no WorkerSettings"),
        ("", "Let it end in `WorkerSettings = "),
    ],
)
def test_a_file_that_cannot_be_used_says_why(file, source, reason):
    with pytest.raises(BadSetting) as refused:
        load_settings(file(source))
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("queue", "reason"),
    [("nowhere.py", "There is no file nowhere.py"), ("mail", "Give one of: email, reports, or a")],
)
def test_what_is_not_there_is_said(queue, reason):
    with pytest.raises(BadSetting) as refused:
        load_settings(queue)
    assert reason in str(refused.value)
