"""How long all tests take. That is longer than all of the bench, so it is measured when asked."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import UTC, datetime

from tests.bench.bench import Bench
from tests.bench.compare import Row, say
from tests.bench.contender import ROOT
from tests.bench.contenders import CACHE

RECORD = CACHE / "make-test.json"
WHAT = "make test (s)"
#: a make hands the ARGS that it was given to each make below it: here there are none
COMMAND = ("make", "test", "ARGS=")


async def make_test(bench: Bench) -> list[Row]:
    """`make test`, all of it: only by --only make-test. Else what that took the last time."""
    began = time.monotonic()
    say("make test: several minutes")
    # stdout is for the answer alone
    process = await asyncio.create_subprocess_exec(*COMMAND, cwd=ROOT, stdout=sys.stderr)
    if await process.wait():
        raise RuntimeError("make test failed, which says nothing about its time")
    took_s = time.monotonic() - began
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    CACHE.mkdir(parents=True, exist_ok=True)
    RECORD.write_text(json.dumps({"seconds": took_s, "day": day}))
    return [Row(WHAT, [took_s], note=f"on {day}")]


async def last_make_test(bench: Bench) -> list[Row]:
    """What `make test` took here the last time that it was measured."""
    try:
        last = json.loads(RECORD.read_text())
    except FileNotFoundError:
        say("make test is not measured on this machine yet: --only make-test, several minutes")
        return []
    say(f"make test was measured on {last['day']}; --only make-test measures it again")
    return [Row(WHAT, [last["seconds"]], note=f"on {last['day']}")]
