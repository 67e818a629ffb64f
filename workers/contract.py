"""What the API side and the worker side agree on, and all that they share.

A producer and a worker meet in Redis. This file says under which names: queues, payloads, states,
events, keys and size limits. Nothing here talks to Redis.
"""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

MAX_JOBS_LIMIT = 1000
"""The most jobs that one worker process may run at a time."""

MAX_PAYLOAD_BYTES = 1_000_000
"""The largest job or result, as JSON, that is put into Redis or taken out of it."""

EVENTS_KEPT = 20_000
"""About how many events a queue's stream holds; the oldest go first."""

BEAT_S = 0.02
"""How often a worker that tells its pulse does so, and how many of these are kept."""
BEATS_KEPT = 3000

DEFAULT_PREFIX = "lesson:"
"""What the name of every queue of ours begins with in Redis."""


SETTINGS = ("REDIS_URL", "WORKER_CONCURRENCY", "EMAIL_SECONDS")
"""Environment variables that change what a lesson does."""


class State(StrEnum):
    """Where a job is in its life."""

    #: in the queue, its time has come, no worker has it yet
    WAITING = "waiting"
    #: a worker runs it
    ACTIVE = "active"
    #: the processor returned
    COMPLETED = "completed"
    #: the processor raised, and no attempt is left
    FAILED = "failed"
    #: in the queue, its time has not come: it was added with a delay, or waits for its next attempt
    DELAYED = "delayed"


class Event(StrEnum):
    """What a queue's stream tells. An entry has `event`, `at` (ms since the epoch, Redis' clock)
    and, where they apply, `job`, `attempt`, `worker`, `progress`, `error`, `final`, `delay_ms`. Of
    jobs to which the same happened at once there is one entry: it has, in place of `job` and
    `attempt`, `jobs`, pairs of the two as JSON."""

    #: a job was added
    WAITING = "waiting"
    #: a worker took it and runs it
    ACTIVE = "active"
    #: the processor reported its progress, 0 to 100
    PROGRESS = "progress"
    #: the processor returned
    COMPLETED = "completed"
    #: the processor raised; `final` is 1 when no attempt is left
    FAILED = "failed"
    #: it will be tried again in `delay_ms`
    RETRYING = "retrying"
    #: its worker's lease ran out, another worker takes it
    STALLED = "stalled"
    #: it went back to the queue because its worker leaves; the attempt does not count
    RETURNED = "returned"
    #: the worker's own trouble
    ERROR = "error"
    #: a worker is up and takes jobs
    READY = "ready"
    #: a worker takes no more jobs and finishes those it has
    DRAINING = "draining"
    #: a worker has left
    CLOSED = "closed"


def _says(wanted: str) -> WrapValidator:
    """Have a field say what it wants, in words, where pydantic would quote a pattern."""

    def validate(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise PydanticCustomError("refused", "should be " + wanted) from None

    return WrapValidator(validate)


Text = Annotated[
    str,
    # one line, for a line break in a subject would begin a header of its own
    StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$"),
    _says("text on one line, 1 to 500 characters"),
]
Address = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$"),
    _says("an address like founder@example.com"),
]
Seconds = Annotated[float, Field(ge=0, le=86_400)]


