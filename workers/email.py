"""The email queue: its processor, its handlers, its settings."""

from __future__ import annotations

import os

from workers import mock_provider, smtp
from workers.codec import printable
from workers.contract import EMAIL, EmailPayload, Limit
from workers.handlers import Handlers, Happened
from workers.processor import Job
from workers.settings import worker_concurrency, worker_settings

on = Handlers()


async def send_email(job: Job, email: EmailPayload) -> str:
    """Send one email; without `SMTP_URL`, only take the time that a provider would, and say so."""
    to = printable(email.to)
    print(f"[email] Processing job {job.id}: sending to {to}")
    if url := os.environ.get("SMTP_URL"):
        await smtp.send(email, url)
        print(f"[email] Job {job.id}: sent to {to}")
        return f"sent to {to}"
    await mock_provider.send(email, job.attempt)
    print(
        f"[email] Job {job.id}: (mock) would send to {to}\n"
        f"  Subject: {printable(email.subject)}\n"
        f"  HTML length: {len(email.html)} chars"
    )
    return f"would send to {to}"


@on("completed")
def say_completed(happened: Happened) -> None:
    print(f"[worker:email] Job {happened.job} completed")


@on("failed")
def say_failed(happened: Happened) -> None:
    print(
        f"[worker:email] Job {happened.job} failed (attempt {happened.attempt}): {happened.reason}"
    )


@on("returned")
def say_returned(happened: Happened) -> None:
    print(f"[worker:email] Job {happened.job} went back to the queue")


@on("error")
def say_error(happened: Happened) -> None:
    print(f"[worker:email] Worker error: {happened.reason}")


WorkerSettings = worker_settings(
    EMAIL, send_email, max_jobs=worker_concurrency(3), limit=Limit(10, per_s=1.0), on=on
)
