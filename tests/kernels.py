"""Kernels that are spoken to over sockets in the file system.

A kernel's TCP ports are chosen before it binds them. Where tests run side by side another process
may be quicker, and the kernel dies.
"""

import uuid
from pathlib import Path

import jupyter_client.manager
from jupyter_core.paths import jupyter_runtime_dir
from traitlets import HasTraits, default


class _OverSockets(HasTraits):
    @default("transport")
    def _transport(self):
        return "ipc"

    @default("connection_file")
    def _connection_file(self):
        folder = Path(jupyter_runtime_dir())
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return str(folder / f"kernel-{uuid.uuid4()}.json")


class KernelManager(_OverSockets, jupyter_client.manager.KernelManager):
    """For nbval."""


class AsyncKernelManager(_OverSockets, jupyter_client.manager.AsyncKernelManager):
    """For nbclient."""
