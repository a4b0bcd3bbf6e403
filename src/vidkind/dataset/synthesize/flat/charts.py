"""Flat content that shows numbers: charts that grow, dashboards of many panels."""

from __future__ import annotations

import math

import numpy as np

from vidkind.dataset.synthesize.drawing.canvas import Canvas
from vidkind.dataset.synthesize.drawing.stage import Frame, Point, Scene, ease, hsv, mix
from vidkind.dataset.synthesize.drawing.text import Writer
from vidkind.dataset.synthesize.flat.screen import Pointer, Theme, random_theme

Box = tuple[float, float, float, float]


class Chart:
    """One chart with its own numbers: bars, lines, areas, points, a pie or a heat map."""

    KINDS = ("bars", "columns", "lines", "area", "scatter", "pie", "heat")

    def __init__(self, scene: Scene, theme: Theme, kind: str | None = None) -> None:
        self.theme = theme
        self.kind = kind or scene.pick(self.KINDS)
        self.count = int(scene.rng.integers(4, 12))
        self.values = scene.rng.uniform(0.15, 1, self.count)
        steps = scene.rng.normal(0, 1, (3, 60)).cumsum(axis=1)
        self.lines = (steps - steps.min()) / max(float(np.ptp(steps)), 1e-6)
        self.points = scene.rng.normal(0.5, 0.17, (70, 2)).clip(0, 1)
        self.grid = scene.rng.random((7, 10))
        hue, spread = scene.uniform(0, 1), scene.uniform(0.3, 1)
        self.colours = [hsv(hue + spread * i / self.count, 0.65, 0.85) for i in range(self.count)]
        if scene.chance(0.4):
            self.colours = [theme.accent] * self.count
        if self.kind == "pie":
            self.colours = [hsv(hue + i / self.count, 0.6, 0.85) for i in range(self.count)]
        writer = Writer(scene.rng)
        self.labels = [writer.words(1, 1)[:6].title() for _ in range(self.count)]
        self.title = writer.title(2, 4)
        self.span = 0.0
        self.smooth = scene.uniform(0.4, 1)

    def draw(self, canvas: Canvas, box: Box, grown: float, unit: float | None = None) -> None:
        """Draws the chart into a box; ``grown`` 0..1 is how much of it is there."""
        x, y, w, h = box
        size = unit or min(w, h) / 14
        canvas.text(x + w / 2, y, self.title, self.theme.text, size * 1.3, "bold", "ma", w)
        inner = (x + size * 2.2, y + size * 2.4, w - size * 3, h - size * 4.2)
        if self.kind not in ("pie", "heat"):
            self._axes(canvas, inner, size)
        painters = {
            "bars": self._bars,
            "columns": self._columns,
            "lines": self._lines,
            "area": self._area,
            "scatter": self._scatter,
            "pie": self._pie,
            "heat": self._heat,
        }
        painters[self.kind](canvas, inner, grown, size)

    def _axes(self, canvas: Canvas, box: Box, size: float) -> None:
        x, y, w, h = box
        for step in range(5):
            level = y + h * step / 4
            canvas.rect(x, level, w, 1, self.theme.border)
            canvas.text(
                x - size * 0.3,
                level,
                str(100 - 25 * step),
                self.theme.muted,
                size * 0.8,
                "sans",
                "rm",
            )
        canvas.rect(x, y, 1, h, self.theme.text)
        canvas.rect(x, y + h, w, 1, self.theme.text)

    def _label(self, canvas: Canvas, index: int, x: float, y: float, size: float) -> None:
        canvas.text(x, y, self.labels[index], self.theme.muted, size * 0.8, "sans", "ma", self.span)

    def _columns(self, canvas: Canvas, box: Box, grown: float, size: float) -> None:
        x, y, w, h = box
        step = self.span = w / self.count
        for index, value in enumerate(self.values):
            height = h * value * ease(grown * 1.6 - 0.6 * index / self.count)
            left = x + step * (index + 0.15)
            canvas.rect(left, y + h - height, step * 0.7, height, self.colours[index])
            self._label(canvas, index, left + step * 0.35, y + h + size * 0.3, size)

    def _bars(self, canvas: Canvas, box: Box, grown: float, size: float) -> None:
        x, y, w, h = box
        step = h / self.count
        for index, value in enumerate(sorted(self.values, reverse=True)):
            width = w * value * (0.3 + 0.7 * grown * self.smooth)
            top = y + step * (index + 0.12)
            canvas.rect(x, top, width, step * 0.76, self.colours[index])
            canvas.text(
                x + width + 3,
                top + step * 0.38,
                f"{value * grown * 900:,.0f}",
                self.theme.text,
                min(size, step * 0.7),
                "sans",
                "lm",
            )
            canvas.text(
                x + 3,
                top + step * 0.38,
                self.labels[index],
                self.theme.page,
                min(size, step * 0.7),
                "sans",
                "lm",
            )

    def _curve(self, row: int, box: Box, grown: float) -> list[Point]:
        x, y, w, h = box
        count = max(2, int(60 * grown))
        return [(x + w * i / 59, y + h - h * float(self.lines[row, i])) for i in range(count)]

    def _lines(self, canvas: Canvas, box: Box, grown: float, size: float) -> None:
        for row in range(1 + self.count % 3):
            colour = (self.theme.accent, self.theme.second, self.theme.muted)[row]
            points = self._curve(row, box, grown)
            canvas.line(points, colour, max(size * 0.25, 1))
            canvas.ellipse(*points[-1], size * 0.4, size * 0.4, colour)

    def _area(self, canvas: Canvas, box: Box, grown: float, size: float) -> None:
        x, y, _, h = box
        for row in range(2):
            colour = (self.theme.accent, self.theme.second)[row]
            points = self._curve(row, box, grown)
            outline = [(x, y + h), *points, (points[-1][0], y + h)]
            canvas.polygon(outline, (*colour[:3], 120))
            canvas.line(points, colour, max(size * 0.2, 1))

    def _scatter(self, canvas: Canvas, box: Box, grown: float, size: float) -> None:
        x, y, w, h = box
        for index in range(int(len(self.points) * grown)):
            px, py = self.points[index]
            colour = (*self.colours[index % self.count][:3], 190)
            canvas.ellipse(x + w * px, y + h * py, size * 0.35, size * 0.35, colour)

    def _pie(self, canvas: Canvas, box: Box, grown: float, size: float) -> None:
        x, y, w, h = box
        shares = np.cumsum(self.values / self.values.sum()) * grown
        start = -0.25
        for index, share in enumerate(shares):
            end = float(share) - 0.25
            canvas.sector(
                x + w * 0.35, y + h / 2, min(w, h) * 0.48, start, end, self.colours[index]
            )
            top = y + h * (index + 0.3) / self.count
            canvas.rect(x + w * 0.76, top, size * 0.8, size * 0.8, self.colours[index])
            canvas.text(
                x + w * 0.76 + size * 1.2, top, self.labels[index], self.theme.text, size * 0.8
            )
            start = end
        if self.smooth > 0.7:
            canvas.ellipse(x + w * 0.35, y + h / 2, h * 0.22, h * 0.22, self.theme.page)

    def _heat(self, canvas: Canvas, box: Box, grown: float, size: float) -> None:
        x, y, w, h = box
        rows, columns = self.grid.shape
        for row in range(rows):
            for column in range(columns):
                value = self.grid[row, column] * (0.5 + 0.5 * math.sin(grown * 5 + row + column))
                colour = mix(self.theme.page, self.theme.accent, 0.1 + 0.9 * abs(value))
                canvas.rect(
                    x + w * column / columns,
                    y + h * row / rows,
                    w / columns - 1,
                    h / rows - 1,
                    colour,
                )


