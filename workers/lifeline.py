"""How a process that another one started learns that it is gone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable


async def leave_with_parent(leave: Callable[[], None]) -> None:
    """Call `leave` when standard input ends: a killed kernel cleans nothing up, but its pipe ends.

    A process that it forked may hold the pipe open, so see whether the parent is there as well.
    """
    parent, ended = os.getppid(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def read() -> None:
        if not os.read(0, 4096):
            ended.set()

    loop.add_reader(0, read)
    try:
        while not ended.is_set() and os.getppid() == parent:
            try:
                await asyncio.wait_for(ended.wait(), 1.0)
            except TimeoutError:
                continue
    finally:
        loop.remove_reader(0)
    _let_output_go()
    leave()


def _let_output_go() -> None:
    """Whoever read our output is gone too: a job that prints must not fail for that."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
