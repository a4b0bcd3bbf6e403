"""People and traffic: a street with walkers, a drive, lights at night."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageFilter

from vidkind.dataset.synthesize.drawing.canvas import Canvas
from vidkind.dataset.synthesize.drawing.noise import GroundView, fractal, ramp, shaded
from vidkind.dataset.synthesize.drawing.stage import Colour, Frame, darker, lighter, mix, wave
from vidkind.dataset.synthesize.natural.outdoors import Outdoors, ridge_layer, tree_sprite


class Street(Outdoors):
    """People walk along a pavement before house fronts; soft shadows, a fixed or held camera."""

    def build(self) -> None:
        """Fronts, trees and pavement once; walkers move over them."""
        self.level = round(self.wh * self.uniform(0.4, 0.6))
        self.back = self.sky(self.ww, self.wh)
        self._fronts()
        tone = self.pick([(128, 126, 122), (150, 140, 126), (104, 104, 108), (196, 198, 202)])
        texture = self.ground_texture(256, (darker(tone, 0.2), tone, lighter(tone, 0.12)), 18, 1.0)
        for joint in range(0, 256, 32):
            texture[joint : joint + 2] = texture[joint : joint + 2] // 4 * 3
            texture[:, joint : joint + 2] = texture[:, joint : joint + 2] // 4 * 3
        ground = GroundView(self.ww, self.wh - self.level, 60).look(texture, 1.0, 3.0)
        self.back.paste(Image.fromarray(ground), (0, self.level))
        for _ in range(int(self.rng.integers(0, 4))):
            tree = tree_sprite(self, round(self.unit * self.uniform(30, 60)))
            self.back.paste(
                tree,
                (
                    round(self.uniform(-0.1, 1) * self.ww),
                    self.level - tree.height + round(self.unit * 4),
                ),
                tree,
            )
        self.back = self.back.filter(ImageFilter.GaussianBlur(0.7))
        self.back = self.back.resize((self.ww * 2, self.wh * 2))
        self.people = sorted(
            (self._person() for _ in range(int(self.rng.integers(3, 12)))),
            key=lambda person: person[0],
        )

    def _fronts(self) -> None:
        canvas = Canvas.over(self.back, 1)
        x = -self.unit * 10
        while x < self.ww:
            width, top = self.unit * self.uniform(22, 50), self.level * self.uniform(-0.2, 0.5)
            wall = self.pick(
                [(150, 120, 98), (176, 166, 150), (120, 92, 80), (134, 136, 140), (200, 190, 170)]
            )
            canvas.rect(x, top, width, self.wh, wall)
            step = self.unit * self.uniform(7, 11)
            y = top + step * 0.5
            while y < self.level - step:
                for column in range(int(width / step)):
                    glass = mix((52, 62, 72), self.light[1], self.uniform(0, 0.5))
                    canvas.rect(
                        x + step * (column + 0.3),
                        y,
                        step * 0.5,
                        step * 0.7,
                        glass,
                        darker(wall, 0.3),
                    )
                y += step * 1.2
            canvas.rect(x, self.level - step, width, step, darker(wall, 0.35))
            x += width
        picture = np.asarray(canvas.image)
        grime = fractal(self.rng, self.wh, self.ww, self.unit * 20, 6, 0.7)
        haze = 0.84 + 0.3 * grime
        self.back = Image.fromarray(shaded(picture, haze))

    def _person(self) -> tuple[float, float, float, float, tuple[Colour, ...]]:
        depth = self.uniform(0.12, 0.95)
        coat = self.pick(
            [(34, 38, 50), (70, 64, 60), (120, 40, 40), (58, 74, 96), (168, 160, 146), (44, 62, 48)]
        )
        trousers = self.pick([(30, 32, 40), (52, 60, 84), (84, 76, 66)])
        skin = mix((226, 184, 156), (96, 64, 46), self.uniform(0, 1))
        hair = mix((36, 26, 20), (150, 110, 70), self.uniform(0, 1) ** 2)
        return (
            depth,
            self.uniform(0, 1),
            self.uniform(0.03, 0.09) * self.pick((-1, 1)),
            self.uniform(0.9, 1.2),
            (coat, trousers, skin, hair),
        )

    def world(self, time: float) -> Image.Image:
        """Walkers from far to near."""
        canvas = Canvas.over(self.back, 2)
        for depth, start, speed, period, colours in self.people:
            foot = self.level + (self.wh - self.level) * depth
            size = self.wh * (0.1 + 0.5 * depth)
            x = ((start + speed * time / (0.3 + depth)) % 1.3 - 0.15) * self.ww
            self._walker(canvas, x, foot, size, time / period, colours, 1 if speed > 0 else -1)
        return canvas.reduced()

    def _walker(
        self,
        canvas: Canvas,
        x: float,
        foot: float,
        s: float,
        step: float,
        colours: tuple[Colour, ...],
        facing: int,
    ) -> None:
        coat, trousers, skin, hair = colours
        swing = math.sin(2 * math.pi * step) * s * 0.13
        for share in (0.6, 1.0):
            canvas.ellipse(x + s * 0.18, foot, s * 0.3 * share, s * 0.045 * share, (15, 15, 18, 70))
        hip = (x, foot - s * 0.47)
        for side, tone in ((-1, darker(trousers, 0.3)), (1, trousers)):
            end = (x + side * swing, foot - s * 0.02 - max(0, -side * swing * facing) * 0.3)
            canvas.limb(
                [hip, ((x + end[0]) / 2 + facing * s * 0.02, foot - s * 0.25), end], s * 0.085, tone
            )
            canvas.limb([end, (end[0] + facing * s * 0.05, end[1])], s * 0.05, (26, 24, 24))
        neck = (x + facing * s * 0.01, foot - s * 0.83)
        for side, tone in ((-1, darker(coat, 0.35)), (1, coat)):
            if side > 0:
                body = [
                    (neck[0] - s * 0.1, neck[1]),
                    (neck[0] + s * 0.1, neck[1]),
                    (x + s * 0.09, hip[1] + s * 0.06),
                    (x - s * 0.1, hip[1] + s * 0.06),
                ]
                canvas.polygon(body, coat)
                canvas.polygon([body[0], neck, (x, body[3][1]), body[3]], lighter(coat, 0.12))
                canvas.limb([(x, neck[1] + s * 0.05), (x, hip[1])], s * 0.12, coat)
            hand = (x - side * swing * 0.8, foot - s * 0.45)
            canvas.limb(
                [
                    (neck[0] + side * s * 0.02, neck[1] + s * 0.04),
                    ((neck[0] + hand[0]) / 2 - facing * s * 0.02, foot - s * 0.62),
                    hand,
                ],
                s * 0.065,
                tone,
            )
            canvas.ellipse(*hand, s * 0.03, s * 0.03, skin)
        canvas.ellipse(neck[0] + facing * s * 0.012, neck[1] - s * 0.09, s * 0.058, s * 0.078, skin)
        canvas.ellipse(
            neck[0] - facing * s * 0.014, neck[1] - s * 0.115, s * 0.062, s * 0.062, hair
        )


class NightLights(Outdoors):
    """Lights of a town at night out of focus, some of them moving; wet road below."""

    def build(self) -> None:
        """Lights that stand and lights that drive."""
        base = self.pick([(10, 12, 22), (18, 14, 16), (8, 14, 20)])
        field = fractal(self.rng, self.wh, self.ww, self.unit * 40, 4)
        self.back = Image.fromarray(ramp(field, (darker(base, 0.5), base, lighter(base, 0.16))))
        kinds = [(255, 190, 110), (255, 225, 190), (255, 70, 50), (110, 190, 255), (120, 255, 170)]
        self.level = self.uniform(0.5, 0.7)
        self.size = self.unit * self.uniform(2.5, 7)
        self.lights = [
            (
                self.uniform(-0.1, 1.1),
                self.uniform(0.1, self.level),
                self.uniform(0.4, 1.2),
                self.pick(kinds),
                self.uniform(-0.2, 0.2) if self.chance(0.4) else 0.0,
            )
            for _ in range(int(self.rng.integers(18, 60)))
        ]

    def world(self, time: float) -> Image.Image:
        """Discs with brighter rims, and their smeared mirror images on the road."""
        canvas = Canvas.over(self.back, 1)
        for index, (x, y, size, colour, speed) in enumerate(self.lights):
            px, py = (x + speed * time) % 1.2 * self.ww - 0.1 * self.ww, y * self.wh
            r = self.size * size
            glow = 0.75 + 0.25 * wave(time, 0.7 + size, index / 9)
            canvas.ellipse(
                px,
                py,
                r,
                r,
                (*colour, int(110 * glow)),
                (*lighter(colour, 0.3), int(150 * glow)),
                max(1, r * 0.12),
            )
            low = (2 * self.level - y) * self.wh
            canvas.ellipse(px, low, r * 0.5, r * 2.6, (*colour, int(36 * glow)))
        return canvas.image


class DriveThrough(Outdoors):
    """The view out of a moving car: asphalt, verges, trees that pass, other cars, hills."""

    def build(self) -> None:
        """Road texture with lane marks, sky, trees as soft sprites."""
        self.level = round(self.wh * self.uniform(0.42, 0.52))
        self.back = self.sky(self.ww, self.wh)
        far = ridge_layer(
            self,
            (self.ww, self.level + 4),
            self.level * 0.8,
            self.level * 0.18,
            ((52, 62, 44), (92, 98, 72)),
            self.light[1],
            0.5,
        )
        self.back.paste(far, (0, 0), far)
        self.view = GroundView(self.ww, self.wh - self.level, 64)
        self.asphalt = self._asphalt()
        self.speed = self.uniform(3, 9)
        self.trees = [tree_sprite(self, round(self.unit * 60)) for _ in range(5)]
        self.cars = [
            (self._car(), self.uniform(3, 14), self.uniform(-1.5, 3.5))
            for _ in range(int(self.rng.integers(0, 3)))
        ]
        self.dash = self._dash() if self.chance(0.6) else None

    def _asphalt(self) -> Frame:
        size = 512
        verge = self.pick(
            [
                ((60, 70, 34), (104, 108, 58)),
                ((120, 104, 74), (168, 150, 112)),
                ((200, 204, 208), (232, 234, 236)),
            ]
        )
        texture = self.ground_texture(size, verge, 30)
        road = self.ground_texture(size, ((74, 74, 77), (104, 104, 106)), 14, 1.5)
        x = np.arange(size)
        inside = np.abs(x - size / 2) < size * 0.17
        texture[:, inside] = road[:, inside]
        edge = np.abs(np.abs(x - size / 2) - size * 0.155) < 2.5
        middle = np.abs(x - size / 2) < 2
        dashed = (np.arange(size) % 128 < 56)[:, None]
        texture[:, edge] = np.minimum(texture[:, edge].astype(np.int64) + 90, 235)
        texture = np.where((middle[None, :] & dashed)[..., None], np.uint8(218), texture)
        return texture

    def _car(self) -> Image.Image:
        paint = self.pick(
            [(150, 24, 26), (200, 202, 206), (34, 38, 46), (60, 84, 120), (236, 236, 234)]
        )
        canvas = Canvas(60, 46, (0, 0, 0, 0), 2)
        canvas.ellipse(30, 42, 29, 4, (0, 0, 0, 120))
        canvas.rect(10, 4, 40, 18, darker(paint, 0.2), radius=7)
        canvas.rect(14, 7, 32, 11, (42, 50, 58), radius=3)
        canvas.rect(3, 17, 54, 21, paint, radius=5)
        canvas.rect(3, 17, 54, 5, lighter(paint, 0.3), radius=3)
        for x in (5, 47):
            canvas.rect(x, 22, 8, 5, (206, 40, 34))
            canvas.rect(x, 36, 9, 8, (18, 18, 20), radius=2)
        canvas.rect(22, 28, 16, 5, (228, 226, 210))
        canvas.blur(0.7)
        return canvas.image

    def _dash(self) -> Image.Image:
        canvas = Canvas(self.ww, self.wh, (0, 0, 0, 0), 1)
        canvas.ellipse(self.ww * 0.45, self.wh * 1.12, self.ww * 0.75, self.wh * 0.24, (24, 24, 27))
        canvas.ellipse(self.ww * 0.45, self.wh * 1.14, self.ww * 0.7, self.wh * 0.235, (38, 38, 42))
        canvas.blur(self.unit * 1.2)
        return canvas.image

    def world(self, time: float) -> Image.Image:
        """Ground in perspective, then trees and cars from far to near."""
        ahead = time * self.speed
        picture = self.back.copy()
        ground = self.view.look(self.asphalt, ahead, 4.0 + 0.05 * wave(time, 3))
        picture.paste(Image.fromarray(ground), (0, self.level))
        for index in range(14, -1, -1):
            depth = (index * 1.3 - ahead % 1.3) + 0.9
            which = index + int(ahead / 1.3)
            self._beside(
                picture,
                self.trees[which % 5],
                depth,
                2.6 + which * 7 % 5 * 0.7,
                1 if which % 2 else -1,
            )
        for car, start, speed in self.cars:
            depth = 1.8 + (start + speed * time) % 14
            self._beside(picture, car, depth, 0.7, 1 if speed < 1 else -1, 0.62)
        if self.dash is not None:
            picture.paste(self.dash, (0, round(self.unit * 0.4 * wave(time, 0.23))), self.dash)
        return picture

    def _beside(
        self,
        picture: Image.Image,
        sprite: Image.Image,
        depth: float,
        aside: float,
        side: int,
        size: float = 2.0,
    ) -> None:
        scale = (self.wh - self.level) / depth
        height = max(2, round(scale * size * sprite.height / max(sprite.width, sprite.height)))
        width = max(2, round(height * sprite.width / sprite.height))
        if height > self.wh * 2.2:
            return
        x = self.ww / 2 + side * aside * scale - width / 2
        image = sprite.resize((width, height), Image.Resampling.BILINEAR)
        picture.paste(image, (round(x), round(self.level + scale - height)), image)
