"""Wrong answers to 09."""

from tests.answers.wrong import Wrong


def tried(workers: int, max_jobs: int, limit: str = "off", more: str = "") -> str:
    """An answer to 09: settings, and a run with them."""
    return (
        f"workers, max_jobs, limit = {workers}, {max_jobs}, {limit!r}\n"
        "capped = await lab.run(jobs=18, seconds=0.7, workers=workers, max_jobs=max_jobs, "
        f"limit=limit{more})"
    )


WRONG = [
    Wrong("workers = 2", "still missing"),
    Wrong(tried(2, 6), "max_jobs is what each process has, and you have 2 × 6 = 12 slots"),
    Wrong(tried(1, 6), "when it crashes, nobody sends emails"),
    Wrong(tried(1, 7), "you have 1 × 7 = 7 slots"),
    Wrong(tried(2, 6, "6/1s"), "how many overlap depends on how long each takes"),
    Wrong(tried(2, 2), "at most 4 emails were sent at the same moment"),
    Wrong(tried(2, 3, "2/0.7s"), "the limit 2/0.7s holds the starts back"),
    Wrong("workers, max_jobs = 2, 3\ncapped = None", "`capped` has not been run"),
    Wrong(
        "workers, max_jobs = 2, 3\ncapped = lab.run(workers=2, max_jobs=3)\ncapped.close()",
        "forget the `await`",
    ),
    Wrong(
        "workers, max_jobs, capped = 2, 3, grid[2, 4]",
        "the exercise is about 18 of 0.7 s",
    ),
    Wrong(
        tried(2, 3) + "\nworkers, max_jobs = 3, 2",
        "ran with other settings than these",
    ),
]
