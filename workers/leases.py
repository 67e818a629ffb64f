"""A worker's leases, renewed from a thread of their own, so that a job that blocks the worker's
loop keeps its lease, and a worker that was killed or put to sleep does not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import redis

from workers.attempt import Claim, readable_id, redis_id
from workers.connection import tls_options

RENEW = Path(__file__).with_name("renew.lua").read_text()

#: a job whose worker has not renewed its lease for this long is taken over by another worker
LEASE_S = 3.0
RENEW_S = 1.0


class Leases:
    """The jobs that a worker has: claimed, and not yet reported. `held` is by arq's id."""

    def __init__(self, url: str, queue: str, worker: str, on_lost: Callable[[Claim], None]) -> None:
        """`on_lost` is called, on the renewing thread, for each lease that is found to be lost."""
        self.held: dict[str, Claim] = {}
        self._queue, self._worker, self._on_lost = queue, worker, on_lost
        self._redis = redis.Redis.from_url(
            url, **tls_options(url), socket_timeout=RENEW_S, socket_connect_timeout=RENEW_S
        )
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._renew_till_stopped, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.ident:
            self._thread.join()
        self._redis.close()

    def _renew_till_stopped(self) -> None:
        renew = self._redis.register_script(RENEW)
        while not self._stopped.wait(RENEW_S):
            held = self.held.copy()
            if not held:
                continue
            try:
                pairs = [f for c in held.values() for f in (redis_id(c.id), c.attempt)]
                lost = renew([self._queue], [self._worker, int(LEASE_S * 1000), *pairs])
            except redis.RedisError:
                continue  # the worker's own visits say that Redis is away
            for job_id in lost:
                self._on_lost(held[readable_id(job_id)])
