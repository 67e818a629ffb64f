"""A Redis that is somebody else's: only keys of ours are touched, and in the end none is left.

The server itself sees to the first: our user may touch what the README says, and no more.
"""

import contextlib
import re
import shutil
import signal
import subprocess
from pathlib import Path

import httpx
import psutil
import pytest
from redis.exceptions import RedisError

from lessonkit import background
from lessonkit.doctor import look_at_all
from lessonkit.server import find_program, open_server
from lessonkit.session import Lab
from lessonkit.shared import HERE, MADE
from workers.connection import connect
from workers.contract import EmailPayload, ReportPayload
from workers.risks import risks

ROOT = Path(__file__).parent.parent.parent
#: the rights that the README tells an administrator to give
RIGHTS = re.search(r"ACL SETUSER lessons on >\S+ ([^`]+)", (ROOT / "README.md").read_text())[1]
EMAIL = EmailPayload(to="a@example.com", subject="Hello", html="", seconds=0)


@pytest.fixture
async def theirs(own_servers):
    """A client of a server on which there are other people's keys."""
    server = await open_server("somebody else")
    client = connect(server.url)
    await client.mset({"invoice:1": "paid", "lessons": "on Mondays", "arq:job:theirs": "a job"})
    await client.zadd("arq:queue", {"theirs": 1e15})
    await client.execute_command("ACL", "SETUSER", "lessons", "on", ">s3cret", *RIGHTS.split())
    client.url = server.url.replace("unix://", "unix://lessons:s3cret@")
    yield client
    await client.aclose()
    await server.stop()


@pytest.fixture
def lab(theirs, monkeypatch):
    """`lab()` is a session there."""
    monkeypatch.setenv("REDIS_URL", theirs.url)
    return Lab


async def everything(client):
    return {key: await client.dump(key) for key in await client.keys("*")}


def there(path):
    return path.exists()


async def use_it_all(lab):
    """What notebooks do on a server, in short."""
    await lab.run(jobs=3, seconds=0, max_jobs=3, workers=2, limit="50/1s")
    await lab.run(jobs=2, seconds=0, stock=True)
    worker = await lab.start_worker("email")
    await lab.start_worker("reports")
    assert (await lab.send(EMAIL)).state == "completed"
    report = ReportPayload(reportType="sales", seconds=0)
    assert (await lab.send(report, "reports")).state == "completed"
    mail = await lab.queue("mail")  # which nobody picks up
    await mail.add(EMAIL, delay_s=60)
    api = await lab.start_api()
    async with httpx.AsyncClient(base_url=api.url, headers=api.headers, timeout=30) as client:
        answer = await client.post("/jobs/email", json=EMAIL.model_dump(exclude_none=True))
        number = answer.json()["jobId"]
        assert (await lab.follow(number)).state == "completed"
    assert worker.running


async def test_all_that_a_session_does_needs_no_more_rights_than_the_readme_says(lab, theirs):
    before = await everything(theirs)
    one = lab()
    await use_it_all(one)
    report = await background.join(look_at_all(one))
    assert report.ok, report
    made = set(await theirs.keys("*")) - set(before)
    assert len(made) > 10
    assert all(re.match(rb"lesson:|arq:[a-z-]+:lesson:", key) for key in made)
    await one.close()
    assert await theirs.execute_command("ACL", "LOG") == []
    assert await everything(theirs) == before


async def test_what_was_in_a_queue_before_the_session_came_stays(lab, theirs):
    other = lab()
    await (await other.queue("email")).add(EMAIL)
    await theirs.srem(MADE, "lesson:email")  # as if nobody's session had made it
    before = set(await everything(theirs)) - {MADE.encode()}
    one = lab()
    await (await one.queue("mail")).add(EMAIL)
    for each in (one, other):
        await each.close()
    assert set(await everything(theirs)) == before


async def test_the_last_session_that_leaves_removes_what_all_have_made(lab, theirs):
    before = await everything(theirs)
    one, other = lab(), lab()
    await (await one.queue("email")).add(EMAIL)
    there = await other.queue("email")
    number = await there.add(EMAIL)
    await one.close()
    assert (await there.state(number)).state == "waiting"
    await other.close()
    assert await everything(theirs) == before


