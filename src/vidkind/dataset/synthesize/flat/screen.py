"""Parts that all screens share: themes, window frames, a mouse pointer that moves with purpose."""

from __future__ import annotations

from dataclasses import dataclass

from vidkind.dataset.synthesize.drawing.canvas import BLACK, WHITE, Canvas
from vidkind.dataset.synthesize.drawing.stage import Colour, Point, Scene, ease, hsv, lighter, mix
from vidkind.dataset.synthesize.drawing.text import Writer


@dataclass(frozen=True, kw_only=True)
class Theme:
    """The colours of one user interface."""

    dark: bool
    page: Colour
    panel: Colour
    text: Colour
    muted: Colour
    border: Colour
    accent: Colour
    second: Colour


def random_theme(scene: Scene, dark_share: float = 0.4) -> Theme:
    """A light or dark theme with two accent colours."""
    hue = scene.uniform(0, 1)
    accent = hsv(hue, scene.uniform(0.5, 0.9), scene.uniform(0.6, 0.95))
    second = hsv(hue + scene.uniform(0.2, 0.6), scene.uniform(0.4, 0.8), scene.uniform(0.6, 0.95))
    tint = hsv(hue, scene.uniform(0, 0.35), 1)
    if scene.chance(dark_share):
        page = mix(BLACK, tint, scene.uniform(0.02, 0.18))
        text = mix(WHITE, tint, scene.uniform(0, 0.3))
        dark = True
    else:
        page, text = mix(WHITE, tint, scene.uniform(0, 0.25)), mix(BLACK, tint, 0.15)
        dark = False
    return Theme(
        dark=dark,
        page=page,
        panel=mix(page, text, 0.07),
        text=text,
        muted=mix(page, text, 0.55),
        border=mix(page, text, 0.2),
        accent=accent,
        second=second,
    )


class Pointer:
    """A mouse pointer that rests, moves to the next place, and rests again."""

    def __init__(self, scene: Scene) -> None:
        count = 2 + round(scene.stage.seconds)
        self.places = [
            (scene.uniform(0.1, 0.9) * scene.w, scene.uniform(0.15, 0.9) * scene.h)
            for _ in range(count)
        ]
        self.pace = scene.uniform(0.8, 1.6)
        self.size = scene.unit * scene.uniform(4, 6)
        self.shown = scene.chance(0.7)

    def place(self, time: float) -> Point:
        """Where it is at a time."""
        step = time / self.pace
        first = min(int(step), len(self.places) - 2)
        share = ease((step - first) * 1.7)
        (ax, ay), (bx, by) = self.places[first], self.places[first + 1]
        return (ax + (bx - ax) * share, ay + (by - ay) * share)

    def draw(self, canvas: Canvas, time: float) -> None:
        """Draws the arrow, if there is one."""
        if not self.shown:
            return
        x, y = self.place(time)
        shape = [(0, 0), (0, 1), (0.25, 0.78), (0.42, 1.12), (0.56, 1.05), (0.4, 0.72), (0.72, 0.7)]
        points = [(x + px * self.size, y + py * self.size) for px, py in shape]
        canvas.polygon(points, WHITE, BLACK, max(self.size * 0.08, 1))


def window_frame(
    canvas: Canvas, scene: Scene, theme: Theme, box: tuple[float, ...], title: str
) -> float:
    """A window with a title bar and buttons; returns the bar's height."""
    x, y, w, h = box
    bar = scene.unit * 6
    canvas.rect(x, y, w, h, theme.page, theme.border, 1)
    canvas.rect(x, y, w, bar, theme.panel)
    for index, colour in enumerate(((237, 106, 94), (245, 191, 79), (98, 197, 84))):
        canvas.ellipse(x + bar * (0.55 + 0.6 * index), y + bar / 2, bar * 0.2, bar * 0.2, colour)
    canvas.text(x + w / 2, y + bar / 2, title, theme.muted, bar * 0.55, "sans", "mm")
    return bar


def picture_block(canvas: Canvas, place: float, box: tuple[float, ...], colour: Colour) -> None:
    """A place-holder picture: flat mountains in a rectangle, the peak at ``place`` 0..1."""
    x, y, w, h = box
    canvas.rect(x, y, w, h, lighter(colour, 0.5))
    canvas.ellipse(x + w * 0.72, y + h * 0.3, h * 0.12, h * 0.12, lighter(colour, 0.85))
    peak = x + w * (0.25 + 0.2 * place)
    canvas.polygon([(x, y + h), (peak, y + h * 0.35), (x + w * 0.75, y + h)], colour)
    canvas.polygon(
        [(x + w * 0.45, y + h), (x + w * 0.72, y + h * 0.55), (x + w, y + h)], lighter(colour, 0.25)
    )


def paragraph(
    canvas: Canvas,
    writer: Writer,
    place: Point,
    width: float,
    lines: int,
    size: float,
    colour: Colour,
    font: str = "sans",
) -> float:
    """Lines of running text that fill a width; returns the y below them."""
    x, y = place
    for line in range(lines):
        goal = width * (0.55 if line == lines - 1 else 1)
        text = writer.words(1, 2).capitalize() if line == 0 else writer.words(1, 2)
        while canvas.text_width(text, size, font) < goal * 0.86:
            text += " " + writer.words(1, 1)
        canvas.text(x, y, text, colour, size, font)
        y += size * 1.45
    return y
