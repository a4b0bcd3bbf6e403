"""A camera for rendered nature: shake, exposure drift, vignette, motion blur, sensor noise."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from vidkind.dataset.synthesize.drawing.noise import smooth_noise
from vidkind.dataset.synthesize.drawing.stage import Frame, Scene, as_frame, wave


class Camera:
    """How pictures of one clip are taken; held by hand or on a stand, good or poor."""

    MARGIN = 1.12
    """How much larger than a frame the pictures are that the camera looks at."""

    def __init__(self, scene: Scene) -> None:
        self.w, self.h = scene.w, scene.h
        rng = scene.rng
        held = scene.pick((0.15, 0.5, 1.0, 1.6))
        self.shake = held * scene.unit * 0.9
        self.tilt = held * 0.006
        self.periods = rng.uniform(0.7, 2.4, 6)
        self.phases = rng.uniform(0, 1, 6)
        self.zoom = scene.uniform(-0.02, 0.03)
        self.drift = scene.uniform(0.0, 0.09)
        self.drift_period = scene.uniform(1.5, 5)
        self.softness = scene.pick((0.0, 0.4, 0.7, 1.1)) * min(scene.unit / 1.8, 1)
        self.gain = self._vignette(scene)
        self.grain = self._grain(scene)
        self.rng = rng

    def _vignette(self, scene: Scene) -> NDArray[np.uint16]:
        """Gain of every pixel in 1/128; whole numbers, as this is applied to every frame."""
        y, x = np.mgrid[-1 : 1 : self.h * 1j, -1 : 1 : self.w * 1j]
        strength = scene.uniform(0.03, 0.3)
        fall = 1 - strength * (x * x + y * y) / 2
        cast = np.asarray([scene.uniform(0.93, 1.06), 1.0, scene.uniform(0.92, 1.06)])
        return np.asarray(fall[..., None] * cast * 128, dtype=np.uint16)

    def _grain(self, scene: Scene) -> NDArray[np.int16]:
        """Luma noise, and coarser colour noise as cheap sensors have."""
        rows, columns = self.h + 24, self.w + 24
        sigma = scene.pick((1.0, 2.0, 3.0, 5.0))
        luma = scene.rng.normal(0, sigma, (rows, columns, 1))
        chroma = [smooth_noise(scene.rng, rows, columns, 3.0) - 0.5 for _ in range(3)]
        return (luma + np.stack(chroma, -1) * sigma * 3).astype(np.int16)

    def offset(self, time: float) -> tuple[float, float, float]:
        """How far the hand has moved, in pixels, and turned, in radians."""
        waves = [
            wave(time, float(p), float(f)) for p, f in zip(self.periods, self.phases, strict=True)
        ]
        x = self.shake * (waves[0] + 0.4 * waves[1])
        y = self.shake * (0.8 * waves[2] + 0.3 * waves[3])
        return x, y, self.tilt * (waves[4] + 0.5 * waves[5])

    def shoot(self, world: Image.Image, time: float, x: float = 0, y: float = 0) -> Frame:
        """Takes one picture of a world that is ``MARGIN`` times as large as a frame, or larger.

        Args:
            world: RGB picture; its middle is aimed at, moved by ``x``, ``y`` pixels.
            time: Seconds.
            x: How far the camera looks to the right of the middle.
            y: How far it looks below the middle.

        Returns:
            uint8 [H, W, 3].
        """
        dx, dy, angle = self.offset(time)
        before = self.offset(time - 0.02)
        picture = self._view(world, x + dx, y + dy, angle, time)
        if math.hypot(dx - before[0], dy - before[1]) > 0.6:
            earlier = self._view(world, x + before[0], y + before[1], before[2], time)
            picture = Image.blend(picture, earlier, 0.5)
        return self.develop(picture, time)

    def _view(
        self, world: Image.Image, x: float, y: float, angle: float, time: float
    ) -> Image.Image:
        scale = 1 - self.zoom * time / 3
        cos, sin = scale * math.cos(angle), scale * math.sin(angle)
        left = world.width / 2 + x - cos * self.w / 2 + sin * self.h / 2
        top = world.height / 2 + y - sin * self.w / 2 - cos * self.h / 2
        return world.transform(
            (self.w, self.h),
            Image.Transform.AFFINE,
            (cos, -sin, left, sin, cos, top),
            Image.Resampling.BILINEAR,
        )

    def develop(self, picture: Image.Image, time: float) -> Frame:
        """What lens and sensor do to a picture of a frame's size."""
        if self.softness > 0:
            picture = picture.filter(ImageFilter.BoxBlur(self.softness))
        exposure = 1 + self.drift * wave(time, self.drift_period, float(self.phases[0]))
        table = [min(255, round(value * exposure)) for value in range(256)]
        lit = (np.asarray(picture.point(table * 3)) * self.gain >> 7).view(np.int16)
        top, left = self.rng.integers(0, 24, 2)
        lit += self.grain[top : top + self.h, left : left + self.w]
        return as_frame(lit)
