"""The floor plan: imports run one way, and the two sides share little."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: from the ground up: a module imports only from those before it, and a package counts as one
FLOORS = {
    "workers": (
        *("contract", "codec", "connection", "risks", "timeouts", "attempt", "leases"),
        *("handlers", "lifeline", "stream", "worker", "processor", "settings", "mock_provider"),
        *("smtp", "email", "reports", "work", "pool", "heartbeat", "chores", "threads"),
        *("outbox", "programs", "doomed", "supervisor", "stock", "options", "__main__"),
    ),
    "lessonkit": (
        *(
            "guard",
            "bootstrap",
            "jupyter",
            "voila",
            "voila_config",
            "errors",
            "bounds",
            "arguments",
            "closed",
            "wide",
            "background",
            "events",
            "attempts",
            "outcomes",
            "effects",
            "takeover",
            "rescues",
            "queue",
            "shared",
            "server",
        ),
        *(
            "follow",
            "child",
            "processes",
            "rate",
            "result",
            "queueing",
            "grid",
            "batch",
            "arrivals",
            "flow",
            "fleet",
            "progress",
            "resources",
            "session",
            "handover",
            "crashes",
            "feed",
            "chores",
            "speed",
            "drill",
            "launching",
            "scaling",
            "elsewhere",
            "page",
            "doctor",
            "predict",
            "terminals",
        ),
        *("frames", "plots", "labs", "checks", "submission", "clean_session"),
        *("grade", "api", "serve_api", "__main__"),
    ),
}

#: what the API side may know of the worker side: module -> names, or all
SHARED = {
    "contract": ...,
    "codec": ...,
    "connection": ...,
    "risks": ...,
    "attempt": {"describe"},
    "leases": {"LEASE_S", "RENEW_S"},
    "lifeline": {"leave_with_parent", "send_signal"},
    "pool": {"pool_size", "usable_cores"},
}
#: the one lesson in what happens when an API does the work itself
ON_PURPOSE = {("api", "reports", "make_report")}

#: these run before, or beside, everything else, with nothing but the standard library
ALONE = {"guard", "bootstrap", "jupyter", "voila"}


def modules():
    """Each module of ours: its package and its path in it, such as ("lessonkit", "plots/ink")."""
    for package in FLOORS:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT / package).with_suffix("").as_posix()
            if name != "__init__":
                yield package, name


def imports(package, name):
    """What a module imports when it runs, wherever in it: (package, module, name) of ours."""
    tree = ast.parse((ROOT / package / f"{name}.py").read_text())
    for node in _running(tree):
        if isinstance(node, ast.Import):
            names = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute here"
            names = [(node.module, alias.name) for alias in node.names]
        else:
            continue
        for module, imported in names:
            first, *rest = module.split(".")
            if first in FLOORS:  # `from lessonkit import background` names the module last
                yield (first, rest[0], imported) if rest else (first, imported, "")


def _running(node):
    """The nodes of a tree, without what is only there for type checkers."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _running(child)


MODULES = pytest.mark.parametrize(
    ("package", "name"),
    [pytest.param(package, name, id=f"{package}/{name}") for package, name in modules()],
)


def floor_of(package, name):
    return FLOORS[package].index(name.split("/")[0])


@MODULES
def test_a_module_has_its_floor_and_imports_only_from_those_below(package, name):
    own = name.split("/")[0]
    assert own in FLOORS[package], f"{package}.{own} is new: give it a floor"
    below = set(FLOORS[package][: floor_of(package, name)]) | ({own} if "/" in name else set())
    used = {module for origin, module, _ in imports(package, name) if origin == package}
    assert used <= below


@MODULES
def test_the_two_sides_share_a_contract_and_little_else(package, name):
    for origin, module, imported in imports(package, name):
        if origin == package:
            continue
        assert package == "lessonkit", f"workers.{name} imports lessonkit.{module}"
        if (name, module, imported) not in ON_PURPOSE:
            assert module in SHARED, f"workers.{module} is not shared"
            assert SHARED[module] is ... or imported in SHARED[module], f"{module}.{imported}"


@pytest.mark.parametrize("name", sorted(ALONE))
def test_what_runs_alone_imports_nothing_of_ours(name):
    assert list(imports("lessonkit", name)) == []


def test_no_floor_is_empty():
    there = {(package, name.split("/")[0]) for package, name in modules()}
    assert there == {(package, name) for package, names in FLOORS.items() for name in names}


def loaded_by(statement):
    """The top-level modules that are loaded after a statement in a fresh Python."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(ended.stdout.split())


HEAVY = {"matplotlib", "numpy", "PIL", "ipywidgets", "IPython", "fastapi", "uvicorn"}


def test_a_session_starts_without_matplotlib_and_widgets():
    loaded = loaded_by("import lessonkit, lessonkit.session")
    assert "redis" in loaded
    assert not loaded & HEAVY


def test_a_worker_starts_without_them_and_without_lessonkit():
    loaded = loaded_by("import workers.__main__, workers.email, workers.reports")
    assert "arq" in loaded
    assert not loaded & (HEAVY | {"lessonkit"})


def test_the_guard_needs_nothing_but_the_standard_library():
    loaded = loaded_by(f"import runpy; runpy.run_path({str(ROOT / 'lessonkit' / 'guard.py')!r})")
    assert loaded - {"__main__", "__mp_main__"} <= set(sys.stdlib_module_names) | installed_hooks()


def installed_hooks():
    """What this Python loads at its start, before any code of ours."""
    return loaded_by("pass")


def test_each_public_name_is_there():
    import lessonkit

    for name in lessonkit.__all__:
        assert getattr(lessonkit, name).__doc__, name
    assert dir(lessonkit) == lessonkit.__all__
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = lessonkit.nonsense
