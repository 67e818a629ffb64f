"""What can go wrong, each with its next step."""

from __future__ import annotations

from typing import Any


class LessonError(Exception):
    """The base of the family. Its text says what happened and ends in what to do now.

    Data is passed by keyword, kept as attributes, and survives pickling.
    """

    problem = "Something went wrong."
    next_step = "Run `python -m lessonkit doctor` to see what."

    def __init__(self, **data: Any) -> None:
        super().__init__(data)
        self.__dict__.update(data)

    @property
    def found(self) -> str:
        """What happened."""
        return self.problem.format_map(_Shown(vars(self))).strip()

    @property
    def step(self) -> str:
        """What to do now."""
        return self.next_step.format_map(_Shown(vars(self)))

    def __str__(self) -> str:
        between = "\n" if "\n" in self.found else " "  # a log that is quoted ends with its line
        return self.found + between + self.step

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), vars(self))

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class _Shown(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "?"


def _rebuild(kind: type[LessonError], data: dict[str, Any]) -> LessonError:
    return kind(**data)


class BadSetting(LessonError):
    """A value that cannot be used: `name`, `value`, `wanted`."""

    problem = "{name} is {value!r}, which cannot be used."
    next_step = "Give {wanted}."


class ServerNotFound(LessonError):
    """There is no Redis-protocol server on this machine."""

    problem = "No Redis server was found on this machine."
    next_step = (
        "Run `make setup`, which installs one, or install redis-server, "
        "or set REDIS_URL to one that runs."
    )


class SeveralServers(LessonError):
    """More than one server is open on this machine: `choices`, which names them."""

    problem = "It is not clear which Redis to use."
    next_step = "{choices}"


class PortTaken(LessonError):
    """There is no listening at `host` and `port`: `reason`."""

    problem = "Cannot listen on {host}, port {port}: {reason}."
    next_step = "Give another --port, or stop what listens there."


class ServerDidNotStart(LessonError):
    """Our own server was started and did not answer: `waited_s`, `log_tail`."""

    problem = (
        "The Redis server did not answer within {waited_s:.1f} s. Its last words:\n{log_tail}\n"
    )
    next_step = (
        "A full disk or a read-only /tmp is the usual cause; mend that, and see whether "
        "`python -m lessonkit doctor` is content."
    )


class ServerUnreachable(LessonError):
    """The server that REDIS_URL names does not answer: `url` (without its password), `reason`, and
    `advice`, what to do about that."""

    problem = "The Redis server at {url} cannot be reached: {reason}."
    next_step = "{advice} Or unset REDIS_URL to have a private server started."


class NotOurServer(LessonError):
    """A server that is somebody else's was to be killed: `url` (without its password)."""

    problem = "The Redis server at {url} is not this notebook's own, so it is not killed."
    next_step = "Unset REDIS_URL and restart the kernel: a private server is started, for that too."


class NotAdded(LessonError):
    """A job could not be added, for Redis is away."""

    problem = "Redis is away, so nobody can add a job."
    next_step = "Wait until the worker says that Redis is back, then add it again."


class ServerLost(LessonError):
    """The server went away in the middle of a run: `url` (without its password), `reason`."""

    problem = "The Redis server at {url} went away in the middle of the run: {reason}."
    next_step = "Run it again: a private server is started anew; one of yours you need to start."


class ProcessDidNotStart(LessonError):
    """A process of ours ended before it was ready: `what`, `how`, `log_tail`."""

    problem = "The {what} {how} before it was ready. It said:\n{log_tail}\n"
    next_step = "Mend what it says, then run again."


class WorkerDied(LessonError):
    """The worker ended in the middle of a run: `how`, `done`, `jobs`, `log_tail`."""

    problem = "The worker {how} with {done} of {jobs} jobs done. Its last words:\n{log_tail}\n"
    next_step = (
        "The run's jobs were removed. Press Run, or run the cell again: a new worker is started."
    )


class RunTimedOut(LessonError):
    """Jobs did not end in time: `waited_s`, `done`, `jobs`, `log_tail`."""

    problem = (
        "Only {done} of {jobs} jobs ended within {waited_s:.0f} s. "
        "The worker's last words:\n{log_tail}\n"
    )
    next_step = (
        "The run's jobs were removed. See whether the machine is overloaded, then run again."
    )


class RunStopped(LessonError):
    """A run was stopped by its learner."""

    problem = "The run was stopped; its worker has left and its jobs were removed."
    next_step = "Run it again whenever you like."


class LabClosed(LessonError):
    """The session was closed."""

    problem = "This lab session is closed."
    next_step = "Run the notebook's set-up cell again to open a new one."


class SeriesNotFound(LessonError):
    """The notebooks of the series are not where they belong: `folder`."""

    problem = "The notebooks of the series are not in {folder}."
    next_step = "Run this with the .venv of a copy of the project that has them."


class BadPayload(LessonError):
    """A payload that the queue refuses: `queue`, `reason`."""

    problem = "The queue {queue!r} refuses this payload: {reason}."
    next_step = "Mend the payload and add it again."
    reason: str
