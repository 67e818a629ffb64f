"""What ships for more machines, a unit and a Compose file: run as far as they can be here."""

import asyncio
import configparser
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from redis.exceptions import RedisError

import workers
from lessonkit.queue import Queue
from lessonkit.server import find_program
from workers.connection import connect
from workers.contract import EMAIL

DEPLOY = Path(workers.__file__).with_name("deploy")
UNIT = DEPLOY / "background-worker@.service"
PASSWORD = "secret123"


def service():
    """The unit's section on how its process is run."""
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str
    unit.read(UNIT)
    return unit["Service"]


def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]


def grace_s(words):
    return float(words[words.index("--grace") + 1])


UNIT_WORDS = shlex.split(service()["ExecStart"])
COMPOSE_WORDS = compose()["worker"]["command"]


# ---- both ----------------------------------------------------------------------------------------


def test_the_platform_waits_for_longer_than_a_worker_may_take_to_leave():
    assert float(service()["TimeoutStopSec"]) >= grace_s(UNIT_WORDS) + 5
    assert int(compose()["worker"]["stop_grace_period"].removesuffix("s")) >= (
        grace_s(COMPOSE_WORDS) + 5
    )


def test_the_signal_that_ends_a_worker_is_the_one_that_it_heeds():
    assert service()["KillSignal"] == "SIGTERM"
    assert isinstance(COMPOSE_WORDS, list), "a shell in between would keep the signal to itself"


def test_no_password_is_in_a_command():
    assert "REDIS_URL" not in service()["ExecStart"]
    assert service()["EnvironmentFile"]
    for each in compose().values():
        assert not any("${REDIS_PASSWORD" in word for word in each["command"])


@pytest.mark.parametrize("words", [UNIT_WORDS, COMPOSE_WORDS], ids=["unit", "compose"])
async def test_its_command_starts_a_worker_that_takes_a_job_and_leaves_in_peace(
    words, command, redis_url, redis, prefix, wait_until
):
    """With its input at its end from the first moment, as systemd and Docker have it."""
    assert Path(words[0]).name == "python"
    queue = Queue(EMAIL, redis, prefix)
    one = command(*words[1:], "--prefix", prefix, stdin=subprocess.DEVNULL, REDIS_URL=redis_url)
    email = {"to": "a@example.com", "subject": "x", "html": "", "seconds": 0}
    (number,) = await queue.add_many([email])

    async def sent():
        return (await queue.state(number)).state == "completed"

    await wait_until(sent)
    await asyncio.sleep(1.2)  # longer than a process takes to see that its parent is gone
    assert one.exit_code is None
    one.send(signal.SIGTERM)
    assert await one.end() == 0
    await queue.obliterate()


# ---- systemd -------------------------------------------------------------------------------------


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not there")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace(UNIT_WORDS[0], sys.executable))
    ended = subprocess.run(
        ["systemd-analyze", "verify", unit.with_name("background-worker@1.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in ended.stderr.splitlines() if "background-worker" in line]
    assert not ours, ended.stderr


def test_a_wrong_setting_is_not_tried_again(command):
    one = command(*UNIT_WORDS[1:], "--max-jobs", "none", REDIS_URL="redis://localhost")
    one.process.wait(20)
    assert str(one.exit_code) == service()["RestartPreventExitStatus"]


# ---- Compose -------------------------------------------------------------------------------------


def filled(text, **values):
    """What Compose makes of a text: variables put in, $$ made $."""
    text = re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: values[found[1]], text)
    return text.replace("$$", "$")


@pytest.fixture
async def composed(tmp_path, wait_until):
    """The `redis` of the Compose file as a process of this machine, at a port of its own."""
    program = find_program()
    (tmp_path / "valkey-server").symlink_to(program)
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port = line.getsockname()[1]
    words = [filled(word) for word in compose()["redis"]["command"]]
    words[-1] += f" --bind 127.0.0.1 --port {port} --dir {shlex.quote(str(tmp_path))}"
    environment = os.environ | {"REDIS_PASSWORD": PASSWORD}
    environment["PATH"] = f"{tmp_path}:{environment['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *words, env=environment, stdout=asyncio.subprocess.DEVNULL, cwd=tmp_path
    )
    yield port
    process.terminate()
    await process.wait()


async def test_a_composed_worker_reaches_the_composed_redis(
    composed, command, wait_until, monkeypatch
):
    url = filled(compose()["worker"]["environment"]["REDIS_URL"], REDIS_PASSWORD=PASSWORD)
    url = url.replace("redis:6379", f"127.0.0.1:{composed}")
    client = connect(url)

    async def there():
        try:
            return await client.ping()
        except (RedisError, OSError):
            return False

    await wait_until(there)
    assert (await client.config_get("appendonly"))["appendonly"] == "yes"
    one = command(*COMPOSE_WORDS[1:], REDIS_URL=url)
    await wait_until(lambda: "Listening" in one.out)
    queue = Queue(EMAIL, client)
    (number,) = await queue.add_many(
        [{"to": "a@example.com", "subject": "x", "html": "", "seconds": 0}]
    )

    async def sent():
        return (await queue.state(number)).state == "completed"

    await wait_until(sent)
    one.send(signal.SIGTERM)
    assert await one.end() == 0
    await client.aclose()
    without = connect(f"redis://127.0.0.1:{composed}")
    with pytest.raises(Exception, match="Authentication required"):
        await without.ping()
    await without.aclose()


def test_the_image_is_made_of_what_is_there():
    build = compose()["worker"]["build"]
    context = (DEPLOY / build["context"]).resolve()
    assert (context / "pyproject.toml").is_file()
    assert (context / "constraints.txt").is_file()
    assert "-c constraints.txt arq pydantic redis" in build["dockerfile_inline"]
