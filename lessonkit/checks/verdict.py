"""What a check says: *not attempted*, *not yet, because …* or *passed*, and what was not checked."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Verdict:
    """What a check says. `why` names what is amiss, `unchecked` what a pass does not show."""

    status: Literal["not attempted", "not yet", "passed"]
    why: str = ""
    unchecked: str = ""

    def __repr__(self) -> str:
        if self.status == "not attempted":
            return f"Not attempted: {self.why}"
        if self.status == "not yet":
            return f"Not yet, because {self.why}"
        return f"Passed. {self.why} Not checked: {self.unchecked}"

    def _repr_html_(self) -> str:
        mark = {"not attempted": "○", "not yet": "△", "passed": "✓"}[self.status]
        head, _, rest = repr(self).partition(" " if self.status != "not attempted" else ": ")
        if self.status == "not yet":
            head, rest = "Not yet,", repr(self).removeprefix("Not yet, ")
        return f"<p><b>{mark} {html.escape(head)}</b> {html.escape(rest)}</p>"


class NotYet(Exception):
    """Raised inside a check with the reason."""
