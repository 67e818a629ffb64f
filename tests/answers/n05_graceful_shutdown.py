"""Wrong answers to 05."""

from tests.answers.wrong import Wrong


def handed_over(grace_s: float, signal_at_s: float, more: str = "jobs=2, seconds=0.8") -> str:
    """An answer to 05: two numbers, and a run with them."""
    return (
        f"grace_s, signal_at_s = {grace_s}, {signal_at_s}\n"
        f"mine = await lessonkit.hand_over(lab, grace_s=grace_s, signal_at_s=signal_at_s, {more})"
    )


WRONG = [
    Wrong(handed_over(0, 0.3), "a grace of 0 s"),
    Wrong(handed_over(0.2, 0.3), "shorter than one email"),
    Wrong(handed_over(1.2, 1.0, "jobs=2, seconds=1.5"), "cannot choose when a real signal"),
    Wrong(handed_over(10, 0.3, "jobs=2, signum=signal.SIGKILL"), "SIGKILL cannot be heeded"),
    Wrong(handed_over(5, 1.5, "jobs=2, seconds=0.5"), "all 2 emails had been sent"),
    Wrong("grace_s = 5", "signal_at_s is missing"),
    Wrong("grace_s, signal_at_s, mine = 5, 1.3, None", "no run to look at"),
    Wrong(
        "grace_s, signal_at_s, mine = 5, 1.3, lessonkit.hand_over(lab)\nmine.close()",
        "forget the `await`",
    ),
    Wrong("grace_s, signal_at_s, mine = 5, 1.3, kept", "not your answers"),
]
