"""What is left of servers, workers and kernels, where nothing should be."""

import os
import time

import psutil


def left_behind(root, patience_s=20.0):
    """Commands and directories of servers under `root` that are there when patience is over."""
    deadline = time.monotonic() + patience_s
    while (left := _seen(root)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in _processes_under(root):
        process.kill()
    return left


def _seen(root):
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