async def test_what_a_killed_session_left_the_next_one_removes(lab, theirs, command, wait_until):
    before = await everything(theirs)
    killed = command(
        "-c",
        "import asyncio\nfrom lessonkit import background\nfrom lessonkit.session import Lab\n"
        "lab = Lab()\nbackground.spawn(lab.open()).result()\nprint(lab.directory)\n"
        "asyncio.run(lab.run(jobs=9, seconds=60))",
        PYTHONUNBUFFERED="1",
    )

    async def is_active():
        return await theirs.keys("arq:in-progress:*")

    await wait_until(is_active)
    (worker,) = (each for each in killed.process.children() if "workers" in each.cmdline())
    directory = Path(killed.lines[0])
    assert there(directory)
    killed.kill()

    async def is_gone():
        present = (await theirs.pubsub_numsub(HERE))[0][1]
        return not present and not worker.is_running() and not there(directory)

    await wait_until(is_gone)
    assert await everything(theirs) != before
    one = lab()
    await one.queue("email")
    await one.close()
    assert await everything(theirs) == before


async def test_jobs_of_an_api_in_a_terminal_outlive_a_session_beside_it(
    lab, theirs, command, wait_until
):
    api = command("-m", "lessonkit", "api", "--port", "0")
    await wait_until(lambda: "Listening on" in api.out)
    one = lab()
    await one.queue("email")  # which the session makes
    async with httpx.AsyncClient(base_url=api.out.split()[-1], timeout=30) as client:
        body = EMAIL.model_dump(exclude_none=True)
        number = (await client.post("/jobs/email", json=body)).json()["jobId"]
        await one.close()
        assert (await client.get(f"/jobs/email/{number}")).json()["state"] == "waiting"
    api.send(signal.SIGTERM)
    assert await api.end() == 0
    assert await theirs.exists("lesson:email")
    other = lab()
    await other.queue("email")
    await other.close()
    assert not await theirs.exists("lesson:email")


# ---- a server that loses what it is given --------------------------------------------------------


@pytest.fixture
async def careless(own_servers, wait_until):
    """`await careless("--save", "")` is a client of a server that is set so."""
    started = []

    async def start(*settings):
        own_servers.mkdir()
        path = own_servers / "redis.sock"
        process = psutil.Popen(
            [find_program(), "--port", "0", "--unixsocket", path, "--dir", own_servers, *settings],
            stdout=subprocess.DEVNULL,
        )
        client = connect(f"unix://{path}")
        client.url = f"unix://{path}"
        started.append((process, client))

        async def answers():
            with contextlib.suppress(RedisError, OSError):
                return await client.ping()

        await wait_until(answers)  # its socket is there a moment before it listens
        return client

    yield start
    for process, client in started:
        await client.aclose()
        process.kill()
        process.wait()
    shutil.rmtree(own_servers)


async def test_a_server_that_may_lose_jobs_is_warned_of_by_all_who_use_it(
    careless, monkeypatch, caplog, command, wait_until
):
    evicts = ("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
    client = await careless("--save", "", *evicts)
    monkeypatch.setenv("REDIS_URL", client.url)
    warnings = "throws jobs away when its memory is full", "forgets all jobs when it restarts"
    one = Lab()
    report = await background.join(look_at_all(one))
    await one.close()
    worker = command("-m", "workers", "email")
    await wait_until(lambda: "Listening" in worker.out)
    for warning in warnings:
        assert warning in caplog.text
        assert warning in repr(report)
        assert warning in worker.out
    assert "Set appendonly to yes." in repr(report)
    assert not report.ok


@pytest.mark.parametrize(
    "settings", [[], ["--save", "", "--appendonly", "yes"]], ids=["as it is", "aof"]
)
async def test_a_server_as_it_comes_and_one_that_writes_all_down_are_not_warned_of(
    careless, settings
):
    assert await risks(await careless(*settings)) == []
