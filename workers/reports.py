"""The reports queue: its processor, its handlers, its settings."""

from __future__ import annotations

import asyncio

from workers.codec import printable
from workers.contract import REPORTS, ReportPayload
from workers.handlers import Handlers, Happened
from workers.processor import Job
from workers.settings import worker_settings

STEPS = ("Gathering data", "Aggregating metrics", "Formatting output")

on = Handlers()


async def make_report(job: Job, report: ReportPayload) -> str:
    """Make a report in three steps, and tell after each how far it is."""
    kind = printable(report.reportType)
    print(f"[reports] Processing job {job.id}: generating {kind} report")
    for number, step in enumerate(STEPS, start=1):
        print(f"[reports] Job {job.id}: {step}...")
        await asyncio.sleep(1.0 if report.seconds is None else report.seconds)
        await job.progress(round(100 * number / len(STEPS)))
    whom = f" for user {printable(report.userId)}" if report.userId else ""
    print(f"[reports] Job {job.id}: {kind} report complete{whom}")
    return f"{kind} report"


@on("completed")
def say_completed(happened: Happened) -> None:
    print(f"[worker:reports] Job {happened.job} completed")


@on("failed")
def say_failed(happened: Happened) -> None:
    attempt, reason = happened.attempt, happened.reason
    print(f"[worker:reports] Job {happened.job} failed (attempt {attempt}): {reason}")


@on("error")
def say_error(happened: Happened) -> None:
    print(f"[worker:reports] Worker error: {happened.reason}")


# a report is heavy: one at a time, or they fight over the machine
WorkerSettings = worker_settings(REPORTS, make_report, max_jobs=1, on=on)
