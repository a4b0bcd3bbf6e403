"""Animals: a furry walker, fish, a flock of birds."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from vidkind.dataset.synthesize.drawing.canvas import Canvas, gradient
from vidkind.dataset.synthesize.drawing.noise import (
    GroundView,
    fractal,
    ramp,
    relief,
    shaded,
    smooth_noise,
)
from vidkind.dataset.synthesize.drawing.stage import Colour, as_frame, darker, lighter, mix, wave
from vidkind.dataset.synthesize.natural.outdoors import Outdoors, blurred_backdrop, ridge_layer


class Animal(Outdoors):
    """A furry four-legged animal walks or grazes on grass, or in snow; soft background."""

    def build(self) -> None:
        """Ground, fur, and the animal's proportions."""
        self.level = self.wh * self.uniform(0.35, 0.55)
        self.ground = self.wh * self.uniform(0.8, 0.9)
        self.back = self._field()
        tone = self.pick(
            [
                (150, 104, 62),
                (92, 64, 44),
                (190, 160, 120),
                (70, 66, 64),
                (222, 214, 200),
                (176, 106, 52),
            ]
        )
        strokes = fractal(self.rng, self.wh, self.ww, self.unit * 7, 5, 0.9, 0.4)
        self.fur = shaded(
            ramp(strokes, (darker(tone, 0.5), tone, lighter(tone, 0.35))), relief(strokes, 1.0)
        )
        if self.chance(0.35):
            spots = fractal(self.rng, self.wh, self.ww, self.unit * self.uniform(8, 16), 3) > 0.58
            self.fur[spots] = self.fur[spots] // 3
        self.rough = smooth_noise(self.rng, self.wh, self.ww, 2.0) - 0.5
        self.size = min(self.wh * self.uniform(0.26, 0.4), self.ww * 0.34)
        self.long, self.leg, self.neck = (
            self.uniform(0.8, 1.15),
            self.uniform(0.4, 0.75),
            self.uniform(0.1, 0.55),
        )
        rows = (np.arange(self.wh) - self.ground) / (self.size * 1.3)
        light = np.clip(0.55 - 0.75 * (rows + self.leg / 1.3), 0.45, 1.3).astype(np.float32)
        self.fur = as_frame(self.fur * light[:, None, None])
        self.ear, self.tail = self.pick(("round", "point", "long")), self.uniform(0.3, 0.8)
        self.facing = self.pick((-1, 1))
        self.walks = self.chance(0.6)
        self.period = self.uniform(0.8, 1.5)

    def _field(self) -> Image.Image:
        colours = self.pick(
            [
                ((52, 70, 28), (98, 116, 52), (150, 156, 92)),
                ((150, 132, 90), (186, 166, 118), (214, 196, 152)),
                ((200, 206, 214), (226, 230, 236), (246, 248, 250)),
            ]
        )
        picture = blurred_backdrop(
            self, (darker(colours[0], 0.45), darker(colours[1], 0.3), colours[1])
        )
        texture = self.ground_texture(256, colours, 26)
        height = self.wh - round(self.level)
        ground = Image.fromarray(GroundView(self.ww, height, 70).look(texture, 1.0, 3.0))
        mask = gradient(
            self.ww, height, ((0, 0, 0), (255, 255, 255), (255, 255, 255), (255, 255, 255))
        ).convert("L")
        picture.paste(ground.filter(ImageFilter.GaussianBlur(0.8)), (0, round(self.level)), mask)
        return picture

    def world(self, time: float) -> Image.Image:
        """The silhouette of this moment, its edge roughened, filled with fur and lit from above."""
        mask = Canvas.over(Image.new("L", (self.ww, self.wh)), 1)
        way = (
            0.12 * self.ww * (time / max(self.stage.seconds, 0.1) - 0.5) * 2 if self.walks else 0.0
        )
        x = self.ww / 2 + self.facing * way
        self._shape(mask, x, time)
        soft = np.asarray(mask.image.filter(ImageFilter.GaussianBlur(1.3)), dtype=np.float32) / 255
        alpha = np.clip((soft + self.rough * 0.55 - 0.42) * 5, 0, 1)
        shift = round(self.facing * way)
        fur = np.roll(self.fur, shift, 1)
        picture = self.back.copy()
        self._shadow(picture, x)
        picture.paste(Image.fromarray(fur), (0, 0), Image.fromarray((alpha * 255).astype(np.uint8)))
        self._eye(picture, x, time)
        return picture

    def _shadow(self, picture: Image.Image, x: float) -> None:
        width, height = round(self.size * self.long * 2.4), max(4, round(self.size * 0.3))
        shade = Canvas(width, height, (0, 0, 0, 0), 1)
        shade.ellipse(width / 2, height / 2, width * 0.42, height * 0.3, (10, 14, 8, 150))
        shade.blur(self.unit * 1.2)
        picture.paste(
            shade.image, (round(x - width / 2), round(self.ground - height / 2)), shade.image
        )

    def _head(self, x: float, time: float) -> tuple[float, float]:
        s = self.size
        graze = 0.25 * (1 + wave(time, 3.1)) if not self.walks else 0.05 * wave(time, self.period)
        back = self.ground - s * (self.leg + 0.55)
        return x + self.facing * s * (self.long * 0.72 + 0.22), back - s * (self.neck - graze)

    def _shape(self, canvas: Canvas, x: float, time: float) -> None:
        s, f, ink = self.size, self.facing, (255,)
        back = self.ground - s * (self.leg + 0.28)
        for leg in range(4):
            swing = (
                0.09 * wave(time, self.period, leg * 0.25 + (leg > 1) * 0.1) if self.walks else 0.0
            )
            hip = (
                x + f * s * self.long * (0.52 if leg % 2 else -0.52) + s * 0.05 * (leg > 1),
                back + s * 0.1,
            )
            foot = (hip[0] + f * swing * s * 2.4, self.ground - max(0.0, swing) * s * 0.5)
            canvas.limb(
                [hip, ((hip[0] + foot[0]) / 2 + f * s * 0.03, (hip[1] + foot[1]) / 2), foot],
                s * 0.15,
                ink,
            )
        canvas.ellipse(x, back, s * self.long * 0.72, s * 0.36, ink)
        canvas.ellipse(x + f * s * self.long * 0.45, back - s * 0.03, s * 0.36, s * 0.37, ink)
        canvas.ellipse(x - f * s * self.long * 0.48, back, s * 0.36, s * 0.35, ink)
        hx, hy = self._head(x, time)
        canvas.limb(
            [(x + f * s * self.long * 0.55, back - s * 0.05), (hx - f * s * 0.05, hy)], s * 0.3, ink
        )
        canvas.ellipse(hx, hy, s * 0.23, s * 0.2, ink)
        canvas.ellipse(hx + f * s * 0.2, hy + s * 0.07, s * 0.15, s * 0.11, ink)
        for side in (-0.13, 0.06):
            tip = {"round": 0.2, "point": 0.3, "long": 0.5}[self.ear] * s
            canvas.limb(
                [(hx + side * s, hy - s * 0.12), (hx + side * s * 1.3, hy - tip)], s * 0.1, ink
            )
        wag = s * 0.12 * wave(time, 0.8)
        rump = (x - f * s * (self.long * 0.75), back - s * 0.12)
        canvas.limb(
            [
                rump,
                (rump[0] - f * s * 0.2, rump[1] + wag),
                (rump[0] - f * s * 0.32, rump[1] + s * self.tail + wag),
            ],
            s * 0.08,
            ink,
        )

    def _eye(self, picture: Image.Image, x: float, time: float) -> None:
        hx, hy = self._head(x, time)
        s, canvas = self.size, Canvas.over(picture, 1)
        place = (hx + self.facing * s * 0.07, hy - s * 0.03)
        canvas.ellipse(*place, s * 0.035, s * 0.035, (14, 10, 8))
        canvas.ellipse(
            place[0] - s * 0.01, place[1] - s * 0.012, s * 0.01, s * 0.01, (230, 230, 230)
        )
        canvas.ellipse(
            hx + self.facing * s * 0.33, hy + s * 0.05, s * 0.035, s * 0.03, (20, 16, 14)
        )
        picture.paste(canvas.image)


