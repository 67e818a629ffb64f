"""`python -m tests.audit`: is something known against a library that is installed here?

pip-audit asks the package registry. Where that does not answer, or does not say, this says so and
is content: a machine without a network has done nothing wrong.
"""

import importlib.metadata
import json
import subprocess
import sys
import tempfile
from pathlib import Path

TIMEOUT_S = 60
#: asked first: where nothing is said of it, nothing will be said of the others
FIRST = "arq"


def main() -> int:
    """0 when nothing is known or nobody answers, 1 with a line for each thing that is known."""
    first, why = ask_about(FIRST)
    found, why = ask("--skip-editable") if first else (first, why)
    if not found:
        print(f"audit: skipped, for the registry did not say what it knows ({why}).")
        return 0
    print(f"audit: {len(found)} libraries looked up.")
    known = [(library, trouble) for library in found for trouble in library["vulns"]]
    for library, trouble in known:
        mended = ", ".join(trouble["fix_versions"]) or "no version yet"
        print(
            f"audit: {library['name']} {library['version']}: {trouble['id']} "
            f"{' '.join(trouble['aliases'])}, mended in {mended}"
        )
    if known:
        print("audit: raise its lower bound in pyproject.toml, run make pins, and try it all.")
    return 1 if known else 0


def ask_about(name: str) -> tuple[list[dict], str]:
    """As `ask`, of one library alone."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "requirements.txt")
        wanted.write_text(f"{name}=={importlib.metadata.version(name)}\n")
        return ask("--requirement", wanted, "--no-deps", "--disable-pip")


def ask(*options: object) -> tuple[list[dict], str]:
    """The libraries of which something was said, with what; where there are none, the reason."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--timeout", "5"]
    command += ["--progress-spinner", "off", *map(str, options)]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        libraries = json.loads(answer.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return [], f"no answer within {TIMEOUT_S} s"
    except ValueError:
        return [], (answer.stderr.strip().splitlines() or ["it said nothing"])[-1][:200]
    found = [library for library in libraries if "vulns" in library]
    return found, "" if found else libraries[0].get("skip_reason", "it knows none of them")


if __name__ == "__main__":
    sys.exit(main())
