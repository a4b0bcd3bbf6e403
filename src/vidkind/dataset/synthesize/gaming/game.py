"""What all games share: a low-resolution picture, a HUD in the corners, a menu."""

from __future__ import annotations

from abc import abstractmethod

from PIL import Image

from vidkind.dataset.synthesize.drawing.canvas import BLACK, WHITE, Canvas
from vidkind.dataset.synthesize.drawing.stage import Colour, Frame, Scene, lighter
from vidkind.dataset.synthesize.drawing.text import Writer
from vidkind.dataset.synthesize.gaming.sprites import HEART, sprite


class GameScene(Scene):
    """A game: ``play`` draws the world, then come the HUD and perhaps a menu."""

    hud_bars = True
    pixelated: bool | None = None

    def setup(self) -> None:
        """Chooses pixel size, HUD and menu, then the game itself."""
        self.zoom = self.pixel_size()
        self.gw, self.gh = -(-self.w // self.zoom), -(-self.h // self.zoom)
        self.g = min(self.gw, self.gh) / 100
        self.writer = Writer(self.rng)
        self.hud = Hud(self)
        self.menu_from = self.uniform(0, self.stage.seconds) if self.chance(0.12) else 1e9
        self.menu = [self.writer.words(1, 1).title() for _ in range(4)]
        self.title = self.writer.words(1, 2).upper()
        self.begin()

    def pixel_size(self) -> int:
        """How large a pixel of the game is; 1 is smooth."""
        pixel_art = self.chance(0.6) if self.pixelated is None else self.pixelated
        largest = max(1, min(self.w, self.h) // 84)
        return int(self.rng.integers(min(2, largest), largest + 1)) if pixel_art else 1

    @abstractmethod
    def begin(self) -> None:
        """Draws everything random of this game."""

    @abstractmethod
    def play(self, time: float) -> Canvas:
        """The world at a time, gw x gh pixels."""

    def draw(self, time: float) -> Frame:
        """World, HUD, menu, enlarged without smoothing."""
        canvas = self.play(time)
        canvas.crisp = self.zoom > 1
        self.hud.draw(canvas, time)
        if 0 < time - self.menu_from < 1.2:
            self._menu(canvas, time - self.menu_from)
        frame = canvas.array()
        if self.zoom > 1:
            frame = frame.repeat(self.zoom, 0).repeat(self.zoom, 1)
        return frame[: self.h, : self.w]

    def new_canvas(self, fill: Colour) -> Canvas:
        """An empty picture of the game's size."""
        return Canvas(self.gw, self.gh, fill, 1 if self.zoom > 1 else 2)

    def _menu(self, canvas: Canvas, time: float) -> None:
        g = self.g
        canvas.rect(0, 0, self.gw, self.gh, (0, 0, 0, 150))
        middle = self.gw / 2
        canvas.text(
            middle, self.gh * 0.2, self.title, (255, 220, 60), g * 14, "bold", "mm", self.gw * 0.9
        )
        chosen = int(time * 3) % 4
        for index, item in enumerate(self.menu):
            colour = (255, 255, 255) if index == chosen else (170, 170, 180)
            y = self.gh * (0.42 + 0.14 * index)
            if index == chosen:
                canvas.rect(
                    middle - g * 30, y - g * 6, g * 60, g * 12, (40, 90, 200, 180), WHITE, g
                )
            canvas.text(middle, y, item, colour, g * 8, "bold", "mm")


class Hud:
    """Score, lives, bars, a timer and buttons in the corners, in a style of its own."""

    def __init__(self, game: GameScene) -> None:
        self.game = game
        self.score = int(game.rng.integers(0, 90_000))
        self.rate = game.uniform(20, 400)
        self.lives = int(game.rng.integers(1, 6))
        self.health = game.uniform(0.3, 1)
        self.colour = game.pick([WHITE, (255, 230, 80), (120, 255, 140), (120, 220, 255)])
        self.parts = {
            part
            for part, likely in (
                ("score", 0.9),
                ("lives", 0.6),
                ("bar", 0.5),
                ("time", 0.4),
                ("touch", 0.12),
            )
            if game.chance(likely)
        }
        self.plate = game.chance(0.3)
        size = max(1, round(game.g))
        self.heart = sprite(HEART, {"r": (230, 40, 60)}, size)
        self.font = game.pick(("mono-bold", "bold", "mono-bold"))

    def draw(self, canvas: Canvas, time: float) -> None:
        """Draws all parts over the world."""
        game, g = self.game, self.game.g
        size = max(g * 7, 7)
        if self.plate:
            canvas.rect(0, 0, canvas.width, size * 1.5, (0, 0, 0, 160))
        if "score" in self.parts:
            self._text(
                canvas,
                g * 3,
                g * 2,
                f"{int((self.score + self.rate * time) // 10 * 10):06d}",
                size,
                "la",
            )
        if "time" in self.parts:
            self._text(
                canvas, canvas.width / 2, g * 2, f"{max(0, 99 - int(time * 2)):02d}", size, "ma"
            )
        if "lives" in self.parts:
            self._lives(canvas)
        if "bar" in self.parts and game.hud_bars:
            self._bar(canvas, time)
        if "touch" in self.parts:
            self._touch(canvas)

    def _text(
        self, canvas: Canvas, x: float, y: float, text: str, size: float, anchor: str
    ) -> None:
        shift = max(1.0, self.game.g * 0.8)
        canvas.text(x + shift, y + shift, text, BLACK, size, self.font, anchor)
        canvas.text(x, y, text, self.colour, size, self.font, anchor)

    def _lives(self, canvas: Canvas) -> None:
        width = self.heart.width * 1.15
        image = self.heart
        if canvas.scale != 1:
            image = image.resize((image.width * 2, image.height * 2), Image.Resampling.NEAREST)
        for life in range(self.lives):
            canvas.paste(
                image, canvas.width - (life + 1) * width - self.game.g * 2, self.game.g * 3
            )

    def _bar(self, canvas: Canvas, time: float) -> None:
        g = self.game.g
        x, y, w, h = g * 3, canvas.height - g * 9, g * 42, g * 5
        share = max(0.05, self.health - 0.06 * time + 0.03 * (int(time * 2) % 2))
        colour = (80, 220, 80) if share > 0.45 else (240, 170, 40) if share > 0.2 else (230, 50, 40)
        canvas.rect(x - g, y - g, w + 2 * g, h + 2 * g, BLACK, WHITE, max(g * 0.6, 1))
        canvas.rect(x, y, w * min(share, 1), h, colour)
        canvas.rect(x, y, w * min(share, 1), h * 0.3, lighter(colour, 0.4))

    def _touch(self, canvas: Canvas) -> None:
        g, low = self.game.g, canvas.height - self.game.g * 16
        for x in (g * 14, canvas.width - g * 14):
            canvas.ellipse(x, low, g * 10, g * 10, (255, 255, 255, 60), (255, 255, 255, 160), g)
            canvas.ellipse(x, low, g * 4, g * 4, (255, 255, 255, 120))
