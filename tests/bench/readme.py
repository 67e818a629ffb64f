"""The table in the README: some of the rows, with the day and the shape of the machine."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import statistics
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from lessonkit.server import find_program
from tests.bench.compare import Row, say, shown, spread
from tests.bench.contender import ROOT
from tests.bench.contenders import LIBRARIES, find_saq, is_installed

README = ROOT / "README.md"
BEGIN = '<!-- make bench ARGS="--readme" writes what follows -->'
END = "<!-- up to here -->"
HEADER = "| measure | ours | beside | ratio | target |"

#: the measures that are told, in this order; `--json` has all
TOLD = (
    "makespan above the ideal, 5 × 1 s, max_jobs 1 (ms)",
    "makespan above the ideal, 5 × 1 s, max_jobs 5 (ms)",
    "makespan above the ideal, 50 × 0.1 s, max_jobs 1 (ms)",
    "makespan above the ideal, 50 × 0.1 s, max_jobs 5 (ms)",
    "enqueue → start, idle worker, 50th percentile (ms)",
    "enqueue → start, idle worker, 99th percentile (ms)",
    "no-op jobs/s, max_jobs 10, processes 1",
    "no-op jobs/s, max_jobs 10, processes 1, beside BullMQ",
    "no-op jobs/s, max_jobs 10, two processes ÷ one",
    "no-op jobs/s, max_jobs 100, processes 1",
    "no-op jobs/s, max_jobs 100, processes 1, beside BullMQ",
    "no-op jobs/s, max_jobs 100, two processes ÷ one",
    "time a job at 100,000 queued (µs)",
    "memory of a queued job in Redis (bytes)",
    "CPU of an idle worker (% of a core)",
    "worker spawned → first email started (ms)",
    "import lessonkit (ms)",
    "kernel: import lessonkit → lab sent to the screen (ms)",
    "kernel: CPU while its lab is idle (% of a core)",
    "CPU of a lab's frame, 10,000 jobs (ms)",
    "memory of one learner: server + guard + worker (MB)",
    "memory of one learner: a kernel's share (MB)",
    "Run-All of all notebooks, one after another (s)",
    "make test (s)",
)


def rewrite(rows: Sequence[Row], path: Path = README) -> None:
    """Put the table in the place of the one that was there."""
    found = {row.measure: row for row in rows}
    told = [found[measure] for measure in TOLD if measure in found]
    for measure in TOLD:
        if measure not in found:
            say(f"the README's table has no row: {measure}")
    before, rest = path.read_text().split(BEGIN)
    path.write_text(f"{before}{BEGIN}\n{block(told)}{END}{rest.split(END)[1]}")


def block(rows: Sequence[Row]) -> str:
    """What stands between the two markers."""
    lines = [_line(row) for row in rows]
    return "\n".join(["", machine(), "", HEADER, "|---|---|---|---|---|", *lines, "", ""])


def machine() -> str:
    """The day, the machine's shape, and what was measured."""
    about = subprocess.run(
        [find_program(), "--version"], capture_output=True, text=True, check=True
    ).stdout
    server, version = re.search(r"^(\w+).*?v=([\d.]+)", about).groups()
    measured = [f"arq {importlib.metadata.version('arq')}"]
    if not find_saq():
        measured.append(f"saq {importlib.metadata.version('saq')}")
    if is_installed():
        measured.append(f"BullMQ {LIBRARIES[0].partition('@')[2]}")
    memory_gb = psutil.virtual_memory().total / 2**30
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with {psutil.cpu_count()} cores and "
        f"{memory_gb:.0f} GB,\n{platform.system()} on {platform.machine()}, "
        f"Python {platform.python_version()}, {server} {version}, {', '.join(measured)}."
    )


def _line(row: Row) -> str:
    note = f", {row.note}" if row.note else ""
    beside = "; ".join(f"{name} {shown(statistics.median(v))}" for name, v in row.beside.items())
    ratios = row.ratios(row.against)
    compared = f"{spread(ratios)} to {row.against}" if ratios else ""
    ours = f"{shown(statistics.median(row.ours))}{note}"
    cells = (row.measure, ours, beside, compared, row.verdict)
    return f"| {' | '.join(cell or '–' for cell in cells)} |"
