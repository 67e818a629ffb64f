"""The lesson's HTTP API: real HTTP to a real server, with a real worker beside it."""

import asyncio
import contextlib
import json
import signal
import socket
import statistics
import time

import httpx
import psutil
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from lessonkit import background
from lessonkit.processes import ApiProcess
from lessonkit.server import open_server

EMAIL = {"to": "founder@example.com", "subject": "Welcome to LaunchPad", "html": "<p>Hi</p>"}


@pytest.fixture(scope="module")
def server():
    """A Redis for this file alone, for the API's queues have no prefix of a test's own."""
    server = background.spawn(open_server("test_api")).result(30)
    yield server
    background.spawn(server.stop()).result(30)


@pytest.fixture(scope="module")
def api(server):
    api = ApiProcess(server.url)
    background.spawn(api.start()).result(30)
    yield api
    background.spawn(api.stop()).result(30)


@pytest.fixture
async def client(api):
    async with httpx.AsyncClient(base_url=api.url, headers=api.headers, timeout=30) as client:
        yield client


@pytest.fixture
async def own(own_servers):
    """A Redis and an API for one test, which does them harm: server, api, client."""
    server = await open_server("a test")
    async with (
        ApiProcess(server.url) as api,
        httpx.AsyncClient(base_url=api.url, headers=api.headers, timeout=30) as client,
    ):
        yield server, api, client
    await server.stop()


@pytest.fixture
async def workers(command, server, wait_until):
    both = command("-m", "workers", REDIS_URL=server.url, EMAIL_SECONDS="0.2")
    await wait_until(lambda: "Listening for jobs on queues: email, reports" in both.out)
    return both


async def test_a_job_is_taken_at_once_and_done_by_another_process(client, workers, wait_until):
    answer = await client.post("/jobs/email", json=EMAIL)
    assert answer.status_code == 202
    number = answer.json()["jobId"]
    assert answer.json() == {"message": "Email job enqueued", "jobId": number}

    async def ended():
        state = (await client.get(f"/jobs/email/{number}")).json()
        return state if state["state"] == "completed" else None

    state = await wait_until(ended)
    assert {key: state[key] for key in ("id", "name", "progress", "attemptsMade")} == {
        "id": number,
        "name": "send-email",
        "progress": 0,
        "attemptsMade": 1,
    }
    assert state["timestamp"] <= state["processedOn"] < state["finishedOn"]
    await wait_until(lambda: f"[worker:email] Job {number} completed" in workers.lines)


async def test_a_report_tells_its_progress(client, workers, wait_until):
    answer = await client.post(
        "/jobs/report", json={"reportType": "weekly", "userId": "u1", "seconds": 0.1}
    )
    number = answer.json()["jobId"]
    assert answer.json() == {"message": "Report job enqueued", "jobId": number}
    seen = set()

    async def ended():
        state = (await client.get(f"/jobs/report/{number}")).json()
        seen.add(state["progress"])
        return state["state"] == "completed"

    await wait_until(ended)
    assert seen <= {0, 33, 67, 100}
    assert 100 in seen
    assert f"[reports] Job {number}: weekly report complete for user u1" in workers.lines


async def test_without_a_worker_a_job_waits(client):
    number = (await client.post("/jobs/email", json=EMAIL)).json()["jobId"]
    state = (await client.get(f"/jobs/email/{number}")).json()
    assert (state["state"], state["processedOn"]) == ("waiting", None)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"to", "subject", "html"}),
        ({**EMAIL, "to": "nobody"}, {"to"}),
        ({**EMAIL, "to": 7}, {"to"}),
        ({**EMAIL, "subject": "two\nlines"}, {"subject"}),
        ({**EMAIL, "subject": ""}, {"subject"}),
        ({**EMAIL, "bcc": "x@example.com"}, {"bcc"}),
    ],
)
async def test_a_bad_body_is_refused_with_what_is_wrong(client, body, wrong):
    answer = await client.post("/jobs/email", json=body)
    assert answer.status_code == 422
    assert {item["loc"][-1] for item in answer.json()["detail"]} == wrong


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"seconds": NaN}', b'{"to": "\\ud800"}'])
async def test_bodies_that_are_hardly_json_are_refused_too(client, body):
    answer = await client.post(
        "/jobs/email", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "path",
    ["/jobs/email/999999", "/jobs/email/x", "/jobs/email/-1", "/jobs/sms/1", "/jobs/report/0"],
)
async def test_an_unknown_job_or_queue_is_404(client, path):
    assert (await client.get(path)).status_code == 404


