"""`python -m workers`: run the workers of one or more queues until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from redis.exceptions import AuthenticationError, RedisError

from workers.attempt import describe
from workers.connection import NoServer, find_url, safe_url
from workers.contract import DEFAULT_PREFIX, KINDS, Keys
from workers.settings import BadSetting, checked_max_jobs
from workers.worker import Limit, Worker

logger = logging.getLogger("workers")

HELP = """\
Take jobs from Redis and run them, until Ctrl-C or SIGTERM.

  python -m workers email --max-jobs 5      one worker, five emails at a time
  WORKER_CONCURRENCY=1 python -m workers email

REDIS_URL says where Redis is (redis://, rediss:// or unix://). Without it, the worker joins
the server that a notebook or `python -m lessonkit server` has open on this machine.

The first Ctrl-C lets running jobs finish; a second one ends the worker at once."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, and answer the exit code: 0 after a graceful end, 1 or 2 with one clear line."""
    options = _parser().parse_args(arguments)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(message)s")
    logger.setLevel(logging.INFO)
    try:
        url = find_url()
        return asyncio.run(_run(url, options))
    except (NoServer, BadSetting) as problem:
        return _complain(str(problem), 2)
    except ValueError as problem:
        return _complain(f"REDIS_URL is {safe_url(url)}, which cannot be used: {problem}.", 2)
    except AuthenticationError as problem:
        return _complain(f"{safe_url(url)}: {problem}. Mend the user or password in REDIS_URL.", 1)
    except (RedisError, OSError) as problem:
        return _complain(
            f"Redis at {safe_url(url)} cannot be reached ({describe(problem)}). "
            "Start it, or mend REDIS_URL.",
            1,
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m workers", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "queues", nargs="*", metavar="QUEUE", default=["email"], help="email (default: email)"
    )
    parser.add_argument(
        "--max-jobs",
        type=_max_jobs,
        metavar="N",
        help="how many jobs of a queue may run at a time (default: WORKER_CONCURRENCY, or 3)",
    )
    parser.add_argument(
        "--limit",
        type=_limit,
        default="",
        metavar="MAX/SECONDS",
        help="at most so many starts in any such time, as 10/1s; or off (default: 10/1s for email)",
    )
    parser.add_argument(
        "--grace",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="how long running jobs may take to finish when told to stop (default: 10)",
    )
    parser.add_argument(
        "--prefix",
        default=DEFAULT_PREFIX,
        help=f"what the queue's name begins with in Redis (default: {DEFAULT_PREFIX})",
    )
    # for lessonkit: leave when standard input ends or the parent is gone, and only then
    parser.add_argument("--leave-with-parent", action="store_true", help=argparse.SUPPRESS)
    return parser


def _max_jobs(value: str) -> int:
    try:
        return checked_max_jobs(value)
    except BadSetting as problem:
        raise argparse.ArgumentTypeError(str(problem).partition(": ")[2]) from None


def _limit(value: str) -> Limit | str | None:
    if value in ("", "off"):
        return value and None
    max_starts, slash, per = value.partition("/")
    try:
        limit = Limit(int(max_starts), float(per.removesuffix("s")))
    except ValueError:
        limit = Limit(0, 0)
    if not slash or limit.max < 1 or not 0.001 <= limit.per_s <= 86_400:
        raise argparse.ArgumentTypeError(f"{value!r} is no limit: give one like 10/1s, or off")
    return limit


async def _run(url: str, options: argparse.Namespace) -> int:
    workers = [_worker(queue, url, options) for queue in dict.fromkeys(options.queues)]
    for worker in workers:
        await worker.pool.ping()
    _leave_on_signals(workers, options.leave_with_parent)
    slots = ", ".join(str(worker.max_jobs) for worker in workers)
    print(f"[worker] Started with concurrency: {slots}")
    print(f"[worker] Listening for jobs on queues: {', '.join(dict.fromkeys(options.queues))}")
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(worker.main())
        if options.leave_with_parent:
            watch = asyncio.create_task(_leave_with_parent(workers))
    if options.leave_with_parent:
        watch.cancel()
    for worker in workers:
        await worker.close()
    print("[worker] All workers closed")
    return 0


def _worker(queue: str, url: str, options: argparse.Namespace) -> Worker:
    if queue not in KINDS:
        raise BadSetting(f"There is no queue {queue!r}. Give one of: {', '.join(KINDS)}")
    module = importlib.import_module(f"workers.{queue}")
    settings: dict[str, Any] = dict(module.WorkerSettings)
    del settings["redis_settings"]
    settings["job_completion_wait"] = options.grace
    settings["queue_name"] = Keys.of(queue, options.prefix).queue
    if options.max_jobs is not None:
        settings["max_jobs"] = options.max_jobs
    if options.limit != "":
        settings["limit"] = options.limit
    return Worker(**settings, url=url)


def _leave_on_signals(workers: Sequence[Worker], leaves_with_parent: bool) -> None:
    """The first signal has all workers leave, the second ends the process."""
    loop = asyncio.get_running_loop()
    signals = [signal.SIGTERM] if leaves_with_parent else [signal.SIGTERM, signal.SIGINT]
    if leaves_with_parent:  # Jupyter's Interrupt is not meant for us
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def leave() -> None:
        for signum in signals:
            # the leases run out, and other workers take over
            loop.add_signal_handler(signum, os._exit, 128 + signum)
        print("[worker] Shutting down gracefully...")
        for worker in workers:
            worker.leave()

    for signum in signals:
        loop.add_signal_handler(signum, leave)


async def _leave_with_parent(workers: Sequence[Worker]) -> None:
    """A killed kernel runs no clean-up: its pipe to us ends. A process that it forked may hold the
    pipe open, so see whether the parent is still there as well."""
    parent, ended = os.getppid(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def read() -> None:
        if not os.read(0, 4096):
            ended.set()

    loop.add_reader(0, read)
    while not ended.is_set() and os.getppid() == parent:
        try:
            await asyncio.wait_for(ended.wait(), 1.0)
        except TimeoutError:
            continue
    loop.remove_reader(0)
    for worker in workers:
        worker.leave()


def _complain(text: str, code: int) -> int:
    print(f"[worker] {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
