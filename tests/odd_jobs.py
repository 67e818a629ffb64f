"""`python -m workers tests/odd_jobs.py`: an email processor that does what the subject says."""

import asyncio
import math
import os
import time

from workers.contract import EMAIL
from workers.email import on
from workers.settings import worker_settings


class Unprintable(Exception):
    def __str__(self):
        raise ValueError("no text")


async def misbehave(job, email):  # noqa: C901 - a list of sins, one line each
    print(f"[odd] {email.subject} {job.id}, attempt {job.attempt}")
    match email.subject:
        case "raise":
            raise RuntimeError("the provider said no")
        case "raise once" if job.attempt == 1:
            raise RuntimeError("the provider was tired")
        case "exit":
            raise SystemExit(3)
        case "exit at once":
            os._exit(3)
        case "interrupt":
            raise KeyboardInterrupt
        case "cancel itself":
            raise asyncio.CancelledError
        case "raise unprintably":
            raise Unprintable
        case "return NaN":
            return math.nan
        case "return an object":
            return object()
        case "return too much":
            return "x" * 2_000_000
        case "block the loop":
            time.sleep(email.seconds)  # noqa: ASYNC251
        case "swallow its cancellation":
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    continue
        case _:
            await asyncio.sleep(email.seconds or 0)
    return "done"


WorkerSettings = worker_settings(EMAIL, misbehave, max_jobs=3, on=on)
