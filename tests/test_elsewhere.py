"""A Redis elsewhere: at a port, with a password, behind TLS; and what is said when it cannot be."""

import asyncio
import os
import ssl
import stat
from pathlib import Path

import pytest
import redis as blocking_redis
import trustme
from arq.connections import create_pool

import lessonkit
from lessonkit import background
from lessonkit.elsewhere import Elsewhere
from lessonkit.errors import BadSetting, ServerUnreachable
from lessonkit.queue import Queue
from lessonkit.server import open_at_port, open_server
from workers.connection import connect, safe_url, settings_of, tls_options
from workers.contract import EMAIL, EmailPayload

PASSWORD = "p@ss/w0rd:#?"
NAME = "localhost"


@pytest.fixture(scope="module")
def far():
    """A server at a port of this machine, behind a password."""
    server = background.spawn(open_at_port("the tests", PASSWORD)).result(30)
    yield server
    background.spawn(server.stop()).result(30)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate authority of our own: a file with its certificate, and what it signs."""
    authority = trustme.CA()
    path = tmp_path_factory.mktemp("ca") / "our-ca.pem"
    authority.cert_pem.write_to_path(path)
    authority.path = path
    return authority


@pytest.fixture
async def tls(far, authority):
    """`await tls()` puts TLS before the server, as a cloud's load balancer does; answers a URL
    without a query, by the name that its certificate is for."""
    fronts = []

    async def start(name=NAME):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(name).configure_cert(context)
        front = await asyncio.start_server(pass_on, "localhost", 0, ssl=context)
        fronts.append(front)
        credentials = far.url.removeprefix("redis://").rpartition("@")[0]
        return f"rediss://{credentials}@localhost:{front.sockets[0].getsockname()[1]}"

    async def pass_on(reader, writer):
        host, _, port = far.url.rpartition("@")[2].partition(":")
        behind, back = await asyncio.open_connection(host, int(port))
        await asyncio.gather(copy(reader, back), copy(behind, writer))

    yield start
    for front in fronts:
        front.close()


async def copy(reader, writer):
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


# ---- at a port, with a password ------------------------------------------------------------------


async def test_a_server_at_a_port_is_open_to_this_machine_and_to_the_password_alone(far):
    assert far.url.startswith("redis://:p%40ss%2Fw0rd%3A%23%3F@127.0.0.1:")
    client = connect(far.url)
    assert (await client.config_get("bind"))["bind"] == "127.0.0.1"
    assert (await client.config_get("appendonly"))["appendonly"] == "yes"
    await client.aclose()
    without = connect(f"redis://{far.url.rpartition('@')[2]}")
    with pytest.raises(blocking_redis.AuthenticationError):
        await without.ping()
    await without.aclose()


def test_its_password_is_in_no_command_line_and_in_no_repr(far):
    assert PASSWORD not in repr(far)
    assert far.url not in repr(far)
    own = stat.S_IMODE((far.directory.parent / "secret").stat().st_mode)
    assert own == 0o600
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        assert PASSWORD.encode() not in line
        assert far.url.encode() not in line


async def test_a_session_elsewhere_runs_what_any_other_does(own_servers):
    away = await lessonkit.open_elsewhere(PASSWORD)
    assert "redis://:***@127.0.0.1:" in repr(away)
    assert (await away.run(jobs=2, seconds=0.05, max_jobs=2)).peak_concurrency == 2
    assert "no process of this lab is left" in repr(await away.close())
    assert not own_servers.exists()


@pytest.mark.parametrize("password", ["", None, 5])
async def test_a_session_elsewhere_wants_a_password(own_servers, password):
    with pytest.raises(BadSetting, match="some text that is not empty"):
        await lessonkit.open_elsewhere(password)


async def test_a_worker_that_was_killed_has_a_successor_and_both_are_gone_in_the_end(own_servers):
    away = Elsewhere("secret")
    fleet = await away.start_worker("email", max_jobs=1, processes=2)
    email = EmailPayload(to="a@example.com", subject="Hello", html="", seconds=0)
    story = await away.send(email)
    os.kill(story.worker_pid, 9)
    await fleet.until("Listening for jobs", times=3)
    after = await away.send(email)
    assert after.state == "completed"
    assert after.worker_pid != story.worker_pid
    assert "its successor starts in 0.2 s" in fleet.output
    assert "no process" in repr(await away.close())


# ---- behind TLS ----------------------------------------------------------------------------------


async def test_a_worker_behind_tls_takes_a_job_and_keeps_its_lease(tls, authority, worker, prefix):
    url = f"{await tls()}?ssl_ca_certs={authority.path}"
    client = connect(url)
    queue = Queue(EMAIL, client, prefix)
    one = await worker(REDIS_URL=url)
    await queue.add({"to": "a@example.com", "subject": "x", "html": "", "seconds": 4.5})
    events = queue.events("1")
    async for event in events:
        if event.event == "active":
            await asyncio.sleep(3.6)  # longer than a lease that is not renewed
            assert await client.exists(f"arq:in-progress:{queue.keys.job('1')}")
    assert (await queue.state("1")).state == "completed"
    assert "p%40ss" not in one.out + one.err
    await queue.obliterate()
    await client.aclose()


async def test_stock_arq_and_a_session_are_let_in_too(tls, authority, monkeypatch, own_servers):
    url = f"{await tls()}?ssl_ca_certs={authority.path}"
    pool = await create_pool(settings_of(url))
    assert await pool.ping()
    await pool.aclose()
    monkeypatch.setenv("REDIS_URL", url)
    server = await asyncio.wrap_future(background.spawn(open_server("a test")))
    assert not server.is_private


REFUSED = {
    "an authority that nobody knows": ("", "add ?ssl_ca_certs=/path/to/its/certificate.pem"),
    "a wrong password": ("wrong", "Mend the user or password in REDIS_URL."),
    "no TLS at the port": ("plain", "begin REDIS_URL with redis:// in place of"),
    "a name that the certificate is not for": ("name", "a name that the server's certificate is"),
}


@pytest.fixture(params=REFUSED)
async def refused(request, tls, far, authority):
    """A URL that cannot be used, and a word of what to do."""
    what, advice = REFUSED[request.param]
    known = f"?ssl_ca_certs={authority.path}"
    url = await tls("redis.example.com" if what == "name" else NAME)
    urls = {
        "": url,
        "wrong": f"rediss://:secret@{url.rpartition('@')[2]}{known}",
        "plain": far.url.replace("redis://", "rediss://") + known,
        "name": url + known,
    }
    return urls[what], advice


async def test_a_worker_says_why_it_is_not_let_in_and_what_to_do(refused, command):
    url, advice = refused
    one = command("-m", "workers", "email", REDIS_URL=url)
    assert await one.end() == 1
    assert advice in one.err
    assert safe_url(url) in one.err
    assert "p%40ss" not in one.err
    assert "Traceback" not in one.err


async def test_a_session_says_it_too(refused, monkeypatch):
    url, advice = refused
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(ServerUnreachable) as caught:
        await asyncio.wrap_future(background.spawn(open_server("a test")))
    assert advice in str(caught.value)
    assert "unset REDIS_URL" in str(caught.value)
    assert "p%40ss" not in str(caught.value)


async def test_the_api_says_it_too(refused, command):
    url, advice = refused
    one = command("-m", "lessonkit", "api", "--port", "0", REDIS_URL=url)
    assert await one.end() != 0
    assert advice in one.out + one.err
    assert "Traceback" not in one.err


async def test_a_lease_is_not_renewed_at_a_server_of_another_name(tls, authority):
    url = f"{await tls('redis.example.com')}?ssl_ca_certs={authority.path}"
    client = blocking_redis.Redis.from_url(url, **tls_options(url))
    with pytest.raises(blocking_redis.ConnectionError, match="mismatch"):
        await asyncio.to_thread(client.ping)
    client.close()


def test_who_trusts_any_certificate_or_name_has_to_say_so():
    assert tls_options("redis://example.com") == tls_options("unix:///a") == {}
    assert tls_options("rediss://example.com") == {"ssl_check_hostname": True}
    for query in ("ssl_cert_reqs=none", "ssl_check_hostname=false"):
        url = f"rediss://example.com?{query}"
        assert not connect(url).connection_pool.connection_kwargs.get("ssl_check_hostname")
        assert not settings_of(url).ssl_check_hostname
    assert settings_of("rediss://example.com?ssl_ca_certs=/ca.pem").ssl_ca_certs == "/ca.pem"
