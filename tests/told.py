"""What a queue's stream tells, in short."""


def names(events):
    return [str(event.event) for event in events]


def pid_of(event):
    """The process of the worker that an event names."""
    return int(event.worker.partition("@")[0])
