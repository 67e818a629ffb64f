"""What a worker of a queue runs: one of ours, or a Python file of somebody's own."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from workers.codec import error_text
from workers.contract import DEFAULT_PREFIX, KINDS
from workers.settings import BadSetting


def load_settings(queue: str) -> dict[str, Any]:
    """The `WorkerSettings` of a queue, by its name or from a file as `workers/email.py` is one.

    Raises BadSetting, whose text says what to give.
    """
    if queue in KINDS:
        module: ModuleType = importlib.import_module(f"workers.{queue}")
    elif queue.endswith(".py"):
        module = _load(Path(queue))
    else:
        known = ", ".join(KINDS)
        raise BadSetting(
            f"There is no queue {queue!r}. Give one of: {known}, or a Python file with "
            "WorkerSettings of your own"
        )
    settings = getattr(module, "WorkerSettings", None)
    if not (isinstance(settings, dict) and {"functions", "queue_name"} <= settings.keys()):
        raise BadSetting(
            f"{queue} has no WorkerSettings. Let it end in "
            "`WorkerSettings = worker_settings(EMAIL, my_processor, max_jobs=1)`"
        )
    return dict(settings)


def queue_of(settings: dict[str, Any]) -> str:
    """The name of the queue that these settings are for, without its prefix."""
    return str(settings["queue_name"]).removeprefix(DEFAULT_PREFIX)


def _load(path: Path) -> ModuleType:
    # a name that hides no other module: a learner's file may well be called email.py
    name = f"program_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except FileNotFoundError:
        raise BadSetting(f"There is no file {path}") from None
    except Exception as error:
        raise BadSetting(
            f"{path} cannot be used{_where(error, path)}: {error_text(error)}"
        ) from error
    return module


def _where(error: Exception, path: Path) -> str:
    """The line of the file that raised it, as far as it is known."""
    if isinstance(error, SyntaxError):
        return f", line {error.lineno}"
    lines, trace = [], error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == str(path):
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return f", line {lines[-1]}" if lines else ""
