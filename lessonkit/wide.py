"""What prints in columns keeps them on a narrow page."""

from __future__ import annotations

from html import escape


class Wide:
    """Its repr has columns. A notebook would wrap them where it is narrow; so they scroll there."""

    def _repr_html_(self) -> str:
        style = "white-space: pre; overflow-x: auto; margin: 0; font-size: 12px"
        return f'<pre tabindex="0" style="{style}">{escape(repr(self))}</pre>'
