"""How the jobs of a lab stand, from what its queues tell."""

from __future__ import annotations

import time

from lessonkit.events import QueueEvent
from workers.contract import Event, State

_STATES = {
    Event.WAITING: State.WAITING,
    Event.ACTIVE: State.ACTIVE,
    Event.COMPLETED: State.COMPLETED,
    Event.RETRYING: State.DELAYED,
    Event.STALLED: State.WAITING,
    Event.RETURNED: State.WAITING,
}
_ENDED = (State.COMPLETED, State.FAILED)


class Standing:
    """The state of each job so far, and what time it is where the events come from."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, str], State] = {}
        self._lag_ms: float | None = None

    @property
    def jobs(self) -> int:
        return len(self._states)

    @property
    def ended(self) -> int:
        return self._count(*_ENDED)

    @property
    def now_ms(self) -> float:
        """Now on Redis' clock, which need not be this machine's; ms since the epoch."""
        return time.time() * 1000 - (self._lag_ms or 0.0)

    def take(self, event: QueueEvent) -> None:
        """Take in an event that happened a moment ago."""
        lag_ms = time.time() * 1000 - event.at_ms
        self._lag_ms = lag_ms if self._lag_ms is None else min(self._lag_ms, lag_ms)
        job = event.queue, event.job
        if event.event == Event.FAILED and event.final:
            self._states[job] = State.FAILED
        elif event.job and event.event in _STATES:
            self._states[job] = _STATES[event.event]

    def forget_ended(self) -> None:
        """Forget the jobs that have ended."""
        self._states = {job: state for job, state in self._states.items() if state not in _ENDED}

    def _count(self, *states: State) -> int:
        return sum(state in states for state in self._states.values())

    def __str__(self) -> str:
        order = (State.WAITING, State.ACTIVE, State.DELAYED, *_ENDED)
        counts = ", ".join(f"{self._count(state)} {state}" for state in order)
        return f"{self.jobs} job{'s' * (self.jobs != 1)}: {counts}"
