"""Adventure games of tiles, seen from above."""

from __future__ import annotations

from PIL import Image

from vidkind.dataset.synthesize.drawing.canvas import BLACK, Canvas
from vidkind.dataset.synthesize.drawing.noise import fractal
from vidkind.dataset.synthesize.drawing.stage import darker, lighter, wave
from vidkind.dataset.synthesize.gaming.game import GameScene
from vidkind.dataset.synthesize.gaming.sprites import hero_sprites, monster, scaled_sprite, tile


class Adventure(GameScene):
    """A hero walks over a tiled land or through a dungeon, seen from above."""

    pixelated = True

    def begin(self) -> None:
        """Draws the land; the hero walks a smooth path over it."""
        self.size = max(4, round(min(self.gw, self.gh) / int(self.rng.integers(8, 13))))
        self.columns, self.rows = self.gw // self.size + 14, self.gh // self.size + 10
        self.dungeon = self.chance(0.4)
        self.land = self._land()
        self.heroes = [scaled_sprite(i, self.size * 0.9) for i in hero_sprites(self, 1)]
        self.foes = [scaled_sprite(monster(self, 1), self.size * 0.9) for _ in range(6)]
        self.spots = self.rng.uniform(0, 1, (6, 2)) * (self.columns, self.rows) * self.size
        self.periods = self.rng.uniform(5, 9, 2)
        self.line = self.writer.sentence(4, 7)
        self.speaks = self.uniform(0.5, 2) if self.chance(0.4) else 1e9

    def _land(self) -> Image.Image:
        field = fractal(self.rng, self.rows, self.columns, 5, 2)
        ground = (
            (60, 55, 75)
            if self.dungeon
            else self.pick([(110, 190, 80), (225, 205, 140), (235, 240, 250)])
        )
        names = (
            ("water", "flat", "flat", "wall")
            if not self.dungeon
            else ("flat", "flat", "flat", "wall")
        )
        tiles = {
            "flat": tile(self, self.size, "dirt", ground),
            "water": tile(self, self.size, "water", (60, 120, 220)),
            "wall": tile(
                self,
                self.size,
                "stone" if not self.dungeon else "brick",
                self.colour(saturation=(0.1, 0.4), value=(0.4, 0.6)),
            ),
        }
        canvas = Canvas(self.columns * self.size, self.rows * self.size, ground, 1)
        for row in range(self.rows):
            for column in range(self.columns):
                kind = names[min(int(field[row, column] * 4), 3)]
                x, y = column * self.size, row * self.size
                canvas.paste(tiles[kind], x, y)
                if kind == "flat" and self.chance(0.15):
                    self._thing(canvas, x, y)
        return canvas.image

    def _thing(self, canvas: Canvas, x: float, y: float) -> None:
        s = self.size
        if self.dungeon:
            canvas.rect(x + s * 0.2, y + s * 0.3, s * 0.6, s * 0.5, (150, 100, 50), BLACK)
            canvas.rect(x + s * 0.4, y + s * 0.45, s * 0.2, s * 0.2, (250, 210, 60))
        elif self.chance(0.7):
            green = self.pick([(30, 110, 50), (40, 140, 60), (20, 90, 70)])
            canvas.rect(x + s * 0.42, y + s * 0.6, s * 0.2, s * 0.4, (110, 70, 40))
            canvas.ellipse(x + s / 2, y + s * 0.38, s * 0.42, s * 0.4, green, darker(green), 1)
            canvas.ellipse(x + s * 0.4, y + s * 0.28, s * 0.15, s * 0.13, lighter(green, 0.3))
        else:
            canvas.rect(x, y + s * 0.35, s, s * 0.6, (235, 215, 180), BLACK)
            canvas.polygon(
                [(x - 1, y + s * 0.4), (x + s / 2, y - s * 0.2), (x + s + 1, y + s * 0.4)],
                (200, 60, 50),
            )
            canvas.rect(x + s * 0.4, y + s * 0.6, s * 0.22, s * 0.35, (90, 55, 35))

    def play(self, time: float) -> Canvas:
        """The land around the hero, who stays near the middle."""
        wide, tall = self.columns * self.size - self.gw, self.rows * self.size - self.gh
        x = wide * (0.5 + 0.45 * wave(time, float(self.periods[0]) * 2))
        y = tall * (0.5 + 0.45 * wave(time, float(self.periods[1]) * 2, 0.2))
        x, y = float(round(x)), float(round(y))
        canvas = Canvas.over(
            self.land.crop((int(x), int(y), int(x) + self.gw, int(y) + self.gh)), 1
        )
        for index, (fx, fy) in enumerate(self.spots):
            foe = self.foes[index]
            canvas.paste(
                foe,
                fx - x + self.size * wave(time, 2, index / 6),
                fy - y + self.size * wave(time, 3, index / 4),
            )
        hero = self.heroes[int(time * 6) % 2]
        canvas.ellipse(
            self.gw / 2,
            self.gh / 2 + hero.height / 2,
            self.size * 0.4,
            self.size * 0.15,
            (0, 0, 0, 90),
        )
        canvas.paste(hero, self.gw / 2 - hero.width / 2, self.gh / 2 - hero.height / 2)
        if self.dungeon:
            self._darkness(canvas, time)
        if time > self.speaks:
            self._speech(canvas, time - self.speaks)
        return canvas

    def _darkness(self, canvas: Canvas, time: float) -> None:
        veil = Image.new("L", canvas.image.size, 215)
        light = Canvas.over(veil, 1)
        for step in range(4):
            radius = min(self.gw, self.gh) * (0.5 - 0.09 * step) * (1 + 0.02 * wave(time, 0.4))
            light.pen.ellipse(_box(self.gw / 2, self.gh / 2, radius), fill=150 - 50 * step)
        canvas.image.paste(BLACK, (0, 0), light.image)

    def _speech(self, canvas: Canvas, age: float) -> None:
        g = self.g
        box = (g * 4, self.gh - g * 30, self.gw - g * 8, g * 26)
        canvas.rect(*box, (20, 24, 60), (240, 240, 240), max(1, g))
        text = self.line[: int(age * 25)]
        canvas.text(g * 9, self.gh - g * 24, text, (255, 255, 255), max(g * 7, 7), "mono", "la")


def _box(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return (x - radius, y - radius, x + radius, y + radius)
