"""Follow one job through its states."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from lessonkit.queue import Queue, QueueEvent
from workers.contract import Event, State

_STATES = {
    Event.WAITING: State.WAITING,
    Event.ACTIVE: State.ACTIVE,
    Event.COMPLETED: State.COMPLETED,
    Event.RETRYING: State.DELAYED,
    Event.RETURNED: State.WAITING,
    Event.STALLED: State.WAITING,
}


@dataclass(frozen=True, repr=False)
class Story:
    """The states that a job went through so far, each with when it began."""

    queue: str
    job: str
    states: tuple[tuple[State, float], ...]
    """State, and seconds since the job was added, on Redis' clock."""
    worker_pid: int | None
    """The process that ran it last."""
    error: str = ""

    @property
    def state(self) -> State:
        return self.states[-1][0]

    @property
    def ended(self) -> bool:
        return self.state in (State.COMPLETED, State.FAILED)

    def __repr__(self) -> str:
        lines = [f"job {self.job} of the queue {self.queue!r}"]
        lines += [f"{at_s:8.3f} s  {state}" for state, at_s in self.states]
        if self.error:
            lines.append(f"            {self.error}")
        if self.worker_pid:
            lines.append(f"run by process {self.worker_pid}")
        return "\n".join(lines)


async def follow(queue: Queue, job: str, timeout_s: float) -> Story:
    """The job's story, once it has ended or `timeout_s` seconds are over."""
    deadline = time.monotonic() + timeout_s
    while True:
        events = [event for event in await queue.read_events() if event.job == job]
        story = _story(queue.kind.queue, job, events)
        if story.ended or time.monotonic() > deadline:
            return story
        await asyncio.sleep(0.02)


def _story(queue: str, job: str, events: list[QueueEvent]) -> Story:
    states: list[tuple[State, float]] = []
    worker_pid, error = None, ""
    for event in events:
        at_s = (event.at_ms - events[0].at_ms) / 1000
        if event.event == Event.WAITING and event.delay_ms:
            states.append((State.DELAYED, at_s))
        elif event.event == Event.FAILED:
            error = event.error
            if event.final:
                states.append((State.FAILED, at_s))
        elif event.event in _STATES:
            states.append((_STATES[event.event], at_s))
        if event.worker:
            worker_pid = int(event.worker.partition("@")[0])
    return Story(queue, job, tuple(states) or ((State.WAITING, 0.0),), worker_pid, error)
