"""What a check says: *not attempted*, *not yet, because …*, or *passed* and what is unchecked."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Literal

Status = Literal["not attempted", "not yet", "passed"]
#: how what a check says begins
HEADS: dict[Status, str] = {
    "not attempted": "Not attempted:",
    "not yet": "Not yet, because",
    "passed": "Passed.",
}


@dataclass(frozen=True)
class Verdict:
    """What a check says. `why` names what is amiss, `unchecked` what a pass does not show."""

    status: Status
    why: str = ""
    unchecked: str = ""

    def __repr__(self) -> str:
        return " ".join(self._words())

    def _repr_html_(self) -> str:
        mark = {"not attempted": "○", "not yet": "△", "passed": "✓"}[self.status]
        head, *rest = map(html.escape, self._words())
        said = re.sub("`([^`]+)`", r"<code>\1</code>", " ".join(rest))
        return f"<p>{mark} <b>{head}</b> {said}</p>"

    def _words(self) -> list[str]:
        """The status, and what is said of it."""
        words = [HEADS[self.status], self.why]
        return [*words, f"Not checked: {self.unchecked}"] if self.status == "passed" else words


class NotYet(Exception):
    """Raised inside a check with the reason."""
