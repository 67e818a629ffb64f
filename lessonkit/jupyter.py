"""Start JupyterLab as a learner should find it: ``python -m lessonkit.jupyter [ARG ...]``.

All that Jupyter and IPython write goes to ``.jupyter`` in the repository, which git ignores, so
the user's own settings, history and workspaces are neither read nor changed. The defaults
themselves (no news pop-up, "Run to here") are in ``jupyterlab.json``, which the wheel installs.
"""

import json
import os
import stat
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST_NOTEBOOK = "notebooks/00_start_here.ipynb"

# JupyterLab's own name for the file of the workspace "default".
WORKSPACE_FILE = "default-37a8.jupyterlab-workspace"
WORKSPACE = {
    "metadata": {"id": "default"},
    "data": {
        "layout-restorer:data": {
            "main": {"dock": None},
            "left": {"collapsed": False, "visible": True, "current": "@jupyterlab/toc:plugin"},
            "right": {"collapsed": True, "visible": False},
            "relativeSizes": [0.17, 0.83, 0],
            "top": {"simpleVisibility": True},
        }
    },
}


def command(arguments: Sequence[str] = (), *, root: Path = ROOT) -> list[str]:
    """Return the command that serves ``root`` and opens the first notebook."""
    ours = {
        "--ServerApp.root_dir": root,
        # Unlike a file named on the command line, this is also in the URL that --no-browser prints.
        "--LabApp.default_url": f"/lab/tree/{FIRST_NOTEBOOK}",
        "--ServerApp.answer_yes": True,  # Ctrl-C stops it, without a question
        "--LanguageServerManager.autodetect": False,  # we bring none, and looking for them runs npm
        "--log-level": "WARN",  # the URL is shown at any level; thirty lines fewer hide it
    }
    theirs = {argument.partition("=")[0] for argument in arguments}
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        *(f"{name}={value}" for name, value in ours.items() if name not in theirs),  # once only
        *(["--allow-root"] if os.getuid() == 0 and "--allow-root" not in theirs else []),
        *arguments,
    ]


def environment(*, root: Path = ROOT) -> dict[str, str]:
    """Return the environment for it, with every folder that it writes to made and seeded."""
    state = root / ".jupyter"
    folders = {
        "IPYTHONDIR": state / "ipython",
        "JUPYTERLAB_SETTINGS_DIR": state / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": state / "workspaces",
        "JUPYTER_CONFIG_DIR": state / "config",
        "JUPYTER_DATA_DIR": state / "data",
        "JUPYTER_RUNTIME_DIR": state / "runtime",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    if not keeps_secrets(folders["JUPYTER_RUNTIME_DIR"]):
        del folders["JUPYTER_RUNTIME_DIR"]
    seed_workspace(folders["JUPYTERLAB_WORKSPACES_DIR"])
    here = str(Path(sys.executable).parent)
    return {
        **os.environ,
        **{name: str(folder) for name, folder in folders.items()},
        # So that `python -m workers` in a JupyterLab terminal is this environment's.
        "PATH": os.pathsep.join([here, os.environ.get("PATH", os.defpath)]),
    }


def seed_workspace(folder: Path, workspace: Mapping[str, object] = WORKSPACE) -> None:
    """Open the table of contents at the left, unless the user has a layout already."""
    file = folder / WORKSPACE_FILE
    if not file.exists():
        file.write_text(json.dumps(workspace))


def keeps_secrets(folder: Path) -> bool:
    """Whether modes hold here: where not (WSL2's /mnt/c) Jupyter refuses to write its keys."""
    folder.chmod(0o700)
    return stat.S_IMODE(folder.stat().st_mode) == 0o700


def main(arguments: Sequence[str]) -> None:
    """Become JupyterLab, so that Ctrl-C and signals reach it and nothing stays behind."""
    os.chdir(ROOT)
    print("Starting JupyterLab. Ctrl-C in this terminal stops it.", flush=True)
    os.execve(sys.executable, command(arguments), environment())  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
