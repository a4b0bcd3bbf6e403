"""Puzzle games: falling blocks and gems."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vidkind.dataset.synthesize.drawing.canvas import WHITE, Canvas, gradient, star_points
from vidkind.dataset.synthesize.drawing.stage import Colour, Point, darker, ease, hsv, lighter
from vidkind.dataset.synthesize.gaming.game import GameScene

PIECES = (
    ((0, 0), (0, 1), (0, 2), (0, 3)),
    ((0, 0), (0, 1), (1, 0), (1, 1)),
    ((0, 0), (0, 1), (0, 2), (1, 1)),
    ((0, 0), (0, 1), (1, 1), (1, 2)),
    ((0, 1), (0, 2), (1, 0), (1, 1)),
    ((0, 0), (1, 0), (1, 1), (1, 2)),
    ((0, 2), (1, 0), (1, 1), (1, 2)),
)


Cells = tuple[tuple[int, int], ...]
Board = NDArray[np.int64]
"""Kind of block in each cell of a well, -1 where it is empty; int64 [rows, columns]."""


class FallingBlocks(GameScene):
    """Blocks of four fall into a well, are turned and pile up; full rows flash and go."""

    def begin(self) -> None:
        """Plays the whole game ahead: every board and every landing."""
        self.rows, self.columns = 20, 10
        self.cell = self.gh / 21.5
        self.left = (
            (self.gw - self.cell * self.columns) / 2
            if self.gw < self.gh * 1.2
            else self.gw * self.uniform(0.15, 0.4)
        )
        hue = self.uniform(0, 1)
        self.colours = [hsv(hue + i / 7, 0.75, 0.95) for i in range(7)]
        self.pace = self.uniform(0.5, 0.9)
        board = np.full((self.rows, self.columns), -1)
        for row in range(int(self.rng.integers(8, 17)), self.rows):
            filled = self.rng.random(self.columns) < 0.8
            filled[int(self.rng.integers(self.columns))] = False
            board[row, filled] = self.rng.integers(0, 7, int(filled.sum()))
        self.moves = []
        for _ in range(int(self.stage.seconds / self.pace) + 2):
            kind, cells, row, column = self._place(board)
            self.moves.append((board.copy(), kind, cells, row, column))
            board = self._after(board, kind, cells, row, column)
        base = self.colour(value=(0.1, 0.5))
        self.back = gradient(self.gw, self.gh, (darker(base, 0.5), base))

    def _place(self, board: Board) -> tuple[int, Cells, int, int]:
        """A random piece where it lands lowest."""
        kind = int(self.rng.integers(7))
        best: tuple[float, Cells, int, int] = (-99.0, PIECES[kind], 0, 0)
        for cells in _turns(PIECES[kind]):
            for column in range(self.columns - max(c for _, c in cells)):
                row = self._landing(board, cells, column)
                score = row + sum(r for r, _ in cells) / 4 + self.uniform(0, 0.5)
                best = max(best, (score, cells, row, column), key=lambda option: option[0])
        return (kind, *best[1:])

    def _landing(self, board: Board, cells: Cells, column: int) -> int:
        row = 0
        while all(row + 1 + r < self.rows and board[row + 1 + r, column + c] < 0 for r, c in cells):
            row += 1
        return row

    def _after(
        self,
        board: Board,
        kind: int,
        cells: Cells,
        row: int,
        column: int,
    ) -> Board:
        board = board.copy()
        for r, c in cells:
            board[row + r, column + c] = kind
        kept = board[(board < 0).any(axis=1)]
        empty = np.full((self.rows - len(kept), self.columns), -1)
        return np.concatenate([empty, kept])

    def play(self, time: float) -> Canvas:
        """Well, board, the falling piece, the next one."""
        back = self.back if self.zoom > 1 else self.back.resize((self.gw * 2, self.gh * 2))
        canvas = Canvas.over(back, 1 if self.zoom > 1 else 2)
        top = self.cell * 0.8
        canvas.rect(
            self.left - 2,
            top - 2,
            self.cell * self.columns + 4,
            self.cell * self.rows + 4,
            (10, 10, 16),
            (200, 200, 210),
            max(1, self.g),
        )
        index = min(int(time / self.pace), len(self.moves) - 2)
        board, kind, cells, row, column = self.moves[index]
        for (r, c), colour in np.ndenumerate(board):
            if colour >= 0:
                self._block(
                    canvas, self.left + c * self.cell, top + r * self.cell, self.colours[colour]
                )
        share = min((time / self.pace - index) * 1.15, 1.0)
        start = (self.columns - 3) / 2
        across = round(start + (column - start) * min(share * 2, 1))
        for r, c in cells:
            self._block(
                canvas,
                self.left + (across + c) * self.cell,
                top + (int(row * share) + r) * self.cell,
                self.colours[kind],
            )
        self._next(canvas, self.moves[index + 1])
        return canvas

    def _next(self, canvas: Canvas, move: tuple[object, int, Cells, int, int]) -> None:
        x = self.left + self.cell * (self.columns + 1)
        canvas.rect(
            x,
            self.cell * 4,
            self.cell * 5,
            self.cell * 4,
            (10, 10, 16),
            (200, 200, 210),
            max(1, self.g),
        )
        canvas.text(x, self.cell * 2.4, "NEXT", WHITE, max(self.cell * 1.2, 6), "bold")
        for r, c in PIECES[move[1]]:
            self._block(
                canvas, x + (c + 0.6) * self.cell, (r + 5) * self.cell, self.colours[move[1]]
            )

    def _block(self, canvas: Canvas, x: float, y: float, colour: Colour) -> None:
        size = self.cell
        canvas.rect(x, y, size, size, colour, darker(colour, 0.5))
        canvas.rect(x + size * 0.12, y + size * 0.1, size * 0.76, size * 0.16, lighter(colour, 0.5))


def _turns(cells: Cells) -> list[Cells]:
    turned = [cells]
    for _ in range(3):
        highest = max(r for r, _ in turned[-1])
        turned.append(tuple((c, highest - r) for r, c in turned[-1]))
    return turned


class Gems(GameScene):
    """A board of shining gems; threes are marked, vanish, and the rest falls down."""

    hud_bars = False

    def begin(self) -> None:
        """Fills the board and plans which threes vanish."""
        self.count = int(self.rng.integers(6, 9))
        self.cell = min(self.gw, self.gh) * 0.86 / self.count
        self.left, self.top = (
            (self.gw - self.cell * self.count) / 2,
            (self.gh - self.cell * self.count) / 2 + self.g * 4,
        )
        self.board = self.rng.integers(0, 6, (self.count, self.count))
        hue = self.uniform(0, 1)
        self.colours = [hsv(hue + i / 6, 0.85, 0.95) for i in range(6)]
        self.pace = self.uniform(0.7, 1.1)
        self.round = 0
        self.spot = self._spot()
        base = self.colour(value=(0.2, 0.7))
        scale = 1 if self.zoom > 1 else 2
        self.back = gradient(
            self.gw * scale, self.gh * scale, (darker(base), lighter(base, 0.3), darker(base)), 0.1
        )

    def _spot(self) -> tuple[int, int]:
        return int(self.rng.integers(1, self.count)), int(self.rng.integers(0, self.count - 2))

    def play(self, time: float) -> Canvas:
        """The board; the chosen three shrink, then columns above them fall."""
        while time > (self.round + 1) * self.pace:
            row, column = self.spot
            self.board[1 : row + 1, column : column + 3] = self.board[:row, column : column + 3]
            self.board[0, column : column + 3] = self.rng.integers(0, 6, 3)
            self.round, self.spot = self.round + 1, self._spot()
        canvas = Canvas.over(self.back, 1 if self.zoom > 1 else 2)
        side = self.cell * self.count
        canvas.rect(
            self.left - self.g,
            self.top - self.g,
            side + 2 * self.g,
            side + 2 * self.g,
            (0, 0, 0, 120),
            (255, 240, 200),
            max(1, self.g),
        )
        share = time / self.pace - self.round
        row, column = self.spot
        for (r, c), kind in np.ndenumerate(self.board):
            inside = column <= c < column + 3
            size, drop = 1.0, 0.0
            if inside and r == row:
                size = 1 - ease((share - 0.3) / 0.3)
            elif inside and r < row:
                drop = ease((share - 0.65) / 0.35) * self.cell
            place = (self.left + (c + 0.5) * self.cell, self.top + (r + 0.5) * self.cell + drop)
            if size > 0.05:
                self._gem(canvas, place, int(kind), self.cell * 0.42 * size)
        if share < 0.6:
            canvas.rect(
                self.left + column * self.cell,
                self.top + row * self.cell,
                self.cell * 3,
                self.cell,
                None,
                WHITE,
                max(1, self.g),
            )
        return canvas

    def _gem(self, canvas: Canvas, place: Point, kind: int, r: float) -> None:
        x, y = place
        colour, edge = self.colours[kind], darker(self.colours[kind], 0.45)
        if kind == 0:
            canvas.ellipse(x, y, r, r, colour, edge, max(1, r * 0.12))
        elif kind == 1:
            canvas.rect(x - r, y - r, r * 2, r * 2, colour, edge, max(1, r * 0.12), r * 0.4)
        else:
            tips, inner = {2: (4, 0.72), 3: (3, 0.5), 4: (6, 0.87), 5: (5, 0.5)}[kind]
            canvas.polygon(
                star_points(x, y, r * 1.1, r * 1.1 * inner, tips), colour, edge, max(1, r * 0.12)
            )
        canvas.ellipse(x - r * 0.25, y - r * 0.35, r * 0.35, r * 0.2, lighter(colour, 0.65))
