"""With `SMTP_URL`, an email is really sent: to a real SMTP server, by a real worker."""

import email as mail
import socket
from email.policy import default

import pytest
from aiosmtpd.controller import Controller

from tests.told import names


class Mailbox:
    """What an SMTP server has taken; nobody lives at `nobody@`."""

    def __init__(self):
        self.taken = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.taken.append((envelope, mail.message_from_bytes(envelope.content, policy=default)))
        return "250 OK"


@pytest.fixture
def mailbox():
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, ready_timeout=15)
    controller.start()
    mailbox.url = f"smtp://127.0.0.1:{port}"
    yield mailbox
    controller.stop()


async def test_an_email_arrives_as_it_was_written(worker, queue, email, mailbox, wait_until):
    one = await worker(SMTP_URL=mailbox.url, SMTP_FROM="lessons@example.com")
    await queue.add(email(subject="Grüße <b>an alle</b>"))
    await wait_until(lambda: "[email] Job 1: sent to founder@example.com" in one.lines)
    ((envelope, message),) = mailbox.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == (
        "lessons@example.com",
        ["founder@example.com"],
    )
    assert message["Subject"] == "Grüße <b>an alle</b>"
    assert message.get_body(("html",)).get_content().strip() == "<p>Hello</p>"


async def test_what_the_mail_server_refuses_is_tried_again_and_others_arrive(
    worker, queue, email, mailbox, story
):
    await worker("--backoff", 0.1, SMTP_URL=mailbox.url)
    await queue.add_many([email(to="nobody@example.com"), email()])
    await story("2", until="completed")
    told = await story("1", until="retrying")
    failed = next(event for event in told if event.event == "failed")
    assert "SMTPRecipientsRefused" in failed.error
    assert "no such mailbox" in failed.error
    assert len(mailbox.taken) == 1


async def test_a_mail_server_that_is_away_or_a_url_of_another_kind_fails_the_job_and_says_so(
    worker, queue, email, story, prefix
):
    urls = {"smtp://127.0.0.1:1": "ConnectionRefusedError", "http://x": "smtp://user:password"}
    for number, (url, wanted) in enumerate(urls.items(), start=1):
        one = await worker("--backoff", 60, SMTP_URL=url)
        await queue.add(email())
        told = await story(str(number), until="retrying")
        assert names(told)[-2:] == ["failed", "retrying"]
        assert wanted in told[-2].error
        one.kill()
