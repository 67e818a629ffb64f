"""Which of the processes that were ended are really gone."""

from __future__ import annotations

import os
from collections.abc import Iterable


class Closed:
    """What closing a session left behind: nothing, or it says what."""

    def __init__(self, ended: Iterable[int]) -> None:
        """`ended` are the pids that should be gone."""
        self.ended = tuple(ended)
        self.still_alive = tuple(pid for pid in self.ended if _lives(pid))

    def __repr__(self) -> str:
        if self.still_alive:
            pids = " ".join(map(str, self.still_alive))
            return f"Closed, but these processes are still there: {pids}. Run `kill {pids}`."
        return "Closed: no process of this lab is left."


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
