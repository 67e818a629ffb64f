"""`python -m lessonkit` and `python -m workers`, as typed in a shell."""

import asyncio
import json
import signal
import sys

import pytest

from lessonkit.__main__ import main
from tests.test_batch import KEYS


@pytest.fixture
def lessonkit(command, own_servers):
    """`lessonkit("compare", …)` starts it, with servers of its own."""
    return lambda *words, **environment: command("-m", "lessonkit", *words, **environment)


@pytest.fixture
async def open_server(lessonkit, wait_until):
    """`url, one = await open_server()` is a `python -m lessonkit server`, open."""

    async def start():
        one = lessonkit("server")
        await wait_until(lambda: one.out.endswith("\n") or one.exit_code is not None)
        return one.lines[0].removeprefix("REDIS_URL="), one

    return start


# ---- compare -------------------------------------------------------------------------------------


async def test_compare_prints_a_table_with_a_line_for_each_run(lessonkit, own_servers):
    one = lessonkit("compare", "--jobs", 4, "--seconds", 0.1, "--max-jobs", 1, 4)
    assert await one.end(30) == 0
    head, *rows, last = one.lines
    assert head.split("  ")[-1].strip() == "at a time"
    cells = [row.split() for row in rows]
    assert [row[:2] for row in cells] == [["4", "1"], ["4", "4"]]
    assert [row[4] for row in cells] == ["0.400", "0.100"]
    assert [row[-1] for row in cells] == ["1", "4"]
    assert len({len(line) for line in (head, *rows)}) == 1
    assert last.startswith("max_jobs 4 took 1/")
    assert one.err == ""
    assert not own_servers.exists()


async def test_compare_prints_json_with_the_promised_keys_and_nothing_else(lessonkit):
    one = lessonkit("compare", "--jobs", 3, "--seconds", 0.1, "--max-jobs", 1, 3, "--json")
    assert await one.end(30) == 0
    results = json.loads(one.out, parse_constant=pytest.fail)
    assert [set(result) for result in results] == [KEYS, KEYS]
    assert [result["max_jobs"] for result in results] == [1, 3]
    assert [result["peak_concurrency"] for result in results] == [1, 3]
    for result in results:
        assert [record["id"] for record in result["records"]] == ["1", "2", "3"]
        latencies = [record["latency_s"] for record in result["records"]]
        assert max(latencies) == result["makespan_s"] >= result["ideal_s"]
        assert all(record["wait_s"] <= record["latency_s"] for record in result["records"])
    assert one.err == ""


async def test_compare_that_is_interrupted_says_so_and_leaves_nothing(
    lessonkit, own_servers, wait_until
):
    one = lessonkit("compare", "--seconds", 60)
    family = await wait_until(lambda: workers_of(one) and one.process.children(recursive=True))
    one.send(signal.SIGINT)
    assert await one.end() == 130
    assert one.err == "lessonkit: stopped; nothing of it is left running.\n"
    assert not any(process.is_running() for process in family)
    assert not own_servers.exists()


