"""A worker that is killed in the middle of somebody's processor, on purpose and always there.

`PROGRAM` is the file with the processor. The worker runs it until `CRASH_AFTER` emails have been
handed to the outbox; before the next step it is gone, as when its machine loses power.
"""

from __future__ import annotations

import os
import signal

from workers import outbox
from workers.contract import EmailPayload
from workers.programs import load_settings

PROGRAM, CRASH_AFTER = os.environ["PROGRAM"], int(os.environ["CRASH_AFTER"])

handed_over = 0
send_for_real = outbox.send


async def send(email: EmailPayload, key: str | None = None) -> bool:
    """What the processor finds in place of `outbox.send`."""
    global handed_over
    if handed_over == CRASH_AFTER:  # which is 0: before the first email
        signal.raise_signal(signal.SIGKILL)
    went_out = await send_for_real(email, key)
    handed_over += 1
    if handed_over == CRASH_AFTER:
        signal.raise_signal(signal.SIGKILL)
    return went_out


outbox.send = send  # before the program is loaded: it may import `send` itself

WorkerSettings = load_settings(PROGRAM)
