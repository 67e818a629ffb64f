"""`python -m lessonkit`: the exercise, a server, a check-up and grades, from a shell."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from lessonkit.bootstrap import ON_WINDOWS

if os.name == "nt":  # too little of what follows can be imported there
    sys.exit("lessonkit: {} Next: {}".format(*ON_WINDOWS))

try:
    from lessonkit.arguments import number, port, seconds
    from lessonkit.batch import Batch, BatchResult
    from lessonkit.doctor import look_at_all
    from lessonkit.errors import LessonError
    from lessonkit.progress import terminal_progress
    from lessonkit.server import open_server
    from lessonkit.session import Lab
except ModuleNotFoundError as missing:  # the doctor, too, needs some of them
    sys.exit(f"lessonkit: {missing.name} is not installed here. Run `make setup`, then try again.")

HELP = """\
Learn what background workers do by running them.

  python -m lessonkit compare --jobs 5 --seconds 1 --max-jobs 1 5
  python -m lessonkit doctor
  python -m lessonkit api
  python -m lessonkit server
  python -m lessonkit grade handed-in/*.ipynb"""

GRADE = """\
Run notebooks that were handed in, each in a clean session, and say of each exercise whether it was
not attempted, is not yet right, or passed, and why.

What runs is the series' own notebook and its own check, with the learner's answer in it and the
cells that they added. All of that has your rights, for this is no sandbox.

Exit code: 0 when all were graded, whatever came out; 1 when one could not be; 130 after Ctrl-C,
which prints what was graded before it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and answer its exit code: 0, 1 with one clear line, 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        code: int = asyncio.run(options.command(options))
        return code
    except LessonError as error:
        print(f"lessonkit: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lessonkit: stopped; nothing of it is left running.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m lessonkit",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    compare = commands.add_parser(
        "compare",
        help="run the same emails at several max_jobs and compare how long they take",
        description="Send the same emails through one real worker, once for each max_jobs.",
    )
    compare.add_argument("--jobs", type=number, default=5, help="how many emails (default: 5)")
    compare.add_argument(
        "--seconds", type=seconds, default=1.0, help="how long each takes (default: 1)"
    )
    compare.add_argument(
        "--max-jobs",
        type=number,
        nargs="+",
        default=[1, 5],
        metavar="N",
        help="how many the worker may send at a time, for each run (default: 1 5)",
    )
    compare.add_argument("--json", action="store_true", help="print a JSON list and nothing else")
    compare.set_defaults(command=_compare)

    doctor = commands.add_parser("doctor", help="see whether this machine has what it needs")
    doctor.set_defaults(command=_doctor)

    api = commands.add_parser(
        "api",
        help="serve the HTTP API that takes jobs",
        description=(
            "Serve the HTTP API that takes jobs, until Ctrl-C. It uses the Redis that REDIS_URL "
            "names, or the one that is open on this machine, or else opens one that workers find."
        ),
    )
    api.add_argument("--host", default="127.0.0.1", help="where to listen (default: 127.0.0.1)")
    api.add_argument("--port", type=port, default=3002, help="default: 3002; 0: any that is free")
    # for a notebook: leave when standard input ends or the parent is gone
    api.add_argument("--leave-with-parent", action="store_true", help=argparse.SUPPRESS)
    api.set_defaults(command=_api)

    server = commands.add_parser(
        "server",
        help="hold a private Redis server open",
        description=(
            "Hold a private Redis server open until Ctrl-C. The first line says where it is: "
            "workers on this machine find it by themselves."
        ),
    )
    server.set_defaults(command=_server)

    grade = commands.add_parser(
        "grade",
        help="say what became of the exercises in notebooks that were handed in",
        description=GRADE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    grade.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    grade.add_argument(
        "--timeout",
        type=seconds,
        default=120.0,
        metavar="SECONDS",
        help="how long an exercise may take, its notebook included (default: 120)",
    )
    grade.add_argument(
        "--at-a-time",
        type=number,
        default=1,
        metavar="N",
        help="how many notebooks to run at the same time (default: 1; at most one a core)",
    )
    form = grade.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print a JSON list and nothing else")
    form.add_argument("--csv", action="store_true", help="print CSV and nothing else")
    grade.set_defaults(command=_grade)
    return parser


async def _compare(options: argparse.Namespace) -> int:
    batches = [Batch(options.jobs, max_jobs, options.seconds) for max_jobs in options.max_jobs]
    lab = Lab()
    try:
        results = [await _measured(lab, batch) for batch in batches]
    finally:
        await lab.shut()
    if options.json:
        print(json.dumps([result.to_dict() for result in results], indent=2))
    else:
        print(_table(results))
    return 0


async def _measured(lab: Lab, batch: Batch) -> BatchResult:
    """Measure, and say on stderr how far it is."""
    with terminal_progress() as show:

        def say(text: str) -> None:
            show(f"max_jobs {batch.max_jobs}: {text}")

        return await lab.measure(
            batch,
            on_phase=say,
            on_change=lambda now: say(f"{now.done} of {now.jobs} sent, {now.now_s:.1f} s"),
        )


def _table(results: Sequence[BatchResult]) -> str:
    rows = [("emails", "max_jobs", "took", "ideal", "per second", "at a time")]
    rows += [
        (
            str(result.jobs),
            str(result.max_jobs),
            f"{result.makespan_s:.3f} s",
            f"{result.ideal_s:.3f} s",
            f"{result.throughput_jobs_per_s:.2f}",
            str(result.peak_concurrency),
        )
        for result in results
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.rjust, row, widths)) for row in rows]
    first, last = results[0], results[-1]
    if len(results) > 1:
        ratio = first.makespan_s / last.makespan_s
        lines += [f"max_jobs {last.max_jobs} took 1/{ratio:.2f} of the time of {first.max_jobs}."]
    return "\n".join(lines)


async def _doctor(_options: argparse.Namespace) -> int:
    lab = Lab()
    try:
        report = await look_at_all(lab)
    finally:
        await lab.shut()
    print(report)
    return 0 if report.ok else 1


async def _api(options: argparse.Namespace) -> int:
    from lessonkit.serve_api import serve_api  # FastAPI takes a while to load

    return await serve_api(options.host, options.port, leave_with_parent=options.leave_with_parent)


async def _server(_options: argparse.Namespace) -> int:
    stopped = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stopped.set)
    server = await open_server("python -m lessonkit server")
    print(f"REDIS_URL={server.url}", flush=True)
    print("Workers on this machine find it by themselves. Ctrl-C ends it.", file=sys.stderr)
    while not stopped.is_set() and server.running:
        try:
            await asyncio.wait_for(stopped.wait(), 0.5)
        except TimeoutError:
            continue
    was_running = server.running
    await server.stop()
    if not was_running:
        print("lessonkit: the server ended by itself. Start it again.", file=sys.stderr)
    return 0 if was_running else 1


async def _grade(options: argparse.Namespace) -> int:
    from lessonkit import grade  # so do kernels

    form = grade.to_json if options.json else grade.to_csv if options.csv else grade.to_text
    grades: list[grade.Grade] = []
    try:
        with terminal_progress() as show:
            await grade.grade_all(
                options.notebooks,
                grades,
                timeout_s=options.timeout,
                at_a_time=options.at_a_time,
                on_change=show,
            )
    finally:  # after Ctrl-C too
        if grades:
            print(form(grades))
    return 1 if any(each.result == "not graded" for each in grades) else 0


if __name__ == "__main__":
    sys.exit(main())
