"""Flat content that is drawn: diagrams of boxes and arrows, whiteboards."""

from __future__ import annotations

import math

import numpy as np

from vidkind.dataset.synthesize.drawing.canvas import WHITE, Canvas
from vidkind.dataset.synthesize.drawing.stage import Frame, Point, Scene, ease, lighter
from vidkind.dataset.synthesize.drawing.text import Writer
from vidkind.dataset.synthesize.flat.screen import Pointer, random_theme, window_frame


class Diagram(Scene):
    """Boxes and arrows that come in one after the other."""

    def setup(self) -> None:
        """Places boxes on a loose grid and joins neighbours."""
        self.theme = random_theme(self, 0.25)
        self.writer = Writer(self.rng)
        columns, rows = int(self.rng.integers(3, 5)), int(self.rng.integers(2, 4))
        self.size = (self.w / columns * 0.62, self.h / rows * 0.4)
        self.boxes = [
            (
                (column + 0.5) / columns * self.w + self.uniform(-2, 2) * self.unit,
                (row + 0.5) / rows * self.h + self.uniform(-2, 2) * self.unit,
                self.writer.words(1, 1).title(),
                self.pick(("rect", "round", "oval")),
                self.pick((self.theme.accent, self.theme.second, self.theme.muted)),
            )
            for row in range(rows)
            for column in range(columns)
        ]
        self.links = [(i, i + 1) for i in range(len(self.boxes) - 1) if (i + 1) % columns]
        self.links += [
            (i, i + columns) for i in range(len(self.boxes) - columns) if self.chance(0.5)
        ]
        self.filled = self.chance(0.5)
        self.pointer = Pointer(self)

    def draw(self, time: float) -> Frame:
        """As many parts as the time allows, the last one growing."""
        canvas = Canvas(self.w, self.h, self.theme.page, 2)
        shown = 2 + time / max(self.stage.seconds, 0.1) * len(self.boxes) * 1.2
        for first, second in self.links:
            if second < shown:
                self._arrow(
                    canvas, self.boxes[first][:2], self.boxes[second][:2], ease(shown - second)
                )
        for index, box in enumerate(self.boxes):
            if index < shown:
                self._box(canvas, box, ease(shown - index))
        self.pointer.draw(canvas, time)
        return canvas.array()

    def _box(
        self, canvas: Canvas, box: tuple[float, float, str, str, tuple[int, ...]], grown: float
    ) -> None:
        x, y, text, kind, colour = box
        w, h = self.size[0] * grown, self.size[1] * grown
        fill = lighter(colour, 0.6) if self.filled else self.theme.page
        ink = (30, 30, 30) if self.filled else self.theme.text
        if kind == "oval":
            canvas.ellipse(x, y, w / 2, h / 2, fill, colour, self.unit * 0.7)
        else:
            radius = h * 0.25 if kind == "round" else 0
            canvas.rect(x - w / 2, y - h / 2, w, h, fill, colour, self.unit * 0.7, radius)
        if grown > 0.9:
            canvas.text(x, y, text, ink, min(self.unit * 5, w * 0.16), "sans", "mm")

    def _arrow(self, canvas: Canvas, start: Point, end: Point, share: float) -> None:
        dx, dy = end[0] - start[0], end[1] - start[1]
        length = math.hypot(dx, dy)
        reach = self.size[0] / 2 if abs(dx) > abs(dy) else self.size[1] / 2
        ux, uy = dx / length, dy / length
        tail = (start[0] + ux * reach, start[1] + uy * reach)
        span = max(length - 2 * reach, 1) * share
        tip = (tail[0] + ux * span, tail[1] + uy * span)
        canvas.line([tail, tip], self.theme.muted, self.unit * 0.6)
        wing = self.unit * 2
        left = (tip[0] - ux * wing - uy * wing * 0.6, tip[1] - uy * wing + ux * wing * 0.6)
        right = (tip[0] - ux * wing + uy * wing * 0.6, tip[1] - uy * wing - ux * wing * 0.6)
        canvas.polygon([tip, left, right], self.theme.muted)


class Whiteboard(Scene):
    """A drawing program: strokes and hand-written looking words appear on white."""

    def setup(self) -> None:
        """Plans strokes as noisy curves."""
        self.theme = random_theme(self, 0.1)
        self.writer = Writer(self.rng)
        inks = [(30, 30, 30), (200, 40, 40), (30, 80, 190), (30, 130, 60)]
        self.strokes = [(self._stroke(), self.pick(inks)) for _ in range(16)]
        self.words = [
            (
                self.uniform(0.1, 0.7) * self.w,
                self.uniform(0.2, 0.85) * self.h,
                self.writer.words(1, 2),
                self.pick(inks),
            )
            for _ in range(4)
        ]
        self.width = self.unit * self.uniform(0.6, 1.4)
        self.title = self.writer.file()
        self.tools = [self.colour() for _ in range(9)]

    def _stroke(self) -> list[Point]:
        turn = np.linspace(0, self.uniform(0.5, 1.05), 40) * 2 * np.pi
        x, y = self.uniform(0.15, 0.85) * self.w, self.uniform(0.25, 0.85) * self.h
        rx, ry = self.uniform(4, 18) * self.unit, self.uniform(3, 14) * self.unit
        if self.chance(0.4):
            reach = np.linspace(-1, 1, 40) * rx * 1.5
            points = np.stack([x + reach, y + ry * 0.3 * np.sin(turn * 2)], -1)
        else:
            points = np.stack([x + rx * np.cos(turn), y + ry * np.sin(turn)], -1)
        points = points + np.cumsum(self.rng.normal(0, 0.15 * self.unit, (40, 2)), axis=0)
        return [(float(px), float(py)) for px, py in points]

    def draw(self, time: float) -> Frame:
        """Strokes so far; the pen is at the end of the last one."""
        canvas = Canvas(self.w, self.h, WHITE, 2)
        bar = window_frame(canvas, self, self.theme, (0, 0, self.w, self.h), self.title)
        for index, colour in enumerate(self.tools):
            canvas.rect(
                self.unit * (2 + 6 * index),
                bar + self.unit,
                self.unit * 4.5,
                self.unit * 4.5,
                colour,
            )
        shown = 3 + time / max(self.stage.seconds, 0.1) * (len(self.strokes) - 4)
        for index, (stroke, colour) in enumerate(self.strokes):
            share = min(max(shown - index, 0.0), 1.0)
            if share > 0:
                canvas.line(stroke[: max(2, int(len(stroke) * share))], colour, self.width)
        for index, (x, y, text, colour) in enumerate(self.words):
            letters = int((shown - index * 3) * 5)
            canvas.text(x, y, text[: max(letters, 0)], colour, self.unit * 7, "italic")
        return canvas.array()
