"""First-person games in a textured maze."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vidkind.dataset.synthesize.drawing.canvas import BLACK, Canvas, star_points
from vidkind.dataset.synthesize.drawing.stage import darker, lighter, wave
from vidkind.dataset.synthesize.gaming.game import GameScene
from vidkind.dataset.synthesize.gaming.mazes import carve, walk
from vidkind.dataset.synthesize.gaming.sprites import monster, scaled_sprite, tile


class FirstPerson(GameScene):
    """A textured maze seen from inside, with a weapon, monsters, a map and a cross-hair.

    Source: grid ray casting by digital differential analysis (Amanatides and Woo 1987).
    """

    pixelated = True

    def begin(self) -> None:
        """Carves the maze, plans a walk, makes textures."""
        self.grid = carve(self, 15, 15, 0.3)
        self.path = np.asarray(walk(self, self.grid, 80), dtype=np.float64) + 0.5
        walls = [self.colour(saturation=(0.1, 0.6), value=(0.4, 0.75)) for _ in range(2)]
        kinds = [self.pick(("brick", "stone", "block", "plank")) for _ in range(2)]
        self.textures = [
            np.asarray(tile(self, 24, k, c)) for k, c in zip(kinds, walls, strict=True)
        ]
        self.floor, self.ceiling = (
            self.colour(saturation=(0.1, 0.5), value=(0.2, 0.5)),
            self.colour(saturation=(0, 0.4), value=(0.1, 0.5)),
        )
        self.speed = self.uniform(1.2, 2.2)
        self.foes = [monster(self, 3, 6) for _ in range(3)]
        cells = np.argwhere(self.grid) + 0.5
        self.spots = cells[self.rng.integers(0, len(cells), 14)]
        self.metal = self.colour(saturation=(0, 0.3), value=(0.3, 0.7))
        self.shots = self.uniform(0.5, 1.2)
        self.base = self._floor()
        self.rows = np.arange(self.gh)[:, None] - self.gh / 2 + 0.5

    def _floor(self) -> NDArray[np.uint8]:
        share = np.abs(np.linspace(-1, 1, self.gh))[:, None, None]
        upper = (np.arange(self.gh) < self.gh / 2)[:, None, None]
        tone = np.where(upper, np.asarray(self.ceiling), np.asarray(self.floor))
        return np.broadcast_to(tone * (0.25 + 0.75 * share), (self.gh, self.gw, 3)).astype(np.uint8)

    def _view(self, time: float) -> tuple[NDArray[np.float64], float]:
        """Place and heading: along the walk, looking a little ahead."""
        place = min(time * self.speed, len(self.path) - 4)
        index = np.arange(len(self.path))
        here = np.array([np.interp(place, index, self.path[:, axis]) for axis in (0, 1)])
        ahead = np.array([np.interp(place + 1.3, index, self.path[:, axis]) for axis in (0, 1)])
        way = ahead - here
        return here, math.atan2(way[0], way[1]) + 0.1 * wave(time, 2.3)

    def play(self, time: float) -> Canvas:
        """Walls, monsters, weapon, map."""
        place, heading = self._view(time)
        angles = np.arctan(np.linspace(-0.75, 0.75, self.gw))
        distance, side, across = self._cast(place, heading + angles)
        distance = np.maximum(distance * np.cos(angles), 0.05)
        canvas = Canvas.over(Image.fromarray(self._walls(distance, side, across)), 1)
        self._monsters(canvas, place, heading, distance)
        self._weapon(canvas, time)
        self._map(canvas, place, heading)
        return canvas

    def _cast(
        self, place: NDArray[np.float64], angles: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
        """Distance, side and place on the wall of the first wall along each ray."""
        way = np.stack([np.sin(angles), np.cos(angles)])
        way[np.abs(way) < 1e-6] = 1e-6
        step, gap = np.sign(way).astype(np.int64), np.abs(1 / way)
        cell = np.repeat(np.floor(place).astype(np.int64)[:, None], len(angles), 1)
        reach = np.where(step > 0, cell + 1 - place[:, None], place[:, None] - cell) * gap
        flying = np.ones(len(angles), dtype=bool)
        side = np.zeros(len(angles), dtype=bool)
        for _ in range(24):
            along_x = reach[1] < reach[0]
            side = np.where(flying, along_x, side)
            for axis, chosen in ((0, flying & ~along_x), (1, flying & along_x)):
                cell[axis] += step[axis] * chosen
                reach[axis] += gap[axis] * chosen
            flying &= self.grid[cell[0].clip(0, 14), cell[1].clip(0, 14)]
        hit_axis = side.astype(np.int64)
        columns = np.arange(len(angles))
        distance = reach[hit_axis, columns] - gap[hit_axis, columns]
        hit = place[1 - hit_axis] + distance * way[1 - hit_axis, columns]
        return distance, side, hit % 1

    def _walls(
        self, distance: NDArray[np.float64], side: NDArray[np.bool_], across: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        height = self.gh / distance
        v = self.rows / height[None, :] + 0.5
        inside = (v >= 0) & (v < 1)
        row = (v.clip(0, 0.999) * 24).astype(np.int64)
        column = np.broadcast_to((across * 24).astype(np.int64), row.shape)
        both = np.stack(self.textures)
        wall = both[np.broadcast_to(side.astype(np.int64), row.shape), row, column]
        light = (1 / (1 + 0.22 * distance) * np.where(side, 1.0, 0.78))[None, :, None]
        return np.where(inside[..., None], wall * light, self.base).astype(np.uint8)

    def _monsters(
        self, canvas: Canvas, place: NDArray[np.float64], heading: float, walls: NDArray[np.float64]
    ) -> None:
        offsets = self.spots - place
        ahead = offsets[:, 1] * math.cos(heading) + offsets[:, 0] * math.sin(heading)
        aside = offsets[:, 0] * math.cos(heading) - offsets[:, 1] * math.sin(heading)
        for index in np.argsort(-ahead):
            depth = float(ahead[index])
            if not 0.4 < depth < 9:
                continue
            x = self.gw / 2 + float(aside[index]) / depth * self.gw / 1.5
            if 0 <= x < self.gw and walls[int(x)] > depth:
                image = scaled_sprite(self.foes[index % 3], self.gh * 0.55 / depth)
                canvas.paste(
                    image, x - image.width / 2, self.gh / 2 + self.gh * 0.45 / depth - image.height
                )

    def _weapon(self, canvas: Canvas, time: float) -> None:
        g = self.g
        x = self.gw / 2 + g * 3 * wave(time, 0.9)
        y = self.gh - g * (26 - 2 * abs(wave(time, 0.9)))
        firing = time % self.shots < 0.1
        if firing:
            canvas.polygon(star_points(x, y, g * 13, g * 6, 8), (255, 220, 90))
            y += g * 3
        canvas.polygon(
            [(x - g * 4, y), (x + g * 4, y), (x + g * 9, self.gh), (x - g * 9, self.gh)],
            self.metal,
            BLACK,
            max(1, g * 0.6),
        )
        canvas.polygon(
            [(x - g * 2, y), (x, y), (x, self.gh), (x - g * 5, self.gh)], lighter(self.metal, 0.35)
        )
        canvas.ellipse(x, y, g * 4, g * 2, darker(self.metal, 0.6))
        canvas.ellipse(x + g * 9, self.gh, g * 9, g * 9, (220, 170, 130), BLACK, max(1, g * 0.6))
        for dx, dy in ((1, 0), (0, 1)):
            canvas.line(
                [
                    (self.gw / 2 - dx * g * 4, self.gh / 2 - dy * g * 4),
                    (self.gw / 2 + dx * g * 4, self.gh / 2 + dy * g * 4),
                ],
                (120, 255, 120),
                max(1, g * 0.7),
            )

    def _map(self, canvas: Canvas, place: NDArray[np.float64], heading: float) -> None:
        cell = max(1, round(self.g * 2))
        left, top = self.gw - cell * 15 - 3, max(self.g * 14, 3)
        canvas.rect(left, top, cell * 15, cell * 15, (0, 0, 0, 170))
        for row, column in np.argwhere(~self.grid):
            canvas.rect(
                left + int(column) * cell, top + int(row) * cell, cell, cell, (120, 150, 170)
            )
        x, y = left + float(place[1]) * cell, top + float(place[0]) * cell
        canvas.line(
            [(x, y), (x + 4 * cell * math.cos(heading), y + 4 * cell * math.sin(heading))],
            (255, 90, 90),
            1,
        )
        canvas.ellipse(x, y, cell, cell, (255, 240, 80))
