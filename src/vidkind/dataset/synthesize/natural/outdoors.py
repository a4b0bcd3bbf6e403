"""What all nature shares: a world larger than the frame, skies, ranges, trees, grounds."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from PIL import Image

from vidkind.dataset.synthesize.drawing.canvas import Canvas, gradient
from vidkind.dataset.synthesize.drawing.noise import (
    Field,
    fractal,
    normalised,
    ramp,
    relief,
    shaded,
)
from vidkind.dataset.synthesize.drawing.stage import Colour, Frame, Scene, as_frame, lighter
from vidkind.dataset.synthesize.natural.camera import Camera

DAYLIGHT: tuple[tuple[Colour, Colour, Colour], ...] = (
    ((78, 122, 178), (178, 204, 224), (255, 250, 235)),
    ((120, 130, 142), (196, 200, 203), (235, 236, 236)),
    ((70, 80, 120), (226, 158, 110), (255, 214, 160)),
    ((92, 140, 190), (214, 222, 220), (255, 244, 220)),
    ((52, 60, 88), (120, 118, 134), (200, 180, 170)),
)
"""Upper sky, lower sky, clouds in the light."""


def seamless(field: Field) -> Field:
    """A square field whose edges are faded into its shifted self, so that it can repeat."""
    size = len(field)
    fade = np.abs(np.linspace(-1, 1, size, dtype=np.float32)) ** 6
    field = field * (1 - fade) + np.roll(field, size // 2, 1) * fade
    field = field * (1 - fade[:, None]) + np.roll(field, size // 2, 0) * fade[:, None]
    return normalised(field)


class Outdoors(Scene):
    """A world somewhat larger than the frame, and a camera in front of it."""

    def setup(self) -> None:
        """Camera, size and light; then the world."""
        self.camera = Camera(self)
        self.ww, self.wh = round(self.w * Camera.MARGIN) + 8, round(self.h * Camera.MARGIN) + 8
        self.light = self.pick(DAYLIGHT)
        self.build()

    def build(self) -> None:
        """Makes everything that does not move."""

    @abstractmethod
    def world(self, time: float) -> Image.Image:
        """The world at a time, RGB, ww x wh pixels or larger."""

    def draw(self, time: float) -> Frame:
        """A picture of the world."""
        return self.camera.shoot(self.world(time), time)

    def sky(self, width: int, height: int) -> Image.Image:
        """A sky with clouds of many scales."""
        base = np.asarray(gradient(width, height, self.light[:2]), dtype=np.float32)
        field = fractal(self.rng, height, width, self.unit * self.uniform(35, 80), 6, 0.55, 2)
        cover = self.uniform(0.35, 0.7)
        cloud = np.clip((field - cover) * 3.2, 0, 1)[..., None]
        bright = np.asarray(self.light[2]) * (0.78 + 0.3 * field[..., None])
        return Image.fromarray(as_frame(base * (1 - cloud) + bright * cloud))

    def ground_texture(
        self, size: int, colours: tuple[Colour, ...], cell: float, bumps: float = 3.0
    ) -> Frame:
        """A textured patch of ground, uint8 [size, size, 3], that repeats without a seam."""
        field = seamless(fractal(self.rng, size, size, cell, 6, 0.7))
        return shaded(ramp(field, colours), relief(field, bumps))


def ridge_layer(
    scene: Scene,
    size: tuple[int, int],
    top: float,
    rough: float,
    colours: tuple[Colour, ...],
    haze: Colour,
    share: float,
) -> Image.Image:
    """One mountain range: a fractal skyline, lit slopes, and haze by distance; RGBA."""
    width, height = size
    line = fractal(scene.rng, 2, width, width * 0.3, 7, 0.5)[0]
    edge = top + (1 - line) * rough
    field = fractal(scene.rng, height, width, scene.unit * 14, 6, 0.6)
    slope = np.linspace(0, 1, height)[:, None].astype(np.float32)
    picture = shaded(ramp(normalised(field + slope * 0.8), colours), relief(field, 5.0))
    faded = picture * (1 - share) + np.asarray(haze) * share
    rows = np.arange(height)[:, None]
    ragged = edge[None, :] + (field - 0.5) * scene.unit * 2
    alpha = np.clip((rows - ragged) * 0.9, 0, 1) * 255
    return Image.fromarray(np.dstack([faded, alpha]).astype(np.uint8))


def tree_sprite(scene: Scene, size: int, leaf: Colour | None = None) -> Image.Image:
    """A tree of thousands of small leaves, lit from the upper left; RGBA."""
    canvas = Canvas(size, size, (0, 0, 0, 0), 1)
    trunk = scene.pick([(66, 52, 40), (92, 80, 66), (54, 46, 38)])
    canvas.limb([(size * 0.5, size), (size * 0.5, size * 0.45)], size * 0.05, trunk)
    for side in (-1, 1):
        canvas.limb(
            [(size * 0.5, size * 0.62), (size * (0.5 + side * 0.2), size * 0.4)],
            size * 0.025,
            trunk,
        )
    rng = scene.rng
    hue = leaf or scene.pick([(70, 92, 36), (52, 76, 34), (96, 100, 40), (150, 96, 34)])
    clumps = rng.normal(0, 1, (9, 2)) * (0.16, 0.11) + (0.5, 0.36)
    count = min(1500, size * 22)
    which = rng.integers(0, 9, count)
    offsets = rng.normal(0, 0.075, (count, 2))
    places = (clumps[which] + offsets) * size
    light = np.clip(0.75 - offsets @ (3.0, 4.5) + rng.normal(0, 0.16, count), 0.25, 1.5)
    for (x, y), bright in zip(places[np.argsort(light)], np.sort(light), strict=True):
        colour = tuple(min(255, round(c * bright)) for c in hue)
        canvas.pen.ellipse(
            (x - size * 0.012, y - size * 0.01, x + size * 0.012, y + size * 0.01), (*colour, 255)
        )
    return canvas.image


def blurred_backdrop(scene: Outdoors, colours: tuple[Colour, ...]) -> Image.Image:
    """What lies far behind the plane of focus: large soft patches and discs of light."""
    field = fractal(scene.rng, scene.wh, scene.ww, scene.unit * 30, 3, 0.5)
    canvas = Canvas.over(Image.fromarray(ramp(field, colours)), 1)
    for _ in range(int(scene.rng.integers(8, 30))):
        x, y, r = (
            scene.uniform(0, scene.ww),
            scene.uniform(0, scene.wh),
            scene.unit * scene.uniform(2, 7),
        )
        canvas.ellipse(x, y, r, r, (*lighter(colours[-1], 0.4), int(scene.uniform(30, 110))))
    canvas.blur(scene.unit * 1.2)
    return canvas.image
