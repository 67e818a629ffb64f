"""How both sides find Redis, and what they say of it."""

import asyncio
import socket
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lessonkit.server import open_server
from workers.connection import NoServer, connect, find_url, open_servers, safe_url, settings_of
from workers.contract import SOCKET_NAME

PASSWORDS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=6)


# ---- the password --------------------------------------------------------------------------------


@given(PASSWORDS)
@example("p@ss:w/rd#?%")
def test_a_password_is_never_shown(password):
    for user in ("", "founder"):
        shown = safe_url(f"redis://{user}:{quote(password, safe='')}@example.com:6379/1")
        assert shown == f"redis://{user}:***@example.com:6379/1"


@pytest.mark.parametrize("secret", ["se@cret", "se/cret", "se#cret", "se?cret", "se:cret", "se]c"])
def test_a_password_that_should_have_been_escaped_is_not_shown_either(secret):
    shown = safe_url(f"redis://:{secret}@example.com:6379")
    assert "se" not in shown.removeprefix("redis://")
    assert "cret" not in shown


@pytest.mark.parametrize("url", ["unix:///tmp/redis.sock", "redis://example.com"])
def test_a_password_after_the_question_mark_is_not_shown(url):
    assert "secret" not in safe_url(f"{url}?db=1&password=secret")


@pytest.mark.parametrize(
    "url",
    ["redis://localhost", "redis://localhost:6379/0", "unix:///tmp/a b/redis.sock", "nonsense", ""],
)
def test_a_url_without_a_password_is_shown_as_it_is(url):
    assert safe_url(url) == url


# ---- reading a URL -------------------------------------------------------------------------------


def both(url):
    """What our client and a stock arq worker make of the URL."""
    ours, arqs = connect(url).connection_pool.connection_kwargs, settings_of(url)
    return [
        {
            "host": ours.get("host"),
            "port": ours.get("port"),
            "path": ours.get("path"),
            "db": ours.get("db", 0),
            "username": ours.get("username"),
            "password": ours.get("password"),
        },
        {
            "host": None if arqs.unix_socket_path else arqs.host,
            "port": None if arqs.unix_socket_path else arqs.port,
            "path": arqs.unix_socket_path,
            "db": arqs.database,
            "username": arqs.username,
            "password": arqs.password,
        },
    ]


@given(PASSWORDS)
def test_an_escaped_password_is_unescaped_for_our_client_and_for_arqs(password):
    ours, arqs = both(f"redis://founder:{quote(password, safe='')}@example.com:6380/2")
    assert ours == arqs
    assert ours["password"] == password


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("redis://example.com:6380/2", {"host": "example.com", "port": 6380, "db": 2}),
        ("redis://example.com:6380?db=3", {"host": "example.com", "port": 6380, "db": 3}),
        ("rediss://a%20b:c@example.com:1", {"username": "a b", "password": "c"}),
        ("unix:///tmp/redis.sock", {"path": "/tmp/redis.sock", "host": None}),
        ("unix:///tmp/a%20b/redis.sock?db=4", {"path": "/tmp/a b/redis.sock", "db": 4}),
        ("unix://founder:secret@/tmp/redis.sock", {"username": "founder", "password": "secret"}),
        ("redis://[::1]:6380", {"host": "::1", "port": 6380}),
    ],
)
def test_our_client_and_arqs_read_a_url_alike(url, found):
    ours, arqs = both(url)
    assert ours == arqs
    assert ours.items() >= found.items()


def test_an_encrypted_connection_checks_whom_it_talks_to():
    settings = settings_of("rediss://example.com")
    assert settings.ssl
    assert settings.ssl_check_hostname
    assert not settings_of("redis://example.com").ssl


@pytest.mark.parametrize(
    "url", ["http://example.com", "valkey://example.com", "localhost", "", ":"]
)
def test_a_url_of_another_kind_is_refused_with_those_that_will_do(url):
    with pytest.raises(ValueError, match="it must begin with redis://, rediss:// or unix://"):
        connect(url)


async def test_the_client_speaks_our_codec(redis_url):
    redis = connect(redis_url)
    assert await redis.ping()
    assert redis.job_serializer.__module__ == "workers.codec"
    assert redis.job_deserializer.__module__ == "workers.codec"
    await redis.aclose()


async def test_a_task_that_is_cancelled_in_the_middle_of_a_command_ends(redis):
    """Else Stop and Interrupt would now and then do nothing: Python 3.11's `wait_for` may keep a
    cancellation to itself."""
    await redis.ping()
    for number in range(200):
        task = asyncio.create_task(_ping_on(redis))
        await asyncio.sleep(number % 20 / 10_000)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def _ping_on(redis):
    for _ in range(100):
        await redis.ping()


# ---- discovery -----------------------------------------------------------------------------------


def test_redis_url_comes_first(monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://example.com")
    assert find_url() == "redis://example.com"


def test_where_no_server_is_open_it_says_how_to_open_one(own_servers):
    with pytest.raises(NoServer, match=r"set-up cell.*python -m lessonkit server.*REDIS_URL"):
        find_url()


async def test_the_one_server_that_is_open_is_found(own_servers):
    server = await open_server("lesson.ipynb, process 1")
    assert find_url() == server.url
    assert open_servers() == [(server.url, "lesson.ipynb, process 1")]
    await server.stop()
    with pytest.raises(NoServer):
        find_url()


async def test_several_servers_are_listed_with_their_owners_to_choose_from(own_servers):
    first, second = await open_server("first.ipynb"), await open_server("second.ipynb")
    with pytest.raises(NoServer) as caught:
        find_url()
    await first.stop()
    await second.stop()
    assert "2 Redis servers are open" in str(caught.value)
    for url, owner in ((first.url, "first.ipynb"), (second.url, "second.ipynb")):
        assert f"REDIS_URL={url}    ({owner})" in str(caught.value)


def test_what_a_dead_server_left_is_not_a_server(own_servers, monkeypatch):
    dead = own_servers.with_name("dead")
    monkeypatch.setenv("LESSONKIT_SERVERS", str(dead))
    (dead / "s1").mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(dead / "s1" / SOCKET_NAME))
    (dead / "s2").mkdir()
    (dead / "s2" / SOCKET_NAME).touch()
    (dead / "s3").mkdir()
    assert open_servers() == []
