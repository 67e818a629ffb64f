"""With `SMTP_URL`, an email is really sent: to a real SMTP server, by a real worker."""

import asyncio
import email as mail
import socket
import ssl
from email.policy import default

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

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
        self.encrypted = bool(server.transport.get_extra_info("ssl_object"))
        return "250 OK"

    def admit(self, server, session, envelope, mechanism, login):
        """Only whoever gives this user and this password."""
        ours = (login.login, login.password) == (b"us@er", b"p/w")
        return AuthResult(success=ours, handled=False)  # the server is to answer


class PostOffice(Controller):
    """It hangs up on everybody before it closes; aiosmtpd leaves what is still under TLS."""

    def __init__(self, *args, **settings):
        super().__init__(*args, **settings)
        self._lines = []

    def factory(self):
        self._lines.append(super().factory())
        return self._lines[-1]

    def stop(self):
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(15)
        super().stop()

    async def _hang_up(self):
        for line in self._lines:
            for transport in (line.transport, line._original_transport):
                if transport:
                    transport.abort()
        await asyncio.sleep(0.01)


@pytest.fixture
def open_mailbox():
    """`open_mailbox("smtps", …)` is a mailbox of that kind; more settings are aiosmtpd's."""
    controllers = []

    def start(scheme="smtp", **settings):
        mailbox = Mailbox()
        with socket.create_server(("127.0.0.1", 0)) as free:
            mailbox.port = free.getsockname()[1]
        controller = PostOffice(
            mailbox, hostname="127.0.0.1", port=mailbox.port, ready_timeout=15, **settings
        )
        controllers.append(controller)
        controller.start()
        mailbox.url = f"{scheme}://127.0.0.1:{mailbox.port}"
        return mailbox

    yield start
    for controller in controllers:
        controller.stop()


@pytest.fixture
def mailbox(open_mailbox):
    return open_mailbox()


needs_login = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@pytest.fixture(params=["smtp", "smtps"])
def closed_mailbox(request, open_mailbox, tmp_path):
    """One that asks for a password, over TLS: after STARTTLS, or from the first."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    how = {"ssl_context": tls} if request.param == "smtps" else {"tls_context": tls}
    mailbox = open_mailbox(
        request.param,
        auth_required=True,
        auth_require_tls=request.param == "smtp",  # it means STARTTLS, and warns without
        authenticator=lambda *asked: mailbox.admit(*asked),
        **how,
    )
    mailbox.authority = str(tmp_path / "authority.pem")
    return mailbox


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


def login(mailbox, password):
    return mailbox.url.replace("://", f"://us%40er:{password}@")


@needs_login
async def test_an_email_goes_encrypted_and_with_a_password(
    worker, queue, email, closed_mailbox, wait_until
):
    settings = {"SSL_CERT_FILE": closed_mailbox.authority}
    one = await worker(SMTP_URL=login(closed_mailbox, "p%2Fw"), **settings)
    await queue.add(email())
    await wait_until(lambda: "[email] Job 1: sent to founder@example.com" in one.lines)
    assert closed_mailbox.encrypted


@needs_login
async def test_a_wrong_password_is_refused_and_shown_nowhere(
    worker, queue, email, closed_mailbox, story
):
    settings = {"SSL_CERT_FILE": closed_mailbox.authority}
    one = await worker("--backoff", 60, SMTP_URL=login(closed_mailbox, "wr0ng"), **settings)
    await queue.add(email())
    told = await story("1", until="retrying")
    assert "SMTPAuthenticationError" in told[-2].error
    assert "wr0ng" not in str(told) + "".join(one.lines)
    assert not closed_mailbox.taken


@needs_login
@pytest.mark.parametrize("closed_mailbox", ["smtps"], indirect=True)
async def test_a_mail_server_that_nobody_vouches_for_is_told_nothing(
    worker, queue, email, closed_mailbox, story
):
    await worker("--backoff", 60, SMTP_URL=login(closed_mailbox, "p%2Fw"))
    await queue.add(email())
    told = await story("1", until="retrying")
    assert "CERTIFICATE_VERIFY_FAILED" in told[-2].error
    assert not closed_mailbox.taken
