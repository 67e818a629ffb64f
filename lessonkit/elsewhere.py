"""A second session on a Redis elsewhere: what changes when it is not on this machine?"""

from __future__ import annotations

from lessonkit import background
from lessonkit.errors import BadSetting
from lessonkit.server import Server, open_at_port
from lessonkit.session import Lab


class Elsewhere(Lab):
    """A session whose Redis is reached as one on another machine would be, at a port and with a
    password. It runs on this machine all the same. Made by `open_elsewhere()`."""

    def __init__(self, password: str) -> None:
        super().__init__(private=True)
        self._password = password

    async def _find_server(self) -> Server:
        return await open_at_port(self.owner, self._password)


async def open_elsewhere(password: str) -> Elsewhere:
    """Open a session on a second Redis, beside the one of `open_lab()`; to be closed by itself.

    Raises BadSetting for an empty password.
    """
    if not isinstance(password, str) or not password:
        raise BadSetting(name="password", value="***", wanted="some text that is not empty")
    lab = Elsewhere(password)
    await background.join(lab.open())
    return lab