class GrowingChart(Scene):
    """One large chart that builds up, as in a presentation or a bar-chart race."""

    def setup(self) -> None:
        """Chooses theme, chart and pace."""
        self.theme = random_theme(self, 0.3)
        self.chart = Chart(self, self.theme)
        self.size = self.unit * self.uniform(3.6, 5.2)
        self.time = self.stage.seconds * self.uniform(0.5, 1.0)
        self.scale = self.pick((1, 2))
        self.pointer = Pointer(self)

    def draw(self, time: float) -> Frame:
        """The chart as grown as the time says."""
        canvas = Canvas(self.w, self.h, self.theme.page, self.scale)
        margin = self.unit * 4
        box = (margin, margin, self.w - 2 * margin, self.h - 2 * margin)
        self.chart.draw(canvas, box, min(0.05 + time / max(self.time, 0.1), 1.0), self.size)
        self.pointer.draw(canvas, time)
        return canvas.array()


class Dashboard(Scene):
    """Panels with figures and small charts that are updated now and then."""

    def setup(self) -> None:
        """Lays out the panels."""
        self.theme = random_theme(self, 0.5)
        self.writer = Writer(self.rng)
        self.title = self.writer.title(2, 3)
        kinds = ("columns", "lines", "area", "pie", "heat", "scatter")
        self.columns, self.rows = int(self.rng.integers(2, 4)), int(self.rng.integers(2, 3))
        self.charts = [
            Chart(self, self.theme, self.pick(kinds)) for _ in range(self.columns * self.rows)
        ]
        self.figures = [(self.writer.words(1, 1).title(), self.uniform(10, 900)) for _ in range(4)]
        self.speed = self.uniform(0.1, 0.5)
        self.pointer = Pointer(self)

    def draw(self, time: float) -> Frame:
        """Side bar, key figures, panels."""
        theme, u = self.theme, self.unit
        canvas = Canvas(self.w, self.h, theme.panel, 1)
        canvas.rect(0, 0, self.w, u * 9, theme.page)
        canvas.text(u * 3, u * 2, self.title, theme.text, u * 4.5, "bold")
        canvas.ellipse(self.w - u * 5, u * 4.5, u * 2.6, u * 2.6, theme.accent)
        width = self.w / 4
        for index, (name, value) in enumerate(self.figures):
            self._figure(
                canvas, (index * width, u * 11, width, u * 18), name, value, int(time * 3) + index
            )
        top = u * 31
        w, h = self.w / self.columns, (self.h - top) / self.rows
        for index, chart in enumerate(self.charts):
            x, y = index % self.columns * w + u, top + index // self.columns * h
            canvas.rect(x, y, w - u * 2, h - u * 2, theme.page, theme.border, 1, u)
            box = (x + u, y + u, w - u * 4, h - u * 4)
            chart.draw(canvas, box, min(0.55 + self.speed * time, 1), max(u * 2.6, 5))
        self.pointer.draw(canvas, time)
        return canvas.array()

    def _figure(self, canvas: Canvas, box: Box, name: str, value: float, tick: int) -> None:
        x, y, w, h = box
        theme, u = self.theme, self.unit
        canvas.rect(x + u, y, w - u * 2, h - u * 2, theme.page, theme.border, 1, u)
        canvas.text(x + u * 2.5, y + u * 1.5, name, theme.muted, u * 3)
        number = f"{value * (1 + 0.05 * math.sin(tick)):,.1f}"
        canvas.text(x + u * 2.5, y + u * 6, number, theme.accent, u * 5.5, "bold")
