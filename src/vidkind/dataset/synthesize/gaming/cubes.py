"""Games in a world of cubes, seen in first person."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vidkind.dataset.synthesize.drawing.canvas import BLACK, WHITE, Canvas
from vidkind.dataset.synthesize.drawing.noise import fractal, smooth_noise
from vidkind.dataset.synthesize.drawing.stage import Colour, as_frame, held, wave
from vidkind.dataset.synthesize.gaming.game import GameScene
from vidkind.dataset.synthesize.gaming.sprites import scaled_sprite, tile


class CubeWorld(GameScene):
    """A landscape of textured cubes, seen by someone who walks through it; a hot bar below.

    Source: voxel traversal by Amanatides and Woo, "A Fast Voxel Traversal Algorithm", 1987.
    """

    pixelated = True
    SIDE, TALL = 48, 20
    COARSE = 2
    """Pixels of the HUD per ray, across and down."""

    def pixel_size(self) -> int:
        """Rays are costly: some fifty of them on the short side."""
        return max(1, round(min(self.w, self.h) / (46 * self.COARSE)))

    def begin(self) -> None:
        """Grows the land, clears the way through it, chooses sky and items."""
        heights = 3 + (fractal(self.rng, self.SIDE, self.SIDE, 16, 3) * 10).astype(np.int64)
        levels = np.arange(self.TALL)[:, None, None]
        self.blocks = np.where(levels < heights, np.where(levels == heights - 1, 1, 2), 0).astype(
            np.uint8
        )
        self.blocks[:5][self.blocks[:5] == 0] = 3
        self._plant(heights)
        self.turn, self.period = self.uniform(0, 6.3), self.uniform(3, 6)
        self.start = np.array([self.uniform(14, 30), self.uniform(14, 30)])
        self._clear_way()
        self.heights = maximum_near(np.maximum(heights, 5))
        self.eye = 0.0
        self.seen_at = -1.0
        self.seen = Canvas(self.gw, self.gh, BLACK, 1)
        self.textures = self._textures()
        self.sky: Colour = self.pick([(125, 180, 255), (245, 170, 120), (160, 195, 225)])
        self.items = [tile(self, 8, "block", self.colour()) for _ in range(9)]

    def _plant(self, heights: NDArray[np.int64]) -> None:
        for _ in range(26):
            row, column = (int(v) for v in self.rng.integers(3, self.SIDE - 3, 2))
            base = int(heights[row, column])
            if not 5 < base < self.TALL - 6:
                continue
            self.blocks[base + 2 : base + 5, row - 1 : row + 2, column - 1 : column + 2] = 5
            self.blocks[base : base + 4, row, column] = 4

    def _textures(self) -> NDArray[np.uint8]:
        grass = self.pick([(95, 160, 60), (225, 210, 150), (240, 245, 250), (110, 140, 60)])
        colours = ((0, 0, 0), grass, (134, 96, 67), (60, 110, 220), (104, 82, 50), (50, 110, 40))
        noise = (smooth_noise(self.rng, 48, 8, 1) * 0.5 + 0.7).reshape(6, 8, 8, 1)
        stack = np.asarray(colours)[:, None, None, :] * noise
        return as_frame(stack)

    def play(self, time: float) -> Canvas:
        """The view, hot bar, hand and cross-hair, at 12 pictures a second."""
        time = held(time, 12)
        if time != self.seen_at:
            self.seen_at, self.seen = time, self._picture(time)
        return Canvas.over(self.seen.image, 1)

    def _place(self, time: float) -> NDArray[np.float64]:
        way = np.array([math.sin(self.turn), math.cos(self.turn)])
        return (self.start + time * 1.5 * way).clip(2, self.SIDE - 3)

    def _clear_way(self) -> None:
        """No trunk or leaf may stand where the eye will be."""
        for step in range(int(self.stage.seconds * 4) + 8):
            row, column = self._place(step / 4).astype(np.int64)
            near = self.blocks[:, max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
            near[near >= 4] = 0

    def _picture(self, time: float) -> Canvas:
        turn = self.turn + 0.6 * wave(time, self.period * 2)
        place = self._place(time)
        ground = float(self.heights[int(place[0]), int(place[1])])
        self.eye += (ground - self.eye) * (0.2 if self.eye > 0 else 1)
        eye = np.array([self.eye + 2.2 + 0.1 * wave(time, 0.6), *place])
        canvas = Canvas.over(
            Image.fromarray(self._rays(eye, turn, -0.12 + 0.08 * wave(time, 3))), 1
        )
        self._overlay(canvas, time)
        return canvas

    def _rays(self, eye: NDArray[np.float64], turn: float, tilt: float) -> NDArray[np.uint8]:
        rows, columns = -(-self.gh // self.COARSE), -(-self.gw // self.COARSE)
        x = np.linspace(-0.8, 0.8, columns)[None, :] * np.ones((rows, 1))
        y = np.linspace(0.8, -0.8, rows)[:, None] * rows / columns + tilt
        y = y * np.ones((1, columns))
        way = np.stack(
            [y, np.sin(turn) + x * np.cos(turn), np.cos(turn) - x * np.sin(turn)]
        ).reshape(3, -1)
        way /= np.linalg.norm(way, axis=0)
        way[np.abs(way) < 1e-6] = 1e-6
        kind, distance, side, hit = self._march(eye[:, None], way)
        inside = (hit % 1 * 8).astype(np.int64)
        u, v = (
            np.where(side == 1, inside[2], inside[1]),
            np.where(side == 0, inside[2], 7 - inside[0]),
        )
        light = np.asarray([1.0, 0.75, 0.6])[side]
        colour = self.textures[kind, v, u] * light[:, None]
        fog = np.where(kind > 0, np.clip(distance / 24, 0, 1) ** 2, 1.0)[:, None]
        sky = np.asarray(self.sky) * (1 - 0.25 * np.clip(way[0], 0, 1))[:, None]
        picture = as_frame((colour * (1 - fog) + sky * fog).reshape(rows, columns, 3))
        picture = picture.repeat(self.COARSE, 0).repeat(self.COARSE, 1)
        return picture[: self.gh, : self.gw]

    def _march(
        self, eye: NDArray[np.float64], way: NDArray[np.float64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
        """Steps all rays from cube to cube; those that have hit are left out of later steps."""
        count = way.shape[1]
        kind, side = np.zeros(count, dtype=np.uint8), np.zeros(count, dtype=np.int64)
        distance = np.full(count, 99.0)
        alive = np.arange(count)
        step, gap = np.sign(way).astype(np.int64), np.abs(1 / way)
        cell = np.repeat(np.floor(eye).astype(np.int64), count, 1)
        reach = np.where(step > 0, cell + 1 - eye, eye - cell) * gap
        for _ in range(36):
            axis = np.argmin(reach, axis=0)
            columns = np.arange(len(alive))
            gone = reach[axis, columns]
            cell[axis, columns] += step[axis, columns]
            reach[axis, columns] += gap[axis, columns]
            inside = np.all((cell >= 0) & (cell < [[self.TALL], [self.SIDE], [self.SIDE]]), axis=0)
            block = self.blocks[tuple(np.where(inside, cell, 0))] * inside
            hit = block > 0
            kind[alive[hit]], side[alive[hit]], distance[alive[hit]] = (
                block[hit],
                axis[hit],
                gone[hit],
            )
            keep = ~hit & (inside | (cell[0] >= self.TALL) & (way[0, alive] < 0))
            alive, step, gap, cell, reach = (
                alive[keep],
                step[:, keep],
                gap[:, keep],
                cell[:, keep],
                reach[:, keep],
            )
            if len(alive) == 0:
                break
        return kind, distance, side, eye + way * distance

    def _overlay(self, canvas: Canvas, time: float) -> None:
        g, middle = self.g, self.gw / 2
        size = max(3, round(self.gw * 0.055))
        left = middle - 4.5 * size
        for index, item in enumerate(self.items):
            x = left + index * size
            chosen = index == int(time) % 9
            canvas.rect(
                x,
                self.gh - size - 1,
                size,
                size,
                (60, 60, 60),
                WHITE if chosen else (120, 120, 120),
            )
            canvas.paste(scaled_sprite(item, size * 0.6), x + size * 0.2, self.gh - size * 0.8 - 1)
        canvas.line([(middle - g * 3, self.gh / 2), (middle + g * 3, self.gh / 2)], WHITE, 1)
        canvas.line([(middle, self.gh / 2 - g * 3), (middle, self.gh / 2 + g * 3)], WHITE, 1)
        swing = g * 5 * abs(wave(time, 0.8))
        canvas.polygon(
            [
                (self.gw, self.gh - g * 38 + swing),
                (self.gw - g * 16, self.gh - g * 26 + swing),
                (self.gw - g * 8, self.gh),
                (self.gw, self.gh),
            ],
            (224, 172, 125),
            (150, 105, 75),
            1,
        )


def maximum_near(heights: NDArray[np.int64]) -> NDArray[np.int64]:
    """The largest height within one cell, so that an eye above it is in no hill."""
    padded = np.pad(heights, 1, mode="edge")
    size = heights.shape[0]
    shifted = [padded[i : i + size, j : j + size] for i in range(3) for j in range(3)]
    return np.asarray(np.max(shifted, axis=0))
