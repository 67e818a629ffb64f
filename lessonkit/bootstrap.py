"""Make ``.venv`` and install into it: ``python3 lessonkit/bootstrap.py [EXTRA ...]``.

Standard library only. It is run by the Python a learner happens to have, so this file must parse
on old ones too: they get one clear line instead of a SyntaxError. Nothing to do takes no time,
and an install that was interrupted is completed by the next one.
"""

import sys

if __name__ == "__main__":  # Python put this folder first, where our queue.py hides the library's
    sys.path.pop(0)

import contextlib
import errno
import hashlib
import json
import os
import shutil
import subprocess
import time
from typing import Iterator

OLDEST, NEWEST = (3, 11), (3, 13)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "lessonkit-installed.json")
LOG = os.path.join(VENV, "lessonkit-install.log")
TICK_S = 10  # a silent minute looks like a hang

# the problem, and the next step
ON_WINDOWS = (
    "Windows itself is not supported; Linux inside it is.",
    "run `wsl --install` in PowerShell, then clone and run make inside WSL2.",
)

# The first sign that pip's output holds says what went wrong.
SIGNS = (
    (("No space left on device",), "The disk is full.", "free about 1 GB"),
    (
        ("Permission denied", "Read-only file system"),
        "This directory cannot be written to.",
        "make a copy that is your own",
    ),
    (
        ("CERTIFICATE_VERIFY_FAILED", "SSLError"),
        "pip does not trust the certificate of the package index.",
        "set PIP_CERT to your organisation's certificate file",
    ),
    (
        (
            "Failed to establish a new connection",
            "Connection refused",
            "Connection broken",
            "Connection reset",
            "Could not resolve host",
            "Name or service not known",
            "Temporary failure in name resolution",
            "Network is unreachable",
            "ProxyError",
            "Read timed out",
            "timed out. (connect timeout",
            "(from versions: none)",  # no index knew the library: none was reached
        ),
        "No network: pip cannot reach the package index.",
        "check the connection (behind a proxy: set HTTPS_PROXY)",
    ),
)
NOISE = ("[notice]", "WARNING: ", "Collecting ", "Installing collected ", "Successfully built ")


class SetupFailed(Exception):
    """What went wrong, in one line, and the next step."""

    def __init__(self, problem: str, next_step: str, details: str = "") -> None:
        super().__init__(problem)
        self.problem, self.next_step, self.details = problem, next_step, details


