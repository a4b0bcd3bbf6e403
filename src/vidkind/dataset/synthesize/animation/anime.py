"""Animation in the manner of anime: faces close up, running with speed lines, wide skies."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from vidkind.dataset.synthesize.animation.face import draw_face, draw_hair_back, draw_hair_front
from vidkind.dataset.synthesize.animation.figure import Figure, gesturing, walking
from vidkind.dataset.synthesize.animation.look import random_look
from vidkind.dataset.synthesize.animation.scenery import Backdrop
from vidkind.dataset.synthesize.drawing.canvas import BLACK, WHITE, Canvas, gradient
from vidkind.dataset.synthesize.drawing.stage import (
    Colour,
    Frame,
    Scene,
    darker,
    ease,
    held,
    lighter,
    mix,
    wave,
)

SKIES: tuple[tuple[Colour, ...], ...] = (
    ((35, 95, 200), (110, 175, 240), (215, 238, 252)),
    ((60, 40, 110), (220, 100, 120), (255, 190, 120)),
    ((15, 20, 60), (45, 55, 120), (120, 100, 160)),
    ((250, 150, 170), (255, 205, 190), (255, 240, 215)),
)


def speed_lines(canvas: Canvas, seed: int, colour: Colour, focus: tuple[float, float]) -> None:
    """Wedges that point at a focus from all sides, redrawn for every seed."""
    rng = np.random.default_rng(seed)
    reach = math.hypot(canvas.width, canvas.height)
    for angle in rng.uniform(0, 2 * math.pi, 44):
        inner = reach * float(rng.uniform(0.24, 0.4))
        spread = float(rng.uniform(0.006, 0.03))
        tip = (focus[0] + inner * math.cos(angle), focus[1] + inner * math.sin(angle))
        base = [
            (focus[0] + reach * math.cos(angle + d), focus[1] + reach * math.sin(angle + d))
            for d in (-spread, spread)
        ]
        canvas.polygon([tip, *base], colour)


def streaks(canvas: Canvas, seed: int, colour: Colour) -> None:
    """Horizontal speed lines, redrawn for every seed."""
    rng = np.random.default_rng(seed)
    for _ in range(34):
        x, y = float(rng.uniform(-0.3, 0.9)), float(rng.uniform(0, 1))
        length, width = float(rng.uniform(0.15, 0.7)), float(rng.uniform(0.002, 0.012))
        canvas.rect(
            x * canvas.width,
            y * canvas.height,
            length * canvas.width,
            width * canvas.height,
            colour,
        )


class Petals:
    """Petals, snow or sparks that drift over the picture."""

    def __init__(self, scene: Scene, count: int) -> None:
        self.scene = scene
        self.places = scene.rng.random((count, 2))
        self.sizes = scene.rng.uniform(0.6, 1.6, count) * scene.unit
        self.colour = scene.pick(
            [(255, 190, 210), (255, 255, 255), (255, 235, 150), (220, 120, 60)]
        )
        self.speed = (scene.uniform(-0.15, 0.15), scene.uniform(0.08, 0.25))

    def draw(self, canvas: Canvas, time: float) -> None:
        """Draws them at a time; they wrap around."""
        for (x, y), size in zip(self.places, self.sizes, strict=True):
            px = (x + self.speed[0] * time + 0.02 * wave(time, 1.7, x)) % 1 * canvas.width
            py = (y + self.speed[1] * time) % 1 * canvas.height
            canvas.ellipse(px, py, size, size * (0.45 + 0.2 * wave(time, 0.9, y)), self.colour)


class AnimeFace(Scene):
    """A large-eyed face that talks, blinks and sways, before a room, a gradient or rays."""

    def setup(self) -> None:
        """Chooses one or two characters and what is behind them."""
        count = self.pick((1, 1, 2))
        self.looks = [random_look(self, "anime") for _ in range(count)]
        self.radius = self.h * self.uniform(0.2, 0.32) / math.sqrt(count)
        self.rate = self.pick((8, 12))
        self.energy = self.uniform(0, 1)
        self.behind = self.pick(("gradient", "rays", "room", "sky", "street"))
        self.lines = (*lighter(self.colour(), 0.6), 170)
        self.petals = Petals(self, int(self.pick((0, 18, 30))))
        self.back = self._background()

    def _background(self) -> Image.Image:
        if self.behind in ("room", "street"):
            view = Backdrop(self, self.behind, None, 0.0).view(0)
            view.blur(self.unit * 0.8)
            return view.image
        base = self.colour(saturation=(0.2, 0.8))
        colours = (
            self.pick(SKIES)
            if self.behind == "sky"
            else (darker(base, 0.35), base, lighter(base, 0.5))
        )
        return gradient(self.w * 2, self.h * 2, colours, self.uniform(0, 0.25))

    def draw(self, time: float) -> Frame:
        """Background, then each head and shoulders."""
        time = held(time, self.rate)
        canvas = Canvas.over(self.back)
        if self.behind == "rays":
            speed_lines(canvas, int(time * 8), self.lines, (self.w / 2, self.h / 2))
        for index in range(len(self.looks)):
            share = (index + 1) / (len(self.looks) + 1)
            x = self.w * share + self.unit * 1.5 * wave(time, 2.4, index / 2)
            y = self.h * 0.47 + self.unit * (1 + self.energy) * wave(time, 1.2, index / 3)
            self._bust(canvas, (x, y), index, time)
        self.petals.draw(canvas, time)
        return canvas.array()

    def _bust(self, canvas: Canvas, centre: tuple[float, float], index: int, time: float) -> None:
        look, r = self.looks[index], self.radius
        x, y = centre
        edge = max(r * 0.022, 0.5)
        draw_hair_back(canvas, look, centre, r, edge)
        self._shoulders(canvas, index, x, y + r * 0.9)
        rx = r * look.head_width
        jaw = [(x - rx, y), (x - rx * 0.88, y + r * 0.5), (x, y + r * 1.06)]
        jaw += [(x + rx * 0.88, y + r * 0.5), (x + rx, y)]
        canvas.ellipse(x, y - r * 0.05, rx, r * 0.95, look.skin, look.outline, edge)
        canvas.polygon(jaw, look.skin)
        canvas.line(jaw, look.outline or BLACK, edge)
        canvas.arc(
            x, y - r * 0.1, rx * 0.9, r * 0.85, 0.55, 0.95, darker(look.skin, 0.16), r * 0.22
        )
        talking = max(0.0, wave(time, 0.5, index / 2)) if (time + index) % 2 < 1.5 else 0.0
        draw_face(canvas, look, centre, r, talking, (time + index) % 1.7 < 0.15)
        draw_hair_front(canvas, look, centre, r, edge)

    def _shoulders(self, canvas: Canvas, index: int, x: float, y: float) -> None:
        look, r = self.looks[index], self.radius
        edge = max(r * 0.022, 0.5)
        canvas.rect(x - r * 0.22, y - r * 0.2, r * 0.44, r * 0.6, darker(look.skin, 0.18))
        body = [
            (x - r * 0.3, y + r * 0.25),
            (x + r * 0.3, y + r * 0.25),
            (x + r * 1.15, y + r * 0.6),
        ]
        body += [
            (x + r * 1.35, self.h + 9),
            (x - r * 1.35, self.h + 9),
            (x - r * 1.15, y + r * 0.6),
        ]
        canvas.polygon(body, look.top, look.outline, edge)
        collar = lighter(look.top, 0.6) if look.stripe else darker(look.top, 0.35)
        for side in (-1, 1):
            flap = [
                (x, y + r * 0.75),
                (x + side * r * 0.3, y + r * 0.22),
                (x + side * r * 0.62, y + r * 0.5),
            ]
            canvas.polygon(flap, collar, look.outline, edge)
        canvas.polygon(
            [(x, y + r * 0.7), (x - r * 0.2, y + r * 0.95), (x + r * 0.2, y + r * 0.95)],
            look.bottom,
        )


class AnimeAction(Scene):
    """A character runs or leaps through speed lines; now and then a flash."""

    def setup(self) -> None:
        """Chooses the runner, the colours and the camera."""
        look = random_look(self, "anime")
        self.figure = Figure(look, self.h * self.uniform(0.6, 0.85))
        self.facing = self.pick((-1, 1))
        self.radial = self.chance(0.5)
        base = self.colour(saturation=(0.3, 0.9), value=(0.4, 1))
        self.back = gradient(
            self.w * 2,
            self.h * 2,
            (darker(base, 0.5), base, lighter(base, 0.6)),
            self.uniform(0, 0.4),
        )
        self.line_colour = (*self.pick([WHITE, lighter(base, 0.7), (20, 20, 30)]), 200)
        self.flash = self.uniform(0.3, max(self.stage.seconds - 0.2, 0.4))
        self.leap = self.chance(0.5)

    def draw(self, time: float) -> Frame:
        """Lines behind, the figure, lines before it."""
        time = held(time, 12)
        canvas = Canvas.over(self.back)
        if 0 <= time - self.flash < 0.1:
            canvas = Canvas(self.w, self.h, WHITE)
        seed = round(time * 12)
        x = self.w * (0.5 + 0.06 * wave(time, 1.5))
        if self.radial:
            speed_lines(canvas, seed, self.line_colour, (x, self.h * 0.45))
        else:
            streaks(canvas, seed, self.line_colour)
        lift = abs(wave(time, 1.6)) * self.h * 0.12 if self.leap else 0
        ground = self.h * 0.97 - lift
        self.figure.draw(canvas, x, ground, walking(time, 0.5, 0.19), self.facing)
        return canvas.array()


class AnimeScenery(Scene):
    """A wide sky with towering clouds over roofs or hills; one figure looks on; petals."""

    def setup(self) -> None:
        """Paints sky, clouds and foreground once; the camera drifts over them."""
        self.wide = round(self.w * 1.3)
        colours = self.pick(SKIES)
        canvas = Canvas.over(gradient(self.wide * 2, self.h * 2, colours))
        self._clouds(canvas, colours)
        self.sky = canvas.image
        self.front = Canvas(self.wide, self.h, (0, 0, 0, 0))
        self.ink = mix(darker(colours[0], 0.6), (25, 30, 45), 0.5)
        self._foreground(self.front)
        self.figure = Figure(random_look(self, "anime"), self.h * self.uniform(0.25, 0.5))
        self.place = self.uniform(0.2, 0.8)
        self.petals = Petals(self, int(self.rng.integers(10, 50)))
        self.way = self.pick((-1, 1))

    def _clouds(self, canvas: Canvas, colours: tuple[Colour, ...]) -> None:
        tones = (mix(colours[1], colours[-1], 0.5), mix(colours[-1], WHITE, 0.4), (255, 252, 245))
        for _ in range(int(self.rng.integers(2, 5))):
            x, base = self.uniform(0, self.wide), self.h * self.uniform(0.4, 0.75)
            puffs = self.rng.normal(0, 1, (26, 2))
            size = self.unit * self.uniform(10, 20)
            for depth, tone in enumerate(tones):
                for px, py in puffs:
                    radius = size * (0.55 - 0.08 * depth) * (0.6 + 0.4 * abs(math.sin(px * 9)))
                    place = (
                        x + px * size * 0.9 - depth * size * 0.08,
                        base - abs(py) * size - depth * size * 0.12,
                    )
                    canvas.ellipse(*place, radius, radius * 0.85, tone)

    def _foreground(self, canvas: Canvas) -> None:
        top = self.h * self.uniform(0.7, 0.85)
        x = -9.0
        while x < self.wide:
            width = self.unit * self.uniform(8, 26)
            height = self.unit * self.uniform(2, 20)
            canvas.rect(x, top - height, width, self.h, lighter(self.ink, self.uniform(0.05, 0.2)))
            for step in range(int(width // (self.unit * 4))):
                if self.chance(0.4):
                    canvas.rect(
                        x + self.unit * (1 + 4 * step),
                        top - height + self.unit * 2,
                        self.unit * 2,
                        self.unit * 2,
                        (255, 225, 150),
                    )
            x += width
        canvas.rect(-2, top + self.unit * 8, self.wide + 4, self.h, self.ink)
        for pole in range(2):
            left = self.wide * (0.25 + 0.5 * pole)
            canvas.rect(left, top - self.unit * 40, self.unit * 1.2, self.h, self.ink)
            for wire in range(2):
                y = top - self.unit * (38 - 5 * wire)
                canvas.arc(
                    left + self.wide * 0.25,
                    y,
                    self.wide * 0.25,
                    self.unit * 6,
                    0,
                    0.5,
                    self.ink,
                    self.unit * 0.35,
                )

    def draw(self, time: float) -> Frame:
        """Sky and foreground drift at different speeds."""
        share = ease(time / max(self.stage.seconds, 0.1))
        share = share if self.way > 0 else 1 - share
        left = (self.wide - self.w) * share
        canvas = Canvas.over(self.sky.crop((round(left), 0, round(left) + self.w * 2, self.h * 2)))
        canvas.paste(self.front.image, -left, 0)
        self.figure.draw(
            canvas,
            self.w * self.place - left * 0.2,
            self.h * 0.99,
            gesturing(held(time, 8), 2.5, 0.0),
        )
        self.petals.draw(canvas, held(time, 12))
        return canvas.array()
