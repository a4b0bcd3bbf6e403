"""Animation of models: shaded CGI creatures, and clay figures on fours."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

from vidkind.dataset.synthesize.drawing.canvas import BLACK, WHITE, Canvas, gradient
from vidkind.dataset.synthesize.drawing.noise import fractal, relief, shaded
from vidkind.dataset.synthesize.drawing.stage import (
    Colour,
    Frame,
    Scene,
    as_frame,
    darker,
    held,
    lighter,
    wave,
)


@lru_cache(maxsize=256)
def shaded_ball(
    width: int, height: int, colour: Colour, gloss: float = 0.6, bumps: int = 0
) -> Image.Image:
    """A lit ellipsoid as RGBA, with soft edges.

    Source: Phong, "Illumination for Computer Generated Pictures", CACM 1975.
    ``bumps`` above 0 is the seed of thumb marks on the surface.
    """
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    square = x * x + y * y
    z = np.sqrt(np.clip(1 - square, 0, 1))
    if bumps:
        dent = fractal(np.random.default_rng(bumps), height, width, max(width / 3, 2), 3)
        dy, dx = np.gradient(dent)
        x, y = x + dx * width * 0.12, y + dy * width * 0.12
    diffuse = np.clip(-0.5 * x - 0.65 * y + 0.57 * z, 0, 1)
    reflected = np.clip(-0.25 * x - 0.45 * y + 0.85 * z, 0, 1) ** 28
    rim = 0.18 * (1 - z) ** 3
    light = (0.32 + 0.8 * diffuse + rim)[..., None]
    rgb = np.asarray(colour[:3]) * light + 255 * gloss * reflected[..., None]
    alpha = np.clip((1 - np.sqrt(square)) * max(width, height) / 2.5, 0, 1) * 255
    stacked = np.dstack([np.clip(rgb, 0, 255), alpha]).astype(np.uint8)
    return Image.fromarray(stacked)


class Modeller:
    """Puts shaded balls on a canvas."""

    def __init__(self, canvas: Canvas, gloss: float, bumps: int) -> None:
        self.canvas, self.gloss, self.bumps = canvas, gloss, bumps

    def ball(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """One ball; radii are rounded so that few different ones are computed."""
        width, height = max(3, round(rx * 2) * 2), max(3, round(ry * 2) * 2)
        image = shaded_ball(width, height, colour, self.gloss, self.bumps)
        self.canvas.paste(image, x - width / 4, y - height / 4)

    def limb(
        self, start: tuple[float, float], end: tuple[float, float], r: float, colour: Colour
    ) -> None:
        """A row of balls, as a rolled piece of clay."""
        for step in range(5):
            share = step / 4
            x, y = start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
            self.ball(x, y, r, r, colour)


class Creature:
    """A round character with eyes on balls, arms, legs, and perhaps horns or ears."""

    def __init__(self, scene: Scene, x: float, size: float) -> None:
        self.x, self.size = x, size
        self.body = scene.colour(saturation=(0.5, 0.95), value=(0.55, 1))
        self.second = scene.colour(saturation=(0.4, 0.9), value=(0.6, 1))
        self.tall = scene.uniform(0.8, 1.5)
        self.eyes = int(scene.pick((1, 2, 2, 2)))
        self.top = scene.pick(("horns", "ears", "antenna", "hat", "none"))
        self.period = scene.uniform(0.6, 1.2)
        self.phase = scene.uniform(0, 1)
        self.bounce = scene.uniform(0.05, 0.4)
        self.belly = scene.chance(0.5)

    def draw(self, model: Modeller, time: float, ground: float) -> None:
        """Hops, squashes when landing, and looks about."""
        hop = abs(wave(time, self.period * 2, self.phase))
        squash = 1 + 0.12 * (0.5 - hop)
        size, x = self.size, self.x + self.size * 0.12 * wave(time, 3, self.phase)
        rx, ry = size * squash, size * self.tall / squash
        y = ground - ry - size * 0.35 - hop * self.bounce * size * 2
        step = wave(time, self.period, self.phase) * size * 0.15
        for side in (-1, 1):
            foot = (
                x + side * rx * 0.5 + step * side,
                ground - size * 0.12 - hop * self.bounce * size * 1.6,
            )
            model.limb(
                (x + side * rx * 0.45, y + ry * 0.7), foot, size * 0.16, darker(self.body, 0.15)
            )
            model.ball(foot[0], foot[1], size * 0.28, size * 0.17, self.second)
            hand = (x + side * rx * 1.35, y - size * 0.5 * wave(time, self.period, side * 0.2))
            model.limb((x + side * rx * 0.85, y + ry * 0.1), hand, size * 0.14, self.body)
        self._top(model, x, y - ry, size)
        model.ball(x, y, rx, ry, self.body)
        if self.belly:
            model.ball(x, y + ry * 0.4, rx * 0.62, ry * 0.5, lighter(self.body, 0.45))
        self._face(model, x, y - ry * 0.25, size, time)

    def _top(self, model: Modeller, x: float, y: float, size: float) -> None:
        for side in (-1, 1):
            if self.top == "horns":
                end = (x + side * size * 0.75, y - size * 0.35)
                model.limb(
                    (x + side * size * 0.4, y + size * 0.2), end, size * 0.12, (240, 230, 200)
                )
            elif self.top == "ears":
                model.ball(
                    x + side * size * 0.65, y + size * 0.15, size * 0.35, size * 0.35, self.body
                )
            elif self.top == "antenna":
                end = (x + side * size * 0.3, y - size * 0.5)
                model.limb((x + side * size * 0.15, y + size * 0.1), end, size * 0.06, self.second)
                model.ball(*end, size * 0.14, size * 0.14, self.second)
        if self.top == "hat":
            model.ball(x, y + size * 0.08, size * 0.85, size * 0.16, self.second)
            model.ball(x, y - size * 0.2, size * 0.45, size * 0.4, self.second)

    def _face(self, model: Modeller, x: float, y: float, size: float, time: float) -> None:
        radius = size * (0.42 if self.eyes == 1 else 0.3)
        places = (0,) if self.eyes == 1 else (-1, 1)
        look = size * 0.09 * wave(time, 2.3, self.phase)
        for place in places:
            ex = x + place * radius * 1.05
            model.ball(ex, y, radius, radius, WHITE)
            model.canvas.ellipse(
                ex + look, y + radius * 0.08, radius * 0.5, radius * 0.5, self.second
            )
            model.canvas.ellipse(ex + look, y + radius * 0.08, radius * 0.28, radius * 0.28, BLACK)
            model.canvas.ellipse(
                ex + look - radius * 0.15, y - radius * 0.1, radius * 0.1, radius * 0.1, WHITE
            )
        opened = max(0.12, 0.5 + 0.5 * wave(time, 0.6))
        low = y + radius * 1.6
        model.canvas.ellipse(x, low, size * 0.26, size * 0.16 * opened, (90, 20, 30))
        model.canvas.ellipse(
            x, low + size * 0.06 * opened, size * 0.14, size * 0.07 * opened, (230, 90, 100)
        )


class ShadedCgi(Scene):
    """Glossy round creatures hop on a lit floor; the camera drifts; smooth at full rate."""

    gloss = 0.75
    bumps = 0
    rate: float | None = None

    def setup(self) -> None:
        """Chooses creatures, props and the set."""
        count = int(self.rng.integers(1, 4))
        size = self.h * self.uniform(0.14, 0.22) / math.sqrt(count) * 1.3
        places = (np.arange(count) + 0.5) / count * self.w * 0.8 + self.w * 0.1
        self.creatures = [Creature(self, float(x), size * self.uniform(0.8, 1.15)) for x in places]
        self.ground = self.h * self.uniform(0.8, 0.9)
        self.props = [
            (self.uniform(0, self.w), self.uniform(2, 7) * self.unit, self.colour())
            for _ in range(6)
        ]
        self.back = self._set()

    def _set(self) -> Image.Image:
        wall = self.colour(saturation=(0.1, 0.6), value=(0.6, 1))
        floor = self.colour(saturation=(0.1, 0.5), value=(0.5, 0.95))
        canvas = Canvas.over(
            gradient(self.w * 2, self.h * 2, (darker(wall, 0.25), lighter(wall, 0.3)))
        )
        top = self.ground - self.h * 0.16
        slab = gradient(
            self.w * 2, self.h, (darker(floor, 0.1), lighter(floor, 0.15), darker(floor, 0.2))
        )
        canvas.image.paste(slab, (0, round(top * 2)))
        for x, size, colour in self.props:
            y = top + self.unit * 2
            canvas.ellipse(x + size * 0.4, y + size * 0.2, size * 1.3, size * 0.3, (*BLACK, 60))
            Modeller(canvas, self.gloss, self.bumps).ball(x, y - size * 0.7, size, size, colour)
        canvas.blur(self.unit * 0.5)
        return canvas.image

    def draw(self, time: float) -> Frame:
        """Soft shadows first, then the creatures."""
        time = time if self.rate is None else held(time, self.rate)
        canvas = Canvas.over(self.back)
        for creature in self.creatures:
            for spread in (1.5, 1.2, 0.9):
                place = (creature.x + creature.size * 0.3, self.ground)
                canvas.ellipse(
                    *place, creature.size * spread, creature.size * spread * 0.22, (*BLACK, 34)
                )
        model = Modeller(canvas, self.gloss, self.bumps)
        for creature in self.creatures:
            creature.draw(model, time, self.ground)
        return self.finish(canvas.array(), time)

    def finish(self, picture: Frame, time: float) -> Frame:
        """What the camera adds."""
        return picture


class Clay(ShadedCgi):
    """The same in matte clay with thumb marks, moved a few times a second; the light flickers."""

    gloss = 0.12

    def setup(self) -> None:
        """Thumb marks, a slow rate, a textured table."""
        self.bumps = int(self.rng.integers(1, 1000))
        self.rate = self.pick((6, 8, 12))
        super().setup()
        grain = fractal(
            self.rng, self.h * 2, self.w * 2, self.unit * 20, 6, stretch=self.pick((1, 6))
        )
        self.back = Image.fromarray(shaded(np.asarray(self.back), relief(grain, 5) * 0.96))
        self.back = self.back.filter(ImageFilter.GaussianBlur(self.unit * 0.4))

    def finish(self, picture: Frame, time: float) -> Frame:
        """The light changes a little with every photograph."""
        flicker = np.random.default_rng(round(time * 24)).uniform(0.95, 1.05)
        return as_frame(picture * np.float32(flicker))