def workers_of(one):
    return [p for p in one.process.children(recursive=True) if "workers" in p.cmdline()]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--max-jobs", "0"], "max_jobs is 0, which cannot be used. Give a whole number from 1 to"),
        (["--max-jobs", "-1"], "max_jobs is -1"),
        (["--max-jobs", "1", "1000000"], "max_jobs is 1000000"),
        (["--max-jobs", "abc"], "'abc' is no whole number"),
        (["--jobs", "0"], "jobs is 0"),
        (["--seconds", "-1"], "seconds is -1.0"),
        (["--seconds", "nan"], "'nan' is no number of seconds"),
        (["--seconds", "soon"], "'soon' is no number of seconds"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_bad_number_is_answered_with_one_clear_line(capsys, own_servers, words, wanted):
    with pytest.raises(SystemExit) as ended:
        sys.exit(main(["compare", *words]))
    said = capsys.readouterr()
    assert ended.value.code in (1, 2)
    assert wanted in said.err.splitlines()[-1]
    assert said.out == ""
    assert not own_servers.exists()


BAD_URLS = {
    "redis://founder:secret@127.0.0.1:1": "unset REDIS_URL",
    "unix://:secret@/none/redis.sock": "unset REDIS_URL",
    "http://:secret@example.com": "redis://localhost:6379",
    "redis://:se/cret@example.com": "redis://localhost:6379",
}


async def test_a_bad_redis_url_is_answered_with_one_clear_line(lessonkit):
    started = [lessonkit("compare", "--json", REDIS_URL=url) for url in BAD_URLS]
    started.append(lessonkit("server", REDIS_URL=next(iter(BAD_URLS))))
    await asyncio.gather(*(one.end() for one in started))
    for one, wanted in zip(started, [*BAD_URLS.values(), "unset REDIS_URL"], strict=True):
        assert one.exit_code == 1
        assert len(one.err.splitlines()) == 1
        assert wanted in one.err
        assert "cret" not in one.err
        assert "'se'" not in one.err
        assert one.out == ""


async def test_a_directory_that_cannot_be_written_to_is_answered_with_the_next_step(
    lessonkit, tmp_path
):
    (tmp_path / "file").touch()
    one = lessonkit("compare", LESSONKIT_SERVERS=str(tmp_path / "file" / "servers"))
    assert await one.end() == 1
    assert "Traceback" not in one.err
    assert "doctor" in one.err.splitlines()[-1]


async def test_no_command_and_a_wrong_one_say_which_there_are(lessonkit):
    none, wrong = lessonkit(), lessonkit("comparison")
    assert await asyncio.gather(none.end(), wrong.end()) == [2, 2]
    assert "compare" in wrong.err
    assert "Traceback" not in none.err + wrong.err


# ---- server --------------------------------------------------------------------------------------


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
async def test_server_says_where_it_is_and_ends_cleanly(open_server, own_servers, signum):
    url, one = await open_server()
    assert one.lines == [f"REDIS_URL={url}"]
    assert url.startswith("unix:///")
    family = one.process.children(recursive=True)
    assert len(family) == 3
    one.send(signum)
    assert await one.end() == 0
    assert "Traceback" not in one.err
    assert not any(process.is_running() for process in family)
    assert not own_servers.exists()


async def test_server_says_when_its_server_is_gone(open_server, own_servers):
    _, one = await open_server()
    guard = one.process.children()[0]
    guard.terminate()
    assert await one.end() == 1
    assert "ended by itself. Start it again." in one.err
    assert not own_servers.exists()


async def test_a_worker_in_another_terminal_joins_the_server_that_is_open(
    open_server, command, wait_until
):
    _, server = await open_server()
    worker = command("-m", "workers", "email")
    await wait_until(lambda: "Listening for jobs on queues: email" in worker.out)
    worker.send(signal.SIGINT)
    assert await worker.end() == 0
    server.send(signal.SIGINT)
    assert await server.end() == 0


async def test_a_worker_without_a_server_is_told_how_to_open_one(own_servers, command):
    worker = command("-m", "workers", "email")
    assert await worker.end() == 2
    assert len(worker.err.splitlines()) == 1
    assert "python -m lessonkit server" in worker.err


async def test_a_worker_with_two_servers_is_told_to_choose(open_server, command):
    (first, _), (second, _) = await asyncio.gather(open_server(), open_server())
    worker = command("-m", "workers", "email")
    assert await worker.end() == 2
    assert f"REDIS_URL={first} " in worker.err
    assert f"REDIS_URL={second} " in worker.err
    assert "python -m lessonkit server" in worker.err
    chosen = command("-m", "workers", "sms", REDIS_URL=first)
    assert await chosen.end() == 2
    assert "There is no queue 'sms'" in chosen.err


# ---- doctor --------------------------------------------------------------------------------------


async def test_the_doctor_is_content_with_this_machine(lessonkit, own_servers):
    one = lessonkit("doctor")
    assert await one.end(30) == 0, one.out
    assert one.lines[-1] == "All is well."
    assert all(line.startswith("ok ") for line in one.lines[:-1])
    assert "a worker runs a job" in one.lines[-2]
    assert not own_servers.exists()


async def test_the_doctor_says_what_is_wrong_and_what_to_do(lessonkit):
    one = lessonkit("doctor", REDIS_URL="redis://:secret@127.0.0.1:1")
    assert await one.end(30) == 1
    assert "NO  Redis server" in one.out
    assert "-> Start it, or mend REDIS_URL" in one.out
    assert "secret" not in one.out
    assert "need you" in one.lines[-1]
