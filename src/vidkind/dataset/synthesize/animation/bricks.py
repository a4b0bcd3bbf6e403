"""Animation of toy bricks: brick-built people with printed faces, on twos."""

from __future__ import annotations

import numpy as np
from PIL import Image

from vidkind.dataset.synthesize.drawing.canvas import BLACK, Canvas, gradient
from vidkind.dataset.synthesize.drawing.stage import (
    Colour,
    Frame,
    Scene,
    as_frame,
    darker,
    held,
    lighter,
    wave,
)


class BrickFilm(Scene):
    """Brick-built people with printed faces walk on twos over a studded plate."""

    def setup(self) -> None:
        """Chooses people and builds a wall of bricks behind them."""
        self.ground = self.h * self.uniform(0.84, 0.92)
        self.rate = self.pick((8, 12))
        count = int(self.rng.integers(1, 4))
        self.size = self.h * self.uniform(0.4, 0.65)
        self.people = [
            (
                self.w * (index + 0.5) / count,
                self.colour(saturation=(0.6, 1)),
                self.colour(saturation=(0.5, 1), value=(0.3, 0.8)),
                self.colour(value=(0.2, 0.8)),
                self.uniform(-0.12, 0.12) * self.w,
                self.uniform(0.5, 0.9),
            )
            for index in range(count)
        ]
        self.back = self._wall()

    def _wall(self) -> Image.Image:
        canvas = Canvas.over(gradient(self.w * 2, self.h * 2, ((150, 190, 225), (225, 235, 240))))
        colours = [self.colour(saturation=(0.5, 1)) for _ in range(4)]
        brick = self.unit * self.uniform(8, 13)
        top = self.h * self.uniform(0.1, 0.5)
        y, row = self.ground - brick, 0
        while y > top:
            x = -brick * (row % 2)
            while x < self.w:
                width = brick * float(self.pick((1, 2, 2, 3)))
                if self.chance(0.9):
                    studded_brick(canvas, x, y, width, brick, self.pick(colours))
                x += width
            y, row = y - brick, row + 1
        canvas.blur(self.unit * 0.35)
        plate = self.colour(hue=(0.25, 0.4), saturation=(0.5, 0.9), value=(0.4, 0.7))
        canvas.rect(-2, self.ground - self.unit * 4, self.w + 4, self.h, plate)
        for row_index in range(4):
            level = self.ground - self.unit * 2 + row_index * self.unit * 6
            for column in range(int(self.w / (self.unit * 8)) + 2):
                x = (column + row_index % 2 / 2) * self.unit * 8
                _stud(canvas, x, level, self.unit * 2.6, plate)
        return canvas.image

    def draw(self, time: float) -> Frame:
        """Legs swing stiffly; heads turn in steps."""
        time = held(time, self.rate)
        canvas = Canvas.over(self.back)
        for index, (x, shirt, trousers, hair, reach, period) in enumerate(self.people):
            place = x + reach * wave(time, 4, index / 3)
            self._person(canvas, place, shirt, trousers, hair, time + index, period)
        flicker = np.random.default_rng(round(time * 24)).uniform(0.96, 1.03)
        return as_frame(canvas.array() * np.float32(flicker))

    def _person(
        self,
        canvas: Canvas,
        x: float,
        shirt: Colour,
        trousers: Colour,
        hair: Colour,
        time: float,
        period: float,
    ) -> None:
        s, swing = self.size, wave(time, period)
        canvas.ellipse(x + s * 0.08, self.ground, s * 0.28, s * 0.05, (*BLACK, 90))
        for side in (-1, 1):
            shift = side * swing * s * 0.05
            _block(
                canvas,
                x + side * s * 0.1 - s * 0.095 + shift,
                self.ground - s * 0.3,
                s * 0.19,
                s * 0.3,
                trousers,
            )
        low, high = self.ground - s * 0.32, self.ground - s * 0.65
        for side in (-1, 1):
            hand = (x + side * s * 0.31, low - s * 0.02 - swing * side * s * 0.1)
            canvas.limb(
                [(x + side * s * 0.2, high + s * 0.07), hand], s * 0.11, darker(shirt, 0.12)
            )
            canvas.ellipse(*hand, s * 0.06, s * 0.06, (250, 205, 40), (190, 150, 20), s * 0.012)
        body = [
            (x - s * 0.15, high),
            (x + s * 0.15, high),
            (x + s * 0.21, low),
            (x - s * 0.21, low),
        ]
        canvas.polygon(body, shirt)
        canvas.polygon(
            [(x + s * 0.07, high), body[1], body[2], (x + s * 0.12, low)], darker(shirt, 0.2)
        )
        _block(canvas, x - s * 0.21, low - s * 0.01, s * 0.42, s * 0.05, trousers)
        self._head(canvas, x + s * 0.02 * wave(time, 1.4), high, hair, time)

    def _head(self, canvas: Canvas, x: float, y: float, hair: Colour, time: float) -> None:
        s, skin = self.size, (252, 208, 40)
        canvas.rect(x - s * 0.06, y - s * 0.04, s * 0.12, s * 0.05, darker(skin, 0.2))
        canvas.rect(x - s * 0.125, y - s * 0.24, s * 0.25, s * 0.22, skin, radius=s * 0.05)
        canvas.rect(
            x + s * 0.07, y - s * 0.23, s * 0.05, s * 0.2, darker(skin, 0.14), radius=s * 0.03
        )
        canvas.rect(x - s * 0.14, y - s * 0.3, s * 0.28, s * 0.12, hair, radius=s * 0.05)
        canvas.rect(
            x - s * 0.11, y - s * 0.285, s * 0.12, s * 0.025, lighter(hair, 0.5), radius=s * 0.01
        )
        for side in (-1, 1):
            canvas.ellipse(x + side * s * 0.05, y - s * 0.14, s * 0.016, s * 0.022, BLACK)
        opened = 0.01 + 0.03 * max(0.0, wave(time, 0.5))
        canvas.ellipse(x, y - s * 0.075, s * 0.045, s * opened, (90, 30, 20))


def _stud(canvas: Canvas, x: float, y: float, radius: float, colour: Colour) -> None:
    canvas.ellipse(
        x + radius * 0.25, y + radius * 0.25, radius, radius * 0.55, darker(colour, 0.35)
    )
    canvas.ellipse(x, y, radius, radius * 0.55, lighter(colour, 0.18))


def _block(canvas: Canvas, x: float, y: float, w: float, h: float, colour: Colour) -> None:
    canvas.rect(x, y, w, h, colour, darker(colour, 0.35), max(w * 0.02, 0.5))
    canvas.rect(x + w * 0.7, y + h * 0.06, w * 0.25, h * 0.88, darker(colour, 0.15))
    canvas.rect(x + w * 0.08, y + h * 0.08, w * 0.14, h * 0.8, lighter(colour, 0.35))


def studded_brick(canvas: Canvas, x: float, y: float, w: float, h: float, colour: Colour) -> None:
    """A toy brick seen from the front, with its studs."""
    for stud in range(max(1, round(w / h))):
        left = x + (stud + 0.22) * h
        canvas.rect(
            left, y - h * 0.16, h * 0.56, h * 0.18, lighter(colour, 0.12), darker(colour, 0.3), 0.5
        )
    canvas.rect(x, y, w, h, colour, darker(colour, 0.4), 0.8)
    canvas.rect(x + 1, y + 1, w - 2, h * 0.12, lighter(colour, 0.4))
