"""Flat content as graphics: maps that pan and zoom, posters, moving typography."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from vidkind.dataset.synthesize.drawing.canvas import WHITE, Canvas, gradient, star_points
from vidkind.dataset.synthesize.drawing.noise import fractal
from vidkind.dataset.synthesize.drawing.stage import (
    Colour,
    Frame,
    Scene,
    darker,
    ease,
    hsv,
    lighter,
    mix,
)
from vidkind.dataset.synthesize.drawing.text import Writer
from vidkind.dataset.synthesize.flat.screen import Pointer, random_theme

MAP_STYLES: tuple[tuple[Colour, Colour, Colour, Colour], ...] = (
    ((170, 211, 223), (242, 239, 233), (200, 223, 175), (255, 255, 255)),
    ((30, 40, 55), (48, 58, 74), (40, 66, 62), (90, 104, 124)),
    ((212, 218, 220), (246, 246, 244), (226, 232, 224), (196, 196, 196)),
    ((110, 170, 210), (250, 240, 210), (215, 225, 160), (240, 170, 90)),
)


class MapView(Scene):
    """A flat map with coast, roads, labels and pins; it pans and zooms; or regions by value."""

    def setup(self) -> None:
        """Draws a map larger than the view."""
        self.writer = Writer(self.rng)
        self.wide, self.tall = round(self.w * 1.7), round(self.h * 1.7)
        style = self.pick(MAP_STYLES)
        self.dark = sum(style[1]) < 384
        self.canvas = Canvas.over(self._land(style), 1)
        self._roads(style[3])
        self._labels()
        self.map = self.canvas.image
        self.path = [
            (self.uniform(0, 0.4), self.uniform(0, 0.4), self.uniform(0.9, 1.5)) for _ in range(2)
        ]
        self.theme = random_theme(self, 0.3)
        self.pointer = Pointer(self)
        self.title = self.writer.title(1, 3)

    def _land(self, style: tuple[Colour, ...]) -> Image.Image:
        field = fractal(self.rng, self.tall, self.wide, self.unit * self.uniform(40, 90), 6)
        if self.chance(0.3):
            table = [
                mix(style[1], hsv(self.uniform(0, 1), 0.7, 0.6), s) for s in np.linspace(0, 1, 7)
            ]
            return Image.fromarray(np.asarray(table, dtype=np.uint8)[(field * 6.99).astype(int)])
        level = self.uniform(0.3, 0.5)
        kinds = (field > level).astype(int) + (field > level + 0.22)
        return Image.fromarray(np.asarray(style[:3], dtype=np.uint8)[kinds])

    def _roads(self, colour: Colour) -> None:
        for index in range(16):
            x, y = self.uniform(0, self.wide), self.uniform(0, self.tall)
            angle = self.pick((0, 0.5)) * math.pi + self.uniform(-0.3, 0.3)
            points = []
            for _ in range(30):
                points.append((x, y))
                angle += self.uniform(-0.12, 0.12)
                x, y = x + math.cos(angle) * self.unit * 8, y + math.sin(angle) * self.unit * 8
            width = self.unit * (1.6 if index < 4 else 0.7)
            if index < 4:
                self.canvas.line(points, darker(colour, 0.25), width * 1.6)
            self.canvas.line(
                points, (245, 200, 110) if index < 2 and not self.dark else colour, width
            )

    def _labels(self) -> None:
        ink = (220, 225, 235) if self.dark else (70, 70, 80)
        for _ in range(26):
            place = (self.uniform(0, self.wide), self.uniform(0, self.tall))
            self.canvas.text(
                *place,
                self.writer.words(1, 2).title(),
                ink,
                self.unit * self.uniform(2.5, 5),
                "sans",
                "mm",
            )
        for _ in range(9):
            x, y = self.uniform(0, self.wide), self.uniform(0, self.tall)
            size, colour = (
                self.unit * 2.4,
                self.pick([(220, 50, 50), (40, 110, 220), (30, 150, 80)]),
            )
            self.canvas.polygon(
                [(x, y), (x - size, y - size * 1.8), (x + size, y - size * 1.8)], colour
            )
            self.canvas.ellipse(x, y - size * 2.1, size, size, colour)
            self.canvas.ellipse(x, y - size * 2.1, size * 0.4, size * 0.4, WHITE)

    def draw(self, time: float) -> Frame:
        """One smooth move from a first to a second view, buttons on top."""
        share = ease(time / max(self.stage.seconds, 0.1))
        (ax, ay, az), (bx, by, bz) = self.path
        zoom = az + (bz - az) * share
        x, y = (ax + (bx - ax) * share) * self.w, (ay + (by - ay) * share) * self.h
        box = (x, y, x + self.w / zoom, y + self.h / zoom)
        view = self.map.resize((self.w, self.h), Image.Resampling.BILINEAR, box)
        canvas = Canvas.over(view, 1)
        u = self.unit
        for index, sign in enumerate("+-"):
            canvas.rect(self.w - u * 10, u * (3 + 8 * index), u * 7, u * 7, WHITE, (180, 180, 180))
            canvas.text(
                self.w - u * 6.5, u * (6.5 + 8 * index), sign, (60, 60, 60), u * 6, "bold", "mm"
            )
        canvas.rect(u * 3, u * 3, u * 40, u * 8, WHITE, (180, 180, 180), 1, u * 2)
        canvas.text(u * 6, u * 7, self.title, (60, 60, 60), u * 3.8, "sans", "lm")
        self.pointer.draw(canvas, time)
        return canvas.array()


class Poster(Scene):
    """A poster or title card: large type and plain shapes that come to rest."""

    def setup(self) -> None:
        """Chooses colours, shapes and words."""
        writer = Writer(self.rng)
        base = self.colour(saturation=(0.2, 0.95), value=(0.2, 1))
        self.base = base
        self.contrast = WHITE if sum(base) < 420 else darker(base, 0.8)
        self.accent = hsv(self.uniform(0, 1), 0.8, 0.95)
        self.lines = [writer.words(1, 2).upper() for _ in range(int(self.rng.integers(1, 4)))]
        self.small = writer.sentence(4, 8)
        self.shapes = [
            (
                self.pick(("disc", "ring", "bar", "star", "triangle")),
                self.uniform(0, 1),
                self.uniform(0, 1),
                self.uniform(0.05, 0.35),
                self.chance(0.5),
            )
            for _ in range(int(self.rng.integers(2, 7)))
        ]
        self.font = self.pick(("bold", "serif-bold", "times", "plain"))
        colours = (base, mix(base, self.accent, 0.4)) if self.chance(0.4) else (base, base)
        self.back = gradient(self.w * 2, self.h * 2, colours, self.uniform(0, 0.25))

    def draw(self, time: float) -> Frame:
        """Shapes slide in, then the words, then all of it holds with a slow drift."""
        canvas = Canvas.over(self.back)
        size = min(self.w, self.h)
        for index, (kind, x, y, extent, first) in enumerate(self.shapes):
            come = ease((time + 0.4 - 0.15 * index) / 0.7)
            place = (
                self.w * (x + (1 - come) * (1 if first else -1)),
                self.h * y + time * self.unit,
            )
            colour = self.accent if first else lighter(self.base, 0.25)
            self._shape(canvas, kind, place, size * extent, colour)
        count = len(self.lines)
        for index, line in enumerate(self.lines):
            come = ease((time - 0.1 - 0.2 * index) / 0.5)
            letter = min(size * 0.2, self.w * 1.35 / max(len(line), 6))
            y = self.h * 0.45 + (index - (count - 1) / 2) * letter * 1.15
            canvas.text(
                self.w / 2 - (1 - come) * self.w,
                y,
                line,
                self.contrast,
                letter,
                self.font,
                "mm",
                self.w * 0.92,
            )
        if time > 0.8:
            canvas.text(
                self.w / 2,
                self.h * 0.86,
                self.small,
                self.contrast,
                size * 0.05,
                "sans",
                "mm",
                self.w * 0.9,
            )
        return canvas.array()

    def _shape(
        self, canvas: Canvas, kind: str, place: tuple[float, float], size: float, colour: Colour
    ) -> None:
        x, y = place
        if kind == "disc":
            canvas.ellipse(x, y, size, size, colour)
        elif kind == "ring":
            canvas.ellipse(x, y, size, size, None, colour, size * 0.25)
        elif kind == "bar":
            canvas.rect(x - size * 2, y, size * 4, size * 0.5, colour)
        elif kind == "star":
            canvas.polygon(star_points(x, y, size, size * 0.5, 5 + int(size) % 8), colour)
        else:
            canvas.polygon([(x, y - size), (x + size, y + size), (x - size, y + size)], colour)


class Typography(Scene):
    """Words that change one after the other in large letters on a plain ground: lyrics, credits."""

    def setup(self) -> None:
        """Chooses the mode: one word at a time, or a list that rolls."""
        self.writer = Writer(self.rng)
        self.theme = random_theme(self, 0.55)
        self.rolling = self.chance(0.4)
        self.words = [self.writer.words(1, 1) for _ in range(60)]
        self.names = [
            f"{self.writer.words(1, 1).title()}   {self.writer.name()}" for _ in range(60)
        ]
        self.pace = self.uniform(0.25, 0.6)
        self.font = self.pick(("bold", "serif", "mono-bold", "plain", "italic"))
        self.upper = self.chance(0.6)

    def draw(self, time: float) -> Frame:
        """The current word, or the roll."""
        canvas = Canvas(self.w, self.h, self.theme.page, 2)
        if self.rolling:
            for index, name in enumerate(self.names):
                y = self.h * 0.7 + index * self.unit * 10 - time * self.unit * 22
                if -20 < y < self.h + 20:
                    canvas.text(
                        self.w / 2, y, name, self.theme.text, self.unit * 6, self.font, "mm"
                    )
            return canvas.array()
        index = int(time / self.pace)
        shown = ease((time / self.pace - index) * 3)
        word = " ".join(self.words[index % 50 : index % 50 + 1 + index % 3])
        word = word.upper() if self.upper else word
        size = min(self.unit * 24, self.w * 1.4 / max(len(word), 5)) * (0.8 + 0.2 * shown)
        colour = self.theme.accent if index % 4 == 3 else self.theme.text
        canvas.text(
            self.w / 2, self.h / 2, word, mix(self.theme.page, colour, shown), size, self.font, "mm"
        )
        return canvas.array()
