"""How long one waits for the first thing to happen: a worker's first job, an import, a session."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from functools import partial

from lessonkit.queue import Queue
from tests.bench.bench import Bench
from tests.bench.compare import Row, Target, in_turns, row
from tests.bench.contender import PATIENCE_S, ROOT, Contender
from tests.bench.contenders import BULLMQ
from tests.bench.ours import OURS
from tests.bench.stock_arq import ARQ
from workers.connection import connect
from workers.contract import EMAIL, EmailPayload

ROUNDS = 3
WORKERS = {
    "ours": ("-m", "workers", "email", "--max-jobs", "1", "--limit", "off"),
    "stock arq": ("-m", "arq", "workers.email.WorkerSettings"),
}
IMPORTS = {
    "ours": "import lessonkit; lessonkit.open_lab",
    "ipywidgets, matplotlib": "import ipywidgets, matplotlib",
    "a lab: ConcurrencyLab": "import lessonkit; lessonkit.ConcurrencyLab",
}
SESSION = "import asyncio, lessonkit; asyncio.run(lessonkit.open_lab())"


async def start(bench: Bench) -> list[Row]:
    """A worker's process spawned to its first job started."""
    async with bench.server() as url:
        what = "worker spawned → first email started (ms)"
        emails = {name: partial(_first_email_ms, url, WORKERS[name]) for name in WORKERS}
        same_settings = row(
            what, await in_turns(what, emails, ROUNDS), Target(1.15, of="stock arq")
        )
        what = "bare worker spawned → first job started (ms)"
        bare = {
            each.name: partial(_first_nap_ms, url, each) for each in bench.those(OURS, ARQ, BULLMQ)
        }
        bare_ones = row(what, await in_turns(what, bare, ROUNDS))
    return [same_settings, bare_ones]


async def _first_email_ms(url: str, arguments: tuple[str, ...]) -> float:
    redis = connect(url)
    await Queue(EMAIL, redis).add(
        EmailPayload(to="a@example.com", subject="hi", html="", seconds=0)
    )
    began = time.perf_counter()
    process = await _python(*arguments, environment={"REDIS_URL": url, "PYTHONUNBUFFERED": "1"})
    assert process.stdout
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not (await process.stdout.readline()).startswith(b"[email] Processing"):
                assert process.returncode is None
        return (time.perf_counter() - began) * 1000
    finally:
        process.kill()
        await process.wait()
        await redis.flushall()
        await redis.aclose(close_connection_pool=True)


async def _first_nap_ms(url: str, contender: Contender) -> float:
    async with contender.crew(url, slots=1, processes=0) as crew:
        await crew.add_naps(1, 0)
        began = time.time()
        crew.workers.append(await contender.start_worker(url, slots=1))
        crew.go()
        ready = await crew.workers[0].stdout.readline()
        assert ready == b"ready\n"
        ((start_s, _),) = await crew.naps(1)
        crew.workers[0].kill()
        await crew.workers[0].wait()
    return (start_s - began) * 1000


async def imports(bench: Bench) -> list[Row]:
    """What a notebook's first cell waits for: the import, and then the session."""
    what = "import lessonkit (ms)"
    entrants = {name: partial(_run_ms, code) for name, code in IMPORTS.items()}
    found = await in_turns(what, entrants, ROUNDS)
    session = await in_turns("import and session", {"ours": partial(_run_ms, SESSION)}, ROUNDS)
    beside = {"ipywidgets, matplotlib": found["ipywidgets, matplotlib"]}
    return [
        row(what, found, Target(most=300)),
        Row("import lessonkit and open a session (ms)", session["ours"], beside, Target(most=300)),
    ]


async def _run_ms(code: str) -> float:
    """How long a fresh Python takes for it, without its own start."""
    timed = f"import time; t = time.perf_counter(); {code}; print((time.perf_counter() - t) * 1000)"
    process = await _python("-c", timed)
    output, errors = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{code}: {errors.decode().strip()}")
    return float(output.split()[-1])


async def _python(*arguments: str, environment: dict[str, str] | None = None):
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | (environment or {}),
    )
