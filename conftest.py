"""What tests and notebooks share: servers of their own, and nothing that is left behind."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.left_behind import left_behind
from workers.contract import SETTINGS

pytest_plugins = ["tests.notebook_runs"]


def pytest_configure(config):
    """Keep away from the developer's own servers: they are not ours to see or to end."""
    root = "/tmp" if os.access("/tmp", os.W_OK) else None  # a socket's path must be short
    config.session_root = Path(tempfile.mkdtemp(prefix="lkt-", dir=root))
    os.environ["LESSONKIT_SERVERS"] = str(config.session_root / "servers")
    for name in SETTINGS:  # a developer may have them set, and the tests choose for themselves
        os.environ.pop(name, None)
    # a shell has what it runs in the background ignore Ctrl-C, and so would all that a test starts
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
    assert not left_behind(session_root)
