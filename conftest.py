"""What tests and notebooks share: servers of their own, and nothing that is left behind."""

import os
import shutil
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from xdist.scheduler import LoadScopeScheduling

#: what a developer may have set, and the tests choose for themselves
SETTINGS = ("REDIS_URL", "WORKER_CONCURRENCY", "EMAIL_SECONDS")


def pytest_configure(config):
    """Keep away from the developer's own servers: they are not ours to see or to end."""
    root = "/tmp" if os.access("/tmp", os.W_OK) else None  # a socket's path must be short
    config.session_root = Path(tempfile.mkdtemp(prefix="lkt-", dir=root))
    os.environ["LESSONKIT_SERVERS"] = str(config.session_root / "servers")
    for name in SETTINGS:
        os.environ.pop(name, None)


class Scheduler(LoadScopeScheduling):
    """Which tests go to the same one of the processes that run tests side by side: the cells of a
    notebook, which share a kernel, and the tests in a browser, which share a JupyterLab."""

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        if file.startswith("tests/browser/"):
            return "browser"
        return file if file.endswith(".ipynb") else nodeid


def pytest_xdist_make_scheduler(config, log):
    return Scheduler(config, log)


def pytest_unconfigure(config):
    shutil.rmtree(config.session_root, ignore_errors=True)


@pytest.fixture(scope="session")
def session_root(pytestconfig):
    return pytestconfig.session_root


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left(session_root):
    """After the last test no process is left that carries our environment, and no directory."""
    yield
    deadline = time.monotonic() + 20
    while (left := _left_behind(session_root)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in _processes_under(session_root):
        process.kill()
    assert not left


def _left_behind(root):
    commands = [" ".join(process.info["cmdline"] or []) for process in _processes_under(root)]
    return commands + [str(path) for path in root.glob("**/servers/*")]


def _processes_under(root):
    """Every process but this one whose servers are somewhere under `root`."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "environ", "status"])
        if _is_under(root, process)
        and process.info["status"] != psutil.STATUS_ZOMBIE
        and process.pid != os.getpid()
    ]


def _is_under(root, process):
    environment = process.info["environ"] or {}
    # a server writes its title, which names its socket, over its environment
    return str(root) in environment.get("LESSONKIT_SERVERS", "") or str(root) in str(
        process.info["cmdline"]
    )
