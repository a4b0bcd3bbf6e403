"""Fighting games: two drawn figures and their health bars."""

from __future__ import annotations

from PIL import Image

from vidkind.dataset.synthesize.animation.figure import Figure, Pose, ground_shadow
from vidkind.dataset.synthesize.animation.look import random_look
from vidkind.dataset.synthesize.animation.scenery import Backdrop
from vidkind.dataset.synthesize.drawing.canvas import WHITE, Canvas
from vidkind.dataset.synthesize.drawing.stage import wave
from vidkind.dataset.synthesize.gaming.game import GameScene
from vidkind.dataset.synthesize.gaming.sprites import explosion


class Fight(GameScene):
    """Two fighters with health bars trade blows before a drawn place."""

    hud_bars = False

    def begin(self) -> None:
        """Chooses place and fighters."""
        ink = self.pick([None, (20, 18, 26)])
        self.backdrop = Backdrop(self, self.pick(("hills", "street", "forest", "sea")), ink, 0.3)
        self.fighters = [
            Figure(random_look(self, self.pick(("anime", "cartoon"))), self.h * 0.5)
            for _ in range(2)
        ]
        self.names = [self.writer.name().upper() for _ in range(2)]
        self.periods = [self.uniform(0.5, 0.8) for _ in range(2)]

    def play(self, time: float) -> Canvas:
        """Drawn at full size, then made coarse where the game is pixel art."""
        canvas = self.backdrop.view(0.5 + 0.3 * wave(time, 4))
        gap = self.w * (0.16 + 0.07 * wave(time, 1.3))
        for index, figure in enumerate(self.fighters):
            side = 1 if index == 0 else -1
            pose = self._pose(time, self.periods[index], index)
            x = self.w / 2 - side * gap
            ground_shadow(canvas, x, self.backdrop.ground, self.h * 0.09)
            figure.draw(canvas, x, self.backdrop.ground, pose, side)
        hit = time % 0.9
        explosion(canvas, (self.w / 2, self.backdrop.ground - self.h * 0.3), hit, self.unit * 7)
        if self.zoom > 1:
            canvas = Canvas.over(canvas.image.resize((self.gw, self.gh), Image.Resampling.BOX), 1)
        self._bars(canvas, time)
        return canvas

    def _pose(self, time: float, period: float, index: int) -> Pose:
        punch = max(0.0, wave(time, period * 2, index * 0.4))
        kick = max(0.0, wave(time, period * 3, index * 0.3 + 0.5))
        return Pose(
            arms=(0.12, 0.08 + 0.17 * punch),
            elbows=(0.2, 0.2 * (1 - punch)),
            legs=(-0.05, 0.05 + 0.16 * kick),
            knees=(0.05, 0.06 * (1 - kick)),
            lift=0.25 * max(0.0, wave(time, 2.2, index * 0.37) - 0.6),
            lean=0.02,
            mouth=punch,
        )

    def _bars(self, canvas: Canvas, time: float) -> None:
        g, width = self.g, canvas.width * 0.42
        for index in range(2):
            x = g * 3 if index == 0 else canvas.width - g * 3 - width
            share = max(0.1, 0.95 - (0.12 + 0.06 * index) * int(time / 0.9))
            canvas.rect(x, g * 12, width, g * 6, (120, 20, 20), WHITE, max(1, g * 0.6))
            left = x + (width * (1 - share) if index == 0 else 0)
            canvas.rect(left, g * 12, width * share, g * 6, (250, 210, 50))
            anchor = "la" if index == 0 else "ra"
            canvas.text(
                x if index == 0 else x + width,
                g * 19,
                self.names[index],
                WHITE,
                max(g * 6, 6),
                "bold",
                anchor,
            )
