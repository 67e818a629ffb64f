"""What each measure is given: the contenders, and a server when it asks for one."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from lessonkit.server import open_server
from tests.bench.compare import Row
from tests.bench.contender import Contender, Crew
from tests.bench.contenders import BULLMQ, SAQ
from tests.bench.ours import OURS
from tests.bench.stock_arq import ARQ, ARQ_AS_IT_COMES


@dataclass(frozen=True)
class Bench:
    """The contenders that can be run here, by name."""

    contenders: dict[str, Contender]

    def those(self, *wanted: Contender) -> list[Contender]:
        """Those of the wanted ones that can be run here."""
        return [each for each in wanted if each.name in self.contenders]

    @property
    def all(self) -> list[Contender]:
        return self.those(OURS, ARQ, ARQ_AS_IT_COMES, BULLMQ, SAQ)

    @contextlib.asynccontextmanager
    async def server(self) -> AsyncIterator[str]:
        """The URL of a private server, as a notebook has one."""
        server = await open_server("the bench")
        try:
            yield server.url
        finally:
            await server.stop()

    @contextlib.asynccontextmanager
    async def crews(self, *wanted: Contender, slots: int) -> AsyncIterator[dict[str, Crew]]:
        """Those of the wanted that can be run here, by name: warmed up, each on its own server."""
        async with contextlib.AsyncExitStack() as stack:
            crews: dict[str, Crew] = {}
            for each in self.those(*wanted):
                url = await stack.enter_async_context(self.server())
                crews[each.name] = await stack.enter_async_context(each.crew(url, slots))
            for crew in crews.values():
                await crew.warm_up()
            yield crews


Measure = Callable[[Bench], Coroutine[Any, Any, list[Row]]]
"""One group of rows. Its docstring's first line says what it measures."""
