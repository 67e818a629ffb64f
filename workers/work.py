"""Six pieces of work: two wait and say so, one waits and does not, three compute.

Nothing but the standard library is loaded here: each process of a pool loads it as well.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
import zlib

#: a grey picture, a row of pixels a line
PICTURE = [bytes(x * y % 256 for x in range(64)) for y in range(64)]
TEXT = b" ".join(b"order %d: %d cents" % (n, n * n % 9973) for n in range(100))


async def call(seconds: float) -> str:
    """Ask an API over HTTP, with an asynchronous client: wait for its answer."""
    await asyncio.sleep(seconds)
    return "200 OK"


async def webhook(seconds: float) -> str:
    """Wait for somebody to call back."""
    called_back = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, called_back.set)
    await called_back.wait()
    return "called back"


def query(seconds: float) -> str:
    """Ask a database, with a driver that blocks: it returns when the answer is there."""
    time.sleep(seconds)
    return "42 rows"


def photo(rounds: float) -> str:
    """Halve a picture in pure Python, each pixel the mean of four; do so `rounds` times."""
    small = b""
    for _ in range(int(rounds)):
        small = b"".join(
            bytes((a[x] + a[x + 1] + b[x] + b[x + 1]) // 4 for x in range(0, len(a), 2))
            for a, b in zip(PICTURE[::2], PICTURE[1::2], strict=True)
        )
    return f"{len(small)} pixels"


def password(rounds: float) -> str:
    """Hash a password, with so many `rounds` of PBKDF2."""
    return hashlib.pbkdf2_hmac("sha256", b"correct horse", b"salt", int(rounds) + 1).hex()


def backup(rounds: float) -> str:
    """Compress a backup with zlib; it has `rounds` pages."""
    return f"{len(zlib.compress(TEXT * int(rounds), 9))} bytes"


WORK = {work.__name__: work for work in (call, webhook, query, photo, password, backup)}
