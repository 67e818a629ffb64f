"""Nobody is let in: no port, no code from a payload, no size without an end, no more rights."""

import ast
import json
import os
import pickle
import re
from pathlib import Path

import httpx
import psutil
import pytest

from lessonkit import background, session
from lessonkit.child import LINES_KEPT
from lessonkit.queue import Queue
from workers.codec import CodecError
from workers.connection import connect
from workers.contract import EMAIL

ROOT = Path(__file__).parent.parent.parent
SOURCES = sorted(path for room in ("lessonkit", "workers") for path in (ROOT / room).rglob("*.py"))


# ---- ports and rights ----------------------------------------------------------------------------


def descendants():
    return psutil.Process().children(recursive=True)


async def test_nothing_of_ours_listens_but_the_api_on_loopback_nor_may_do_more_than_we(lab):
    before = {process.pid for process in descendants()}
    await lab.start_worker(processes=2)
    api = await lab.start_api()
    family = [process for process in descendants() if process.pid not in before]
    assert len(family) == 7  # guard, its shell, server, supervisor, two workers, API
    me = psutil.Process()
    for process in family:
        listening = {
            line.laddr.ip
            for line in process.net_connections("inet")
            if line.status == psutil.CONN_LISTEN
        }
        assert listening == ({"127.0.0.1"} if process.pid == api.pid else set()), process
        assert (process.uids(), process.gids()) == (me.uids(), me.gids())
        assert rights(process.pid) == rights(me.pid)
    await lab.close()


def rights(pid):
    """What Linux says of them, and that it gives no new ones."""
    status = Path(f"/proc/{pid}/status")
    return (
        re.findall(r"^(?:Cap|Groups|Seccomp:).*", status.read_text(), re.M)
        if status.exists()
        else []
    )


# ---- code from a payload -------------------------------------------------------------------------


class Harmful:
    """Unpickled, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


NAMES = ["os.system", "builtins.eval", "workers.email.send_email", "__import__", "send_email"]
JOB = {"f": "send-email", "a": [], "k": {}, "et": 1_700_000_000_000, "t": None}


async def test_neither_a_pickle_nor_a_name_in_a_payload_makes_a_worker_run_code(
    worker, queue, wait_until, tmp_path, email
):
    harm = tmp_path / "harm"
    pickled = pickle.dumps(JOB | {"a": [Harmful(harm)]})
    bodies = {"pickle": pickled} | {
        f"name-{n}": json.dumps(JOB | {"f": name, "a": [f"mkdir {harm}"]}).encode()
        for n, name in enumerate(NAMES)
    }
    one = await worker("--limit", "off")
    for job_id, body in bodies.items():
        await queue.redis.set(f"arq:job:{job_id}", body)
        await queue.redis.zadd(queue.keys.queue, {job_id: 1})
    number = await queue.add(email())

    async def all_ended():
        return {e.job: e for e in await queue.read_events() if e.ends}.keys() == {*bodies, number}

    await wait_until(all_ended)
    failed = {e.job: e.error for e in await queue.read_events() if e.event == "failed"}
    assert failed.keys() == bodies.keys()
    assert "not JSON" in failed["pickle"]
    assert all("not found" in failed[f"name-{n}"] for n in range(len(NAMES)))
    assert one.exit_code is None
    assert not harm.exists()


async def test_a_pickle_where_a_reader_looks_runs_nothing_and_is_said_to_be_none(
    lab, tmp_path, email
):
    harm = tmp_path / "harm"
    server, _ = await background.join(lab.open())
    client = connect(server.url)
    queue = Queue(EMAIL, client)
    number = await queue.add(email())
    pickled = pickle.dumps(JOB | {"r": Harmful(harm)})
    wrong = [("job", pickled), ("result", pickled), ("result", json.dumps(JOB).encode())]
    api = await lab.start_api()
    async with httpx.AsyncClient(base_url=api.url, headers=api.headers, timeout=30) as http:
        for kind, body in wrong:
            await client.set(f"arq:{kind}:{queue.keys.job(number)}", body)
            with pytest.raises(CodecError):
                await queue.state(number)
            answer = await http.get(f"/jobs/email/{number}")
            assert answer.status_code == 500
            assert "What Redis has of this job is none" in answer.json()["detail"]
    assert "Traceback" not in api.output
    assert not harm.exists()
    await client.aclose()


HOSTILE_EVENTS = [
    {"event": "no such event", "at": "1"},
    {"event": "waiting"},
    {"event": "waiting", "at": "nan"},
    {"event": "active", "at": "1", "job": "1", "worker": "__import__('os')"},
    {"event": "active", "at": "1", "jobs": "[" * 100_000},
    {"event": "active", "at": "1", "jobs": '[["1"]]'},
    {"event": "progress", "at": "1", "progress": "inf"},
    {"\udc80": "waiting"},
]


async def test_events_that_others_wrote_are_passed_over_by_those_who_follow(
    worker, queue, email, story
):
    for fields in HOSTILE_EVENTS:
        entry = {k.encode(errors="surrogateescape"): v for k, v in fields.items()}
        await queue.redis.xadd(queue.keys.events, entry)
    assert await queue.read_events() == []
    await worker()
    number = await queue.add(email())
    names = [event.event async for event in queue.events(number)]
    assert names == ["waiting", "active", "completed"]


# ---- sizes ---------------------------------------------------------------------------------------

CHATTER = """
from workers.contract import EMAIL
from workers.settings import worker_settings

