"""Wrong answers to 10."""

from tests.answers.wrong import Wrong


def tried(max_jobs: int, more: str = "rate_per_s=36, mean_s=0.1, jobs=130, seed=835") -> str:
    """An answer to 10: a number of slots, and a run with them."""
    return f"max_jobs = {max_jobs}\nmine = await lessonkit.arrive(lab, max_jobs=max_jobs, {more})"


WRONG = [
    Wrong(tried(4), "4 slots are enough for a load of 3.6, but only just"),
    Wrong(tried(3), "the queue grows as long as emails come"),
    Wrong(tried(8), "but fewer would do: with 7"),
    Wrong(tried(5, "rate_per_s=200, mean_s=0.005"), "the exercise is about 36 of 0.1 s"),
    Wrong(tried(5, "rate_per_s=36, mean_s=0.1, jobs=20"), "at least 120 emails"),
    Wrong("max_jobs, mine = 5, None", "`mine` has not been run"),
    Wrong("max_jobs, mine = 3.6, four", "a whole number of slots"),
    Wrong("max_jobs, mine = 5, five", "the exercise is about 36 of 0.1 s"),
    Wrong(
        "max_jobs = 5\nmine = lessonkit.arrive(lab, max_jobs=5, rate_per_s=36, mean_s=0.1)\n"
        "mine.close()",
        "forget the `await`",
    ),
]
