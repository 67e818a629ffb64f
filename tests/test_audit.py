"""What is known against our libraries is said, and who cannot know it is not held up."""

import json
import subprocess
import sys

import pytest

#: stands for pip-audit, for no registry answers everywhere; it says what `ANSWER` holds
STUB = "import os\nprint(os.environ['ANSWER'])\n"
TROUBLE = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.0"], "description": ""}


@pytest.fixture
def audit(tmp_path, monkeypatch):
    """`audit(answer)` is how it ends, and what it prints, when pip-audit answers so."""
    (tmp_path / "pip_audit.py").write_text(STUB)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def run(answer):
        monkeypatch.setenv("ANSWER", answer)
        command = [sys.executable, "-m", "tests.audit"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        return ended.returncode, ended.stdout

    return run


def told(**library):
    return json.dumps({"dependencies": [{"name": "left-pad", "version": "1.0"} | library]})


def test_what_is_known_is_said_with_what_mends_it(audit):
    code, said = audit(told(vulns=[TROUBLE]))
    assert code == 1
    assert "audit: left-pad 1.0: PYSEC-1 CVE-1, mended in 2.0" in said


def test_nothing_known_is_fine(audit):
    assert audit(told(vulns=[])) == (0, "audit: 1 libraries looked up.\n")


@pytest.mark.parametrize("answer", ["", "<html>", told(skip_reason="not found")])
def test_a_registry_that_says_nothing_holds_nobody_up(audit, answer):
    code, said = audit(answer)
    assert code == 0
    assert said.startswith("audit: skipped")