async def test_a_body_over_the_limit_is_413_however_it_comes(client):
    big = json.dumps(EMAIL | {"html": "x" * 2_000_000}).encode()

    async def in_pieces():
        for start in range(0, len(big), 65_536):
            yield big[start : start + 65_536]

    as_json = {"Content-Type": "application/json"}
    told = await client.post("/jobs/email", content=big, headers=as_json)
    assert told.status_code == 413
    untold = await client.post("/jobs/email", content=in_pieces(), headers=as_json)
    assert untold.status_code == 413
    # fits as a request, and not with what a job has besides
    wide = json.dumps(EMAIL | {"html": "x" * 999_900}, ensure_ascii=False).encode()
    grown = await client.post("/jobs/email", content=wide, headers=as_json)
    assert grown.status_code == 413


async def test_it_wants_the_token_and_a_host_of_this_machine(api):
    async with httpx.AsyncClient(base_url=api.url) as stranger:
        assert (await stranger.post("/jobs/email", json=EMAIL)).status_code == 401
        assert (await stranger.get("/jobs/email/1")).status_code == 401
        assert (await stranger.get("/health")).status_code == 200
        rebound = await stranger.get("/health", headers={"Host": "evil.example.com"})
        assert rebound.status_code == 400


async def test_it_listens_on_loopback_alone(api):
    listening = [
        line.laddr.ip
        for line in psutil.Process(api.pid).net_connections("inet")
        if line.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


async def test_while_redis_is_away_it_says_so_and_loses_nothing(own, wait_until):
    server, _, client = own
    (redis,) = (p for p in psutil.Process(server.pids[0]).children() if "-server" in p.cmdline()[0])
    first = await client.post("/jobs/email", json=EMAIL)
    redis.send_signal(signal.SIGSTOP)
    try:
        away = await client.post("/jobs/email", json=EMAIL)
        assert (await client.get("/health")).status_code == 503
    finally:
        redis.send_signal(signal.SIGCONT)
    assert away.status_code == 503
    assert int(away.headers["Retry-After"]) > 0
    redis.send_signal(signal.SIGKILL)

    async def back():
        return (await client.get("/health")).status_code == 200

    await wait_until(back)
    state = await client.get(f"/jobs/email/{first.json()['jobId']}")
    assert state.json()["state"] == "waiting"


async def test_it_answers_as_fast_while_workers_are_busy(client, workers, wait_until):
    async def median_s():
        took_s = []
        for _ in range(40):
            began = time.perf_counter()
            await client.get("/jobs/report/1")
            took_s.append(time.perf_counter() - began)
        return statistics.median(took_s)

    await client.post("/jobs/report", json={"reportType": "weekly", "seconds": 0})
    idle_s = await median_s()
    for _ in range(20):
        await client.post("/jobs/report", json={"reportType": "weekly", "seconds": 0.3})
    await wait_until(lambda: workers.out.count("generating weekly report") > 1)
    busy_s = await median_s()
    assert busy_s < 3 * idle_s

    async def took_s(path):
        began = time.perf_counter()
        answer = await client.post(path, json={"reportType": "weekly", "seconds": 0.1})
        assert answer.is_success
        return time.perf_counter() - began

    inside_s = await took_s("/reports")
    assert inside_s > 0.3
    assert await took_s("/jobs/report") < inside_s / 3


async def test_it_dies_with_the_process_that_started_it(own):
    _, api, _ = own
    api._process.stdin.close()
    await asyncio.wait_for(api.wait(), 15)
    assert api.how_it_ended == "ended with exit code 0"


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
async def test_in_a_terminal_it_opens_a_redis_and_a_signal_ends_both(
    command, own_servers, wait_until, signum
):
    one = command("-m", "lessonkit", "api", "--port", "0")
    await wait_until(lambda: "[api] Listening on http://127.0.0.1:" in one.out)
    one.send(signum)
    assert await one.end() == 0
    await wait_until(lambda: not list(own_servers.glob("*")))


async def test_a_port_that_is_taken_is_said_in_one_line(command, own_servers):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        one = command("-m", "lessonkit", "api", "--port", taken.getsockname()[1])
        assert await one.end() == 1
    assert "Give another --port" in one.err
    assert "Traceback" not in one.err


async def test_no_request_that_the_schema_allows_or_not_makes_it_fail(api):
    """Property-based: what the OpenAPI schema says is tried, and so is what it does not say."""

    def run():
        schema = schemathesis.openapi.from_url(f"{api.url}/openapi.json")
        failures = []
        for operation in schema.get_all_operations():
            for mode in schemathesis.GenerationMode:
                failures += _try(operation.ok().as_strategy(generation_mode=mode), api)
        return failures

    assert await asyncio.to_thread(run) == []


def _try(strategy, api):
    failures = []

    @given(case=strategy)
    @settings(max_examples=30, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    def one(case):
        if case.path == "/reports":
            return  # it takes as long as its body says
        answer = case.call(base_url=api.url, headers=api.headers)
        if answer.status_code >= 500:
            failures.append((case.method, case.path, case.body, answer.status_code))

    with contextlib.suppress(Unsatisfiable):  # a request without a body cannot be a wrong one
        one()
    return failures
