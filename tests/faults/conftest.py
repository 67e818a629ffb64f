"""Workers whose jobs keep books, and a server that can be killed."""

import contextlib
import shutil

import psutil
import pytest
from redis.exceptions import RedisError

from lessonkit.queue import Queue
from lessonkit.server import SETTINGS, find_program
from tests.faults.ledger import JOBS, Ledger
from workers.connection import connect
from workers.contract import EMAIL


class Killable:
    """A server as ours are, but that nobody starts again on its own."""

    def __init__(self, directory):
        self.directory = directory
        self.url = f"unix://{directory}/redis.sock"
        self.process = None

    def start(self):
        self.directory.mkdir(exist_ok=True)
        path = {"dir": str(self.directory), "unixsocket": f"{self.directory}/redis.sock"}
        settings = SETTINGS | path | {"port": "0", "logfile": "log"}
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        self.process = psutil.Popen(
            [find_program(), *options], cwd=self.directory, start_new_session=True
        )

    async def answers(self):
        client = connect(self.url)
        try:
            return await client.ping()
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()

    @property
    def log(self):
        return (self.directory / "log").read_text()

    def kill(self):
        with contextlib.suppress(psutil.NoSuchProcess):
            self.process.kill()
        self.process.wait()


@pytest.fixture
async def server(own_servers, wait_until):
    """A server that can be killed and started again on what it wrote; not guarded."""
    server = Killable(own_servers)
    try:
        server.start()
        await wait_until(server.answers)
        yield server
    finally:
        server.kill()
        shutil.rmtree(own_servers)


@pytest.fixture
async def queue(server, prefix):
    """An email queue on that server."""
    redis = connect(server.url)
    yield Queue(EMAIL, redis, prefix)
    await redis.aclose()


@pytest.fixture
async def ledger(queue, tmp_path):
    ledger = Ledger(queue, tmp_path / "effects")
    yield ledger
    print(*ledger.events, sep="\n")  # which pytest shows of a failed test


@pytest.fixture
def worker(worker, server):
    """As `worker`, on that server."""

    async def start(*arguments, **options):
        return await worker(*arguments, **({"REDIS_URL": server.url} | options))

    return start


@pytest.fixture
def bookkeeper(worker, ledger):
    """`await bookkeeper("--max-jobs", 5)` is a worker whose jobs write into the ledger."""

    async def start(*arguments, **options):
        arguments = ("--limit", "off", "--backoff", 0.1, *arguments)
        return await worker(*arguments, program=JOBS, LEDGER=str(ledger.effects_path), **options)

    return start
