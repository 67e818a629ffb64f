"""A password is in no output, no log, no traceback, no repr and no saved notebook."""

import json
from urllib.parse import quote

import pytest

from lessonkit import background
from lessonkit.server import open_at_port
from tests.faults.kernel import SET_UP, Kernel
from workers.contract import EmailPayload
from workers.smtp import send

PASSWORD, SMTP_PASSWORD = "s3cr/t:w0rd", "m4il-s3cret"
#: as it is, as a URL writes it, and what a parser that trips over it may quote of it
SECRETS = {PASSWORD, quote(PASSWORD, safe=""), "w0rd", SMTP_PASSWORD, "m4il"}

#: what may show a password: looked at, run, failing
CELLS = {
    "the session": f"{SET_UP}\nlab",
    "what it holds": "lab._server, lab._redis, lab._redis.connection_pool, vars(lab)",
    "a worker": "worker = await lab.start_worker(backoff_s=0.01)\nworker, vars(lab)",
    "a queue": "queue = await lab.queue()\nqueue, queue.redis, queue.keys",
    "a job that cannot be sent": "from workers.contract import EmailPayload\n"
    "email = EmailPayload(to='a@example.com', subject='Hello', html='')\n"
    "story = await lab.send(email)\nprint(story, worker.output)\nawait worker.stop()",
    "settings": "import workers.email\nworkers.email.WorkerSettings",
    "a bad setting": "await lab.run(limit='nonsense')",
    "the doctor": "await lessonkit.examine(lab)",
    "a closed session": "await lab.close()\nawait lab.run()",
    "a wrong password": "import os\n"
    "os.environ['REDIS_URL'] = os.environ['REDIS_URL'].replace('s3cr', 'x-s3cr')\n"
    "await lessonkit.open_lab()",
    "a password that is no URL's": "import os\n"
    "os.environ['REDIS_URL'] = os.environ['REDIS_URL'].replace('%2F', '/')\n"
    "await lessonkit.open_lab()",
}
#: so that what is looked for is looked for where something is said
SAID = {
    "the session": "the server of REDIS_URL, redis://:***@",
    "a worker": "WorkerProcess(process",
    "a job that cannot be sent": "ConnectionRefusedError",
    "settings": "RedisSettings(127.0.0.1:",
    "a bad setting": "limit",
    "the doctor": "Redis server",
    "a closed session": "LabClosed",
    "a wrong password": "Mend the user or password in REDIS_URL.",
    "a password that is no URL's": "write / as %2F",
}


@pytest.fixture
async def kernel(own_servers):
    """A kernel whose Redis and mail server want a password."""
    server = background.spawn(open_at_port("a test", PASSWORD)).result(30)
    kernel = Kernel(own_servers.with_name("kernel"))
    smtp_url = f"smtp://founder:{SMTP_PASSWORD}@127.0.0.1:1"
    await kernel.start(REDIS_URL=server.url, SMTP_URL=smtp_url)
    yield kernel
    await kernel.end()
    background.spawn(server.stop()).result(30)


async def test_whatever_a_learner_looks_at_holds_no_password(kernel):
    for what, code in CELLS.items():
        shown = await kernel.run(code)
        assert SAID.get(what, "") in shown
        if what == "a worker":
            for process in (each for some in kernel.family.values() for each in some):
                assert not [secret for secret in SECRETS if secret in str(process.cmdline())]
    sent = json.dumps(kernel.messages, default=str)
    assert not [secret for secret in SECRETS if secret in sent.replace("x-s3cr", "")]


@pytest.mark.parametrize("password", ["m4il/s3cret", "m4il:s3cret", "m4il[s3cret", "m4il#s3cret"])
async def test_a_mail_password_that_is_no_urls_is_not_quoted(password):
    email = EmailPayload(to="a@example.com", subject="Hello", html="")
    with pytest.raises((ValueError, OSError)) as caught:
        await send(email, f"smtp://founder:{password}@127.0.0.1:1")
    assert "m4il" not in str(caught.value)