class Underwater(Outdoors):
    """Fish in blue or green water with rays of light, stones and drifting specks."""

    def build(self) -> None:
        """Water, stones, fish."""
        deep = self.pick([(6, 44, 84), (10, 62, 70), (22, 70, 60)])
        self.back = gradient(
            self.ww,
            self.wh,
            (lighter(deep, 0.55), mix(deep, lighter(deep, 0.3), 0.5), darker(deep, 0.5)),
        )
        stones = ridge_layer(
            self,
            (self.ww, self.wh),
            self.wh * 0.66,
            self.wh * 0.25,
            ((30, 40, 44), (86, 92, 84), (140, 134, 110)),
            deep,
            self.uniform(0.3, 0.6),
        )
        self.back.paste(stones, (0, 0), stones)
        self.rays = fractal(self.rng, 2, self.ww * 2, self.unit * 14, 3)[0]
        self.fade = np.linspace(1, 0, self.wh, dtype=np.float32)[:, None] ** 1.3
        self.specks = self.rng.random((60, 3))
        self.fish = [self._fish(deep) for _ in range(int(self.rng.integers(3, 10)))]

    def _fish(self, deep: Colour) -> tuple[Image.Image, float, float, float, int]:
        size = round(self.unit * self.uniform(12, 34))
        colour = mix(
            self.colour(saturation=(0.3, 0.8), value=(0.5, 0.95)), deep, self.uniform(0.1, 0.5)
        )
        canvas = Canvas(size, size * 0.55, (*colour, 0), 2)
        h = canvas.height
        canvas.polygon(
            [(size * 0.28, h / 2), (0, h * 0.1), (size * 0.07, h / 2), (0, h * 0.9)],
            darker(colour, 0.15),
        )
        canvas.polygon(
            [(size * 0.4, h * 0.3), (size * 0.55, 0), (size * 0.75, h * 0.3)], darker(colour, 0.25)
        )
        for step in range(8):
            tone = mix(darker(colour, 0.45), lighter(colour, 0.5), step / 7)
            canvas.ellipse(
                size * 0.58,
                h * (0.56 - 0.015 * step),
                size * (0.4 - 0.012 * step),
                h * (0.36 - 0.035 * step),
                tone,
            )
        if self.chance(0.5):
            for x in (0.45, 0.6, 0.75):
                canvas.rect(size * x, h * 0.26, size * 0.05, h * 0.5, (*darker(colour, 0.6), 150))
        canvas.ellipse(
            size * 0.87,
            h * 0.46,
            size * 0.03,
            size * 0.03,
            (235, 235, 220),
            (10, 10, 10),
            size * 0.02,
        )
        canvas.blur(self.uniform(0.2, 0.8))
        facing = self.pick((-1, 1))
        image = canvas.reduced()
        image = image if facing > 0 else image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return image, self.uniform(0, 1), self.uniform(0.1, 0.8), self.uniform(0.05, 0.25), facing

    def world(self, time: float) -> Image.Image:
        """Rays move, fish swim with a beat of the tail, specks drift."""
        shift = int(time * self.unit * 6) % self.ww
        ray = np.clip(self.rays[shift : shift + self.ww] * 1.6 - 0.7, 0, 1)[None, :]
        lit = np.asarray(self.back) + (ray * self.fade * 70)[..., None]
        picture = Image.fromarray(as_frame(lit))
        for image, x, y, speed, facing in self.fish:
            beat = 1 + 0.09 * wave(time, 0.45, x)
            swum = image.resize((max(2, round(image.width * beat)), image.height))
            px = (x + facing * speed * time) % 1.3 - 0.15
            place = (round(px * self.ww), round(y * self.wh + self.unit * 2 * wave(time, 2, y)))
            picture.paste(swum, place, swum)
        canvas = Canvas.over(picture, 1)
        for x, y, size in self.specks:
            place = (
                (x + 0.02 * time) % 1 * self.ww,
                (y - 0.03 * time * (0.5 + size)) % 1 * self.wh,
            )
            canvas.ellipse(
                *place,
                0.5 + size * self.unit * 0.5,
                0.5 + size * self.unit * 0.5,
                (215, 235, 235, 90),
            )
        return canvas.image


