"""Plants seen closely, with little depth of field: leaves and flowers."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageFilter

from vidkind.dataset.synthesize.drawing.canvas import Canvas
from vidkind.dataset.synthesize.drawing.stage import Colour, darker, lighter, mix, wave
from vidkind.dataset.synthesize.natural.outdoors import Outdoors, blurred_backdrop

GREENS: tuple[Colour, ...] = (
    (58, 92, 34),
    (86, 118, 44),
    (44, 78, 46),
    (112, 124, 52),
    (70, 100, 66),
)


class Foliage(Outdoors):
    """Branches with leaves at several distances; only one is in focus; wind moves them."""

    def build(self) -> None:
        """Leaves on three sheets, each blurred by its distance."""
        hue = self.pick(GREENS)
        self.back = blurred_backdrop(self, (darker(hue, 0.6), darker(hue, 0.2), lighter(hue, 0.5)))
        self.sheets = [
            (self._sheet(darker(hue, 0.35), 60, 8.0, 0.9), 0.6),
            (self._sheet(hue, 60, 15.0, 0.15), 1.0),
            (self._sheet(lighter(hue, 0.15), 8, 30.0, 1.8), 1.9),
        ]
        self.wind, self.period = self.uniform(0.6, 2.4) * self.unit, self.uniform(1.4, 3)

    def _sheet(self, hue: Colour, count: int, size: float, blur: float) -> Image.Image:
        canvas = Canvas(self.ww, self.wh, (*darker(hue, 0.3), 0), 2)
        for _ in range(int(self.rng.integers(3, 6))):
            x, y, angle = (
                self.uniform(-0.2, 1.0) * self.ww,
                self.uniform(0, 1) * self.wh,
                self.uniform(-0.6, 0.6),
            )
            step = self.unit * size * 0.45
            points = [(x, y)]
            for _ in range(count // 4):
                angle += self.uniform(-0.2, 0.2)
                points.append(
                    (points[-1][0] + step * math.cos(angle), points[-1][1] + step * math.sin(angle))
                )
            canvas.line(points, (74, 58, 42), self.unit * size * 0.07)
            for px, py in points:
                for side in (-1, 1):
                    turn = angle + side * self.uniform(0.5, 1.3)
                    self._leaf(
                        canvas, (px, py), turn, self.unit * size * self.uniform(0.6, 1.1), hue
                    )
        return canvas.reduced().filter(ImageFilter.GaussianBlur(blur * self.unit))

    def _leaf(
        self, canvas: Canvas, stem: tuple[float, float], turn: float, size: float, hue: Colour
    ) -> None:
        along = np.linspace(0, 1, 9)
        width = np.sin(np.pi * along**0.8) * size * self.uniform(0.2, 0.32)
        bright = self.uniform(-0.45, 0.45)
        tone = lighter(hue, bright) if bright > 0 else darker(hue, -bright)
        tone = mix(tone, (150, 140, 60), self.uniform(0, 0.3))
        cos, sin = math.cos(turn), math.sin(turn)

        def place(a: float, b: float) -> tuple[float, float]:
            return stem[0] + a * size * cos - b * sin, stem[1] + a * size * sin + b * cos

        upper = [place(float(a), float(w)) for a, w in zip(along, width, strict=True)]
        lower = [place(float(a), -float(w)) for a, w in zip(along, width, strict=True)]
        canvas.polygon([*upper, *reversed(lower)], tone)
        canvas.polygon([*upper, *[place(float(a), 0) for a in reversed(along)]], darker(tone, 0.18))
        canvas.line([stem, place(0.95, 0)], lighter(tone, 0.25), max(size * 0.025, 0.4))

    def world(self, time: float) -> Image.Image:
        """Each sheet swings by its own measure."""
        picture = self.back.copy()
        for index, (sheet, reach) in enumerate(self.sheets):
            x = round(
                self.wind
                * reach
                * (wave(time, self.period, index / 3) + 0.4 * wave(time, 0.9, index / 4))
            )
            y = round(self.wind * 0.5 * reach * wave(time, self.period * 0.7, index / 5))
            picture.paste(sheet, (x, y), sheet)
        return picture


class Flower(Foliage):
    """A few flowers in focus before a soft ground; they nod in the wind."""

    def build(self) -> None:
        """One sprite per flower."""
        hue = self.pick(GREENS)
        self.back = blurred_backdrop(self, (darker(hue, 0.5), hue, lighter(hue, 0.35)))
        self.hue = hue
        self.petal = self.colour(hue=(0.65, 1.17), saturation=(0.25, 0.85), value=(0.75, 1))
        count = int(self.rng.integers(1, 5))
        self.flowers = []
        for index in range(count):
            size = self.unit * self.uniform(34, 62) / math.sqrt(count)
            sprite = self._bloom(round(size * 2)).filter(
                ImageFilter.GaussianBlur(0.5 + 0.9 * index)
            )
            place = (self.ww * self.uniform(0.2, 0.8), self.wh * self.uniform(0.25, 0.6))
            self.flowers.append((sprite, place, self.uniform(1.5, 3)))
        self.wind = self.unit * self.uniform(0.5, 2.5)

    def _bloom(self, size: int) -> Image.Image:
        canvas = Canvas(size, size, (*self.petal, 0), 2)
        petals, half = int(self.rng.integers(5, 22)), size / 2
        for ring, share in ((0, 1.0), (1, 0.72)):
            for index in range(petals):
                turn = (index + ring / 2 + self.uniform(-0.15, 0.15)) / petals * 2 * math.pi
                length = half * share * self.uniform(0.85, 0.98)
                tone = mix(
                    self.petal,
                    (255, 255, 255) if math.sin(turn) < 0 else (40, 20, 40),
                    self.uniform(0, 0.3),
                )
                self._petal(canvas, half, turn, length, half * 2.6 / petals * share, tone)
        for _ in range(120):
            turn, r = self.uniform(0, 6.3), half * 0.24 * math.sqrt(self.uniform(0, 1))
            tone = mix((230, 180, 40), (110, 60, 20), self.uniform(0, 1))
            canvas.ellipse(
                half + r * math.cos(turn),
                half + r * math.sin(turn) * 0.9,
                size * 0.012,
                size * 0.012,
                tone,
            )
        return canvas.reduced()

    def _petal(
        self, canvas: Canvas, half: float, turn: float, length: float, width: float, tone: Colour
    ) -> None:
        cos, sin = math.cos(turn), math.sin(turn) * 0.9
        for step in range(9):
            share = (step + 1) / 9
            radius = width * math.sin(math.pi * min(share * 0.8 + 0.12, 1)) * 0.5
            place = (half + length * share * cos * 0.93, half + length * share * sin * 0.93)
            canvas.ellipse(*place, radius + 1, radius + 1, mix(darker(tone, 0.35), tone, share))

    def world(self, time: float) -> Image.Image:
        """Stems first, then blooms."""
        canvas = Canvas.over(self.back, 1)
        for index, (sprite, (x, y), period) in enumerate(reversed(self.flowers)):
            dx = self.wind * (
                1.5 * wave(time, period, index / 3) + 0.5 * wave(time, 0.8, index / 4)
            )
            foot = (x + self.unit * 6 * (index - 1), self.wh + 9)
            canvas.line(
                [foot, ((foot[0] + x + dx) / 2, (y + self.wh) / 2), (x + dx, y)],
                darker(self.hue, 0.15),
                self.unit * 2,
            )
            canvas.paste(sprite, x + dx - sprite.width / 2, y - sprite.height / 2)
        return canvas.image
