"""Wrong answers to 11."""

from tests.answers.wrong import Wrong


def fleet(workers: int, max_jobs: int, limit: str, day: str = "DAY") -> str:
    """An answer to 11: a fleet, and its launch day."""
    return (
        f"workers, max_jobs, limit = {workers}, {max_jobs}, {limit!r}\n"
        f"mine = await lessonkit.launch(\n"
        f"    lab, {day}, workers=workers, max_jobs=max_jobs, limit=limit\n)"
    )


WRONG = [
    Wrong(fleet(1, 12, "30/1s"), "nobody was left to take over"),
    Wrong(fleet(2, 2, "30/1s"), "Of 4 slots 2 are left after the kill"),
    Wrong(fleet(3, 2, "off"), "Give the workers a `limit`"),
    Wrong(fleet(3, 2, "60/1s"), "Your limit 60/1s lets them through"),
    Wrong(fleet(2, 5, "15/1s"), "a limit is for all of them together already"),
    Wrong(fleet(3, 2, "18/1s"), "Your limit 18/1s is the bottleneck"),
    Wrong(fleet(3, 5, "30/1s"), "`max_jobs` is per worker"),
    Wrong("workers, max_jobs = 3, 2", "limit is missing"),
    Wrong(
        "workers, max_jobs, limit = 3, 2, '30/1s'\n"
        "mine = lessonkit.launch(lab, DAY, workers=3, max_jobs=2, limit='30/1s')\nmine.close()",
        "forget the `await`",
    ),
    Wrong("workers, max_jobs, limit, mine = 3, 2, '30/1s', None", "no run to look at"),
    Wrong("workers, max_jobs, limit, mine = 3, 2, '30/1s', one", "other settings"),
    Wrong(
        fleet(2, 2, "30/1s", "lessonkit.LaunchDay(jobs=5, crowd=1, crowd_at_s=0.1, kill_at_s=0.1)"),
        "another day",
    ),
]
