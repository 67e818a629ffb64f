"""Keeps a Redis server for the process that started it, and leaves nothing behind.

Run as a script, by path, with nothing but the standard library: it lives beside the server for
hours. A server would outlive a kernel that was killed, for a killed kernel runs no clean-up; the
guard's standard input ends with the kernel, and then the guard ends the server and removes its
directory. It waits for the server's clients to go first, so that workers can report what they end.

A server that was killed is started again after a moment, with all that it knew. A guard that was
killed does nothing more: a shell beside it, whose input ends with the guard, ends the server then.

    guard.py DIRECTORY PATIENCE_S SERVER [ARGUMENT ...]
"""

import contextlib
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

#: a server that ends sooner than this is not started again
WELL_S = 1.0
#: how long a killed server is away, as if a person or a supervisor had to notice
AWAY_S = 1.0
#: for a shell that is told the guard's process group, in which the server is, and the directory.
#: A shell, for who ends all that is called Python by hand leaves it alone.
WATCH = """read -r _
kill -s KILL -- "-$1"
sleep 0.2
rm -rf -- "$2"
rmdir -- "${2%/*}"
"""


def main() -> int:
    """Guard the server until it, or the parent, is gone."""
    directory, patience_s, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Jupyter's Interrupt is not meant for us
    told_to_end = []
    signal.signal(signal.SIGTERM, lambda *_: told_to_end.append(True))
    parent, watcher = os.getppid(), watch(directory)
    server, began = start(command), time.monotonic()
    seen = began
    try:
        while not told_to_end and not parent_is_gone(parent):
            now = time.monotonic()
            if server.poll() is None:
                seen = now
            elif seen - began < WELL_S:
                quote(os.path.join(directory, "log"))
                return 1  # it cannot start, or not stay
            elif now - seen >= AWAY_S:
                server, began, seen = start(command), now, now
        deadline = time.monotonic() + (0 if told_to_end else patience_s)
        while server.poll() is None and time.monotonic() < deadline and clients(directory):
            time.sleep(0.1)
    finally:
        end(server)
        shutil.rmtree(directory, ignore_errors=True)
        with contextlib.suppress(OSError):  # others' servers may be beside ours
            os.rmdir(os.path.dirname(directory))
        watcher.kill()
        watcher.wait()
    return 0


def watch(directory: str) -> "subprocess.Popen[bytes]":
    """Start what ends the server, and removes the directory, when this process was killed."""
    paths = [path for path in (os.environ.get("PATH"), os.defpath) if path]
    return subprocess.Popen(
        ["sh", "-c", WATCH, "sh", str(os.getpid()), directory],
        executable="/bin/sh",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # what ends our process group is not to end it
        env={"PATH": os.pathsep.join(paths)},
    )


def start(command: list[str]) -> "subprocess.Popen[bytes]":
    """Start the server. All that it was told before is in its directory."""
    return subprocess.Popen(command, stdin=subprocess.DEVNULL)


def quote(log: str) -> None:
    """Say the log's last lines on stderr, for the directory goes."""
    with contextlib.suppress(OSError), open(log, errors="replace") as lines:
        sys.stderr.writelines(lines.readlines()[-5:])


def parent_is_gone(parent: int) -> bool:
    """Wait a moment for it. A process that the parent forked may hold the pipe open."""
    ready, _, _ = select.select([0], [], [], 0.1)
    return bool(ready and not os.read(0, 4096)) or os.getppid() != parent


def clients(directory: str) -> int:
    """How many others are connected to the server."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1.0)
            line.connect(os.path.join(directory, "redis.sock"))
            line.sendall(b"INFO clients\r\n")
            answer = line.recv(4096)
    except OSError:
        return 0
    found = re.search(rb"connected_clients:(\d+)", answer)
    return int(found[1]) - 1 if found else 0


def end(server: "subprocess.Popen[bytes]") -> None:
    """Ask the server to go, and make it."""
    server.terminate()
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
