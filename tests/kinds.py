"""Kinds of work as they may be measured, for tests that need no worker to know them."""

from lessonkit.chores import Beat, Chore, ChoreRun, SpeedUp, SpeedUps
from lessonkit.result import BatchResult, JobRecord

ZERO_MS = 1_700_000_000_000.0


def run(kind=("photo", "loop"), max_jobs=5, took_s=0.5, late_ms=0.0, cores=1.0, failed=0):
    """Five jobs that took so long together, one after the other at 1 and side by side at 5, while
    the loop was late once, at their end, and so many cores were at work."""
    records = []
    for n in range(5):
        start_s, end_s = (n * took_s / 5, (n + 1) * took_s / 5) if max_jobs == 1 else (0, took_s)
        state, error = ("failed", "CodecError: coroutine") if n < failed else ("completed", "")
        slot = 0 if max_jobs == 1 else n
        records.append(JobRecord(str(n + 1), 0.0, start_s, end_s, slot, state, 1, "7@x/y", error))
    end_ms = took_s * 1000
    told = [(-15, 0, 0.0), (5, 0, 0.0), (end_ms + 1, late_ms, cores * took_s)]
    beats = tuple(Beat(ZERO_MS + at_ms, late, 2.0 + cpu_s) for at_ms, late, cpu_s in told)
    batch = BatchResult(5, max_jobs, 0.1, tuple(records))
    return ChoreRun(Chore(*kind), batch, beats, ZERO_MS)


def measured(kind, speed_up=1.0, late_ms=2.0, cores=1.0, failed=0, share=1.0):
    one = run(kind, 1, 0.5, cores=min(cores, share))
    return SpeedUp(Chore(*kind), one, run(kind, 5, 0.5 / speed_up, late_ms, cores, failed))


#: about what an idle machine of two cores does
TYPICAL = {
    ("call", "loop"): {"speed_up": 4.9, "cores": 0.05},
    ("webhook", "loop"): {"speed_up": 4.9, "cores": 0.05},
    ("query", "loop"): {"speed_up": 1.0, "late_ms": 485, "cores": 0.01},
    ("query", "thread"): {"speed_up": 4.9, "cores": 0.05},
    ("query", "process"): {"speed_up": 1.7, "cores": 0.05},
    ("photo", "loop"): {"speed_up": 1.0, "late_ms": 485},
    ("photo", "thread"): {"speed_up": 1.0, "late_ms": 60},
    ("photo", "process"): {"speed_up": 1.9, "cores": 1.7},
    ("password", "loop"): {"speed_up": 1.0, "late_ms": 485},
    ("password", "thread"): {"speed_up": 1.9, "cores": 1.8},
    ("backup", "process"): {"speed_up": 1.7, "cores": 1.6},
    ("call", "thread"): {"failed": 5},
}


def speed_ups(*kinds, cores=2, **changed):
    """These kinds as an idle machine does them, but for what is changed of all."""
    found = [measured(kind, **TYPICAL[kind] | changed) for kind in kinds or TYPICAL]
    return SpeedUps(tuple(found), 5, 5, cores, 2)
