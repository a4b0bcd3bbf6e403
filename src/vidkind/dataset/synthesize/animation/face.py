"""Faces and hair of drawn characters, from a dot-eyed doodle to a large-eyed anime head."""

from __future__ import annotations

from vidkind.dataset.synthesize.animation.look import Look
from vidkind.dataset.synthesize.drawing.canvas import BLACK, WHITE, Canvas
from vidkind.dataset.synthesize.drawing.stage import Colour, Point, darker, lighter

LIP: Colour = (150, 50, 50)


def draw_face(
    canvas: Canvas,
    look: Look,
    centre: Point,
    radius: float,
    mouth: float,
    blink: bool,
    facing: int = 0,
) -> None:
    """Eyes, nose, mouth and cheeks; ``facing`` -1..1 moves them to one side."""
    x, y = centre[0] + facing * radius * 0.18, centre[1]
    apart = radius * (0.42 if look.eyes == "anime" else 0.36)
    level = y + radius * (0.12 if look.eyes == "anime" else -0.05)
    for side in (-1, 1):
        if blink:
            _shut_eye(canvas, look, x + side * apart, level, radius)
        else:
            _eye(canvas, look, x + side * apart, level, radius, facing)
        _brow(canvas, look, x + side * apart, level - radius * 0.42, radius, side)
    _cheeks(canvas, look, x, y + radius * 0.42, radius)
    _mouth(canvas, look, x, y + radius * 0.55, radius, mouth)
    if look.ears in ("cat", "bear", "rabbit"):
        canvas.ellipse(x, y + radius * 0.22, radius * 0.16, radius * 0.11, darker(look.skin, 0.7))


def _ink(look: Look) -> Colour:
    return look.outline or darker(look.hair, 0.6)


def _eye(canvas: Canvas, look: Look, x: float, y: float, radius: float, facing: int) -> None:
    if look.eyes == "dot":
        canvas.ellipse(x, y, radius * 0.1, radius * 0.13, _ink(look))
    elif look.eyes == "oval":
        canvas.ellipse(x, y, radius * 0.2, radius * 0.3, WHITE, _ink(look), radius * 0.04)
        canvas.ellipse(x + facing * radius * 0.06, y, radius * 0.11, radius * 0.17, BLACK)
    elif look.eyes == "goggle":
        canvas.ellipse(x, y, radius * 0.33, radius * 0.33, WHITE, _ink(look), radius * 0.05)
        canvas.ellipse(x + facing * radius * 0.1, y, radius * 0.09, radius * 0.09, BLACK)
    else:
        anime_eye(canvas, x, y, radius * 0.2, radius * 0.31, look.iris, _ink(look))


def anime_eye(
    canvas: Canvas, x: float, y: float, rx: float, ry: float, iris: Colour, ink: Colour
) -> None:
    """A tall eye with a heavy upper lid, a two-tone iris and highlights."""
    canvas.ellipse(x, y, rx * 1.12, ry * 0.98, WHITE)
    canvas.ellipse(x, y + ry * 0.03, rx * 0.86, ry * 0.93, darker(iris, 0.35))
    canvas.ellipse(x, y + ry * 0.35, rx * 0.66, ry * 0.52, lighter(iris, 0.35))
    canvas.ellipse(x, y, rx * 0.4, ry * 0.48, darker(iris, 0.75))
    canvas.ellipse(x - rx * 0.32, y - ry * 0.42, rx * 0.3, ry * 0.24, WHITE)
    canvas.ellipse(x + rx * 0.35, y + ry * 0.45, rx * 0.16, ry * 0.13, WHITE)
    canvas.arc(x, y + ry * 0.05, rx * 1.25, ry * 1.1, 0.53, 0.97, ink, ry * 0.24)


def _shut_eye(canvas: Canvas, look: Look, x: float, y: float, radius: float) -> None:
    canvas.arc(x, y, radius * 0.22, radius * 0.15, 0.02, 0.48, _ink(look), radius * 0.07)


def _brow(canvas: Canvas, look: Look, x: float, y: float, radius: float, side: int) -> None:
    if look.eyes == "dot" and look.hair_style == "none":
        return
    reach = radius * 0.18
    ends = [(x - reach, y + side * radius * 0.03), (x + reach, y - side * radius * 0.03)]
    canvas.line(ends, darker(look.hair, 0.4), radius * 0.06)


def _cheeks(canvas: Canvas, look: Look, x: float, y: float, radius: float) -> None:
    if look.shade or look.eyes == "dot":
        for side in (-1, 1):
            blush = (255, 110, 110, 70)
            canvas.ellipse(x + side * radius * 0.52, y, radius * 0.17, radius * 0.09, blush)


