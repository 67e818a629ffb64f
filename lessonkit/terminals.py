"""What processes print, side by side, as in terminals beside each other."""

from __future__ import annotations

from html import escape

from lessonkit.page import STYLE


class SideBySide:
    """Titles and the text under each; what is printed is data and is shown as it is."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts

    def __repr__(self) -> str:
        return "\n\n".join(f"--- {title} ---\n{text}" for title, text in self.texts.items())

    def _repr_html_(self) -> str:
        panes = "".join(
            '<div class="lk-half">'
            f'<div class="lk-caption">{escape(title)}</div>'
            f'<pre class="lk-terminal" tabindex="0" aria-label="{escape(title)}">'
            f"<code>{escape(text) or '(nothing)'}</code></pre></div>"
            for title, text in self.texts.items()
        )
        return f'{STYLE}<div class="lk lk-columns">{panes}</div>'


def side_by_side(**texts: str) -> SideBySide:
    """Show texts beside each other: `side_by_side(api=api.output, worker=worker.output)`."""
    return SideBySide(texts)
