"""`python -m workers tests/faults/ledger_jobs.py`: each attempt at an email leaves lines in a file,
which outlive the attempt, its process and the server."""

import asyncio
import os
import signal
import time

from workers.contract import EMAIL
from workers.email import on
from workers.settings import worker_settings
from workers.worker import Worker

#: where a worker with `DIE_AT` dies; each is a method that it does not live to see the end of
STEPS = {
    "claimed": "_start",
    "ended": "_end",
    "reported": "_take_in",
}


def write(what, job):
    line = f"{what} {job.id} {job.attempt} {os.getpid()}\n"
    file = os.open(os.environ["LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, line.encode())  # one write: it is there as a whole, or not at all
    os.close(file)


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


async def keep_books(job, email):
    write("began", job)
    if os.environ.get("DIE_AT") == "running":
        die()
    await asyncio.sleep(email.seconds or 0)
    if email.subject == "raise" or (email.subject == "raise once" and job.attempt == 1):
        raise RuntimeError("the provider said no")
    write("done", job)


def die_at(step):
    method = getattr(Worker, STEPS[step])

    def die_or_go_on(worker, *arguments):
        if step != "reported" or arguments[0]:  # what ended, which the server knows by now
            die()
        return method(worker, *arguments)

    setattr(Worker, STEPS[step], die_or_go_on)


if ahead_s := float(os.environ.get("CLOCK_AHEAD_S", "0")):
    time.time = lambda: time.time_ns() / 1e9 + ahead_s

if os.environ.get("DIE_AT") in STEPS:
    die_at(os.environ["DIE_AT"])

WorkerSettings = worker_settings(EMAIL, keep_books, max_jobs=5, on=on)
