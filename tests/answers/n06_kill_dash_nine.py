"""Wrong answers to 06."""

from tests.answers.wrong import Wrong


def said(rescued_after_s: object, sent_after_s: object, mine: str = "good") -> str:
    """An answer to 06: two numbers, and a run; `good` is the first of them."""
    return f"rescued_after_s, sent_after_s = {rescued_after_s}, {sent_after_s}\nmine = {mine}"


def ran(**settings: object) -> str:
    """A run with these settings, and right numbers."""
    given = ", ".join(f"{name}={value}" for name, value in settings.items())
    return said(2.5, 4.5, f"await lessonkit.rescue(lab, {given})")


WRONG = [
    Wrong(
        "good = await lessonkit.rescue(lab, seconds=2.0, kill_at_s=1.6)\n" + said(0, 2),
        "says nothing to anyone",
    ),
    Wrong(said(1.4, 3.4), "was never renewed"),
    Wrong(said(1, 3), "is how often a lease is renewed"),
    Wrong(said(1.8, 3.8), "is too soon"),
    Wrong(said(4, 6), "is too late"),
    Wrong(said(310, 312), "what others take by themselves"),
    Wrong(said(60, 62), "what others take by themselves"),
    Wrong(said(2.5, 2.9), "begins from the beginning"),
    Wrong(said(2.5, 2.5), "is sent when it is done"),
    Wrong(said(2.5, 6.1), "since the first enqueue"),
    Wrong(said(2.5, 2), "that is one email"),
    Wrong(said(2.5, 9), "by your own first number"),
    Wrong(said(2.5, "..."), "sent_after_s is missing"),
    Wrong(said("'2.5 s'", 4.5), "give a number of seconds"),
    Wrong(said(2.5, 4.5, "None"), "no run to look at"),
    Wrong(said(2.5, 4.5, "lessonkit.rescue(lab)") + "\nmine.close()", "forget the `await`"),
    Wrong(ran(seconds=0.3, kill_at_s=2), "nobody was killed"),
    Wrong(ran(seconds=0.5, kill_at_s=0.2, signum="signal.SIGTERM"), "it gave the email back"),
    Wrong(ran(seconds=0.5, kill_at_s=0.2, signum="signal.SIGSTOP"), "only asleep"),
]
