"""Send an email for real, where `SMTP_URL` says how."""

from __future__ import annotations

import asyncio
import os
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from workers.contract import EmailPayload

TIMEOUT_S = 30.0


def message_of(email: EmailPayload) -> EmailMessage:
    """The email as it travels."""
    message = EmailMessage()
    message["From"] = os.environ.get("SMTP_FROM", "lessons@localhost")
    message["To"], message["Subject"] = email.to, email.subject
    message.set_content("This message is written in HTML.")
    message.add_alternative(email.html, subtype="html")
    return message


async def send(email: EmailPayload, url: str) -> None:
    """Hand the email to the server of `url`: `smtp://user:password@host:587`, or `smtps://`.

    `SMTP_FROM` is its sender. Raises smtplib.SMTPException or OSError when the server refuses it
    or is not there, and ValueError for a URL of another kind.
    """
    await asyncio.to_thread(_send, email, url)  # smtplib blocks, and the worker's loop must not


def _send(email: EmailPayload, url: str) -> None:
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:  # whose text quotes what may be of the password
        host = None
    if parts.scheme not in ("smtp", "smtps") or not host:
        raise ValueError(
            "SMTP_URL must be like smtp://user:password@host:587, or smtps://; in a password, "
            "write / as %2F, # as %23, ? as %3F and @ as %40"
        )
    with _connected(parts.scheme, host, port) as server:
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message_of(email))


def _connected(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    safe = ssl.create_default_context()
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_S, context=safe)
    server = smtplib.SMTP(host, port or 25, timeout=TIMEOUT_S)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=safe)
    return server
