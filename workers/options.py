"""What `python -m workers` can be told."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from workers.contract import DEFAULT_PREFIX, KINDS, Limit
from workers.settings import BadSetting, checked_max_jobs

HELP = """\
Take jobs from Redis and run them, until Ctrl-C or SIGTERM.

  python -m workers                           both queues: email, three at a time and at most
                                              ten starts a second, and reports, one at a time
  python -m workers email --max-jobs 5        five emails at a time
  python -m workers email --limit off         as fast as they go
  python -m workers email --processes 4       four processes, restarted when they crash
  python -m workers my_email.py               a processor of your own: see workers/email.py

REDIS_URL says where Redis is (redis://, rediss:// or unix://). Without it, the worker joins the
server that a notebook or `python -m lessonkit server` has open on this machine.
WORKER_CONCURRENCY is how many emails run at a time, EMAIL_SECONDS how long each takes.

The first Ctrl-C lets running jobs finish; a second one ends the worker at once."""


def read_options(words: Sequence[str]) -> argparse.Namespace:
    """The options; `--help` and what makes no sense end the process, as argparse does."""
    parser = argparse.ArgumentParser(
        "python -m workers",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "queues",
        nargs="*",
        metavar="QUEUE",
        default=list(KINDS),
        help=f"{', '.join(KINDS)}, or a Python file with WorkerSettings",
    )
    parser.add_argument(
        "--max-jobs",
        type=_max_jobs,
        metavar="N",
        help="how many jobs of each queue may run at a time, in each process",
    )
    parser.add_argument(
        "--limit",
        type=_limit,
        default="",
        metavar="MAX/SECONDS",
        help="at most so many starts in any such time, for all workers of a queue together: "
        "10/1s, or off",
    )
    parser.add_argument(
        "--processes",
        type=_processes,
        default=1,
        metavar="N",
        help="how many worker processes to keep running (default: 1)",
    )
    parser.add_argument(
        "--grace",
        type=_seconds,
        default=10.0,
        metavar="SECONDS",
        help="how long running jobs may take to finish when told to stop; what has not finished "
        "goes back to its queue (default: 10)",
    )
    parser.add_argument(
        "--backoff",
        type=_seconds,
        metavar="SECONDS",
        help="how long a job that failed waits for its second attempt; doubled for each further "
        "one (default: 1)",
    )
    parser.add_argument(
        "--prefix",
        default=DEFAULT_PREFIX,
        help=f"what the queues' names begin with in Redis (default: {DEFAULT_PREFIX})",
    )
    # for lessonkit: leave when standard input ends or the parent is gone, and only then
    parser.add_argument("--leave-with-parent", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(words)


def _max_jobs(value: str) -> int:
    try:
        return checked_max_jobs(value)
    except BadSetting as problem:
        raise argparse.ArgumentTypeError(str(problem).partition(" is ")[2]) from None


def _processes(value: str) -> int:
    if value.isascii() and value.isdigit() and 1 <= int(value) <= 64:
        return int(value)
    raise argparse.ArgumentTypeError(f"{value!r}: give a whole number from 1 to 64")


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{value!r}: give a number of seconds, 0 or more")
    return seconds


def _limit(value: str) -> Limit | str:
    try:
        return value and Limit.of(value)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None
