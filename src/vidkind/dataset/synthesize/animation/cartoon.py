"""Animation drawn by hand: outlined cartoons, retro cartoons, flat motion graphics, paper."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from vidkind.dataset.synthesize.animation.figure import (
    Figure,
    Pose,
    gesturing,
    ground_shadow,
    jumping,
    walking,
)
from vidkind.dataset.synthesize.animation.look import Drawing, random_look
from vidkind.dataset.synthesize.animation.scenery import Backdrop
from vidkind.dataset.synthesize.drawing.canvas import BLACK, Canvas, blob_points
from vidkind.dataset.synthesize.drawing.noise import fractal
from vidkind.dataset.synthesize.drawing.stage import (
    Frame,
    Scene,
    as_frame,
    darker,
    ease,
    held,
    lighter,
    wave,
)

Acting = Callable[[float], Pose]


class Actor:
    """A figure with an acting, a start, a speed and a side to face."""

    def __init__(
        self, scene: Scene, drawing: Drawing, height: float, x: float, moving: bool
    ) -> None:
        self.figure = Figure(random_look(scene, drawing), height)
        self.x = x
        self.facing = scene.pick((-1, 1))
        self.delay = scene.uniform(0, 2)
        self.period = scene.uniform(0.7, 1.2)
        self.kind = "walk" if moving else scene.pick(("talk", "talk", "jump"))
        self.energy = scene.uniform(0.2, 1)
        speed = height * scene.uniform(0.35, 0.7) / self.period
        self.speed = self.facing * speed if moving else 0.0

    def pose(self, time: float) -> Pose:
        """What the figure does at a time."""
        time += self.delay
        if self.kind == "walk":
            return walking(time, self.period)
        return (
            jumping(time, self.period) if self.kind == "jump" else gesturing(time, 1.1, self.energy)
        )

    def draw(self, canvas: Canvas, time: float, ground: float, shift: float, span: float) -> None:
        """Draws the figure; who walks out on one side comes in on the other."""
        margin = self.figure.height * 0.4
        x = (self.x + self.speed * time + margin) % (span + 2 * margin) - margin - shift
        pose = self.pose(time)
        ground_shadow(canvas, x, ground, self.figure.height * 0.16 * (1 - pose.lift))
        self.figure.draw(canvas, x, ground, pose, self.facing)


def cast(scene: Scene, drawing: Drawing, count: int, span: float, moving: float) -> list[Actor]:
    """Several actors of about one height, spread over the ground."""
    tallest = scene.h * scene.uniform(0.42, 0.72)
    places = (np.arange(count) + scene.rng.uniform(0.2, 0.8, count)) / count * span
    return [
        Actor(scene, drawing, tallest * scene.uniform(0.7, 1), float(x), scene.chance(moving))
        for x in places
    ]


class Cartoon(Scene):
    """Outlined characters walk and talk in front of a drawn place; the camera pans."""

    drawing: Drawing = "cartoon"

    def setup(self) -> None:
        """Chooses place, characters and camera move."""
        ink = self.pick([(25, 20, 30), (25, 20, 30), (60, 40, 30), None])
        place = self.pick(("hills", "street", "room", "forest", "sea"))
        self.backdrop = Backdrop(self, place, ink, self.uniform(0.1, 0.9))
        self.rate = self.pick((12, 12, 24))
        self.pan_way = self.pick((0, 1, 1))
        self.pan_back = self.chance(0.5)
        count = int(self.rng.integers(1, 4))
        self.actors = cast(self, self.drawing, count, self.w, moving=0.5)

    def pan(self, time: float) -> float:
        """Camera position 0..1 at a time."""
        share = ease(time / max(self.stage.seconds, 0.1)) * self.pan_way
        return 1 - share if self.pan_back else share

    def draw(self, time: float) -> Frame:
        """Background, then the actors from back to front."""
        time = held(time, self.rate)
        canvas = self.backdrop.view(self.pan(time))
        for index, actor in enumerate(self.actors):
            ground = self.backdrop.ground + self.unit * (2.0 * index - 1)
            actor.draw(canvas, time, ground, 0.0, self.w)
        return canvas.array()


class RetroCartoon(Cartoon):
    """The same in black and white, on twos, with the scratches and flicker of old film."""

    drawing: Drawing = "retro"

    def setup(self) -> None:
        """A cartoon, an iris around it, and a tint."""
        super().setup()
        self.rate = 12
        self.tint = (
            np.asarray(self.pick([(255, 255, 255), (255, 240, 215)]), dtype=np.float32) / 255
        )
        y, x = np.mgrid[-1 : 1 : self.h * 1j, -1 : 1 : self.w * 1j]
        self.iris = np.clip(1.9 - 1.1 * np.hypot(x, y), 0, 1)[..., None].astype(np.float32)

    def draw(self, time: float) -> Frame:
        """The frame in grey, with wear."""
        grey = np.asarray([0.3, 0.59, 0.11], dtype=np.float32)
        picture = np.asarray(super().draw(time) @ grey, dtype=np.float32)
        picture = (picture - 128) * 1.15 + 140 + self.uniform(-6, 6)
        if self.chance(0.3):
            picture[:, int(self.rng.integers(self.w))] += 70
        return as_frame(picture[..., None] * self.iris * self.tint)


class MotionGraphics(Scene):
    """Flat people without outlines before a plain ground with a blob and plants."""

    def setup(self) -> None:
        """Chooses colours, decoration and one or two people."""
        self.ground_colour = self.pick(
            [(255, 255, 255), (250, 246, 238), self.colour(saturation=(0.05, 0.3), value=(0.9, 1))]
        )
        self.blob_colour = self.colour(saturation=(0.12, 0.4), value=(0.85, 1))
        self.accent = self.colour(saturation=(0.5, 0.9), value=(0.6, 0.95))
        self.radii = [self.uniform(0.75, 1.15) for _ in range(7)]
        self.level = self.h * 0.86
        self.plants = [
            (self.uniform(0.05, 0.95) * self.w, self.uniform(14, 34) * self.unit) for _ in range(4)
        ]
        self.actors = cast(self, "flat", int(self.rng.integers(1, 3)), self.w, moving=0.4)
        self.props = [
            (self.uniform(0, self.w), self.uniform(0.08, 0.5) * self.h, self.uniform(2, 6))
            for _ in range(5)
        ]

    def draw(self, time: float) -> Frame:
        """Ground, blob, floating props, plants, people."""
        canvas = Canvas(self.w, self.h, self.ground_colour)
        middle = (self.w / 2, self.h * 0.48)
        turn = [r * (1 + 0.03 * wave(time, 2, i / 7)) for i, r in enumerate(self.radii)]
        canvas.polygon(blob_points(*middle, self.w * 0.4, self.h * 0.42, turn), self.blob_colour)
        for index, (x, y, size) in enumerate(self.props):
            self._prop(
                canvas, x, y + self.unit * 2 * wave(time, 2.2, index / 5), size * self.unit, index
            )
        canvas.rect(
            self.w * 0.06, self.level, self.w * 0.88, self.unit * 0.8, darker(self.accent, 0.4)
        )
        for x, size in self.plants:
            self._plant(canvas, x, size, 0.02 * wave(time, 2.5, x / self.w))
        for actor in self.actors:
            actor.draw(canvas, time, self.level, 0, self.w)
        return canvas.array()

    def _prop(self, canvas: Canvas, x: float, y: float, size: float, index: int) -> None:
        colour = lighter(self.accent, 0.35) if index % 2 else self.accent
        if index % 3 == 0:
            canvas.ellipse(x, y, size, size, colour)
        elif index % 3 == 1:
            canvas.rect(x - size, y - size * 0.7, size * 2, size * 1.4, colour, radius=size * 0.4)
            canvas.rect(x - size * 0.6, y - size * 0.2, size * 1.2, size * 0.3, (255, 255, 255))
        else:
            canvas.ellipse(x, y, size, size, None, colour, size * 0.3)

    def _plant(self, canvas: Canvas, x: float, size: float, bend: float) -> None:
        leaf = darker(self.accent, 0.25)
        top = (x + size * bend * 6, self.level - size)
        canvas.line([(x, self.level), top], leaf, self.unit * 0.7)
        for step in range(1, 5):
            share = step / 5
            stem = (x + (top[0] - x) * share, self.level - size * share)
            for side in (-1, 1):
                tip = (stem[0] + side * size * 0.25, stem[1] - size * 0.18)
                mid = (stem[0] + side * size * 0.16, stem[1] + size * 0.02)
                canvas.polygon([stem, mid, tip], leaf)


class CutOut(Scene):
    """Paper figures with drop shadows, moved stiffly a few times a second."""

    def setup(self) -> None:
        """Paper background and paper people."""
        grain = fractal(self.rng, self.h * 2, self.w * 2, self.unit * 3, 4)
        self.grain = (0.9 + 0.14 * grain[::2, ::2, None]).astype(np.float32)
        backdrop = Backdrop(self, self.pick(("hills", "sea", "street")), None, 0.0)
        self.place = self._shadowed_layers(backdrop)
        self.ground = backdrop.ground
        self.rate = self.pick((6, 8, 10))
        self.actors = cast(self, "paper", int(self.rng.integers(1, 4)), self.w, moving=0.6)

    def _shadowed_layers(self, backdrop: Backdrop) -> Image.Image:
        base = backdrop.layers[0].image.copy()
        for layer in backdrop.layers[1:]:
            _drop_shadow(base, layer.image, self.unit)
        return base

    def draw(self, time: float) -> Frame:
        """Figures jerk by a tiny angle at every new drawing."""
        time = held(time, self.rate)
        jitter = np.random.default_rng(round(time * self.rate))
        base = self.place.copy()
        sheet = Canvas(self.w, self.h, (0, 0, 0, 0))
        for actor in self.actors:
            ground = self.ground + float(jitter.normal(0, 0.3)) * self.unit
            _without_ground_shadow(actor, sheet, time, ground, self.w)
        _drop_shadow(base, sheet.image, self.unit)
        picture = np.asarray(base.reduce(2)) * self.grain
        return as_frame(picture)


def _without_ground_shadow(
    actor: Actor, canvas: Canvas, time: float, ground: float, span: float
) -> None:
    margin = actor.figure.height * 0.4
    x = (actor.x + actor.speed * time + margin) % (span + 2 * margin) - margin
    actor.figure.draw(canvas, x, ground, actor.pose(time), actor.facing)


def _drop_shadow(base: Image.Image, sheet: Image.Image, unit: float) -> None:
    """Lays a paper sheet over a picture, with its blurred shadow to the lower right."""
    alpha = sheet.getchannel("A")
    small = alpha.reduce(4).filter(ImageFilter.GaussianBlur(unit / 4))
    shadow = small.resize(alpha.size).point(lambda value: value * 0.45)
    offset = round(unit * 2)
    base.paste(Image.new("RGB", sheet.size, BLACK[:3]), (offset, offset), shadow)
    base.paste(sheet, (0, 0), sheet)
