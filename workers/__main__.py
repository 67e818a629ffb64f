"""`python -m workers`: run the workers of one or more queues until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from redis.exceptions import RedisError

from workers.attempt import describe
from workers.connection import NoServer, find_url, safe_url, what_to_do
from workers.contract import Keys
from workers.lifeline import leave_with_parent, outlive_readers
from workers.options import read_options
from workers.programs import load_settings, queue_of
from workers.risks import risks
from workers.settings import BadSetting
from workers.supervisor import Supervisor
from workers.threads import JobThreads
from workers.worker import Worker

logger = logging.getLogger("workers")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, and answer the exit code: 0 after a graceful end, 1 or 2 with one clear line."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = read_options(words)
    outlive_readers()
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(message)s")
    logger.setLevel(logging.INFO)
    url = ""
    try:
        url = find_url()
        if options.processes > 1:
            return asyncio.run(_supervise(url, words, options))
        return asyncio.run(_run(url, options))
    except (NoServer, BadSetting) as problem:
        return _complain(str(problem), 2)
    except ValueError as problem:
        return _complain(f"REDIS_URL is {safe_url(url)}, which cannot be used: {problem}.", 2)
    except (RedisError, OSError) as problem:
        return _complain(
            f"Redis at {safe_url(url)} cannot be reached ({describe(problem).rstrip('.')}). "
            f"{what_to_do(problem, url)}",
            1,
        )


async def _run(url: str, options: argparse.Namespace) -> int:
    threads = JobThreads()
    workers = [_worker(queue, url, options) for queue in dict.fromkeys(options.queues)]
    for worker in workers:
        await worker.pool.ping()
    for risk in await risks(workers[0].pool):
        logger.warning("[worker] %s", risk)

    def leave() -> None:
        print("[worker] Shutting down gracefully...")
        for worker in workers:
            worker.leave()

    _leave_on_signals(leave, lambda signum: os._exit(128 + signum), options.leave_with_parent)
    _say_hello(workers, options)
    async with asyncio.TaskGroup() as group:
        if options.leave_with_parent:
            watch = asyncio.create_task(leave_with_parent(leave))
        for worker in workers:
            group.create_task(worker.main())
    if options.leave_with_parent:
        watch.cancel()
    for worker in workers:
        await worker.close()
    all_ended = await threads.end() and not any(worker.left_behind for worker in workers)
    print("[worker] All workers closed", flush=True)
    if not all_ended:
        os._exit(0)  # asyncio would wait for them for ever
    return 0


async def _supervise(url: str, words: Sequence[str], options: argparse.Namespace) -> int:
    for queue in options.queues:  # what is wrong is said once, not by each process
        await _worker(queue, url, options).pool.ping()
    os.environ["REDIS_URL"] = url
    own = words.index("--processes") if "--processes" in words else None
    if own is None:
        rest = [word for word in words if not word.startswith("--processes=")]
    else:
        rest = [*words[:own], *words[own + 2 :]]
    supervisor = Supervisor(options.processes, rest)

    def leave() -> None:
        print("[workers] Shutting down gracefully...")
        supervisor.leave()

    _leave_on_signals(leave, supervisor.exit_at_once, options.leave_with_parent)
    if options.leave_with_parent:
        watch = asyncio.create_task(leave_with_parent(leave))
    code = await supervisor.run()
    if options.leave_with_parent:
        watch.cancel()
    return code


def _worker(queue: str, url: str, options: argparse.Namespace) -> Worker:
    settings: dict[str, Any] = load_settings(queue)
    del settings["redis_settings"]
    settings["job_completion_wait"] = options.grace
    settings["queue_name"] = Keys.of(queue_of(settings), options.prefix).queue
    if options.backoff is not None:
        settings["backoff_s"] = options.backoff
    if options.max_jobs is not None:
        settings["max_jobs"] = options.max_jobs
    if options.limit != "":
        settings["limit"] = options.limit
    return Worker(**settings, url=url)


def _say_hello(workers: Sequence[Worker], options: argparse.Namespace) -> None:
    queues = [worker.queue_name.removeprefix(options.prefix) for worker in workers]
    print(f"[worker] Started with concurrency: {workers[0].max_jobs}")
    for queue, worker in zip(queues, workers, strict=True):
        if worker.max_jobs != workers[0].max_jobs:
            print(f"[worker] {queue} has a concurrency of its own: {worker.max_jobs}")
    print(f"[worker] Listening for jobs on queues: {', '.join(queues)}")


def _leave_on_signals(
    leave: Callable[[], None], exit_at_once: Callable[[int], None], leaves_with_parent: bool
) -> None:
    """The first signal starts the leaving, the second ends the process."""
    loop = asyncio.get_running_loop()
    signals = [signal.SIGTERM] if leaves_with_parent else [signal.SIGTERM, signal.SIGINT]
    if leaves_with_parent:  # Jupyter's Interrupt is not meant for us
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    told = False

    def on_signal(signum: int) -> None:
        nonlocal told
        if told:  # asked here, for two that come at once are both read before either is handled
            exit_at_once(signum)
        told = True
        leave()

    for signum in signals:
        loop.add_signal_handler(signum, on_signal, signum)


def _complain(text: str, code: int) -> int:
    print(f"[worker] {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
