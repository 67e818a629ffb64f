"""How long attempts may take, with one timer for all of them.

A timer each (`asyncio.timeout`) would cost a tenth of what a small job costs its worker.
"""

from __future__ import annotations

import asyncio
import math


class Timeouts:
    """Cancels tasks that take longer than they may."""

    def __init__(self) -> None:
        self._ends: dict[asyncio.Task[None], float] = {}
        self._cut_off: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = math.inf

    def begin(self, task: asyncio.Task[None], timeout_s: float) -> None:
        """Cancel the task when so much time has passed before its `end`."""
        loop = task.get_loop()
        self._ends[task] = ends_at = loop.time() + timeout_s
        if ends_at < self._rings_at:
            self._set(loop, ends_at)

    def end(self, task: asyncio.Task[None]) -> bool:
        """The task has done what was timed. True if it was cancelled here, and only here."""
        if self._ends.pop(task, None) is not None:
            return False
        self._cut_off.remove(task)
        return task.uncancel() == 0

    def _set(self, loop: asyncio.AbstractEventLoop, at: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._rings_at, self._timer = at, loop.call_at(at, self._ring, loop)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        for task in [task for task, ends_at in self._ends.items() if ends_at <= self._rings_at]:
            del self._ends[task]
            self._cut_off.add(task)
            task.cancel()
        self._timer, self._rings_at = None, math.inf
        if (ends_at := min(self._ends.values(), default=math.inf)) < math.inf:
            self._set(loop, ends_at)