class Birds(Outdoors):
    """A flock crosses the sky over a far wood."""

    def build(self) -> None:
        """Sky, wood, places in the flock."""
        self.back = self.sky(self.ww, self.wh)
        if self.chance(0.6):
            wood = ridge_layer(
                self,
                (self.ww, self.wh),
                self.wh * 0.76,
                self.wh * 0.12,
                ((18, 24, 16), (44, 54, 34), (66, 74, 50)),
                self.light[1],
                0.25,
            )
            self.back.paste(wood, (0, 0), wood)
        self.back = self.back.resize((self.ww * 2, self.wh * 2))
        count = int(self.rng.integers(3, 22))
        self.flock = self.rng.normal(0, 1, (count, 2)) * (0.22, 0.14)
        self.start = (self.uniform(0.2, 0.8), self.uniform(0.25, 0.55))
        self.speed = self.uniform(-0.15, 0.15)
        self.size = self.unit * self.uniform(3, 9)
        self.beat = self.uniform(0.25, 0.6)

    def world(self, time: float) -> Image.Image:
        """Wings beat, each bird in its own time."""
        canvas = Canvas.over(self.back, 2)
        for index, (dx, dy) in enumerate(self.flock):
            x = (self.start[0] + dx + self.speed * time) * self.ww
            y = (self.start[1] + dy + 0.01 * wave(time, 1.7, index / 7)) * self.wh
            s = self.size * (0.7 + 0.06 * (index % 9))
            lift = wave(time, self.beat, index * 0.37) * s * 0.8
            for side in (-1, 1):
                wing = [
                    (x, y - s * 0.12),
                    (x + side * s * 0.7, y - lift * 0.7 - s * 0.1),
                    (x + side * s * 1.5, y - lift),
                    (x + side * s * 0.6, y - lift * 0.4 + s * 0.2),
                    (x, y + s * 0.15),
                ]
                canvas.polygon(wing, (34, 33, 36))
            canvas.ellipse(x, y, s * 0.28, s * 0.16, (28, 27, 30))
        return canvas.reduced()
