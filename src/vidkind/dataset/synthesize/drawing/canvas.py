"""Drawing with anti-aliased edges: a Pillow picture made larger and reduced at the end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from vidkind.dataset.synthesize.drawing.stage import Colour, Frame, Point
from vidkind.dataset.synthesize.drawing.text import load_font

WHITE: Colour = (255, 255, 255)


BLACK: Colour = (0, 0, 0)


class Canvas:
    """A picture under construction; coordinates and widths are in output pixels.

    ``scale`` 2 smooths edges, as drawn animation has them; 1 leaves them hard, as screens
    and pixel art do. Colours with a fourth value are blended. ``crisp`` hardens text too.
    """

    def __init__(self, width: float, height: float, fill: Colour = WHITE, scale: int = 2) -> None:
        self.scale = scale
        self.width = round(width)
        self.height = round(height)
        self.crisp = False
        mode = "RGBA" if len(fill) == 4 else "RGB"
        self.image = Image.new(mode, (self.width * scale, self.height * scale), fill)
        self.pen = ImageDraw.Draw(self.image, "RGBA" if mode == "RGB" else None)

    @classmethod
    def over(cls, image: Image.Image, scale: int = 2) -> Canvas:
        """A canvas that starts as a copy of a picture ``scale`` times the output size."""
        canvas = cls.__new__(cls)
        canvas.scale = scale
        canvas.crisp = False
        canvas.width, canvas.height = image.width // scale, image.height // scale
        canvas.image = image.copy()
        canvas.pen = ImageDraw.Draw(canvas.image, "RGBA" if image.mode == "RGB" else None)
        return canvas

    def _scaled(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self.scale, y * self.scale) for x, y in points]

    def _width(self, width: float) -> int:
        return max(1, round(width * self.scale))

    def polygon(
        self, points: Sequence[Point], fill: Colour, outline: Colour | None = None, width: float = 0
    ) -> None:
        """A filled polygon; the outline lies on its edge, with round joints."""
        self.pen.polygon(self._scaled(points), fill=fill)
        if outline is not None and width > 0:
            self.line([*points, points[0], points[1]], outline, width)

    def rect(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        fill: Colour | None,
        outline: Colour | None = None,
        width: float = 1,
        radius: float = 0,
    ) -> None:
        """A rectangle, with round corners where ``radius`` is above 0."""
        s = self.scale
        box = (x * s, y * s, max((x + w) * s - 1, x * s), max((y + h) * s - 1, y * s))
        line = self._width(width) if outline is not None else 0
        if radius > 0:
            self.pen.rounded_rectangle(box, radius * s, fill, outline, line)
        else:
            self.pen.rectangle(box, fill, outline, line)

    def ellipse(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        fill: Colour | None,
        outline: Colour | None = None,
        width: float = 0,
    ) -> None:
        """An ellipse around a centre; the outline lies outside the fill."""
        s, extra = self.scale, width / 2 if outline is not None else 0
        rx, ry = max(rx, 0.5) + extra, max(ry, 0.5) + extra
        box = ((x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s)
        self.pen.ellipse(box, fill, outline, self._width(width) if outline is not None else 0)

    def line(self, points: Sequence[Point], fill: Colour, width: float = 1) -> None:
        """A line with round joints; ``limb`` also has round ends."""
        self.pen.line(self._scaled(points), fill, self._width(width), joint="curve")

    def limb(
        self,
        points: Sequence[Point],
        width: float,
        fill: Colour,
        outline: Colour | None = None,
        edge: float = 0,
    ) -> None:
        """A thick line with round ends, as an arm or a tail, with an outline around it."""
        layers = [(outline, width + 2 * edge)] if outline is not None and edge > 0 else []
        for colour, thick in [*layers, (fill, width)]:
            self.line(points, colour, thick)
            for x, y in points:
                self.ellipse(x, y, thick / 2, thick / 2, colour)

    def sector(
        self, x: float, y: float, radius: float, start: float, end: float, fill: Colour
    ) -> None:
        """A slice of a disc between two angles in turns, clockwise from the right."""
        s, radius = self.scale, max(radius, 0.5)
        box = ((x - radius) * s, (y - radius) * s, (x + radius) * s, (y + radius) * s)
        self.pen.pieslice(box, start * 360, end * 360, fill)

    def arc(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        start: float,
        end: float,
        fill: Colour,
        width: float = 1,
    ) -> None:
        """A piece of an ellipse's edge between two angles in turns."""
        s = self.scale
        box = ((x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s)
        self.pen.arc(box, start * 360, end * 360, fill, self._width(width))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        fill: Colour,
        size: float,
        font: str = "sans",
        anchor: str = "la",
        room: float = 0,
    ) -> None:
        """One line of text; ``anchor`` as in Pillow: l m r, then a m s b.

        Where ``room`` is above 0, the text is made small enough to be no wider than that.
        """
        if room > 0:
            size *= min(1.0, room / max(self.text_width(text, size, font), 1))
        mask, left, top = _written(text, font, round(size * self.scale), anchor)
        if self.crisp:
            mask = mask.point(lambda value: 255 if value > 100 else 0)
        corner = (round(x * self.scale) + left, round(y * self.scale) + top)
        if self.image.mode == "RGBA" and len(fill) == 3:
            fill = (*fill, 255)
        self.image.paste(fill[: len(self.image.mode)], corner, mask)

    def text_width(self, text: str, size: float, font: str = "sans") -> float:
        """Width of a line of text in output pixels."""
        return float(load_font(font, size * self.scale).getlength(text)) / self.scale

    def paste(self, image: Image.Image, x: float, y: float) -> None:
        """Lays a picture (``scale`` times its output size) with its top left corner at x, y."""
        corner = (round(x * self.scale), round(y * self.scale))
        self.image.paste(image, corner, image if image.mode == "RGBA" else None)

    def blur(self, radius: float) -> None:
        """Gaussian blur of everything drawn so far."""
        self.image = self.image.filter(ImageFilter.GaussianBlur(radius * self.scale))
        self.pen = ImageDraw.Draw(self.image, "RGBA" if self.image.mode == "RGB" else None)

    def crop(self, x: float, y: float, width: int, height: int) -> Canvas:
        """A new canvas with a part of this one; reaches no further than the edges."""
        s = self.scale
        left = min(max(round(x * s), 0), max(self.image.width - width * s, 0))
        top = min(max(round(y * s), 0), max(self.image.height - height * s, 0))
        return Canvas.over(self.image.crop((left, top, left + width * s, top + height * s)), s)

    def reduced(self) -> Image.Image:
        """The picture in output pixels."""
        return self.image if self.scale == 1 else self.image.reduce(self.scale)

    def array(self) -> Frame:
        """The picture as uint8 [H, W, 3]."""
        return np.asarray(self.reduced().convert("RGB"))


