"""Mazes, how they are carved and walked, and the game of dots and ghosts in one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vidkind.dataset.synthesize.drawing.canvas import BLACK, Canvas
from vidkind.dataset.synthesize.drawing.stage import Colour, Scene, darker, lighter, wave
from vidkind.dataset.synthesize.gaming.game import GameScene

Grid = NDArray[np.bool_]
"""bool [rows, columns]: True where one can walk."""


class DotMaze(GameScene):
    """A maze of dots with an eater and ghosts; or a snake on a grid."""

    pixelated = None

    def begin(self) -> None:
        """Carves the maze and plans the walks."""
        self.rows = int(self.rng.integers(9, 15)) | 1
        self.columns = max(9, int(self.rows * self.gw / self.gh)) | 1
        self.cell = min(self.gw / self.columns, self.gh / self.rows)
        self.left, self.top = (
            (self.gw - self.cell * self.columns) / 2,
            (self.gh - self.cell * self.rows) / 2,
        )
        self.ink, self.paper = (
            self.colour(saturation=(0.7, 1)),
            self.pick([BLACK, (15, 15, 40), (30, 20, 20)]),
        )
        self.open = carve(self, self.rows, self.columns, loops=0.25)
        self.walks = [walk(self, self.open, 120) for _ in range(5)]
        self.colours: list[Colour] = [
            (255, 230, 40),
            *[self.colour(saturation=(0.7, 1), value=(0.85, 1)) for _ in range(4)],
        ]
        self.speed = self.uniform(4, 8)
        self.solid = self.chance(0.5)
        self.snake = self.chance(0.3)

    def play(self, time: float) -> Canvas:
        """Walls, dots not yet eaten, the walkers."""
        canvas = self.new_canvas(self.paper)
        eaten = {self.walks[0][i] for i in range(min(int(time * self.speed) + 1, 120))}
        for (row, column), free in np.ndenumerate(self.open):
            x, y = self.left + column * self.cell, self.top + row * self.cell
            if not free and self.solid:
                canvas.rect(x, y, self.cell, self.cell, darker(self.ink, 0.3), self.ink, 1)
            elif not free:
                canvas.rect(
                    x + 1,
                    y + 1,
                    self.cell - 2,
                    self.cell - 2,
                    None,
                    self.ink,
                    max(1, self.g * 0.8),
                    self.cell / 3,
                )
            elif (row, column) not in eaten:
                size = self.cell * (0.22 if (row * 7 + column) % 23 == 0 else 0.09)
                canvas.ellipse(x + self.cell / 2, y + self.cell / 2, size, size, (255, 220, 190))
        if self.snake:
            for back in range(12):
                x, y = self._place(0, max(time - back / self.speed, 0))
                canvas.ellipse(
                    x, y, self.cell * 0.42, self.cell * 0.42, lighter((40, 180, 60), back / 30)
                )
            return canvas
        for index in range(1, 5):
            self._ghost(canvas, self._place(index, time * 0.8), self.colours[index])
        x, y = self._place(0, time)
        jaw = 0.12 * abs(wave(time, 0.35))
        canvas.sector(x, y, self.cell * 0.45, jaw, 1 - jaw, self.colours[0])
        return canvas

    def _place(self, index: int, time: float) -> tuple[float, float]:
        steps = self.walks[index]
        place = min(time * self.speed, len(steps) - 2)
        share = place - int(place)
        (ay, ax), (by, bx) = steps[int(place)], steps[int(place) + 1]
        x, y = ax + (bx - ax) * share, ay + (by - ay) * share
        return (self.left + (x + 0.5) * self.cell, self.top + (y + 0.5) * self.cell)

    def _ghost(self, canvas: Canvas, place: tuple[float, float], colour: Colour) -> None:
        x, y = place
        r = self.cell * 0.42
        canvas.ellipse(x, y - r * 0.1, r, r, colour)
        canvas.rect(x - r, y - r * 0.1, r * 2, r, colour)
        for side in (-1, 1):
            canvas.ellipse(x + side * r * 0.4, y - r * 0.2, r * 0.28, r * 0.34, (255, 255, 255))
            canvas.ellipse(
                x + side * r * 0.4 + r * 0.1, y - r * 0.15, r * 0.13, r * 0.16, (30, 40, 160)
            )


def carve(scene: Scene, rows: int, columns: int, loops: float) -> Grid:
    """A maze: True where one can walk; ``loops`` is the share of walls opened afterwards.

    Source: depth-first maze generation (recursive backtracker), Buck, "Mazes for Programmers".
    """
    opened = np.zeros((rows, columns), dtype=bool)
    stack = [(1, 1)]
    opened[1, 1] = True
    while stack:
        row, column = stack[-1]
        ways = [
            (dy, dx)
            for dy, dx in ((0, 2), (2, 0), (0, -2), (-2, 0))
            if 0 < row + dy < rows - 1
            and 0 < column + dx < columns - 1
            and not opened[row + dy, column + dx]
        ]
        if not ways:
            stack.pop()
            continue
        dy, dx = scene.pick(ways)
        opened[row + dy // 2, column + dx // 2] = opened[row + dy, column + dx] = True
        stack.append((row + dy, column + dx))
    extra = scene.rng.random((rows, columns)) < loops
    extra[[0, -1]] = extra[:, [0, -1]] = False
    grid = np.add.outer(np.arange(rows), np.arange(columns)) % 2 == 1
    return np.asarray(opened | (extra & grid))


def walk(scene: Scene, opened: Grid, steps: int) -> list[tuple[int, int]]:
    """A walk through open cells that turns back only at dead ends."""
    cells = np.argwhere(opened)
    row, column = (int(v) for v in cells[int(scene.rng.integers(len(cells)))])
    path, last = [(row, column)], (0, 0)
    for _ in range(steps):
        ways = [
            (dy, dx)
            for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0))
            if opened[row + dy, column + dx] and (dy, dx) != (-last[0], -last[1])
        ]
        last = scene.pick(ways) if ways else (-last[0], -last[1])
        row, column = row + last[0], column + last[1]
        path.append((row, column))
    return path
