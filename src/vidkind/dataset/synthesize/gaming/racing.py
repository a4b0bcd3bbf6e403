"""Racing games on a pseudo-3D road."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vidkind.dataset.synthesize.drawing.canvas import WHITE, Canvas, gradient
from vidkind.dataset.synthesize.drawing.stage import darker, lighter, mix, wave
from vidkind.dataset.synthesize.gaming.game import GameScene
from vidkind.dataset.synthesize.gaming.sprites import CAR, scaled_sprite, sprite


class Racing(GameScene):
    """A striped road that bends and rolls towards a far skyline; other cars, trees, a speed.

    Source: the road is drawn line by line as in arcade racers of the 1980s (Gorenfeld,
    "Lou's Pseudo 3d Page").
    """

    def begin(self) -> None:
        """Chooses the country, the bends and the cars."""
        self.horizon = int(self.gh * self.uniform(0.4, 0.52))
        self.speed = self.uniform(9, 20)
        self.bends = (self.uniform(2.5, 5), self.uniform(0, 1), self.uniform(0.6, 1.4))
        grass = self.pick([(60, 150, 60), (210, 180, 110), (235, 240, 250), (40, 40, 70)])
        road = self.pick([(100, 100, 105), (70, 70, 78), (130, 110, 95)])
        self.tones = np.asarray(
            [grass, darker(grass, 0.12), road, darker(road, 0.06), (220, 40, 40), WHITE, WHITE],
            dtype=np.uint8,
        )
        rows = np.arange(1, self.gh - self.horizon + 1, dtype=np.float64)
        self.depth = (self.gh - self.horizon) / rows
        self.columns = np.arange(self.gw)[None, :]
        self.car = scaled_sprite(
            self._car(), self.gw * 0.16 if self.gw < self.gh * 1.5 else self.gh * 0.28
        )
        self.others = [self._car() for _ in range(3)]
        self.places = self.rng.uniform(0, 60, 5)
        self.trees = [self._tree() for _ in range(3)]
        self.sky = self._sky()

    def _car(self) -> Image.Image:
        paint = self.colour(saturation=(0.7, 1), value=(0.7, 1))
        return sprite(
            CAR, {"b": paint, "g": (60, 80, 110), "r": (255, 60, 40), "k": (20, 20, 24)}, 2
        )

    def _tree(self) -> Image.Image:
        canvas = Canvas(24, 36, (0, 0, 0, 0), 1)
        canvas.rect(10, 20, 4, 16, (100, 70, 40))
        green = self.colour(hue=(0.22, 0.42), value=(0.3, 0.6))
        if self.chance(0.5):
            canvas.ellipse(12, 13, 10, 11, green)
            canvas.ellipse(9, 9, 4, 4, lighter(green))
        else:
            for step in range(3):
                canvas.polygon(
                    [(2 + step, 26 - step * 7), (12, 8 - step * 4), (22 - step, 26 - step * 7)],
                    green,
                )
        return canvas.image

    def _sky(self) -> Image.Image:
        top = self.pick([(60, 130, 230), (250, 140, 90), (20, 20, 60), (150, 180, 210)])
        canvas = Canvas.over(gradient(self.gw * 2, self.horizon + 1, (top, lighter(top, 0.5))), 1)
        far = mix(darker(top, 0.4), (60, 110, 80), 0.4)
        for _ in range(16):
            x, size = self.uniform(0, self.gw * 2), self.uniform(8, 26) * self.g
            canvas.polygon(
                [
                    (x - size * 1.6, self.horizon + 1),
                    (x, self.horizon - size),
                    (x + size * 1.6, self.horizon + 1),
                ],
                far,
            )
        return canvas.image

    def _middle(self, depth: NDArray[np.float64], time: float) -> NDArray[np.float64]:
        """Where the middle of the road is, in columns, at a depth."""
        period, phase, strength = self.bends
        bend = strength * wave(time, period, phase)
        return self.gw / 2 + bend * self.gw * 0.02 * (depth - 1) ** 1.6

    def play(self, time: float) -> Canvas:
        """Sky, road lines, things beside and on the road, the player's car."""
        picture = np.empty((self.gh, self.gw, 3), dtype=np.uint8)
        left = round(self.gw / 2 + self.gw * 0.3 * wave(time, self.bends[0] * 2, self.bends[1]))
        left = min(max(left, 0), self.gw)
        picture[: self.horizon] = np.asarray(self.sky)[: self.horizon, left : left + self.gw]
        picture[self.horizon :] = self._road(time)
        canvas = Canvas.over(Image.fromarray(picture), 1)
        self._things(canvas, time)
        lean = round(self.g * 6 * wave(time, self.bends[0], self.bends[1]))
        bump = self.g * 0.7 * wave(time, 0.15)
        canvas.paste(
            self.car,
            (self.gw - self.car.width) / 2 + lean,
            self.gh - self.car.height - self.g * 12 + bump,
        )
        self._speed(canvas, time)
        return canvas

    def _road(self, time: float) -> NDArray[np.uint8]:
        stripe = ((self.depth * 2 + time * self.speed) % 2 < 1)[:, None]
        half = (self.gw * 0.55 / self.depth)[:, None]
        off = np.abs(self.columns - self._middle(self.depth, time)[:, None])
        kind = np.where(stripe, 0, 1) * np.ones_like(off, dtype=np.int64)
        kind = np.where(off < half * 1.14, np.where(stripe, 4, 5), kind)
        kind = np.where(off < half, np.where(stripe, 2, 3), kind)
        lane = (np.abs(off - half * 0.33) < half * 0.025) & stripe
        return self.tones[np.where(lane, 6, kind)]

    def _things(self, canvas: Canvas, time: float) -> None:
        along = [(6 - (time * self.speed * 0.5 + i * 0.75) % 6 + 1.05, i) for i in range(8)]
        cars = [
            ((p - time * self.speed * 0.12) % 6 + 1.3, 100 + i) for i, p in enumerate(self.places)
        ]
        for depth, index in sorted([*along, *cars], reverse=True):
            y = self.horizon + (self.gh - self.horizon) / depth
            x = float(self._middle(np.asarray(depth), time))
            if index >= 100:
                image = scaled_sprite(self.others[index % 3], self.gh * 0.28 / depth)
                x += self.gw * 0.32 / depth * (index % 3 - 1)
            else:
                image = scaled_sprite(self.trees[index % 3], self.gh * 0.42 / depth)
                x += self.gw * 0.85 / depth * (1 if index % 2 else -1)
            canvas.paste(image, x - image.width / 2, y - image.height)

    def _speed(self, canvas: Canvas, time: float) -> None:
        g = self.g
        text = f"{int(140 + self.speed * 5 + 15 * wave(time, 2))} km/h"
        canvas.crisp = self.zoom > 1
        canvas.text(self.gw - g * 3, self.gh - g * 12, text, WHITE, max(g * 8, 7), "bold", "ra")
        canvas.arc(
            self.gw - g * 16,
            self.gh - g * 18,
            g * 11,
            g * 11,
            0.5,
            0.85 + 0.1 * wave(time, 2),
            (255, 80, 60),
            max(1, g * 2),
        )
