"""How long after a kill another worker can take a job over: here, in BullMQ, in arq as it comes."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

import arq.worker

from workers.leases import LEASE_S, RENEW_S


@dataclass(frozen=True)
class TakeOver:
    """When a job is free for others, at the soonest and at the latest, after its worker was killed.
    The moment in which they notice comes on top of it."""

    name: str
    soonest_s: float
    latest_s: float
    why: str
    source: str
    """Where the numbers are from: a URL, or a module."""


def take_overs() -> tuple[TakeOver, ...]:
    """With the settings that each of them has by itself."""
    return HERE, BULLMQ, _stock_arq()


HERE = TakeOver(
    "here",
    LEASE_S - RENEW_S,
    LEASE_S,
    f"a lease of {LEASE_S:g} s, renewed each {RENEW_S:g} s",
    "workers.leases",
)

# In BullMQ 6.7: a lock of `lockDuration`, 30 s, is renewed before half of it is over. A check each
# `stalledInterval`, 30 s, marks all active jobs; a renewal takes the mark away; a job that the next
# check finds marked and without a lock goes back. At the soonest, a check came right after the last
# renewal, and the kill 15 s after that. At the latest, the first check comes 30 s after the kill.
BULLMQ = TakeOver(
    "BullMQ",
    15.0,
    60.0,
    "a lock of 30 s, renewed each 15 s at the latest; two checks, 30 s apart, have to miss it",
    "https://api.docs.bullmq.io/interfaces/v5.WorkerOptions.html",
)


def _stock_arq() -> TakeOver:
    """From arq's own defaults: the key lives for `job_timeout` and ten seconds, and is not renewed.

    A job is not run for longer than `job_timeout`, so its worker is killed within that.
    """
    job_timeout = inspect.signature(arq.worker.Worker).parameters["job_timeout"].default
    return TakeOver(
        "arq as it comes",
        10.0,
        job_timeout + 10.0,
        f"a key of job_timeout + 10 = {job_timeout + 10} s, never renewed",
        "https://github.com/python-arq/arq/blob/main/arq/worker.py",
    )
