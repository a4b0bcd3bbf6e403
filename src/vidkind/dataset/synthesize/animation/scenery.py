"""Drawn backgrounds for animation: hills, streets, rooms, forests and seas in flat layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from vidkind.dataset.synthesize.drawing.canvas import Canvas, blob_points, gradient
from vidkind.dataset.synthesize.drawing.stage import Colour, Point, Scene, darker, hsv, lighter, mix

CLEAR: Colour = (0, 0, 0, 0)


@dataclass(frozen=True)
class Layer:
    """One sheet of a background; ``speed`` is how far it moves when the camera moves by 1."""

    image: Image.Image
    speed: float


@dataclass(frozen=True)
class Palette:
    """The colours of one place, and how its edges are drawn."""

    sky: tuple[Colour, ...]
    land: Colour
    accent: Colour
    ink: Colour | None
    line: float


class Backdrop:
    """A place in several layers, wider than the picture, seen by a panning camera."""

    def __init__(self, scene: Scene, place: str, ink: Colour | None, room_to_pan: float) -> None:
        self.scene = scene
        self.w, self.h, self.unit = scene.w, scene.h, scene.unit
        self.wide = round(scene.w * (1 + room_to_pan))
        self.pan_room = self.wide - self.w
        self.ground = scene.h * scene.uniform(0.84, 0.93)
        self.palette = _palette(scene, ink)
        painters: dict[str, Callable[[], list[Layer]]] = {
            "hills": self._hills,
            "street": self._street,
            "room": self._room,
            "forest": self._forest,
            "sea": self._sea,
        }
        self.layers = painters[place]()

    def view(self, pan: float) -> Canvas:
        """The background with the camera at ``pan`` (0..1 of the room there is)."""
        first, *others = self.layers
        left = round(self.pan_room * 2 * min(max(pan, 0), 1) * first.speed)
        base = first.image.crop((left, 0, left + self.w * 2, self.h * 2))
        canvas = Canvas.over(base)
        for layer in others:
            canvas.paste(layer.image, -self.pan_room * min(max(pan, 0), 1) * layer.speed, 0)
        return canvas

    def _sheet(self) -> Canvas:
        return Canvas(self.wide, self.h, CLEAR)

    def _sky(self) -> Layer:
        base = gradient(self.wide * 2, self.h * 2, self.palette.sky)
        canvas = Canvas.over(base)
        x, y = self.w * self.scene.uniform(0.1, 0.9), self.h * self.scene.uniform(0.1, 0.3)
        radius = self.unit * self.scene.uniform(5, 11)
        sun = lighter(self.palette.accent, 0.5)
        canvas.ellipse(x, y, radius * 1.3, radius * 1.3, (*sun, 90))
        canvas.ellipse(x, y, radius, radius, sun)
        for _ in range(int(self.scene.rng.integers(2, 6))):
            self._cloud(canvas)
        return Layer(canvas.image, 0.1)

    def _cloud(self, canvas: Canvas) -> None:
        scene = self.scene
        x, y = scene.uniform(0, self.wide), self.h * scene.uniform(0.05, 0.4)
        size = self.unit * scene.uniform(4, 11)
        tone = lighter(self.palette.sky[-1], 0.7)
        for shift, colour in ((size * 0.22, mix(tone, self.palette.sky[0], 0.3)), (0.0, tone)):
            for step in range(-2, 3):
                radius = size * (1 - abs(step) * 0.22)
                canvas.ellipse(x + step * size * 0.75, y + shift, radius, radius * 0.75, colour)
            canvas.rect(x - size * 1.9, y + shift, size * 3.8, size * 0.62, colour, radius=size / 3)

    def _hills(self) -> list[Layer]:
        layers = [self._sky()]
        for depth in range(3):
            canvas = self._sheet()
            share = (depth + 1) / 3
            colour = mix(lighter(self.palette.sky[-1], 0.2), self.palette.land, share)
            top = self.h * (0.45 + 0.16 * depth)
            self._ridge(canvas, top, self.h * 0.1, colour)
            for _ in range(2 + 2 * depth):
                x = self.scene.uniform(0, self.wide)
                self._tree(canvas, x, top + self.h * 0.1, self.unit * (8 + 9 * depth), colour)
            layers.append(Layer(canvas.image, 0.25 + 0.25 * depth))
        return [*layers, self._ground_layer(self.palette.land)]

    def _ridge(self, canvas: Canvas, top: float, swing: float, colour: Colour) -> None:
        count = int(self.scene.rng.integers(4, 9))
        heights = [self.scene.uniform(-1, 1) for _ in range(count + 1)]
        points: list[Point] = []
        for step in range(64):
            place = step / 63 * count
            left = min(int(place), count - 1)
            share = place - left
            smooth = share * share * (3 - 2 * share)
            level = heights[left] * (1 - smooth) + heights[left + 1] * smooth
            points.append((self.wide * step / 63, top + swing * level))
        outline = [(-9, self.h + 9), *[(x - 1, y) for x, y in points], (self.wide + 9, self.h + 9)]
        canvas.polygon(outline, colour, self.palette.ink, self.palette.line)

    def _tree(self, canvas: Canvas, x: float, y: float, size: float, colour: Colour) -> None:
        scene, ink, line = self.scene, self.palette.ink, self.palette.line
        leaf = mix(colour, hsv(scene.uniform(0.2, 0.42), 0.6, 0.5), 0.5)
        canvas.rect(x - size * 0.07, y - size * 0.5, size * 0.14, size * 0.6, (110, 75, 50), ink)
        if scene.chance(0.4):
            for step in range(3):
                low, half = y - size * (0.25 + 0.3 * step), size * (0.42 - 0.09 * step)
                points = [(x - half, low), (x, low - size * 0.5), (x + half, low)]
                canvas.polygon(points, leaf, ink, line)
            return
        for dx, dy, radius in ((-0.25, -0.7, 0.3), (0.25, -0.7, 0.3), (0, -0.95, 0.36)):
            place = (x + dx * size, y + dy * size)
            canvas.ellipse(*place, radius * size, radius * size, leaf, ink, line)
        canvas.ellipse(x, y - size * 0.78, size * 0.3, size * 0.25, leaf)
        canvas.ellipse(x - size * 0.08, y - size, size * 0.14, size * 0.1, lighter(leaf, 0.2))

    def _ground_layer(self, colour: Colour) -> Layer:
        canvas = self._sheet()
        top = self.ground - self.h * 0.07
        canvas.rect(-2, top, self.wide + 4, self.h, colour, self.palette.ink, self.palette.line)
        for _ in range(14):
            x, y = self.scene.uniform(0, self.wide), self.scene.uniform(top, self.h)
            canvas.ellipse(x, y, self.unit * 3, self.unit * 0.7, darker(colour, 0.12))
        return Layer(canvas.image, 1.0)

    def _street(self) -> list[Layer]:
        layers = [self._sky()]
        for depth in range(2):
            canvas = self._sheet()
            x = -self.unit * 5
            while x < self.wide:
                width = self.unit * self.scene.uniform(18, 34)
                self._house(canvas, x, width, depth)
                x += width + self.unit * self.scene.uniform(-1, 4 + 5 * depth)
            layers.append(Layer(canvas.image, 0.4 + 0.4 * depth))
        return [*layers, self._ground_layer((150, 148, 155))]

    def _house(self, canvas: Canvas, x: float, width: float, depth: int) -> None:
        scene, ink, line = self.scene, self.palette.ink, self.palette.line
        wall = mix(scene.colour(saturation=(0.2, 0.6)), self.palette.sky[-1], 0.5 - 0.4 * depth)
        top = self.h * scene.uniform(0.15 + 0.2 * depth, 0.35 + 0.2 * depth)
        canvas.rect(x, top, width, self.h, wall, ink, max(line, 0.5))
        if scene.chance(0.5):
            roof = [(x - 2, top), (x + width / 2, top - width * 0.35), (x + width + 2, top)]
            canvas.polygon(roof, darker(wall, 0.35), ink, line)
        columns = 3
        size = width / (columns * 2 + 1)
        glass = scene.pick([(255, 240, 170), (170, 210, 235), (60, 70, 95)])
        y = top + size
        while y < self.ground - size * 3:
            for column in range(columns):
                left = x + size * (1 + 2 * column)
                canvas.rect(left, y, size, size * 1.3, glass, ink or darker(wall), max(line, 0.5))
            y += size * 2.6

    def _room(self) -> list[Layer]:
        scene, ink, line = self.scene, self.palette.ink, max(self.palette.line, 0.6)
        wall = scene.colour(saturation=(0.15, 0.45), value=(0.75, 0.98))
        canvas = Canvas(self.wide, self.h, wall)
        floor = scene.colour(hue=(0.05, 0.12), saturation=(0.3, 0.6), value=(0.5, 0.8))
        level = self.ground - self.h * 0.12
        if scene.chance(0.5):
            for left in range(0, self.wide, max(4, round(self.unit * 10))):
                canvas.rect(left, 0, self.unit * 5, level, lighter(wall, 0.15))
        canvas.rect(-2, level, self.wide + 4, self.h, floor, ink, line)
        canvas.rect(-2, level - self.unit * 3, self.wide + 4, self.unit * 3, lighter(wall, 0.5))
        x = self.unit * 6
        while x < self.wide:
            self._furniture(canvas, x, level)
            x += self.unit * scene.uniform(34, 52)
        return [Layer(canvas.image, 1.0)]

    def _furniture(self, canvas: Canvas, x: float, floor: float) -> None:
        scene, u = self.scene, self.unit
        ink, line = self.palette.ink, max(self.palette.line, 0.6)
        kind = scene.pick(("window", "sofa", "shelf", "lamp", "picture"))
        colour = scene.colour()
        if kind == "window":
            canvas.rect(x, u * 14, u * 28, u * 30, (250, 250, 250), ink, line)
            for dx, dy in ((0, 0), (13.5, 0), (0, 14.5), (13.5, 14.5)):
                place = (x + u * (2 + dx), u * (16 + dy))
                canvas.rect(*place, u * 11, u * 12, self.palette.sky[0], ink, line)
        elif kind == "sofa":
            canvas.rect(x, floor - u * 20, u * 40, u * 20, colour, ink, line, u * 4)
            canvas.rect(x - u * 3, floor - u * 13, u * 8, u * 17, darker(colour), ink, line, u * 3)
            canvas.rect(x + u * 35, floor - u * 13, u * 8, u * 17, darker(colour), ink, line, u * 3)
        elif kind == "shelf":
            canvas.rect(x, floor - u * 44, u * 24, u * 46, (140, 95, 60), ink, line)
            for row in range(3):
                for book in range(5):
                    place = (x + u * (2 + 4 * book), floor - u * (42 - 14 * row))
                    canvas.rect(*place, u * 3.4, u * 11, scene.colour(), ink, line * 0.6)
        elif kind == "lamp":
            canvas.rect(x + u * 9, floor - u * 34, u * 2, u * 36, (80, 80, 85), ink, line)
            shade = [
                (x + u * dx, floor - u * dy) for dx, dy in ((5, 50), (15, 50), (20, 34), (0, 34))
            ]
            canvas.polygon(shade, (255, 225, 140), ink, line)
        else:
            canvas.rect(x, u * 18, u * 22, u * 18, (120, 80, 50), ink, line)
            canvas.rect(x + u * 2, u * 20, u * 18, u * 14, colour)
            canvas.ellipse(x + u * 11, u * 30, u * 6, u * 4, lighter(colour))

    def _forest(self) -> list[Layer]:
        layers = [self._sky()]
        for depth in range(3):
            canvas = self._sheet()
            colour = mix(self.palette.sky[-1], darker(self.palette.land, 0.3), 0.35 + 0.3 * depth)
            for _ in range(8 - 2 * depth):
                x, half = self.scene.uniform(0, self.wide), self.unit * (1.5 + 1.8 * depth)
                trunk = [
                    (x - half, -9),
                    (x + half, -9),
                    (x + half * 1.3, self.h),
                    (x - half * 1.3, self.h),
                ]
                canvas.polygon(
                    trunk, mix(colour, (90, 60, 45), 0.4), self.palette.ink, self.palette.line
                )
            for _ in range(9):
                radii = [self.scene.uniform(0.8, 1.2) for _ in range(9)]
                place = (self.scene.uniform(0, self.wide), self.scene.uniform(-0.1, 0.15) * self.h)
                blob = blob_points(*place, self.unit * 22, self.unit * 13, radii)
                canvas.polygon(blob, colour, self.palette.ink, self.palette.line)
            layers.append(Layer(canvas.image, 0.3 + 0.25 * depth))
        return [*layers, self._ground_layer(self.palette.land)]

    def _sea(self) -> list[Layer]:
        layers = [self._sky()]
        sea = mix(self.palette.sky[0], (20, 70, 140), 0.6)
        for depth in range(3):
            canvas = self._sheet()
            top = self.h * (0.52 + 0.1 * depth)
            colour = mix(lighter(sea, 0.35), sea, depth / 2)
            self._ridge(canvas, top, self.unit * (0.8 + depth), colour)
            for _ in range(12):
                x, y = self.scene.uniform(0, self.wide), self.scene.uniform(top, top + self.h * 0.1)
                reach = self.unit * self.scene.uniform(2, 6)
                canvas.line([(x - reach, y), (x + reach, y)], lighter(colour, 0.4), self.unit * 0.5)
            layers.append(Layer(canvas.image, 0.3 + 0.2 * depth))
        return [*layers, self._ground_layer(hsv(0.11, 0.4, 0.92))]


def _palette(scene: Scene, ink: Colour | None) -> Palette:
    skies = (
        ((70, 150, 230), (190, 225, 250)),
        ((255, 160, 90), (255, 220, 160)),
        ((30, 35, 90), (110, 90, 150)),
        ((250, 170, 190), (255, 225, 215)),
        ((120, 200, 210), (235, 245, 225)),
    )
    land = scene.colour(hue=(0.18, 0.42), saturation=(0.35, 0.7), value=(0.45, 0.8))
    accent = scene.colour(hue=(0.02, 0.16), saturation=(0.5, 0.9), value=(0.9, 1.0))
    line = scene.unit * scene.uniform(0.4, 0.8) if ink is not None else 0.0
    return Palette(scene.pick(skies), land, accent, ink, line)
