"""A real kernel with a notebook's set-up, and all that runs for it."""

import asyncio
import os

import psutil

from tests.kernels import AsyncKernelManager
from workers.connection import connect

SET_UP = "import lessonkit\nlab = await lessonkit.open_lab()"


class Kernel:
    """A kernel with a servers' directory of its own, and all that it started."""

    def __init__(self, directory):
        self.directory, self.manager = directory, AsyncKernelManager()
        self.messages = []
        """All that it has sent to be shown."""

    async def start(self, **environment):
        environment = os.environ | environment | {"LESSONKIT_SERVERS": str(self.directory)}
        await self.manager.start_kernel(env=environment)
        self.client = self.manager.client()
        self.client.start_channels()
        await self.client.wait_for_ready(timeout=60)

    async def end(self):
        self.client.stop_channels()
        await self.manager.shutdown_kernel(now=True)

    async def run(self, code):
        """Run a cell; answers what it shows, or the text of its error."""
        return await self.begin(code)

    def begin(self, code):
        """Begin to run a cell; a task."""
        return asyncio.create_task(self._run(code))

    async def _run(self, code):
        told = []

        def tell(message):
            self.messages.append(message)
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                told.append(content["text"])
            elif kind == "execute_result":
                told.append(content["data"]["text/plain"])
            elif kind == "error":
                told.append("\n".join([content["ename"], content["evalue"]]))

        await self.client.execute_interactive(code, output_hook=tell, timeout=60)
        return "\n".join(told)

    @property
    def family(self):
        """Everything that runs for it, by what it is. It may be nobody's child any more."""
        found = {"guard": [], "shell": [], "server": [], "worker": [], "api": []}
        for process in psutil.process_iter(["cmdline", "environ", "status"]):
            if kind := self._kind(process.info):
                found[kind].append(process)
        return found

    def _kind(self, info):
        words = info["cmdline"] or [""]
        own = str(self.directory) in str(words)
        own |= (info["environ"] or {}).get("LESSONKIT_SERVERS") == str(self.directory)
        if not own or info["status"] == psutil.STATUS_ZOMBIE:
            return None
        kinds = {"guard.py": "guard", "-server unix": "server", "lessonkit": "api"}
        kinds |= {"workers": "worker"}
        if words[0] == "sh":
            return "shell"
        return next((k for word, k in kinds.items() if any(word in each for each in words)), None)

    @property
    def pids(self):
        return {kind: {one.pid for one in some} for kind, some in self.family.items() if some}

    def only(self, kind):
        (process,) = self.family[kind]
        return process

    async def keys(self):
        """All keys in its server."""
        client = connect(f"unix://{next(self.directory.glob('*/redis.sock'))}")
        try:
            return await client.keys("*")
        finally:
            await client.aclose()

    async def has_active_job(self):
        return any(key.startswith(b"arq:in-progress:") for key in await self.keys())
