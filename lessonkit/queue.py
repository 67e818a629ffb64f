"""A queue as its producer sees it: add jobs, follow what happens to them."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from arq.connections import ArqRedis
from pydantic import ValidationError
from redis.exceptions import RedisError

from lessonkit.errors import BadPayload
from lessonkit.events import QueueEvent as QueueEvent
from workers import codec
from workers.contract import (
    DEFAULT_PREFIX,
    EVENTS_KEPT,
    JobKind,
    Keys,
    Payload,
    State,
    reasons,
)

ADD = Path(__file__).with_name("add.lua").read_text()

#: jobs added in one go: Redis does nothing else meanwhile, some 10 ms
_CHUNK = 1000
#: how long one wait for events lasts, below the time after which a command counts as lost
_BLOCK_MS = 1000
#: a server that is back within this time, in seconds, costs its followers nothing but the time
AWAY_S = 5.0
_AGAIN_S = 0.1


@dataclass(frozen=True)
class JobState:
    """Where a job is. Times are ms since the epoch, named as in the HTTP API."""

    id: str
    name: str
    state: State
    progress: float
    attemptsMade: int  # noqa: N815
    timestamp: int
    """when it was added"""
    processedOn: int | None  # noqa: N815
    """when its last attempt began"""
    finishedOn: int | None  # noqa: N815
    result: Any = None
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON data; `result` only of a completed job, `error` only of a failed one."""
        data = asdict(self) | {"state": self.state.value}
        if self.state != State.COMPLETED:
            del data["result"]
        if self.state != State.FAILED:
            del data["error"]
        return data