class Payload(BaseModel):
    """What a job is about. Unknown fields, wrong types, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class EmailPayload(Payload):
    """An email to send. `seconds` overrides, for this job, how long the provider takes."""

    to: Address
    subject: Text
    html: str
    seconds: Seconds | None = None


class ReportPayload(Payload):
    """A report to make. `seconds` overrides, for this job, how long each of its steps takes."""

    reportType: Text  # noqa: N815 - as it is spelled in the HTTP API
    userId: Text | None = None  # noqa: N815
    seconds: Seconds | None = None


class ChorePayload(Payload):
    """A piece of `work`, and `where` a worker does it: in its loop, in a thread, in a process.

    `amount` is the seconds of one that waits, or the rounds of one that computes.
    """

    work: Literal["call", "webhook", "query", "photo", "password", "backup"]
    where: Literal["loop", "thread", "process"]
    amount: Annotated[float, Field(ge=0, le=1e8)]


def reasons(error: ValidationError) -> str:
    """What is wrong with a payload, field by field, on one line."""
    return "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'payload'}: {item['msg']}" for item in error.errors()
    )


@dataclass(frozen=True)
class JobKind:
    """A queue and the one kind of job that it holds."""

    queue: str
    function: str
    payload: type[Payload]


EMAIL = JobKind("email", "send-email", EmailPayload)
REPORTS = JobKind("reports", "make-report", ReportPayload)
CHORES = JobKind("chores", "do-chore", ChorePayload)
KINDS = {kind.queue: kind for kind in (EMAIL, REPORTS)}
"""What `python -m workers` runs when it is not told."""


@dataclass(frozen=True)
class Keys:
    """The names in Redis of one queue. Those that begin with `arq:` are arq's own.

    arq keeps the jobs of all queues together, so a job is called by its queue and its number there:
    number 7 of `lesson:email` is `lesson:email:00000007`. The zeros make ids sort as they count,
    which is the order in which arq takes jobs of the same millisecond.
    """

    queue: str

    @classmethod
    def of(cls, queue: str, prefix: str = DEFAULT_PREFIX) -> Keys:
        return cls(prefix + queue)

    @property
    def ids(self) -> str:
        return f"{self.queue}:ids"

    @property
    def events(self) -> str:
        return f"{self.queue}:events"

    @property
    def active(self) -> str:
        """Jobs that a worker has, scored by when its lease of them ends."""
        return f"{self.queue}:active"

    @property
    def processed(self) -> str:
        """When each job that has not ended was last taken, ms since the epoch."""
        return f"{self.queue}:processed"

    @property
    def starts(self) -> str:
        """When jobs started, for the limiter."""
        return f"{self.queue}:starts"

    @property
    def heartbeat(self) -> str:
        """How late the loop of each worker is, over time."""
        return f"{self.queue}:heartbeat"

    @property
    def max_jobs(self) -> str:
        """Worker name -> the `max_jobs` that it is asked to change to."""
        return f"{self.queue}:max-jobs"

    @property
    def wake(self) -> str:
        """The channel on which a producer says that there is something to look at."""
        return f"{self.queue}:wake"

    def job(self, number: str) -> str:
        """arq's id of a job: `"7"` -> `"lesson:email:00000007"`; foreign ids stay as they are."""
        ours = re.fullmatch(r"[0-9]{1,15}", number)
        return f"{self.queue}:{int(number):08d}" if ours else number

    def number(self, arq_id: str) -> str:
        """The id that people see: `"lesson:email:00000007"` -> `"7"`; foreign ids stay."""
        queue, _, number = arq_id.rpartition(":")
        digits = number.isascii() and number.isdigit() and 8 <= len(number) <= 15
        return str(int(number)) if queue == self.queue and digits else arq_id


@dataclass(frozen=True)
class Limit:
    """At most `max` starts in any `per_s` seconds, for all workers of a queue together."""

    max: int
    per_s: float

    @classmethod
    def of(cls, text: str) -> Limit:
        """`Limit.of("10/1s")`; "off" is `NO_LIMIT`. Raises ValueError that says what to give."""
        if text == "off":
            return NO_LIMIT
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{0,5}\.?[0-9]{1,9})s?", text)
        limit = cls(int(found[1]), float(found[2])) if found else NO_LIMIT
        if limit.max < 1 or not 0.001 <= limit.per_s <= 86_400:
            raise ValueError(f"{text!r} is no limit: give one like 10/1s, or off")
        return limit


NO_LIMIT = Limit(0, 0)


def servers_directory() -> Path:
    """The directory, one a user, in which each server of ours has its own.

    There a worker in a terminal finds the server that a notebook opened. It is made and seen to be
    the user's own before it is used. Its path is short, for a unix socket's must be.
    """
    if chosen := os.environ.get("LESSONKIT_SERVERS"):  # tests keep away from open notebooks
        return Path(chosen)
    short = Path("/tmp")  # noqa: S108
    root = short if os.access(short, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
    return root / f"lessonkit-{os.getuid()}"


SOCKET_NAME = "redis.sock"
