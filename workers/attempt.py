"""One attempt at one job: from what was claimed to what is reported."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from arq.utils import ms_to_datetime
from arq.worker import Function, JobExecutionFailed, Retry

from workers import codec
from workers.timeouts import Timeouts


class Claim(NamedTuple):
    """A job that a worker has. `id` is arq's."""

    id: str
    attempt: int
    data: bytes | None
    score: int
    """Its place in the queue, where it goes back to if its worker leaves."""
    claimed_ms: float


class Report(NamedTuple):
    """How an attempt ended, as visit.lua reads it."""

    claim: Claim
    outcome: str
    """completed, failed, retrying or returned"""
    value: bytes | int
    """completed, failed: the result; retrying: in how many ms; returned: the job's place in the
    queue"""
    error: BaseException | None = None

    def fields(self) -> tuple[str | bytes | int, ...]:
        job_id, attempt = redis_id(self.claim.id), self.claim.attempt
        return job_id, attempt, self.outcome, self.value, describe(self.error)


@dataclass(frozen=True)
class Rules:
    """What a worker's settings say of attempts. arq's own names, in seconds and ms."""

    functions: Mapping[str, Function]
    max_tries: int
    job_timeout_s: float | None
    backoff_s: float
    timeouts: Timeouts = field(default_factory=Timeouts)


async def attempt(claim: Claim, rules: Rules, ctx: dict[str, Any], queue: str) -> Report:
    """Run the processor once. Raises CancelledError when it was told to stop, and nothing else."""
    began = time.perf_counter()
    task = asyncio.current_task()
    assert task
    late = False
    envelope: dict[str, Any] = {"f": "<unknown>", "a": [], "k": {}, "et": 0}
    result: object = None
    failure: BaseException | None = None
    tries_left = 0
    try:
        envelope |= _read(claim)
        function = rules.functions.get(envelope["f"])
        if function is None:
            raise JobExecutionFailed(f"function {envelope['f']!r} not found")
        tries_left = (function.max_tries or rules.max_tries) - claim.attempt
        if tries_left < 0:
            raise JobExecutionFailed("its worker was lost each time it ran; it is not tried again")
        ctx = ctx | {
            "job_id": claim.id,
            "job_try": claim.attempt,
            "enqueue_time": ms_to_datetime(envelope["et"]),
            "score": claim.score,
        }
        rules.timeouts.begin(task, function.timeout_s or rules.job_timeout_s or math.inf)
        try:
            result = await function.coroutine(ctx, *envelope["a"], **envelope["k"])
        finally:
            late = rules.timeouts.end(task)
    except asyncio.CancelledError as cancelled:
        if task.cancelling():
            raise
        failure = TimeoutError("it took longer than it may") if late else cancelled
    except BaseException as error:  # SystemExit too: a job must not take the worker with it
        failure = error
    hopeless = isinstance(failure, JobExecutionFailed | codec.CodecError)
    if failure is not None and tries_left > 0 and not hopeless:
        pause_s = rules.backoff_s * 2 ** (claim.attempt - 1)
        if isinstance(failure, Retry):
            pause_s = (failure.defer_score or 0) / 1000
        return Report(claim, "retrying", int(pause_s * 1000), failure)
    ended_ms = claim.claimed_ms + (time.perf_counter() - began) * 1000
    envelope |= {"t": claim.attempt, "st": int(claim.claimed_ms), "ft": int(ended_ms)}
    envelope |= {"q": queue, "id": codec.printable(claim.id)}
    return _final_report(claim, envelope, result, failure)


def _read(claim: Claim) -> dict[str, Any]:
    if claim.data is None:
        raise JobExecutionFailed("the job expired before it was started")
    return codec.loads(claim.data)


def _final_report(
    claim: Claim, envelope: dict[str, Any], result: object, failure: BaseException | None
) -> Report:
    try:
        data = codec.dumps(envelope | {"s": failure is None, "r": failure or result})
    except codec.CodecError as error:
        failure = failure or error
        # what cannot be written may be the job itself, which came from elsewhere
        bare = envelope | {"f": "<unknown>", "a": [], "k": {}}
        data = codec.dumps(bare | {"s": False, "r": failure})
    return Report(claim, "completed" if failure is None else "failed", data, failure)


def describe(error: BaseException | None) -> str:
    """The error in one line, for events and logs."""
    if error is None:
        return ""
    shown = str(error) if isinstance(error, codec.JobError) else codec.error_text(error)
    return shown[:500]


def readable_id(data: bytes) -> str:
    """Ids come from whoever can write to Redis, and need not be UTF-8."""
    return data.decode(errors="surrogateescape")


def redis_id(text: str) -> bytes:
    """Turn a `readable_id` back into what Redis holds."""
    return text.encode(errors="surrogateescape")
