"""Platform games: a hero runs and jumps over tiles."""

from __future__ import annotations

import numpy as np
from PIL import Image

from vidkind.dataset.synthesize.drawing.canvas import BLACK, Canvas
from vidkind.dataset.synthesize.drawing.stage import Colour, darker, lighter, wave
from vidkind.dataset.synthesize.gaming.game import GameScene
from vidkind.dataset.synthesize.gaming.sprites import (
    COIN,
    SLIME,
    hero_sprites,
    monster,
    scaled_sprite,
    sprite,
    tile,
)

WORLDS: tuple[tuple[Colour, Colour, str, Colour], ...] = (
    ((92, 148, 252), (200, 120, 60), "grass", (60, 170, 80)),
    ((110, 190, 250), (150, 100, 60), "grass", (90, 190, 120)),
    ((20, 18, 40), (90, 90, 120), "stone", (40, 38, 70)),
    ((60, 30, 50), (140, 70, 60), "brick", (85, 45, 65)),
    ((190, 225, 245), (225, 235, 250), "block", (150, 190, 220)),
    ((250, 190, 120), (215, 160, 90), "plank", (220, 140, 90)),
    ((0, 0, 0), (180, 90, 40), "brick", (30, 20, 40)),
)


class Platformer(GameScene):
    """A hero runs and jumps over tiles to the right; monsters, coins, platforms, pipes."""

    pixelated = True

    def begin(self) -> None:
        """Builds the level once, then only the camera moves over it."""
        self.size = max(4, round(self.gh / int(self.rng.integers(9, 15))))
        self.sky, self.soil, self.kind, self.far = self.pick(WORLDS)
        self.columns = int(self.gw / self.size * 3.5) + 8
        rows = self.gh // self.size
        walk = rows - 3 - np.abs(self.rng.integers(-1, 2, self.columns).cumsum() % 5 - 2)
        self.level = np.repeat(walk[::3], 3)[: self.columns]
        self.gaps = {int(c) for c in self.rng.integers(6, self.columns - 4, self.columns // 14)}
        self.speed = self.size * self.uniform(3, 6)
        self.heroes = [scaled_sprite(i, self.size * 1.1) for i in hero_sprites(self, 1)]
        self.foes = [scaled_sprite(monster(self, 1), self.size) for _ in range(3)]
        self.foes.append(
            scaled_sprite(sprite(SLIME, {"o": self.colour(), "w": (255, 255, 255)}), self.size)
        )
        self.places = self.rng.uniform(5, self.columns, 14)
        self.world = self._build()
        self.far_image = self._distance()
        self.jump = self.uniform(1.6, 2.6) * self.size

    def _build(self) -> Image.Image:
        size = self.size
        canvas = Canvas(self.columns * size, self.gh, (0, 0, 0, 0), 1)
        top = tile(self, size, self.kind, self.soil)
        inner = tile(
            self, size, "dirt" if self.kind == "grass" else self.kind, darker(self.soil, 0.12)
        )
        block = tile(self, size, "block", (230, 170, 50))
        coin = scaled_sprite(sprite(COIN, {"y": (250, 210, 50), "d": (190, 140, 20)}), size * 0.6)
        for column in range(self.columns):
            if column in self.gaps:
                continue
            for row in range(int(self.level[column]), self.gh // size + 1):
                canvas.paste(top if row == self.level[column] else inner, column * size, row * size)
        column = 4
        while column < self.columns - 6:
            self._feature(canvas, column, block, coin, inner)
            column += int(self.rng.integers(3, 7))
        return canvas.image

    def _feature(
        self, canvas: Canvas, column: int, block: Image.Image, coin: Image.Image, brick: Image.Image
    ) -> None:
        size, level = self.size, int(self.level[column])
        kind = self.pick(("platform", "coins", "pipe", "blocks"))
        length = int(self.rng.integers(2, 5))
        for step in range(length):
            x = (column + step) * size
            if kind == "platform":
                canvas.paste(brick, x, (level - 3) * size)
            elif kind == "blocks":
                canvas.paste(block if step % 2 else brick, x, (level - 4) * size)
            elif kind == "coins":
                canvas.paste(coin, x + size * 0.2, (level - 2) * size)
        if kind == "pipe":
            green, y = (60, 170, 60), (level - 2) * size
            canvas.rect(column * size, y, size * 2, size * 0.8, green, BLACK)
            canvas.rect(
                (column + 0.15) * size, y + size * 0.8, size * 1.7, size * 1.2, green, BLACK
            )
            canvas.rect((column + 0.35) * size, y, size * 0.3, size * 2, lighter(green, 0.4))

    def _distance(self) -> Image.Image:
        canvas = Canvas(self.gw * 2, self.gh, self.sky, 1)
        bright = lighter(self.sky, 0.6 if sum(self.sky) > 250 else 0.15)
        for _ in range(9):
            x, y, r = (
                self.uniform(0, self.gw * 2),
                self.uniform(0.05, 0.4) * self.gh,
                self.uniform(3, 8) * self.g,
            )
            for step in (-1, 0, 1):
                canvas.ellipse(x + step * r, y, r, r * 0.6, bright)
        for _ in range(12):
            x, r = self.uniform(0, self.gw * 2), self.uniform(12, 35) * self.g
            canvas.ellipse(
                x, self.gh * 0.85, r, r * self.uniform(0.7, 1.6), self.far, darker(self.far, 0.2), 1
            )
        return canvas.image

    def play(self, time: float) -> Canvas:
        """Distance, level, monsters, hero."""
        x = self.size * 4 + self.speed * time
        camera = min(max(x - self.gw * 0.35, 0), self.columns * self.size - self.gw)
        left = round(camera * 0.3) % self.gw
        canvas = Canvas.over(self.far_image.crop((left, 0, left + self.gw, self.gh)), 1)
        canvas.paste(self.world, -camera, 0)
        for index, place in enumerate(self.places):
            column = min(max(place + 1.2 * wave(time, 3, index / 5), 0), self.columns - 1)
            foe = self.foes[index % len(self.foes)]
            canvas.paste(
                foe, column * self.size - camera, self.level[int(place)] * self.size - foe.height
            )
        canvas.paste(self._hero(time), x - camera, self._height(x) - self.heroes[0].height)
        return canvas

    def _hero(self, time: float) -> Image.Image:
        return self.heroes[int(time * 8) % 2]

    def _height(self, x: float) -> float:
        """The ground under the hero, with a jump before every gap and step."""
        place = x / self.size
        column = min(int(place), self.columns - 2)
        ahead = self.level[min(column + 1, self.columns - 1)]
        hop = ahead != self.level[column] or column in self.gaps or column + 1 in self.gaps
        level = min(self.level[column], ahead) if hop else self.level[column]
        lift = abs(wave(place, 4.2)) * self.jump if hop or column % 9 < 3 else 0.0
        return float(level * self.size - lift)
