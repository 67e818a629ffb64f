"""Does this machine have what the lessons need? Each answer with its next step."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lessonkit import background
from lessonkit.batch import Batch
from lessonkit.errors import LessonError
from lessonkit.page import STYLE
from lessonkit.session import Lab

OLDEST, TOO_NEW = (3, 11), (3, 14)
PACKAGES = ("arq", "redis", "jupyterlab", "ipywidgets", "matplotlib", "nbval")
WIDGETS = "labextensions/@jupyter-widgets/jupyterlab-manager/package.json"


@dataclass(frozen=True)
class Finding:
    """One answer. `next_step` is "" where all is well."""

    what: str
    found: str
    next_step: str = ""

    @property
    def ok(self) -> bool:
        return not self.next_step


class Report:
    """All findings, as a table."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings)

    def __repr__(self) -> str:
        width = max(len(finding.what) for finding in self.findings)
        lines = [
            f"{'ok ' if finding.ok else 'NO '} {finding.what:<{width}}  {finding.found}"
            + (f"\n    {'':<{width}}  -> {finding.next_step}" if finding.next_step else "")
            for finding in self.findings
        ]
        return "\n".join([*lines, self._summary()])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr class="{"lk-well" if finding.ok else "lk-wrong"}">'
            f"<td>{'✓' if finding.ok else '✗'}</td><td>{escape(finding.what)}</td>"
            f"<td>{escape(finding.found)}</td><td>{escape(finding.next_step)}</td></tr>"
            for finding in self.findings
        )
        names = ("", "checked", "found", "" if self.ok else "next step")
        head = "".join(f'<th scope="col">{name}</th>' for name in names)
        return (
            f'{STYLE}<div class="lk lk-doctor"><div class="lk-scroll"><table class="lk-table">'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
            f"<p><b>{escape(self._summary())}</b></p></div>"
        )

    def _summary(self) -> str:
        wrong = sum(not finding.ok for finding in self.findings)
        if not wrong:
            return "All is well."
        n = len(self.findings)
        return f"{wrong} of {n} need you: do what the next step says, then look again."


async def examine(lab: Lab, max_jobs: int = 1) -> Report:
    """From a cell: look at everything. `max_jobs` is what the trial worker is given."""
    return await background.join(look_at_all(lab, max_jobs))


async def look_at_all(lab: Lab, max_jobs: int = 1) -> Report:
    """What `examine()` does, on the loop that the session was opened on."""
    findings = [_python(), *map(_package, PACKAGES), _widgets()]
    for what, look in (("Redis server", _server), ("a worker runs a job", _round_trip)):
        findings.append(await _tried(what, look, lab, max_jobs))
    return Report(findings)


def _python() -> Finding:
    found = platform.python_version()
    if OLDEST <= sys.version_info[:2] < TOO_NEW:
        return Finding("Python", found)
    return Finding("Python", found, "Install Python 3.11, 3.12 or 3.13, then run `make setup`.")


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        step = "Run `make setup` (with nbval: `make test`), and start Jupyter with `make lab`."
        return Finding(name, "missing", step)


def _widgets() -> Finding:
    """The half of ipywidgets that runs in the browser."""
    from jupyter_core.paths import jupyter_path

    for directory in map(Path, jupyter_path()):
        if (directory / WIDGETS).is_file():
            return Finding("widgets in JupyterLab", "installed")
    step = "Run `make setup`, then reload the page."
    return Finding("widgets in JupyterLab", "missing", step)


async def _tried(
    what: str, look: Callable[[Lab, int], Awaitable[str]], lab: Lab, max_jobs: int
) -> Finding:
    try:
        return Finding(what, await look(lab, max_jobs))
    except LessonError as error:
        return Finding(what, error.found, error.step)


async def _server(lab: Lab, _max_jobs: int) -> str:
    server, redis = await lab.open()
    info = await redis.info("server")
    began = time.perf_counter()
    await redis.ping()
    took_ms = 1000 * (time.perf_counter() - began)
    name = info.get("server_name", "redis")
    number = info.get("valkey_version") or info["redis_version"]
    kind = "private" if server.is_private else "from REDIS_URL"
    return f"{name} {number}, {kind}, answers in {took_ms:.1f} ms"


async def _round_trip(lab: Lab, max_jobs: int) -> str:
    began = time.perf_counter()
    await lab.measure(Batch(jobs=1, max_jobs=max_jobs, seconds=0.1))
    return f"started, one job done and gone again in {time.perf_counter() - began:.2f} s"
