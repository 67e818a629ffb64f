"""What a wrong answer is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wrong:
    """An answer that a learner would give, and a word of what the check says to it."""

    answer: str
    reason: str
