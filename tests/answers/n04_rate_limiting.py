"""Wrong answers to 04."""

from tests.answers.wrong import Wrong


def tried(limit: str, workers: int, max_jobs: int, *, slow: bool = False) -> str:
    """An answer to 04: settings, tried with quick emails, and with slow ones where it matters."""
    code = [
        f"limit, workers, max_jobs = {limit!r}, {workers}, {max_jobs}",
        "chosen = dict(limit=limit, workers=workers, max_jobs=max_jobs)",
        "quick = await lab.run(jobs=11, seconds=0.05, **chosen)",
        "slow = await lab.run(jobs=11, seconds=0.7, **chosen)",
    ]
    return "\n".join(code if slow else code[:-1])


WRONG = [
    Wrong("limit = '5/1s'", "still missing"),
    Wrong("limit, workers, max_jobs = '5/1s', 1, 5", "`quick` has not been run"),
    Wrong(tried("off", 1, 5), "how many a worker sends at the same moment"),
    Wrong(tried("off", 1, 1), "these slots could start 1.4"),
    Wrong(tried("10/1s", 2, 5), "a limit is not per worker"),
    Wrong(tried("10/1s", 1, 5), "lets more through"),
    Wrong(tried("1/1s", 1, 5), "far below the 5 a second"),
    Wrong(tried("5/1s", 1, 2, slow=True), "2 slots can start no more than 2.9 a second"),
    Wrong(
        "limit, workers, max_jobs = '5/1s', 2, 5\nquick = slow = free",
        "the exercise is about 11 of 0.05 s",
    ),
]
