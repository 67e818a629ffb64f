"""`python -m tests.bench`: how good our worker is, beside what people would pick instead."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

from tests.bench.bench import Bench, Measure
from tests.bench.compare import Row, say
from tests.bench.contenders import find_contenders
from tests.bench.footprint import idle, memory
from tests.bench.makespan import latency, makespan
from tests.bench.notebooks import frames, notebooks
from tests.bench.starting import imports, start
from tests.bench.throughput import backlog, throughput

MEASURES: dict[str, Measure] = {
    measure.__name__: measure
    for measure in (
        makespan,
        latency,
        throughput,
        backlog,
        idle,
        memory,
        start,
        imports,
        frames,
        notebooks,
    )
}


def main() -> None:
    options = _parser().parse_args()
    if options.list:
        for name, measure in MEASURES.items():
            print(f"{name:12}{(measure.__doc__ or '').strip().splitlines()[0]}")
        return
    began = time.monotonic()
    rows = asyncio.run(_measure(options.only or list(MEASURES), quiet=options.json))
    if options.json:
        print(json.dumps([row.to_dict() for row in rows], indent=1, ensure_ascii=False))
    say(f"{len(rows)} rows in {time.monotonic() - began:.0f} s")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m tests.bench",
        description=f"{__doc__}\n\nEach figure is the median of its rounds (lowest–highest).",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON list and nothing else")
    parser.add_argument(
        "--only", action="append", choices=MEASURES, metavar="NAME", help="may be given again"
    )
    parser.add_argument("--list", action="store_true", help="name the measures")
    return parser


async def _measure(names: list[str], *, quiet: bool) -> list[Row]:
    # servers of our own, apart from those that notebooks have open
    os.environ.pop("REDIS_URL", None)
    servers = tempfile.mkdtemp(prefix="lkb-", dir="/tmp" if Path("/tmp").is_dir() else None)
    os.environ["LESSONKIT_SERVERS"] = servers
    try:
        bench = Bench(find_contenders())
        rows: list[Row] = []
        for name in names:
            found = await MEASURES[name](bench)
            rows += found
            if not quiet:
                print("\n\n".join(row.to_text() for row in found), end="\n\n", flush=True)
        return rows
    finally:
        shutil.rmtree(servers, ignore_errors=True)


if __name__ == "__main__":
    main()
