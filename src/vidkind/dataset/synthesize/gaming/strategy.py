"""Strategy games: a town or battlefield in isometric view."""

from __future__ import annotations

from PIL import Image

from vidkind.dataset.synthesize.drawing.canvas import BLACK, WHITE, Canvas
from vidkind.dataset.synthesize.drawing.noise import fractal
from vidkind.dataset.synthesize.drawing.stage import Colour, darker, ease, lighter, mix
from vidkind.dataset.synthesize.gaming.game import GameScene
from vidkind.dataset.synthesize.gaming.sprites import scaled_sprite, tile


class Town(GameScene):
    """A town or a battlefield in isometric view: houses, roads, units, a map and a panel."""

    hud_bars = False

    def begin(self) -> None:
        """Draws the land once, larger than the view; units walk over it."""
        self.tile = 13 * self.g
        self.size = int((self.gw + self.gh) / self.tile * 1.1) + 6
        self.scale = 1 if self.zoom > 1 else 2
        self.wide, self.tall = round(self.gw * 1.6), round(self.gh * 1.6)
        self.land = self._land()
        sides = [(60, 120, 255), (240, 60, 50), (250, 210, 60), (90, 220, 90)]
        self.units = [
            (
                self.uniform(0, self.wide),
                self.uniform(0, self.tall),
                self.uniform(3, 7),
                self.pick(sides),
            )
            for _ in range(34)
        ]
        self.path = [(self.uniform(0, 0.6), self.uniform(0, 0.6)) for _ in range(2)]
        self.icons = [
            tile(self, max(4, round(9 * self.g * self.scale)), "block", self.colour())
            for _ in range(6)
        ]

    def _land(self) -> Image.Image:
        field = fractal(self.rng, self.size * 2, self.size * 2, 10, 4)
        ground = self.pick([(96, 150, 70), (200, 170, 110), (110, 120, 125)])
        canvas = Canvas(self.wide, self.tall, ground, self.scale)
        t = self.tile
        roads = {int(v) for v in self.rng.integers(0, self.size * 2, 5)}
        for row in range(self.size * 2):
            for column in range(self.size * 2):
                x = (column - row) * t / 2 + self.wide / 2
                y = (column + row) * t / 4 - t
                if -t < x < self.wide + t and -t < y < self.tall + t * 3:
                    self._place(
                        canvas,
                        x,
                        y,
                        float(field[row, column]),
                        row in roads or column in roads,
                        ground,
                    )
        return canvas.image

    def _place(
        self, canvas: Canvas, x: float, y: float, value: float, road: bool, ground: Colour
    ) -> None:
        t = self.tile
        diamond = [(x, y - t / 4), (x + t / 2, y), (x, y + t / 4), (x - t / 2, y)]
        if value < 0.27:
            canvas.polygon(diamond, mix((50, 100, 180), (80, 150, 210), value * 3))
        elif road:
            canvas.polygon(diamond, (120, 118, 115))
        else:
            canvas.polygon(diamond, mix(ground, darker(ground, 0.2), self.uniform(0, 1)))
            if value > 0.5 and self.chance(0.4):
                self._house(canvas, x, y)
            elif self.chance(0.22):
                green = self.colour(hue=(0.25, 0.4), value=(0.25, 0.5))
                canvas.rect(x - t * 0.04, y - t * 0.25, t * 0.09, t * 0.25, (90, 60, 40))
                canvas.ellipse(x, y - t * 0.38, t * 0.2, t * 0.24, green)

    def _house(self, canvas: Canvas, x: float, y: float) -> None:
        half, tall = self.tile * 0.38, self.tile * self.uniform(0.3, 1.3)
        wall = self.colour(saturation=(0.1, 0.5), value=(0.6, 0.95))
        left = [(x - half, y), (x, y + half / 2), (x, y + half / 2 - tall), (x - half, y - tall)]
        right = [(x + half, y), (x, y + half / 2), (x, y + half / 2 - tall), (x + half, y - tall)]
        top = [
            (x, y - half / 2 - tall),
            (x + half, y - tall),
            (x, y + half / 2 - tall),
            (x - half, y - tall),
        ]
        canvas.polygon(left, darker(wall, 0.15))
        canvas.polygon(right, darker(wall, 0.4))
        canvas.polygon(top, self.pick([(190, 70, 50), lighter(wall, 0.2), (90, 95, 110)]))
        for step in range(int(tall / self.tile * 4)):
            level = y - tall * 0.85 + step * self.tile * 0.25
            canvas.rect(
                x - half * 0.65, level + half * 0.2, half * 0.25, self.tile * 0.1, (255, 235, 150)
            )
            canvas.rect(
                x + half * 0.4, level + half * 0.2, half * 0.25, self.tile * 0.1, (60, 70, 90)
            )

    def play(self, time: float) -> Canvas:
        """The land under a moving camera, units with bars, selection, panel and map."""
        (ax, ay), (bx, by) = self.path
        share = ease(time / max(self.stage.seconds, 0.1))
        x, y = (ax + (bx - ax) * share) * self.gw, (ay + (by - ay) * share) * self.gh
        s = self.scale
        box = (round(x * s), round(y * s), round(x * s) + self.gw * s, round(y * s) + self.gh * s)
        canvas = Canvas.over(self.land.crop(box), s)
        for index, (ux, uy, speed, colour) in enumerate(self.units):
            px = ux + speed * self.g * time * (1 if index % 2 else -1) - x
            py = uy + speed * self.g * time * 0.5 * (1 if index % 3 else -1) - y
            self._unit(canvas, px, py, colour, index)
        self._panel(canvas, time, (x / self.wide, y / self.tall))
        return canvas

    def _unit(self, canvas: Canvas, x: float, y: float, colour: Colour, index: int) -> None:
        g = self.g
        if index % 5 == 0:
            canvas.ellipse(x, y + g * 1.5, g * 4, g * 2, None, (80, 255, 80), max(1, g * 0.5))
        canvas.ellipse(x, y + g * 1.5, g * 2.5, g * 1.1, (0, 0, 0, 90))
        canvas.rect(
            x - g * 1.5, y - g * 2.5, g * 3, g * 4, colour, darker(colour, 0.5), max(1, g * 0.3)
        )
        canvas.ellipse(x, y - g * 3.4, g * 1.4, g * 1.4, (235, 190, 150))
        canvas.rect(x - g * 3, y - g * 6.6, g * 6, g, BLACK)
        canvas.rect(x - g * 3, y - g * 6.6, g * (2 + index % 5), g, (80, 230, 80))

    def _panel(self, canvas: Canvas, time: float, view: tuple[float, float]) -> None:
        g = self.g
        top = self.gh - g * 24
        canvas.rect(0, top, self.gw, g * 24, (58, 50, 44), (150, 130, 100), max(1, g))
        small = scaled_sprite(self.land, g * 34 * self.scale, smooth=True)
        small = small.crop((0, 0, small.width, min(small.height, round(g * 21 * self.scale))))
        canvas.paste(small, g * 2, top + g * 1.5)
        canvas.rect(
            g * 2 + view[0] * g * 34,
            top + g * 1.5 + view[1] * g * 21,
            g * 18,
            g * 11,
            None,
            WHITE,
            max(1, g * 0.5),
        )
        for index, icon in enumerate(self.icons):
            canvas.paste(
                icon, self.gw - g * (34 - 11 * (index % 3)), top + g * (2 + 11 * (index // 3))
            )
        for index, start in enumerate((350, 120, 40)):
            canvas.text(
                g * (40 + 22 * index),
                g * 10,
                str(int(start + time * 7)),
                (255, 235, 160),
                max(g * 6, 6),
                "bold",
            )
