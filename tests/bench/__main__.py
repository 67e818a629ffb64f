"""`python -m tests.bench`: how good our worker is, beside what people would pick instead."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence

from tests.bench.backlog import backlog
from tests.bench.bench import Bench, Measure
from tests.bench.compare import Row, say
from tests.bench.contenders import find_contenders
from tests.bench.footprint import idle, memory
from tests.bench.kernel import kernel
from tests.bench.makespan import latency, makespan
from tests.bench.notebooks import frames, notebooks
from tests.bench.readme import rewrite
from tests.bench.starting import imports, start
from tests.bench.suite import last_make_test, make_test
from tests.bench.throughput import throughput
from workers.contract import servers_directory

MEASURES: dict[str, Measure] = {
    measure.__name__.replace("_", "-"): measure
    for measure in (
        makespan,
        latency,
        throughput,
        backlog,
        idle,
        memory,
        start,
        imports,
        kernel,
        frames,
        notebooks,
        make_test,
    )
}
#: what takes its place when nobody asked for it by its name
INSTEAD: dict[str, Measure] = {"make-test": last_make_test}


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    if options.list:
        for name, measure in MEASURES.items():
            print(f"{name:12}{(measure.__doc__ or '').strip().splitlines()[0]}")
        return
    if options.readme and options.only:
        _parser().error("--readme is for all measures: leave out --only")
    began = time.monotonic()
    wanted = MEASURES | INSTEAD
    if options.only:
        wanted = {name: MEASURES[name] for name in options.only}
    try:
        rows, failed = asyncio.run(_measure(wanted, quiet=options.json))
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("stopped; nothing was written")
        sys.exit(130)
    if options.json:
        print(json.dumps([row.to_dict() for row in rows], indent=1, ensure_ascii=False))
    if options.readme and not failed:
        rewrite(rows)
    say(f"{len(rows)} rows in {time.monotonic() - began:.0f} s")
    if failed:
        say(f"could not be measured: {', '.join(failed)}")
        sys.exit(1)


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
    parser.add_argument("--readme", action="store_true", help="also rewrite the README's table")
    return parser


async def _measure(wanted: Mapping[str, Measure], *, quiet: bool) -> tuple[list[Row], list[str]]:
    """The rows, and the names of what could not be measured."""
    # SIGTERM as Ctrl-C: what was started is ended
    task = asyncio.current_task()
    assert task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    # servers of our own, apart from those that notebooks have open
    os.environ.pop("REDIS_URL", None)
    # a socket's path must be short
    servers = tempfile.mkdtemp(prefix="lkb-", dir=servers_directory().parent)
    os.environ["LESSONKIT_SERVERS"] = servers
    try:
        bench = Bench(find_contenders())
        rows: list[Row] = []
        failed = []
        for name, measure in wanted.items():
            began = time.monotonic()
            try:
                found = await measure(bench)
            except Exception:  # the others can be measured all the same
                say(f"{name} could not be measured:\n{traceback.format_exc()}")
                failed.append(name)
                continue
            rows += found
            say(f"{name}: {time.monotonic() - began:.0f} s")
            if not quiet:
                print("\n\n".join(row.to_text() for row in found), end="\n\n", flush=True)
        return rows, failed
    finally:
        shutil.rmtree(servers, ignore_errors=True)


if __name__ == "__main__":
    main()
