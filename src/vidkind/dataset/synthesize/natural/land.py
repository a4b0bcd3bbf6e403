"""Wide views: mountains, water, clouds."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from vidkind.dataset.synthesize.drawing.noise import (
    GroundView,
    colour_table,
    fractal,
    ramp,
    relief,
    shaded,
    smooth_noise,
)
from vidkind.dataset.synthesize.drawing.stage import Frame, as_frame, darker, mix
from vidkind.dataset.synthesize.natural.outdoors import Outdoors, ridge_layer, seamless


class Mountains(Outdoors):
    """Ranges behind one another under clouds, with a meadow or wood in front; the view pans."""

    def build(self) -> None:
        """Ranges from far to near, each on its own sheet for parallax."""
        self.wide = round(self.ww * 1.35)
        self.back = self.sky(self.wide, self.wh)
        rock = self.pick(
            [
                ((60, 66, 58), (110, 108, 96), (160, 156, 146)),
                ((48, 58, 40), (84, 92, 60), (120, 118, 84)),
                ((84, 66, 54), (140, 112, 88), (190, 164, 132)),
            ]
        )
        snow = (*rock, (236, 240, 244)) if self.chance(0.4) else rock
        self.sheets: list[tuple[Image.Image, float]] = []
        count = int(self.rng.integers(2, 4))
        for depth in range(count):
            share = 0.62 * (1 - depth / count) ** 1.2
            top = self.wh * (0.16 + 0.17 * depth)
            colours = (
                tuple(reversed(snow))
                if depth < count - 1
                else ((38, 52, 28), (70, 84, 42), (104, 110, 62))
            )
            sheet = ridge_layer(
                self,
                (self.wide, self.wh),
                top,
                self.wh * (0.32 - 0.05 * depth),
                colours,
                self.light[1],
                share,
            )
            self.sheets.append((sheet, 0.35 + 0.3 * depth))
        self.sheets.append((self._meadow(), 1.3))
        self.pan = self.uniform(-1, 1) * (self.wide - self.ww) * 0.5

    def _meadow(self) -> Image.Image:
        green = self.pick(
            [
                ((40, 56, 22), (92, 112, 44), (150, 156, 80)),
                ((90, 80, 44), (150, 134, 78), (196, 180, 120)),
                ((30, 44, 26), (58, 78, 40), (96, 112, 62)),
            ]
        )
        grass = fractal(self.rng, self.wh, self.wide, self.unit * 9, 6, 0.85, 0.35)
        picture = shaded(ramp(grass, green), relief(grass, 2.4))
        rows = np.arange(self.wh)[:, None]
        tufts = smooth_noise(self.rng, 2, self.wide, 2.2)[0] * self.unit * 5
        edge = (
            self.wh * 0.74
            + fractal(self.rng, 2, self.wide, self.wide * 0.4, 3)[0] * self.wh * 0.08
            - tufts
        )
        alpha = np.clip((rows - edge[None]) * 0.7, 0, 1) * 255
        sheet = Image.fromarray(np.dstack([picture, alpha]).astype(np.uint8))
        return sheet.filter(ImageFilter.GaussianBlur(self.uniform(0, 1.2)))

    def world(self, time: float) -> Image.Image:
        """Sheets moved by their distance."""
        share = time / max(self.stage.seconds, 0.1) - 0.5
        room = (self.wide - self.ww) / 2
        left = round(room + self.pan * share * 0.3)
        picture = self.back.crop((left, 0, left + self.ww, self.wh))
        for sheet, speed in self.sheets:
            shift = round(min(max(-room - self.pan * share * speed, -2 * room), 0))
            picture.paste(sheet, (shift, 0), sheet)
        return picture


class Water(Outdoors):
    """A lake or sea with moving ripples that mirror the sky, and a far shore."""

    def build(self) -> None:
        """Sky and shore once; ripples are looked up in two noises at every frame."""
        self.level = round(self.wh * self.uniform(0.12, 0.5))
        picture = self.sky(self.ww, self.level + 2)
        if self.chance(0.7):
            shore = ridge_layer(
                self,
                (self.ww, self.level + 2),
                self.level * 0.72,
                self.level * 0.25,
                ((30, 40, 28), (66, 74, 50)),
                self.light[1],
                self.uniform(0.1, 0.6),
            )
            picture.paste(shore, (0, 0), shore)
        self.upper = picture
        deep = self.pick([(24, 52, 66), (34, 58, 48), (30, 44, 72), (62, 66, 60)])
        self.table = colour_table(
            (darker(deep, 0.45), deep, mix(deep, self.light[1], 0.6), self.light[1], self.light[2]),
            (0, 0.4, 0.62, 0.85, 1),
        )
        self.ripples = [self._ripple(self.uniform(9, 18)) for _ in range(2)]
        below = self.wh - self.level
        self.views = [GroundView(self.ww, below, 38), GroundView(self.ww, below, 61)]
        self.speed = self.uniform(0.5, 1.4)
        self.contrast = self.uniform(0.6, 1.1)
        self.sparkle = self.chance(0.5)

    def _ripple(self, cell: float) -> Frame:
        field = seamless(fractal(self.rng, 256, 256, cell, 4, 0.6, self.uniform(2.5, 4.5)))
        return (field[..., None] * 255).astype(np.uint8)

    def world(self, time: float) -> Image.Image:
        """Two layers of ripples run against each other."""
        t = time * self.speed
        first = self.views[0].look(self.ripples[0], t * 0.6, t * 0.2)[..., 0].astype(np.float32)
        second = self.views[1].look(self.ripples[1], -t * 0.4, t * 0.3)[..., 0].astype(np.float32)
        height = (first + second - 256) * self.contrast / 2
        far = np.linspace(150, 92, len(height), dtype=np.float32)[:, None]
        value = np.clip(height + far, 0, 255)
        if self.sparkle:
            value = np.where((first > 205) & (second > 190), 255, value)
        water = Image.fromarray(self.table[value.astype(np.uint8)])
        picture = Image.new("RGB", (self.ww, self.wh))
        picture.paste(self.upper, (0, 0))
        picture.paste(water.filter(ImageFilter.GaussianBlur(0.6)), (0, self.level))
        return picture


class Clouds(Outdoors):
    """A sky whose clouds pass and change, above a dark edge of trees or roofs."""

    def build(self) -> None:
        """Two cloud fields much wider than the view, and the edge."""
        self.far = self.sky(self.ww * 2, self.wh)
        field = fractal(
            self.rng, self.wh, self.ww * 2, self.unit * self.uniform(30, 60), 6, 0.55, 1.7
        )
        lit = relief(field, 9.0)[..., None] * np.asarray(self.light[2]) * 0.94
        alpha = np.clip((field - self.uniform(0.4, 0.6)) * 3.5, 0, 1)[..., None] * 235
        self.near = Image.fromarray(as_frame(np.dstack([lit, alpha])))
        self.speed = self.ww * self.uniform(0.05, 0.2)
        self.edge = self._edge() if self.chance(0.7) else None
        self.sun = (
            (self.uniform(0.2, 0.8) * self.ww, self.uniform(0.1, 0.5) * self.wh)
            if self.chance(0.5)
            else None
        )
        y, x = np.mgrid[0 : self.wh, 0 : self.ww]
        if self.sun is not None:
            distance = np.hypot(x - self.sun[0], y - self.sun[1]) / self.unit
            glow = 255 * np.exp(-distance / 9) + 70 * np.exp(-distance / 40)
            self.glow = as_frame(glow)

    def _edge(self) -> Image.Image:
        dark = ((14, 18, 12), (30, 36, 24), (48, 54, 38))
        return ridge_layer(
            self, (self.ww, self.wh), self.wh * 0.78, self.wh * 0.16, dark, self.light[1], 0.08
        )

    def world(self, time: float) -> Image.Image:
        """Far and near clouds at different speeds, the sun's glow, the edge."""
        passed = min(self.speed * time, self.ww)
        first, second = round(passed * 0.5), round(passed)
        picture = self.far.crop((first, 0, first + self.ww, self.wh))
        near = self.near.crop((second, 0, second + self.ww, self.wh))
        picture.paste(near, (0, 0), near)
        if self.sun is not None:
            glow = Image.fromarray(self.glow)
            picture.paste(Image.new("RGB", picture.size, (255, 248, 225)), (0, 0), glow)
        if self.edge is not None:
            picture.paste(self.edge, (0, 0), self.edge)
        return picture
