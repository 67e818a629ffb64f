"""Who is measured here: ours, stock arq, and those of the others that this machine can run."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from tests.bench.compare import say
from tests.bench.contender import Contender
from tests.bench.ours import OURS, OURS_WITHOUT_EVENTS
from tests.bench.saq_queue import SAQ
from tests.bench.stock_arq import ARQ, ARQ_AS_IT_COMES, ARQ_WITH_EVENTS

#: node's libraries are no part of the project, and stay outside of it
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "lessonkit-bench"
INSTALLED = CACHE / "installed"
LIBRARIES = ("bullmq@6.7.0", "ioredis@5.11.1")

BULLMQ = Contender(
    "BullMQ",
    ("node", str(Path(__file__).with_name("bullmq.mjs"))),
    ("bull:bench:wait", "bull:bench:active"),
    environment={"BENCH_NODE_CACHE": str(CACHE)},
    rate_per_s=15_000,
)


def find_contenders() -> dict[str, Contender]:
    """All that can be run here, by name; says of the others why not."""
    found = [OURS, OURS_WITHOUT_EVENTS, ARQ, ARQ_AS_IT_COMES, ARQ_WITH_EVENTS]
    for contender, problem in ((BULLMQ, install_bullmq()), (SAQ, find_saq())):
        if problem:
            say(f"without {contender.name}: {problem}")
        else:
            found.append(contender)
    return {contender.name: contender for contender in found}


def find_saq() -> str:
    return "" if importlib.util.find_spec("saq") else "it is not installed"


def install_bullmq() -> str:
    """Install it where that was not done before; answers what is in the way, or ""."""
    if not (shutil.which("node") and shutil.which("npm")):
        return "node and npm are not on PATH"
    if is_installed():
        return ""
    say("installing BullMQ with npm, once")
    CACHE.mkdir(parents=True, exist_ok=True)
    quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(
            ["npm", "install", "--prefix", CACHE, *quiet, *LIBRARIES],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "npm could not install it within a minute"
    if done.returncode:
        return f"npm could not install it: {(done.stderr.strip().splitlines() or ['?'])[-1]}"
    INSTALLED.write_text(" ".join(LIBRARIES))
    return ""


def is_installed() -> bool:
    """Whether node and BullMQ are there."""
    found = shutil.which("node") and INSTALLED.is_file()
    return bool(found) and INSTALLED.read_text() == " ".join(LIBRARIES)
