"""`make setup` as a newcomer meets it: what it says when it cannot, and that it is quick when done.

The trees here are small stand-ins (a package without libraries, built without the network); the
script, the interpreters, venv and pip are the real ones.
"""

import ast
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lessonkit import bootstrap

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = "lessonkit/bootstrap.py"

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "stand-in"
version = "1"
[project.optional-dependencies]
test = []
"""
# The least that pip takes for an editable install. SLOW_S leaves time to interrupt it.
BACKEND = """
import os, time, zipfile
def build_editable(folder, config_settings=None, metadata_directory=None):
    time.sleep(float(os.environ.get("SLOW_S", "0")))
    name = "stand_in-1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        info = "stand_in-1.dist-info/"
        for file, lines in {
            "METADATA": "Metadata-Version: 2.1|Name: stand-in|Version: 1|Provides-Extra: test",
            "WHEEL": "Wheel-Version: 1.0|Root-Is-Purelib: true|Tag: py3-none-any",
            "RECORD": "",
        }.items():
            wheel.writestr(info + file, lines.replace("|", "\\n"))
    return name
"""
NO_NETWORK = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",  # nothing listens there
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_FIND_LINKS": "",
    "PIP_RETRIES": "0",
}


@pytest.fixture
def tree(tmp_path):
    return make_tree(tmp_path / "a tree")


@pytest.fixture(scope="module")
def ready_tree(tmp_path_factory):
    """A tree that is set up; tests leave it so."""
    tree = make_tree(tmp_path_factory.mktemp("ready") / "tree")
    assert set_up(tree).returncode == 0
    return tree


def make_tree(tree):
    (tree / "lessonkit").mkdir(parents=True)
    shutil.copy(ROOT / SCRIPT, tree / SCRIPT)
    (tree / "lessonkit" / "queue.py").write_text("raise RuntimeError('not the library's queue')")
    (tree / "pyproject.toml").write_text(PYPROJECT)
    (tree / "backend.py").write_text(BACKEND)
    (tree / "constraints.txt").touch()
    return tree


def set_up(tree, *extras, python=sys.executable, before=(), **environment):
    return subprocess.run(
        [*before, python, SCRIPT, *extras],
        cwd=tree,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def says(result, problem, next_step):
    """One line for the problem and one for the next step, no traceback, exit code 1."""
    assert result.returncode == 1
    *_, first, second = result.stderr.splitlines()
    assert "Traceback" not in result.stderr
    return (
        first.startswith("Set-up failed: ")
        and problem in first
        and second.startswith("Next: ")
        and next_step in second
    )


def old_python():
    """A Python 3 on this machine that is too old, if there is one."""
    found = [shutil.which(f"python3.{minor}") for minor in range(6, 11)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found += sorted(pyenv.glob("versions/3.*/bin/python3"))
    old = "import sys; sys.exit(not (3, 6) <= sys.version_info < (3, 11))"
    for path in filter(None, found):
        if subprocess.run([path, "-c", old], capture_output=True, check=False).returncode == 0:
            return str(path)
    return None


def test_an_old_python_gets_one_line_and_the_next_step(tree):
    python = old_python()
    if python is None:
        pytest.skip("no Python 3.6 to 3.10 on this machine")
    assert says(set_up(tree, python=python), "is too old", "PYTHON=python3.13")
    assert not (tree / ".venv").exists()


def test_the_script_parses_on_python_3_6():
    ast.parse((ROOT / SCRIPT).read_text(), feature_version=(3, 6))


def test_a_python_that_is_too_new_is_refused(monkeypatch):
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 14, 0))
    with pytest.raises(bootstrap.SetupFailed, match="too new"):
        bootstrap.check_python()


def test_windows_is_told_of_wsl(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(bootstrap.os, "name", "nt")
        with pytest.raises(bootstrap.SetupFailed) as failure:
            bootstrap.check_python()
    assert "WSL2" in failure.value.next_step


def test_the_doctor_too_tells_windows_of_wsl():
    as_windows = (
        "import asyncio, importlib.util, os, lessonkit.bootstrap;"
        "main = importlib.util.find_spec('lessonkit.__main__').loader;"
        "os.name = 'nt';"
        "exec(main.get_code('lessonkit.__main__'), {'__name__': '__main__'})"
    )
    result = subprocess.run(
        [sys.executable, "-c", as_windows], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr.startswith("lessonkit: Windows itself is not supported")
    assert "WSL2" in result.stderr


def test_a_missing_venv_module_says_what_to_install(tree, tmp_path):
    (tmp_path / "ensurepip.py").write_text("raise ImportError")  # as Debian has it: not there
    result = set_up(tree, PYTHONPATH=str(tmp_path))
    assert says(result, "venv module is missing", "apt install python3-venv")


def test_no_network_is_said_so(tree):
    pyproject = tree / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("requires = []", 'requires = ["hatchling"]'))
    result = set_up(tree, **NO_NETWORK)
    assert says(result, "No network", "HTTPS_PROXY")
    assert len(result.stderr.splitlines()) <= 6


def test_a_read_only_directory_is_said_so(tree):
    before = []
    if os.getuid() == 0:  # root may write anywhere, unless it gives that up
        before = ["setpriv", "--bounding-set=-dac_override"]
        if shutil.which("setpriv") is None:
            pytest.skip("this is root, who may write anywhere, and there is no setpriv")
    tree.chmod(0o555)
    try:
        assert says(set_up(tree, before=before), "cannot be written to", "make a copy")
    finally:
        tree.chmod(0o755)


def test_a_full_disk_is_said_so():
    output = f"ERROR: [Errno {errno.ENOSPC}] {os.strerror(errno.ENOSPC)}: 'x'"
    failure = bootstrap.explain("Installing", output)
    assert "disk is full" in failure.problem


def test_what_pip_says_is_shown_when_the_reason_is_unknown():
    output = "[notice] noise\nERROR: No matching distribution found for x==9\n"
    failure = bootstrap.explain("Installing", output)
    assert failure.details == "ERROR: No matching distribution found for x==9"


def test_the_second_start_installs_nothing_and_is_quick(ready_tree):
    stamp = (ready_tree / ".venv" / "lessonkit-installed.json").stat().st_mtime_ns
    started_s = time.monotonic()
    result = set_up(ready_tree, **NO_NETWORK)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert time.monotonic() - started_s < 5  # an install takes longer even where it does nothing
    assert (ready_tree / ".venv" / "lessonkit-installed.json").stat().st_mtime_ns == stamp


def test_an_extra_is_added_and_kept(ready_tree):
    assert "Installing" in set_up(ready_tree, "test").stdout
    assert set_up(ready_tree).stdout == ""
    assert set_up(ready_tree, "test").stdout == ""


def test_changed_bounds_are_installed(ready_tree):
    with (ready_tree / "constraints.txt").open("a") as file:
        file.write("# changed\n")
    result = set_up(ready_tree)
    assert "Installing" in result.stdout
    assert "Making" not in result.stdout


def test_an_interrupted_install_is_completed_by_the_next(ready_tree):
    with (ready_tree / "constraints.txt").open("a") as file:
        file.write("# changed again\n")
    process = subprocess.Popen(
        [sys.executable, SCRIPT],
        cwd=ready_tree,
        env={**os.environ, "SLOW_S": "60"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if "Installing" in line:
            break
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "completes" in stderr
    assert "Traceback" not in stderr
    assert "Ready" in set_up(ready_tree).stdout


def test_an_environment_that_was_moved_or_lost_its_python_is_made_again(ready_tree):
    moved = ready_tree.rename(ready_tree.with_name("moved"))
    try:
        # By its own Python, as make would: it is replaced under its own feet.
        result = set_up(moved, python=".venv/bin/python")
        assert "Making .venv" in result.stdout, result
        assert json.loads((moved / ".venv" / "lessonkit-installed.json").read_text())
        python = moved / ".venv" / "bin" / "python"
        python.unlink()
        python.symlink_to("/nowhere/python")
        assert "Making .venv" in set_up(moved).stdout
    finally:
        moved.rename(ready_tree)


def make(*arguments):
    if shutil.which("make") is None:
        pytest.skip("no make on this machine")
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def test_make_alone_says_what_it_can_do():
    printed = make()
    for target in ("setup", "lab", "test", "check", "bench", "clean"):
        assert f"make {target} " in printed


def test_make_lab_passes_arguments_on():
    printed = make("--dry-run", "lab", "ARGS=--no-browser --port 8890", f"PYTHON={sys.executable}")
    assert "lessonkit.jupyter --no-browser --port 8890" in printed