def _mouth(canvas: Canvas, look: Look, x: float, y: float, radius: float, opened: float) -> None:
    small = 0.5 if look.eyes == "anime" else 1.0
    if opened < 0.15:
        reach = radius * 0.3 * small
        canvas.arc(x, y - radius * 0.08, reach, reach * 0.5, 0.05, 0.45, _ink(look), radius * 0.06)
        return
    rx, ry = radius * 0.26 * small, radius * 0.3 * opened * (0.5 + small / 2)
    canvas.ellipse(x, y, rx, ry, LIP, _ink(look), radius * 0.04)
    canvas.ellipse(x, y + ry * 0.5, rx * 0.6, ry * 0.4, (235, 120, 120))


def draw_hair_back(canvas: Canvas, look: Look, centre: Point, radius: float, edge: float) -> None:
    """What lies behind the head: ears, long hair, a bun, tails."""
    x, y = centre
    rx = radius * look.head_width
    _ears(canvas, look, centre, radius, edge)
    colour = darker(look.hair, 0.15)
    if look.hair_style == "long":
        box = (x - rx * 1.12, y - radius * 0.9, rx * 2.24, radius * 2.4)
        canvas.rect(*box, colour, look.outline, max(edge, 0.5), radius * 0.8)
    elif look.hair_style == "bun":
        canvas.ellipse(x, y - radius * 1.15, radius * 0.4, radius * 0.4, colour, look.outline, edge)
    elif look.hair_style == "tails":
        for side in (-1, 1):
            points = [
                (x + side * rx * 0.9, y - radius * 0.4),
                (x + side * rx * 1.45, y + radius * 0.3),
                (x + side * rx * 1.3, y + radius * 1.2),
            ]
            canvas.limb(points, radius * 0.45, colour, look.outline, edge)


def draw_hair_front(canvas: Canvas, look: Look, centre: Point, radius: float, edge: float) -> None:
    """What lies over the forehead."""
    if look.hair_style == "none":
        return
    points = hair_outline(look, centre, radius)
    canvas.polygon(points, look.hair, look.outline, edge)
    if look.shade:
        x, y = centre
        shine = lighter(look.hair, 0.45)
        canvas.arc(x, y, radius * 0.72, radius * 0.78, 0.62, 0.78, shine, radius * 0.1)


def hair_outline(look: Look, centre: Point, radius: float) -> list[Point]:
    """The cap of hair as a polygon: a dome above, and a fringe whose teeth depend on style."""
    x, y = centre
    rx = radius * look.head_width * 1.06
    crown = 1.45 if look.hair_style == "spikes" else 1.1
    dome = [(-1.0, 0.15), (-1.0, -0.35), (-0.8, -0.8), (-0.4, -1.02), (0.1, -1.08)]
    dome += [(0.55, -0.98), (0.88, -0.68), (1.0, -0.3), (1.0, 0.15)]
    if look.hair_style == "spikes":
        dome = [(-1.0, 0.2), (-1.35, -0.5), (-0.95, -0.6), (-0.95, -1.2), (-0.45, -0.95)]
        dome += [(-0.1, -crown), (0.3, -0.98), (0.8, -1.25), (0.85, -0.65), (1.3, -0.55), (1, 0.2)]
    teeth = 3 if look.hair_style in ("cap", "bun") else 7
    low, high = (-0.35, -0.5) if teeth == 3 else (-0.12, -0.5)
    fringe = [(0.86 - 1.72 * i / (teeth - 1), low if i % 2 == 0 else high) for i in range(teeth)]
    return [(x + px * rx, y + py * radius) for px, py in [*dome, *fringe]]


def _ears(canvas: Canvas, look: Look, centre: Point, radius: float, edge: float) -> None:
    x, y = centre
    rx = radius * look.head_width
    for side in (-1, 1):
        if look.ears == "cat":
            points = [(0.25, -0.85), (0.85, -1.5), (0.98, -0.3)]
            outline = [(x + side * rx * px, y + radius * py) for px, py in points]
            canvas.polygon(outline, look.skin, look.outline, edge)
        elif look.ears == "bear":
            place = (x + side * rx * 0.75, y - radius * 0.75)
            canvas.ellipse(*place, radius * 0.36, radius * 0.36, look.skin, look.outline, edge)
            canvas.ellipse(*place, radius * 0.2, radius * 0.2, darker(look.skin, 0.3))
        elif look.ears == "rabbit":
            ends = [(x + side * rx * 0.4, y - radius * 0.7), (x + side * rx * 0.6, y - radius * 2)]
            canvas.limb(ends, radius * 0.4, look.skin, look.outline, edge)
            canvas.limb(ends, radius * 0.16, (245, 170, 180))
        elif look.ears == "human":
            place = (x + side * rx * 0.98, y + radius * 0.08)
            canvas.ellipse(*place, radius * 0.15, radius * 0.2, look.skin, look.outline, edge)