def main(extras: "list[str]") -> int:
    """Set up with these extras and return the exit code."""
    try:
        check_python()
        set_up(set(extras))
    except SetupFailed as failure:
        if failure.details:
            print(failure.details, file=sys.stderr)
        print("Set-up failed: " + failure.problem, file=sys.stderr)
        print("Next: " + failure.next_step, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command again completes the set-up.", file=sys.stderr)
        return 130
    return 0


def check_python() -> None:
    """Refuse a Python or a system that cannot work, before anything is made."""
    if os.name == "nt":
        raise SetupFailed(*ON_WINDOWS)
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        raise SetupFailed(
            "Python %s is too %s (%s); Python 3.11, 3.12 or 3.13 is needed."
            % (dotted(), "old" if sys.version_info[:2] < OLDEST else "new", sys.executable),
            "install one of them and run the same command again, or name it: "
            "make setup PYTHON=python3.13",
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise SetupFailed(
            "Python's venv module is missing (Debian and Ubuntu ship it apart).",
            "sudo apt install python3-venv python%s-venv, then the same command again." % dotted(2),
        ) from None


def set_up(extras: "set[str]") -> None:
    """Bring ``.venv`` to what the project asks for; do nothing where it is already."""
    if is_current(extras):
        return
    check_writable()
    with only_one_at_a_time():
        if is_current(extras):  # another one was quicker
            return
        try:
            install(extras)
        except OSError as error:
            raise SetupFailed(
                "The disk is full."
                if error.errno == errno.ENOSPC
                else "Cannot write here: %s." % error,
                "mend that and run the same command again.",
            ) from error


def install(extras: "set[str]") -> None:
    """Make ``.venv`` where there is none that works, and install with pip."""
    started_s = time.monotonic()
    print("Setting up in .venv with Python %s. The first time takes a minute or two." % dotted())
    if is_usable():
        extras = extras | read_stamp()[1]  # what was there stays
        forget_stamp()
    else:
        shutil.rmtree(VENV, ignore_errors=True)
        run("Making .venv", [base_python(), "-m", "venv", VENV], started_s)
    target = ".[%s]" % ",".join(sorted(extras)) if extras else "."
    pip = [VENV_PYTHON, "-m", "pip", "install", "--progress-bar=off"]
    run("Installing", [*pip, "-c", "constraints.txt", "-e", target], started_s)
    write_stamp(extras)
    say(started_s, "Ready")


def run(phase: str, command: "list[str]", started_s: float) -> None:
    """Run a command quietly, with a sign of life now and then; its output is shown if it fails."""
    say(started_s, phase)
    environment = {
        "PIP_RETRIES": "2",  # for each library: without a network, five would take a minute
        **os.environ,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_USER": "0",  # some people's pip settings say 1, which a .venv refuses
    }
    os.makedirs(VENV, exist_ok=True)
    with open(LOG, "w+") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            last_s = time.monotonic()
            while process.poll() is None:
                time.sleep(0.1)
                if time.monotonic() - last_s >= TICK_S:
                    last_s = time.monotonic()
                    say(started_s, phase + progress_of(LOG))
        except BaseException:
            process.terminate()
            process.wait()
            raise
        log.seek(0)
        if process.returncode:
            raise explain(phase, log.read())


def progress_of(log_path: str) -> str:
    """Where pip is, as its own log says."""
    with open(log_path, errors="replace") as log:
        lines = log.read().splitlines()
    if any(line.startswith("Installing collected packages") for line in lines):
        return ": unpacking"
    return ": %d packages found" % sum(line.startswith("Collecting ") for line in lines)


def explain(phase: str, output: str) -> SetupFailed:
    """Turn a command's output into one line, the next step, and the lines of it worth reading."""
    if shutil.disk_usage(ROOT).free < 10e6:  # too full even for the log that would say so
        output += SIGNS[0][0][0]
    lines = [line for line in output.splitlines() if line.strip()]
    for signs, problem, next_step in SIGNS:
        for line in lines:
            if any(sign in line for sign in signs):
                return SetupFailed(
                    problem, next_step + " and run the same command again.", line[:300]
                )
    return SetupFailed(
        phase + " did not work.",
        "read the lines above, then run the same command again; the whole output is in %s." % LOG,
        "\n".join([line for line in lines if not line.startswith(NOISE)][-12:]),
    )


def say(started_s: float, text: str) -> None:
    """Print a line with the time since the start."""
    print("%4.0f s  %s" % (time.monotonic() - started_s, text), flush=True)


# What is installed, and what is wanted


def is_current(extras: "set[str]") -> bool:
    """Whether ``.venv`` holds all that is wanted; must stay quick."""
    made_from, installed = read_stamp()
    # The first is false for a link whose Python is gone.
    return os.path.exists(VENV_PYTHON) and made_from == wanted() and extras <= installed


def wanted() -> "dict[str, str]":
    """What an install depends on, its place and Python included: a moved ``.venv`` is broken."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return {"files": digest.hexdigest(), "python": dotted(2), "root": ROOT}


def is_usable() -> bool:
    """Whether ``.venv`` can be installed into: made here, by this Python, and pip runs."""
    made_from, _ = read_stamp()
    if any(made_from.get(key, now) != now for key, now in wanted().items() if key != "files"):
        return False
    probe = "import pip, sys; print(sys.prefix, '%d.%d' % sys.version_info[:2], sep='\\n')"
    try:
        answer = subprocess.run(
            [VENV_PYTHON, "-c", probe], capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.stdout.splitlines() == [VENV, dotted(2)]


def read_stamp() -> "tuple[dict[str, str], set[str]]":
    """What the last install was made from, and its extras; empty if it was interrupted."""
    try:
        with open(STAMP) as file:
            stamp = json.load(file)
        return stamp["made_from"], set(stamp["extras"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}, set()


def write_stamp(extras: "set[str]") -> None:
    """Note that the install is complete."""
    with open(STAMP + ".new", "w") as file:
        json.dump({"made_from": wanted(), "extras": sorted(extras)}, file)
    os.replace(STAMP + ".new", STAMP)


def forget_stamp() -> None:
    """From here until the end the install is incomplete, and must look so."""
    if os.path.exists(STAMP):
        os.remove(STAMP)


# The machine


def dotted(parts: int = 3) -> str:
    """This Python's version."""
    return ".".join(str(part) for part in sys.version_info[:parts])


def base_python() -> str:
    """The Python behind this one, which may be the ``.venv`` that is about to be replaced."""
    return getattr(sys, "_base_executable", None) or sys.executable


def check_writable() -> None:
    """Refuse a directory that we cannot write to."""
    if not os.access(ROOT, os.W_OK):
        raise SetupFailed(
            "%s cannot be written to." % ROOT,
            "make a copy that is your own (cp -r), and run the same command there.",
        )


@contextlib.contextmanager
def only_one_at_a_time() -> "Iterator[None]":
    """Two set-ups at once would spoil each other: the second waits for the first."""
    import fcntl  # not on Windows, which has been told so by now

    with open(os.path.join(ROOT, "constraints.txt")) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Another set-up is at work here: waiting for it.", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