class Queue:
    """A queue, and the one kind of job that it takes. Belongs to the loop of its `redis`."""

    def __init__(self, kind: JobKind, redis: ArqRedis, prefix: str = DEFAULT_PREFIX) -> None:
        self.kind, self.redis = kind, redis
        self.keys = Keys.of(kind.queue, prefix)
        self._add = redis.register_script(ADD)

    async def add(self, payload: Payload | dict[str, Any], *, delay_s: float = 0.0) -> str:
        """Add a job, to start no sooner than `delay_s` seconds from now; answers its number.

        Raises BadPayload when the payload is not one of this queue's.
        """
        return (await self.add_many([payload], delay_s=delay_s))[0]

    async def add_many(
        self, payloads: Iterable[Payload | dict[str, Any]], *, delay_s: float = 0.0
    ) -> list[str]:
        """Add jobs in order; answers their numbers. Raises BadPayload before any is added."""
        if not (math.isfinite(delay_s) and delay_s >= 0):
            raise BadPayload(queue=self.kind.queue, reason=f"delay_s is {delay_s}")
        envelopes = [self._envelope(payload) for payload in payloads]
        numbers: list[str] = []
        for chunk in _chunks(envelopes):
            first = await self._add([self.keys.queue], [int(delay_s * 1000), EVENTS_KEPT, *chunk])
            numbers += [str(first + n) for n in range(len(chunk))]
        return numbers

    def _envelope(self, payload: Payload | dict[str, Any]) -> bytes:
        data = payload.model_dump() if isinstance(payload, Payload) else payload
        try:
            model = self.kind.payload.model_validate(data, strict=True)
            content = model.model_dump(exclude_none=True)
            job: dict[str, Any] = {"f": self.kind.function, "a": [content], "k": {}, "t": None}
            return codec.dumps(job | {"et": int(time.time() * 1000)})
        except ValidationError as error:
            raise BadPayload(queue=self.kind.queue, reason=reasons(error)) from None
        except codec.CodecError as error:
            raise BadPayload(queue=self.kind.queue, reason=str(error)) from None

    async def last_event_id(self) -> str:
        """Where the stream ends now, for `read_events`."""
        newest = await self.redis.xrevrange(self.keys.events, count=1)
        return newest[0][0].decode() if newest else "0-0"

    async def events(
        self, *jobs: str, from_start: bool = False
    ) -> AsyncGenerator[QueueEvent, None]:
        """What happens, as it happens: from now on, or all that the stream still holds first.

        With `jobs`, only what happens to these, from the start until each of them has ended. A
        server that is back within `AWAY_S` seconds costs nothing but the time.
        """
        after = "0-0" if from_start or jobs else await self.last_event_id()
        going, away_since = set(jobs), 0.0
        while going or not jobs:
            try:
                answer = await self.redis.xread({self.keys.events: after}, 1000, _BLOCK_MS)
            except (RedisError, OSError):
                away_since = away_since or time.monotonic()
                if time.monotonic() - away_since > AWAY_S:
                    raise
                await asyncio.sleep(_AGAIN_S)
                continue
            away_since = 0.0
            told = [entry for _, entries in answer for entry in entries]
            for event in self._told(told):
                after = event.id
                if event.job in going or not jobs:
                    yield event
                if event.ends:
                    going.discard(event.job)
            if told:  # the last may tell nothing
                after = told[-1][0].decode()

    async def ask_for_max_jobs(self, worker: str, max_jobs: int) -> None:
        """Have a running worker, by its name, change how many jobs it runs at a time."""
        await self.redis.hset(self.keys.max_jobs, worker, str(max_jobs))  # type: ignore[misc]
        await self.redis.publish(self.keys.wake, "")

    async def forget_starts(self) -> None:
        """Have the limiter begin anew, as if no job had started yet."""
        await self.redis.delete(self.keys.starts)

    async def counts(self) -> dict[State, int]:
        """How many jobs wait, are being run, or are delayed; ended ones are not counted."""
        keys = self.keys
        async with self.redis.pipeline(transaction=True) as pipe:
            pipe.time()
            pipe.zcard(keys.queue)
            pipe.zcard(keys.active)
            (seconds, micros), queued, active = await pipe.execute()
        now_ms = seconds * 1000 + micros // 1000
        due = await self.redis.zcount(keys.queue, "-inf", now_ms)
        return {
            State.WAITING: due,
            State.ACTIVE: active,
            State.DELAYED: max(0, queued - due - active),
        }

    async def read_events(self, after: str = "0-0") -> list[QueueEvent]:
        """What has happened since the event with this id; at most some thousands at once."""
        return list(self._told(await self.redis.xrange(self.keys.events, f"({after}", count=5000)))

    def _told(self, entries: Iterable[tuple[bytes, dict[bytes, bytes]]]) -> Iterator[QueueEvent]:
        for entry_id, fields in entries:
            yield from QueueEvent.read(entry_id, fields, self.kind.queue, self.keys)

    async def state(self, number: str) -> JobState | None:
        """What is known of a job; None where there is none of that number.

        Raises CodecError when what Redis has of it was not written by us.
        """
        job_id = self.keys.job(number)
        async with self.redis.pipeline(transaction=True) as pipe:
            for kind in ("job", "result", "in-progress", "retry", "progress"):
                pipe.get(f"arq:{kind}:{job_id}")
            pipe.hget(self.keys.processed, job_id)
            pipe.zscore(self.keys.queue, job_id)
            pipe.time()
            job, result, owner, attempts, progress, processed, score, now = await pipe.execute()
        if job is None and result is None:
            return None
        try:
            return _state(
                codec.loads(result or job),
                is_final=result is not None,
                number=self.keys.number(job_id),
                is_active=owner is not None,
                is_due=score is None or score <= now[0] * 1000 + now[1] // 1000,
                attempts=int(attempts or 0),
                progress=_number(progress or b"0"),
                processed_ms=processed and int(processed),
            )
        except codec.CodecError:
            raise
        except (KeyError, ValueError, OverflowError) as error:
            raise codec.CodecError(f"not of ours: {codec.error_text(error)}") from None

    async def obliterate(self) -> None:
        """Remove the queue and all that belongs to it, jobs and results included."""
        count = int(await self.redis.get(self.keys.ids) or 0)
        ids = (self.keys.job(str(number)) for number in range(1, count + 1))
        kinds = ("job", "result", "in-progress", "retry", "progress")
        names = (f"arq:{kind}:{job_id}" for job_id in ids for kind in kinds)
        keys = self.keys
        own = [keys.queue, keys.ids, keys.events, keys.active, keys.starts, keys.max_jobs]
        own += [keys.processed, keys.heartbeat, f"{keys.queue}:health-check"]
        async for name in self.redis.scan_iter(match=f"{self.keys.queue}:visit:*"):
            own.append(name)
        for chunk in _chunks(chain(names, own)):  # a queue that was used for hours had many jobs
            await self.redis.delete(*chunk)


def _state(
    envelope: dict[str, Any],
    *,
    is_final: bool,
    number: str,
    is_active: bool,
    is_due: bool,
    attempts: int,
    progress: float,
    processed_ms: int | None,
) -> JobState:
    known = {"id": number, "name": envelope["f"], "progress": progress}
    known |= {"timestamp": envelope["et"]}
    if is_final:
        ok, value = envelope["s"], envelope["r"]
        known |= {"processedOn": envelope["st"], "finishedOn": envelope["ft"]}
        known |= {"result": value} if ok else {"error": str(value)}
        state = State.COMPLETED if ok else State.FAILED
        return JobState(**known, state=state, attemptsMade=envelope["t"])
    waiting = State.WAITING if is_due else State.DELAYED
    known |= {"processedOn": processed_ms, "finishedOn": None}
    return JobState(**known, state=State.ACTIVE if is_active else waiting, attemptsMade=attempts)


def _number(text: bytes) -> float:
    """33 for "33", as the lesson shows it, 0.5 for "0.5"."""
    number = float(text)
    return int(number) if number.is_integer() else number


def _chunks(items: Iterable[Any]) -> Iterable[list[Any]]:
    left = iter(items)
    while chunk := list(islice(left, _CHUNK)):
        yield chunk