async def chatter(job, email):
    print("x" * 5_000_000)
    for number in range(20_000):
        print("line", number)

WorkerSettings = worker_settings(EMAIL, chatter, max_jobs=1)
"""


async def test_what_a_job_prints_is_kept_up_to_a_size(lab, email, tmp_path):
    program = tmp_path / "chatter.py"
    program.write_text(CHATTER)
    worker = await lab.start_worker(program=program)
    queue = await lab.queue()
    await queue.add(email())
    await worker.until("line 19999")
    assert len(worker.lines) <= LINES_KEPT
    assert len(worker.output) < 50_000
    await worker.stop()


async def test_of_a_runs_output_the_last_lines_are_kept(lab, monkeypatch):
    monkeypatch.setattr(session, "OUTPUT_KEPT", 5)
    await lab.run(jobs=3, seconds=0, max_jobs=3)
    assert len(lab.output.splitlines()) == 5
    assert lab.output.endswith("[worker] All workers closed")


# ---- the source ----------------------------------------------------------------------------------

#: what runs code that was data a moment ago, and what empties somebody's Redis
BANNED_IMPORTS = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "code"}
BANNED_CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "setuid", "seteuid"}
BANNED_CALLS |= {"flushall", "flushdb", "swapdb", "shutdown_server"}
#: what loads a module by its name: a queue of ours or the file that a command line names, and ours
LOADERS = {"workers/programs.py", "lessonkit/__init__.py"}


def named(call):
    """What it calls, by its last name."""
    if ast.unparse(call.func) == "re.compile":
        return ""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def test_the_source_has_no_way_to_run_what_a_payload_says():
    for path in SOURCES:
        nodes = list(ast.walk(ast.parse(path.read_text())))
        modules = [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
        modules += [a.name for node in nodes if isinstance(node, ast.Import) for a in node.names]
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        called = {named(call) for call in calls}
        assert not {name.split(".")[0] for name in modules if name} & BANNED_IMPORTS, path
        assert not called & BANNED_CALLS, path
        assert not any(word.arg == "shell" for call in calls for word in call.keywords), path
        if path.relative_to(ROOT).as_posix() not in LOADERS:
            assert not called & {"import_module", "exec_module", "run_path", "run_module"}, path


def test_no_script_for_redis_empties_it():
    for path in [*ROOT.glob("lessonkit/*.lua"), *ROOT.glob("workers/*.lua")]:
        assert not re.search(r"(?i)flush|'keys'|\"keys\"|loadstring", path.read_text()), path
