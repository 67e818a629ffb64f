"""A canvas that turns a matplotlib figure into PNG frames, fast enough to be watched.

What stands still is drawn once; a frame draws only what moves on top of it. The PNG has a palette,
so it is small, and white is transparent, so a chart takes the colour of the page that it is on.
pyplot is not used: its figures are global, and labs draw on a thread of their own.
"""

from __future__ import annotations

import io
from collections.abc import Iterable

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

POINTS_PER_INCH = 72
#: enough for ten colours with their smooth edges
PALETTE_COLORS = 96


class Canvas:
    """A figure of `width` × `height` CSS pixels with one ax, `density` real pixels to each.

    One point is one CSS pixel, so a font size of 12 is 12 pixels high on the page.
    """

    def __init__(self, width: int, height: int, *, density: int = 2) -> None:
        self.width, self.height = width, height
        self.figure = Figure(
            figsize=(width / POINTS_PER_INCH, height / POINTS_PER_INCH),
            dpi=POINTS_PER_INCH * density,
        )
        self._agg = FigureCanvasAgg(self.figure)
        self._still: object | None = None
        self._moving: tuple[Artist, ...] = ()

    def blank(self, *, left: int = 56, right: int = 14, top: int = 58, bottom: int = 40) -> Axes:
        """Forget what was drawn and return a new ax with these margins, in CSS pixels."""
        self.figure.clear()
        self._still, self._moving = None, ()
        wide, high = self.width - left - right, self.height - top - bottom
        return self.figure.add_axes(
            (left / self.width, bottom / self.height, wide / self.width, high / self.height)
        )

    def animate(self, moving: Iterable[Artist]) -> None:
        """Say which artists change from frame to frame; all others are drawn once."""
        self._moving = tuple(moving)
        for artist in self._moving:
            artist.set_animated(True)
        self.settle()

    def settle(self) -> None:
        """Draw what stands still anew with the next frame, because it has changed."""
        self._still = None

    def png(self) -> bytes:
        """The present frame."""
        if self._still is None:
            for text in self.figure.findobj(Text):  # names from jobs are data: a $ is a $
                text.set_parse_math(False)
            self._agg.draw()  # type: ignore[no-untyped-call]
            self._still = self._agg.copy_from_bbox(self.figure.bbox)  # type: ignore[no-untyped-call]
        self._agg.restore_region(self._still)  # type: ignore[no-untyped-call]
        for artist in self._moving:
            if artist.axes is not None:
                artist.axes.draw_artist(artist)
        return self._encoded()

    def _encoded(self) -> bytes:
        size = self._agg.get_width_height(physical=True)
        rgba = self._agg.buffer_rgba()  # type: ignore[no-untyped-call]
        pixels = Image.frombuffer("RGBA", size, rgba).convert("RGB")
        frame = pixels.quantize(
            PALETTE_COLORS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
        )
        png = io.BytesIO()
        frame.save(png, "png", compress_level=1, transparency=frame.getpixel((0, 0)))
        return png.getvalue()
