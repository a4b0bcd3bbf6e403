"""Arcade games of reaction: a shooter in space, and bricks, bat and ball."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from vidkind.dataset.synthesize.drawing.canvas import BLACK, WHITE, Canvas
from vidkind.dataset.synthesize.drawing.noise import fractal, ramp
from vidkind.dataset.synthesize.drawing.stage import Point, darker, hsv, lighter, wave
from vidkind.dataset.synthesize.gaming.game import GameScene
from vidkind.dataset.synthesize.gaming.sprites import (
    SHIP,
    explosion,
    monster,
    scaled_sprite,
    sprite,
)


class SpaceShooter(GameScene):
    """A ship shoots upwards at formations among stars; bullets, bursts, sometimes a boss."""

    def begin(self) -> None:
        """Chooses sky, ship, enemies and their times."""
        size = max(1, round(self.g))
        ship = {
            "w": self.colour(saturation=(0, 0.4), value=(0.8, 1)),
            "c": (80, 200, 255),
            "a": self.colour(),
            "f": (255, 150, 40),
        }
        self.ship = scaled_sprite(sprite(SHIP, ship), 12 * self.g * self._pixels())
        self.foes = [
            scaled_sprite(monster(self, size), 11 * self.g * self._pixels()) for _ in range(3)
        ]
        self.boss = (
            scaled_sprite(monster(self, size, 8), 34 * self.g * self._pixels())
            if self.chance(0.3)
            else None
        )
        self.stars = self.rng.random((70, 3))
        self.waves = self.uniform(4, 8)
        self.enemies = [
            (
                self.uniform(-2, self.stage.seconds),
                self.uniform(0.1, 0.9),
                self.uniform(0, 1),
                self.uniform(0.6, 1.6),
            )
            for _ in range(int(6 + 4 * self.stage.seconds))
        ]
        self.fire, self.pattern = (
            self.uniform(0.1, 0.25),
            self.pick(("none", "ring", "spiral", "none")),
        )
        self.shot = self.colour(saturation=(0.3, 0.9), value=(0.95, 1))
        self.back = self._nebula()

    def _pixels(self) -> int:
        """Sprites on a canvas that will be halved are drawn twice as large."""
        return 1 if self.zoom > 1 else 2

    def _nebula(self) -> Image.Image:
        scale = self._pixels()
        size = (self.gh * scale, self.gw * scale)
        base = (
            self.colour(saturation=(0.5, 0.9), value=(0.2, 0.5)) if self.chance(0.6) else (6, 6, 14)
        )
        field = fractal(self.rng, size[0], size[1], 60 * self.g * scale, 4) ** 2
        return Image.fromarray(ramp(field, (BLACK, darker(base, 0.4), base)))

    def _ship_x(self, time: float) -> float:
        return self.gw * (0.5 + 0.3 * wave(time, self.waves) + 0.1 * wave(time, 1.3))

    def play(self, time: float) -> Canvas:
        """Stars, shots, enemies, bursts, ship."""
        canvas = Canvas.over(self.back, self._pixels())
        for x, y, depth in self.stars:
            place = (x * self.gw, (y + time * (0.1 + 0.5 * depth)) % 1 * self.gh)
            canvas.rect(*place, self.g * (0.4 + depth), self.g * (0.4 + depth), (200, 200, 220))
        self._shots(canvas, time)
        for index, enemy in enumerate(self.enemies):
            self._enemy(canvas, index, enemy, time)
        if self.boss is not None:
            x = self.gw * (0.5 + 0.25 * wave(time, 4))
            canvas.paste(self.boss, x - self.boss.width / 2 / canvas.scale, self.g * 14)
            self._bullets(canvas, (x, self.g * 30), time)
        x, y = self._ship_x(time), self.gh * 0.85
        flame = self.g * (4 + 2 * wave(time, 0.1))
        canvas.polygon(
            [
                (x - self.g * 2, y + self.g * 4),
                (x, y + self.g * 5 + flame),
                (x + self.g * 2, y + self.g * 4),
            ],
            (255, 170, 40),
        )
        canvas.paste(self.ship, x - self.g * 6, y - self.g * 6)
        return canvas

    def _shots(self, canvas: Canvas, time: float) -> None:
        first = int(max(time - 1.0, 0) / self.fire)
        for index in range(first, int(time / self.fire) + 1):
            fired = index * self.fire
            y = self.gh * 0.8 - (time - fired) * self.gh * 1.1
            for side in (-1, 1):
                x = self._ship_x(fired) + side * self.g * 3
                canvas.rect(x - self.g * 0.5, y, self.g * 1.2, self.g * 5, self.shot)

    def _enemy(self, canvas: Canvas, index: int, enemy: tuple[float, ...], time: float) -> None:
        start, x, phase, life = enemy
        age = time - start
        place = ((x + 0.12 * wave(age, 1.7, phase)) * self.gw, (age * 0.4 - 0.08) * self.gh)
        if 0 <= age < life:
            foe = self.foes[index % 3]
            canvas.paste(
                foe,
                place[0] - foe.width / 2 / canvas.scale,
                place[1] - foe.height / 2 / canvas.scale,
            )
            if index % 3 == 0:
                self._bullets(canvas, place, age)
        explosion(canvas, place, age - life, self.g * 8)

    def _bullets(self, canvas: Canvas, place: Point, age: float) -> None:
        if self.pattern == "none":
            return
        for ring in range(4):
            radius = (age * 0.5 % 0.25 + 0.25 * ring) * self.gh
            for step in range(10):
                turn = step / 10 + (ring * 0.05 + age * 0.1 if self.pattern == "spiral" else 0)
                x = place[0] + radius * math.cos(2 * math.pi * turn)
                y = place[1] + radius * math.sin(2 * math.pi * turn)
                canvas.ellipse(
                    x, y, self.g * 1.5, self.g * 1.5, (255, 90, 140), WHITE, self.g * 0.4
                )


class BrickBreaker(GameScene):
    """A ball, a bat and rows of bricks."""

    def begin(self) -> None:
        """Lays the bricks; the ball is moved in small equal steps."""
        self.count = int(self.rng.integers(8, 14))
        self.lines = int(self.rng.integers(4, 8))
        self.bricks = self.rng.random((self.lines, self.count)) < self.uniform(0.7, 1)
        self.size = (self.gw / self.count, self.gh * 0.4 / self.lines)
        hue = self.uniform(0, 1)
        self.colours = [hsv(hue + 0.8 * i / self.lines, 0.8, 0.95) for i in range(self.lines)]
        self.paper = self.pick([(0, 0, 0), (20, 20, 60), (40, 20, 40), (210, 220, 235)])
        self.ball = np.array([self.gw * self.uniform(0.2, 0.8), self.gh * 0.7])
        angle = self.uniform(0.12, 0.2) * self.pick((-1, 1))
        self.velocity = (
            self.gh
            * 1.1
            * np.array([math.sin(2 * math.pi * angle), -math.cos(2 * math.pi * angle)])
        )
        self.clock = 0.0
        self.radius = self.g * 2.2
        self.hits: list[tuple[float, Point]] = []

    def _step(self, seconds: float) -> None:
        self.ball += self.velocity * seconds
        x, y = self.ball
        if not self.radius < x < self.gw - self.radius:
            self.velocity[0] = abs(self.velocity[0]) * (1 if x < self.gw / 2 else -1)
        if y < self.radius:
            self.velocity[1] = abs(self.velocity[1])
        if y > self.gh * 0.9:
            self.velocity[1] = -abs(self.velocity[1])
        row, column = int((y - self.gh * 0.12) // self.size[1]), int(x // self.size[0])
        if 0 <= row < self.lines and 0 <= column < self.count and self.bricks[row, column]:
            self.bricks[row, column] = False
            self.velocity[1] *= -1
            self.hits.append((self.clock, (float(x), float(y))))

    def play(self, time: float) -> Canvas:
        """Moves the ball up to the time, then draws."""
        while self.clock < time:
            self._step(1 / 120)
            self.clock += 1 / 120
        canvas = self.new_canvas(self.paper)
        w, h = self.size
        for row in range(self.lines):
            for column in range(self.count):
                if self.bricks[row, column]:
                    x, y = column * w, self.gh * 0.12 + row * h
                    canvas.rect(x + 1, y + 1, w - 2, h - 2, self.colours[row])
                    canvas.rect(x + 1, y + 1, w - 2, h * 0.2, lighter(self.colours[row], 0.5))
        x, y = float(self.ball[0]), float(self.ball[1])
        bat = min(max(x + self.g * 5 * wave(time, 0.9), self.g * 13), self.gw - self.g * 13)
        canvas.rect(
            bat - self.g * 12,
            self.gh * 0.92,
            self.g * 24,
            self.g * 4,
            (90, 200, 255),
            WHITE,
            max(1, self.g * 0.7),
            self.g * 1.5,
        )
        canvas.ellipse(
            x,
            y,
            self.radius,
            self.radius,
            (255, 255, 255) if sum(self.paper) < 400 else (200, 40, 40),
        )
        for when, place in self.hits[-4:]:
            explosion(canvas, place, time - when, self.g * 5)
        return canvas
