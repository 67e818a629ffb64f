"""An email provider that sends nothing: it takes its time, and knows whom it cannot reach."""

from __future__ import annotations

import asyncio
import os

from workers.contract import EmailPayload


class Refused(Exception):
    """The provider does not take this email."""


async def send(email: EmailPayload, attempt: int) -> None:
    """Take as long as a provider would: `email.seconds`, or else `EMAIL_SECONDS`, or else a second.

    Addresses under `.invalid`, which can be nobody's (RFC 2606), are refused: `busy@` at the first
    attempt, all others at each.
    """
    provider_s = float(os.environ.get("EMAIL_SECONDS", "1.0"))
    await asyncio.sleep(provider_s if email.seconds is None else email.seconds)
    name, _, host = email.to.partition("@")
    if host.endswith(".invalid") and name == "busy" and attempt == 1:
        raise Refused(f"{email.to}: the mailbox is busy, try again later")
    if host.endswith(".invalid") and name != "busy":
        raise Refused(f"{email.to}: there is no such mailbox")
