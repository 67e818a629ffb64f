"""A real JupyterLab on a copy of the notebooks, and a real Chromium."""

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request

import psutil
import pytest
from playwright.sync_api import sync_playwright

from lessonkit import jupyter
from tests.browser import driver


@pytest.fixture
def page():
    """Yield an empty page of a browser of its own.

    Playwright's event loop runs in this thread for as long as it lives, and asyncio's own tests
    need the thread: so a browser lasts for one test.
    """
    with sync_playwright() as playwright:
        path = driver.find_chromium(playwright)
        browser = playwright.chromium.launch(executable_path=path, args=driver.CHROMIUM_ARGUMENTS)
        yield browser.new_page(viewport={"width": 1300, "height": 900})
        browser.close()


@pytest.fixture(scope="session")
def jupyter_root(tmp_path_factory):
    """Return a directory with a copy of the notebooks, so that tests leave the tree as it was."""
    root = tmp_path_factory.mktemp("jupyter")
    with contextlib.suppress(FileNotFoundError):
        shutil.copytree(
            jupyter.ROOT / "notebooks",
            root / "notebooks",
            ignore=shutil.ignore_patterns(".ipynb_checkpoints"),
        )
    (root / "notebooks").mkdir(exist_ok=True)
    return root


@pytest.fixture(scope="session")
def jupyter_url(jupyter_root):
    """Yield the URL of what `make lab` starts, with its state in the copy."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = [
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={driver.TOKEN}",
        "--LabApp.expose_app_in_browser=True",  # gives the driver `jupyterapp`
    ]
    log_path = jupyter_root / "jupyterlab.log"
    with log_path.open("w") as log:
        server = psutil.Popen(
            jupyter.command(arguments, root=jupyter_root),
            env=jupyter.environment(root=jupyter_root),
            cwd=jupyter.ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for pytest, which then stops it as below
        )
    try:
        wait_until_it_answers(url, server, log_path)
        yield url
    finally:
        stop(server)


@pytest.fixture(autouse=True)
def no_kernel_stays(request):
    """A notebook that two tests open has a fresh kernel in each."""
    yield
    if "jupyter_url" in request.fixturenames:
        stop_kernels(request.getfixturevalue("jupyter_url"))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until_it_answers(url, server, log_path, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError):
            return ask(url, "api")
        time.sleep(0.1)
    pytest.fail("JupyterLab did not start:\n" + log_path.read_text()[-3000:])


def stop_kernels(url):
    """End all sessions: kernels go with them, and what the kernels started with those."""
    for session in ask(url, "api/sessions"):
        ask(url, f"api/sessions/{session['id']}", method="DELETE")


def ask(url, path, method="GET"):
    asked = urllib.request.Request(driver.address(url, path), method=method)
    asked.add_header("Authorization", f"token {driver.TOKEN}")
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.loads(answer.read() or "null")


def stop(server, timeout_s=20):
    """Stop the server; fail if it, or anything it started, stays."""
    family = [server]
    with contextlib.suppress(psutil.NoSuchProcess):
        family += server.children(recursive=True)
        server.terminate()
    _, left = psutil.wait_procs(family, timeout=timeout_s)
    names = [process.info["cmdline"] for process in map(with_command, left)]
    for process in left:
        process.kill()
    assert not names, f"still there {timeout_s} s after JupyterLab was told to stop: {names}"


def with_command(process):
    process.info = process.as_dict(["cmdline"])
    return process
