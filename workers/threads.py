"""The threads in which jobs do what would block the loop: `asyncio.to_thread`."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

#: how long a thread whose job went back to the queue may take to end
END_S = 1.0
NAME = "job-thread"


class JobThreads:
    """The threads of this loop's `asyncio.to_thread`, while its worker lives and when it leaves."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(thread_name_prefix=NAME)
        asyncio.get_running_loop().set_default_executor(self._executor)

    async def end(self) -> bool:
        """Let them end; answers whether they have. Nothing can stop a thread: Python waits for one
        that is still at work, for as long as that takes, unless the process is ended at once."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        deadline = time.monotonic() + END_S
        while any(each.name.startswith(NAME) for each in threading.enumerate()):
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.01)
        return True
