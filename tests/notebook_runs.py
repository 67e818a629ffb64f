"""How pytest runs the notebooks: in any order, each on its own, and nothing left after each."""

import os
import random
import tempfile
from pathlib import Path

import nbval.kernel
import pytest
from nbval.plugin import IPyNbCell

from tests.kernels import KernelManager
from tests.left_behind import left_behind

SEED = "NOTEBOOKS_SEED"
FOLDER = Path(__file__).parent.parent / "notebooks"


def pytest_configure(config):
    # processes that run tests side by side inherit it, and have to agree on the order
    os.environ.setdefault(SEED, str(random.randrange(10_000)))
    nbval.kernel.KernelManager = KernelManager


def pytest_report_header(config):
    return f"notebooks: in the order of {SEED}={os.environ[SEED]}"


def pytest_collection_modifyitems(items):
    """Put the notebooks last, shuffled; the cells of one stay in order."""
    cells = [item for item in items if isinstance(item, IPyNbCell)]
    notebooks = sorted({cell.parent.nodeid for cell in cells})
    random.Random(os.environ[SEED]).shuffle(notebooks)
    cells.sort(key=lambda cell: notebooks.index(cell.parent.nodeid))
    items[:] = [item for item in items if not isinstance(item, IPyNbCell)] + cells


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Before its first cell: give the notebook's kernel a place of its own."""
    if isinstance(item, IPyNbCell) and not hasattr(item.parent, "room"):
        item.parent.room = Room(item.config.session_root)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """After its last cell, when its kernel has ended: see what is left."""
    yield
    room = getattr(item.parent, "room", None)
    if room and (nextitem is None or nextitem.parent is not item.parent):
        left = room.leave()
        assert not left, f"left behind by {item.parent.name}"


class Room:
    """Where the processes of one notebook have their servers and their temporary files."""

    def __init__(self, root):
        self._root = Path(tempfile.mkdtemp(prefix="nb", dir=root))
        self._files = self._root / "tmp"
        self._files.mkdir()
        self._before = dict(os.environ)
        self._beside = set(FOLDER.glob("*"))
        os.environ["LESSONKIT_SERVERS"] = str(self._root / "servers")
        os.environ["TMPDIR"] = str(self._files)

    def leave(self):
        os.environ.clear()
        os.environ.update(self._before)
        left = left_behind(self._root)
        return left + [
            str(path) for path in {*self._files.glob("*"), *FOLDER.glob("*")} - self._beside
        ]
