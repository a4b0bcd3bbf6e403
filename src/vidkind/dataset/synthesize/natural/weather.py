"""Fire, snow and rain."""

from __future__ import annotations

import numpy as np
from PIL import Image

from vidkind.dataset.synthesize.drawing.canvas import Canvas
from vidkind.dataset.synthesize.drawing.noise import colour_table, fractal
from vidkind.dataset.synthesize.drawing.stage import wave
from vidkind.dataset.synthesize.natural.outdoors import Outdoors, ridge_layer, tree_sprite


class Fire(Outdoors):
    """Flames that rise from logs in the dark, with sparks."""

    def build(self) -> None:
        """Noise to be blown upwards, and the shape of the fire."""
        self.small = (max(24, self.wh // 3), max(24, self.ww // 3))
        rows, columns = self.small
        self.noise = fractal(
            self.rng, rows * 6, columns, rows * self.uniform(0.18, 0.3), 5, 0.6, 0.6
        )
        self.fine = fractal(self.rng, rows * 6, columns, rows * 0.1, 3, 0.6)
        y, x = np.mgrid[0 : 1 : rows * 1j, -1 : 1 : columns * 1j]
        width = self.uniform(0.35, 0.7)
        self.shape = np.clip(
            1.25 - np.abs(x / width) ** 1.6 - (1 - y) * self.uniform(0.9, 1.3), -1, 1
        ).astype(np.float32)
        self.table = colour_table(
            (
                (8, 6, 6),
                (70, 14, 6),
                (200, 60, 8),
                (255, 150, 30),
                (255, 224, 120),
                (255, 250, 220),
            ),
            (0, 0.25, 0.45, 0.65, 0.85, 1),
        )
        self.speed = rows * self.uniform(0.9, 1.6)
        self.sparks = self.rng.random((30, 4))
        self.logs = self._logs()

    def _logs(self) -> Image.Image:
        canvas = Canvas(self.ww, self.wh, (0, 0, 0, 0), 1)
        for _ in range(4):
            x, y = self.ww * self.uniform(0.3, 0.7), self.wh * self.uniform(0.86, 0.96)
            reach, tilt = self.ww * self.uniform(0.1, 0.25), self.unit * self.uniform(-9, 9)
            canvas.limb([(x - reach, y - tilt), (x + reach, y + tilt)], self.unit * 9, (26, 17, 13))
            canvas.limb(
                [(x - reach, y - tilt - 2), (x + reach, y + tilt - 2)],
                self.unit * 2.5,
                (96, 44, 20),
            )
        canvas.blur(self.unit * 0.5)
        return canvas.image

    def world(self, time: float) -> Image.Image:
        """The noise window moves down its strip, so that the flames move up."""
        rows = self.small[0]
        room = rows * 5
        first = int(time * self.speed) % room
        second = int(time * self.speed * 1.5) % room
        heat = self.noise[first : first + rows] * 0.9 + self.fine[second : second + rows] * 0.35
        value = np.clip((heat + self.shape - 0.62) * 1.15, 0, 1)
        flame = Image.fromarray(self.table[(value * 255).astype(np.uint8)])
        picture = flame.resize((self.ww, self.wh), Image.Resampling.BILINEAR)
        picture.paste(self.logs, (0, 0), self.logs)
        canvas = Canvas.over(picture, 1)
        for x, phase, speed, size in self.sparks:
            age = (phase + time * (0.3 + speed * 0.5)) % 1
            place = (
                self.ww * (0.35 + 0.3 * x) + self.unit * 6 * wave(age, 0.7, x),
                self.wh * (0.9 - age),
            )
            canvas.ellipse(*place, 0.5 + size, 0.5 + size, (255, 170, 60, int(255 * (1 - age))))
        return canvas.image


class Snowfall(Outdoors):
    """Snow or rain falls between trees; near flakes are large and soft."""

    def build(self) -> None:
        """A wood in haze, and what falls."""
        self.back = self.sky(self.ww, self.wh)
        white = self.chance(0.6)
        ground = (
            ((196, 202, 210), (222, 226, 232), (244, 246, 248))
            if white
            else ((40, 52, 30), (74, 86, 48), (104, 112, 70))
        )
        for depth in range(3):
            floor = ridge_layer(
                self,
                (self.ww, self.wh),
                self.wh * (0.55 + 0.13 * depth),
                self.wh * 0.06,
                ground,
                self.light[1],
                0.5 - 0.2 * depth,
            )
            for _ in range(4 + depth):
                leaf = (104, 108, 110) if white else None
                tree = tree_sprite(self, round(self.unit * (26 + 18 * depth)), leaf)
                place = (
                    round(self.uniform(-0.1, 1.0) * self.ww),
                    round(self.wh * (0.62 + 0.12 * depth)) - tree.height,
                )
                faded = Image.blend(
                    tree, Image.new("RGBA", tree.size, (*self.light[1], 255)), 0.45 - 0.2 * depth
                )
                self.back.paste(faded, place, tree.getchannel("A"))
            self.back.paste(floor, (0, 0), floor)
        self.rain = not white
        self.drops = self.rng.random((110 if self.rain else 160, 3))
        self.wind = self.uniform(-0.2, 0.2)

    def world(self, time: float) -> Image.Image:
        """Flakes or streaks over the still wood."""
        canvas = Canvas.over(self.back, 1)
        for x, y, near in self.drops:
            speed = (2.2 if self.rain else 0.25) * (0.5 + near)
            px = (
                (
                    x
                    + self.wind * time * (0.5 + near)
                    + (0 if self.rain else 0.02 * wave(time, 2, y))
                )
                % 1
                * self.ww
            )
            py = (y + speed * time) % 1 * self.wh
            if self.rain:
                length = self.unit * (3 + 7 * near)
                canvas.line(
                    [(px, py), (px + self.wind * length, py + length)],
                    (220, 228, 236, 90),
                    max(1, self.unit * 0.4 * near),
                )
            else:
                radius = self.unit * (0.3 + 1.3 * near**3)
                canvas.ellipse(px, py, radius, radius, (250, 250, 252, int(230 - 120 * near)))
        return canvas.image
