"""What a notebook's kernel has to do: until a lab is there, and while nobody touches it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from tests.bench.bench import Bench
from tests.bench.compare import Row, in_turns, say
from tests.bench.contender import PATIENCE_S, ROOT
from tests.bench.usage import cpu_s
from tests.kernels import AsyncKernelManager

ROUNDS = 3
IDLE_S = 5.0
LAB = "import lessonkit\nlessonkit.ConcurrencyLab(await lessonkit.open_lab())"
LIBRARIES = "import ipywidgets, matplotlib"
VIEW = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True)
class Kernel:
    """A kernel of its own, as a notebook has one."""

    client: Any
    pid: int

    async def run(self, code: str) -> tuple[float, bool]:
        """Run a cell; answers after how many ms all of it was sent to the page, and whether a
        widget was among it. Raises RuntimeError for what the cell raises."""
        began = time.perf_counter()
        request = self.client.execute(code)
        widget = False
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self.client.get_iopub_msg()
                if message["parent_header"].get("msg_id") != request:
                    continue
                kind, content = message["msg_type"], message["content"]
                if kind == "error":
                    raise RuntimeError(f"{content['ename']}: {content['evalue']}")
                widget = widget or VIEW in content.get("data", {})
                if kind == "status" and content["execution_state"] == "idle":
                    return (time.perf_counter() - began) * 1000, widget


@contextlib.asynccontextmanager
async def open_kernel(first_cell: str = "") -> AsyncIterator[Kernel]:
    """A kernel that is ready, and has run this."""
    manager = AsyncKernelManager()
    await manager.start_kernel(cwd=str(ROOT / "notebooks"))
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=PATIENCE_S)
        kernel = Kernel(client, manager.provisioner.pid)
        if first_cell:
            await kernel.run(first_cell)
        yield kernel
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


async def kernel(bench: Bench) -> list[Row]:
    """A notebook's kernel: its first cell until a lab is on the screen, and its CPU while idle."""
    cells = {"ours": LAB, "ipywidgets, matplotlib": LIBRARIES}
    what = "kernel: import lessonkit → lab sent to the screen (ms)"
    entrants = {name: lambda cell=cell: _first_cell_ms(cell) for name, cell in cells.items()}
    found = await in_turns(what, entrants, ROUNDS)
    return [Row(what, found.pop("ours"), found), await _idle()]


async def _first_cell_ms(cell: str) -> float:
    async with open_kernel() as fresh:
        took_ms, shows_widget = await fresh.run(cell)
    if shows_widget != (cell != LIBRARIES):
        raise RuntimeError(f"the kernel showed no widget: {cell}")
    return took_ms


async def _idle() -> Row:
    """All that a session has running while nobody touches its lab, beside a bare kernel."""
    say(f"idle kernels: {IDLE_S:g} s")
    async with open_kernel(LAB) as ours, open_kernel() as bare:
        await asyncio.sleep(1)
        before = {one: cpu_s(one.pid) for one in (ours, bare)}
        await asyncio.sleep(IDLE_S)
        spent = [100 * (cpu_s(one.pid) - before[one]) / IDLE_S for one in (ours, bare)]
    what = "kernel: CPU while its lab is idle (% of a core)"
    return Row(what, spent[:1], {"a bare kernel": spent[1:]})
