"""The check of 00: does the machine work?"""

from __future__ import annotations

from lessonkit.checks.verdict import Verdict
from lessonkit.doctor import Report


def check_mended(max_jobs: object, report: Report | None) -> Verdict:
    """00: the setting was mended if the doctor, given it, found a worker that ran a job."""
    if max_jobs is ...:
        return Verdict("not attempted", "put a number where the dots are, and run both cells.")
    if report is None:
        return Verdict("not yet", "the doctor has not looked: run the cell above this one.")
    if wrong := [finding for finding in report.findings if not finding.ok]:
        return Verdict("not yet", f"{wrong[0].what} is still red. {wrong[0].next_step}")
    return Verdict(
        "passed",
        f"A worker with max_jobs = {max_jobs} started, ran a job and left.",
        "whether that is a good number for real work; that is what the series is about.",
    )
