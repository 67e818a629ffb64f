"""An email provider that writes what it sends into an outbox: a Maildir, where an email is a file.

The outbox is the directory `OUTBOX`. Emails are in its folder `new`, for any mail program to read.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from workers import smtp
from workers.codec import printable
from workers.contract import EmailPayload

OUTBOX = Path(os.environ.get("OUTBOX", "outbox"))
#: how long it takes for an email that does not say so itself
SEND_S = 0.2
LONGEST_KEY = 80  # as a name of a file, it may become three times as long


async def send(email: EmailPayload, key: str | None = None) -> bool:
    """Send an email, and answer whether it went out.

    With an idempotency `key`, it goes out once: an email whose key was used before is refused.
    """
    name = uuid4().hex if key is None else "key-" + quote(_checked(key), safe="")
    await asyncio.sleep(SEND_S if email.seconds is None else email.seconds)
    for folder in ("tmp", "new", "cur", "refused"):
        (OUTBOX / folder).mkdir(parents=True, exist_ok=True)
    draft = OUTBOX / "tmp" / uuid4().hex
    draft.write_bytes(_letter(email, key))
    try:
        # done or not done, never half: a name can be in a directory only once
        os.link(draft, OUTBOX / "new" / name)
    except FileExistsError:
        draft.rename(OUTBOX / "refused" / draft.name)
        print(f"[outbox] to {printable(email.to)}: key {key!r} was used before, not sent again")
        return False
    draft.unlink()
    print(f"[outbox] to {printable(email.to)}: sent")
    return True


def _checked(key: str) -> str:
    plain = isinstance(key, str) and key.isascii() and key.isprintable()
    if not (plain and 0 < len(key) <= LONGEST_KEY):
        raise ValueError(f"key is {key!r}: give 1 to {LONGEST_KEY} plain characters, in quotes")
    return key


def _letter(email: EmailPayload, key: str | None) -> bytes:
    message = smtp.message_of(email)
    message["X-Process"] = str(os.getpid())
    if key is not None:
        message["Idempotency-Key"] = key
    return message.as_bytes()
