"""Wrong answers to 07."""

from tests.answers.wrong import Wrong


def saved(*lines: str) -> str:
    """An answer to 07: a processor of these lines, saved to its file."""
    return "\n".join(
        [
            "%%writefile {lab.directory}/my_email.py",
            "import time, uuid",
            "from workers import outbox",
            "from workers.contract import EMAIL",
            "from workers.settings import worker_settings",
            "async def send_email(job, email):",
            '    copy = email.model_copy(update={"to": "archive@example.com"})',
            *(f"    {line}" for line in lines),
            "WorkerSettings = worker_settings(EMAIL, send_email, max_jobs=1)",
        ]
    )


def keys(first: str, second: str) -> str:
    """Both emails are sent, with these keys."""
    return saved(f"await outbox.send(email, key={first})", f"await outbox.send(copy, key={second})")


WRONG = [
    Wrong(keys("f'{job.id}/{job.attempt}/a'", "f'{job.id}/{job.attempt}/b'"), "at each attempt"),
    Wrong(keys("str(uuid.uuid4())", "str(uuid.uuid4())"), "new each time"),
    Wrong(keys("email.to", "copy.to"), "The same customer may get more than one"),
    Wrong(keys("job.id", "job.id"), "each needs a key of its own"),
    Wrong(keys("None", "None"), "given no key"),
    Wrong(
        saved(
            "note = outbox.OUTBOX / job.id",
            "if not note.exists():",
            "    note.touch()",
            "    await outbox.send(email, key=job.id)",
            "    await outbox.send(copy, key=job.id + 'b')",
        ),
        "at-most-once",
    ),
    Wrong(saved("await outbox.send(email, key=job.id)"), "never went to archive@example.com"),
    Wrong(saved("pass"), "nothing was sent"),
    Wrong(keys("(job.id, 1)", "(job.id, 2)"), "in quotes"),
    Wrong(saved("await outbox.send(email, key=job.id"), "no worker could do its work"),
]
