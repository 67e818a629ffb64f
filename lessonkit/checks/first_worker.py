"""The check of 01: who runs my job?"""

from __future__ import annotations

import os

from lessonkit.checks.verdict import Verdict
from lessonkit.follow import Story
from workers.contract import State


def check_sent(queue_name: object, sent: Story | None) -> Verdict:
    """01: an email was added to a queue that a worker listens to, and another process sent it."""
    if queue_name is ...:
        return Verdict("not attempted", "put a queue's name where the dots are, in quotes.")
    if sent is None:
        return Verdict("not yet", "nothing was sent: run the cell above this one again.")
    if not sent.ended:
        return Verdict(
            "not yet",
            f"the job still waits in the queue {sent.queue!r}: nobody listens there. What does the "
            "worker say it listens to, in its own output?",
        )
    if sent.state != State.COMPLETED or sent.worker_pid == os.getpid():
        return Verdict("not yet", f"the job {sent.state}: {sent.error or 'not by a worker'}.")
    return Verdict(
        "passed",
        f"Process {sent.worker_pid} sent it; this notebook is process {os.getpid()}.",
        "what happens to the email in the wrong queue: it waits until somebody listens there.",
    )