@lru_cache(maxsize=8192)
def _written(text: str, font: str, size: int, anchor: str) -> tuple[Image.Image, int, int]:
    """A line of text as a mask, and where it lies from its anchor: screens repeat their lines."""
    loaded = load_font(font, size)
    left, top, right, bottom = map(round, loaded.getbbox(text, anchor=anchor))
    mask = Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
    ImageDraw.Draw(mask).text((-left, -top), text, 255, loaded, anchor=anchor)
    return mask, left, top


def gradient(width: int, height: int, colours: Sequence[Colour], turn: float = 0) -> Image.Image:
    """A picture that runs through colours, top to bottom, or turned by an angle in turns."""
    steps = np.linspace(0, 1, len(colours))
    y, x = np.mgrid[0:height, 0:width]
    along = x / max(width - 1, 1) * math.sin(2 * math.pi * turn)
    along = along + y / max(height - 1, 1) * math.cos(2 * math.pi * turn)
    share = (along - along.min()) / max(float(np.ptp(along)), 1e-6)
    table = np.asarray(colours, dtype=np.float64)[:, :3]
    channels = [np.interp(share, steps, table[:, c]) for c in range(3)]
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def star_points(x: float, y: float, outer: float, inner: float, tips: int) -> list[Point]:
    """The corners of a star, the first tip upwards."""
    return [
        (
            x + (inner if i % 2 else outer) * math.sin(math.pi * i / tips),
            y - (inner if i % 2 else outer) * math.cos(math.pi * i / tips),
        )
        for i in range(2 * tips)
    ]


def blob_points(x: float, y: float, rx: float, ry: float, radii: Sequence[float]) -> list[Point]:
    """A closed smooth outline around a centre whose radius varies by ``radii`` (near 1)."""
    turns = np.linspace(0, 1, 8 * len(radii), endpoint=False)
    known = np.linspace(0, 1, len(radii) + 1)
    radius = np.interp(turns, known, [*radii, radii[0]])
    angle = 2 * np.pi * turns
    outline = np.stack([x + rx * radius * np.cos(angle), y + ry * radius * np.sin(angle)], -1)
    return [(float(px), float(py)) for px, py in outline]
