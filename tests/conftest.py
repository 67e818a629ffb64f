"""A server, queues and workers for the tests: real ones, and none of them left behind."""

import asyncio
import inspect
import secrets
import tempfile
import time
from pathlib import Path

import hypothesis
import pytest

from lessonkit import background
from lessonkit.queue import Queue
from lessonkit.server import open_server
from lessonkit.session import Lab
from tests.commands import Command
from tests.widgets import find, own_workers
from workers.connection import connect
from workers.contract import EMAIL

ODD_JOBS = Path(__file__).with_name("odd_jobs.py")

# the same examples each time, and no deadline: the machine may be busy with other tests
hypothesis.settings.register_profile("ours", max_examples=25, deadline=None, derandomize=True)
hypothesis.settings.load_profile("ours")


# ---- waiting for facts ---------------------------------------------------------------------------


@pytest.fixture
def wait_until():
    """`await wait_until(fact)`: wait for a function's true answer, and answer it."""

    async def wait(fact, timeout_s=15.0):
        deadline = time.monotonic() + timeout_s
        while True:
            answer = fact()
            if inspect.isawaitable(answer):
                answer = await answer
            if answer:
                return answer
            if time.monotonic() > deadline:
                pytest.fail(f"not within {timeout_s} s: {inspect.getsource(fact).strip()}")
            await asyncio.sleep(0.01)

    return wait


# ---- servers -------------------------------------------------------------------------------------


@pytest.fixture
def own_servers(session_root, monkeypatch):
    """A servers_directory() for this test alone, in which nothing is open."""
    path = Path(tempfile.mkdtemp(prefix="t", dir=session_root))
    monkeypatch.setenv("LESSONKIT_SERVERS", str(path / "servers"))
    return path / "servers"


@pytest.fixture(scope="session")
def redis_url():
    """A private server of ours, for all tests that do it no harm."""
    server = background.spawn(open_server("the tests")).result(30)
    yield server.url
    background.spawn(server.stop()).result(30)


@pytest.fixture
async def redis(redis_url):
    client = connect(redis_url)
    yield client
    await client.aclose()


# ---- queues --------------------------------------------------------------------------------------


@pytest.fixture
def prefix():
    return f"test-{secrets.token_hex(4)}:"


@pytest.fixture
async def queue(redis, prefix):
    """An email queue that no other test has."""
    queue = Queue(EMAIL, redis, prefix)
    yield queue
    print(*await queue.read_events(), sep="\n")  # which pytest shows of a failed test


@pytest.fixture
def email():
    """`email(seconds=0.2)` is a payload."""

    def make(seconds=0.0, subject="Welcome", to="founder@example.com"):
        return {"to": to, "subject": subject, "html": "<p>Hello</p>", "seconds": seconds}

    return make


@pytest.fixture
def story(queue, wait_until):
    """`await story("1")` is what has happened to job 1; `until="completed"` waits for that."""

    async def tell(job="1", until=None):
        async def told():
            events = [event for event in await queue.read_events() if event.job == job]
            return events if until is None or until in [e.event for e in events] else None

        return await wait_until(told) if until else await told()

    return tell


# ---- workers -------------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path):
    """`command("-m", "lessonkit", "doctor")` starts it; at the end of the test it surely ends."""
    started = []

    def start(*arguments, **options):
        directory = tmp_path / f"command-{len(started)}"
        directory.mkdir()
        started.append(Command(arguments, directory, **options))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        print(one.process.args, one.out, one.err, sep="\n")  # which pytest shows of a failed test


@pytest.fixture
def worker(command, redis_url, prefix, wait_until):
    """`await worker("--max-jobs", 5)` is a `python -m workers` on the test's queue, and listens.

    `program=ODD_JOBS` runs jobs that misbehave.
    """

    async def start(*arguments, program="email", ready=True, **options):
        options = {"REDIS_URL": redis_url} | options
        one = command("-m", "workers", program, "--prefix", prefix, *arguments, **options)
        if ready:
            await wait_until(lambda: "Listening" in one.out or one.exit_code is not None)
            assert one.exit_code is None, one.out + one.err
        return one

    return start


@pytest.fixture
def odd_worker(worker):
    """As `worker`, with jobs that misbehave as their subject says: see odd_jobs.py."""

    async def start(*arguments, **options):
        return await worker("--backoff", 0.1, *arguments, program=ODD_JOBS, **options)

    return start


# ---- labs ----------------------------------------------------------------------------------------


@pytest.fixture
def lab(own_servers):
    """A session of this test alone, which leaves no worker and no server."""
    lab = Lab()
    yield lab
    background.spawn(lab.shut()).result(30)
    assert own_workers() == []
    assert not own_servers.exists()


@pytest.fixture
def press(wait_until):
    """`await press(lab, "lk-run")`: press a button and wait until it has had an effect."""

    async def press(lab, css_class):
        find(lab, css_class).click()
        await wait_until(lambda: lab.busy)

    return press


@pytest.fixture
def idle(wait_until):
    """`await idle(lab)`: wait until the lab has nothing more to do."""

    async def wait(lab):
        await wait_until(lambda: not lab.busy and not find(lab, "lk-run").disabled)

    return wait


@pytest.fixture
def says(wait_until):
    """`await says(lab, "1 completed")`: wait until the lab's status says so."""

    async def wait(lab, text, css_class="lk-status"):
        await wait_until(lambda: text in find(lab, css_class).value)

    return wait


@pytest.fixture
def underway(says):
    """`await underway(lab)`: wait until a worker of it sends emails."""

    async def wait(lab):
        await says(lab, "being sent")

    return wait
