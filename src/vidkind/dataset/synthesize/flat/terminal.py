"""Flat content from programmers' screens: terminals and code editors."""

from __future__ import annotations

from vidkind.dataset.synthesize.drawing.canvas import Canvas
from vidkind.dataset.synthesize.drawing.stage import Colour, Frame, Scene, hsv, mix
from vidkind.dataset.synthesize.drawing.text import Writer
from vidkind.dataset.synthesize.flat.screen import Pointer, random_theme, window_frame

TERMINAL_COLOURS: tuple[tuple[Colour, Colour], ...] = (
    ((12, 12, 12), (220, 220, 220)),
    ((0, 0, 0), (60, 230, 90)),
    ((40, 44, 52), (171, 178, 191)),
    ((48, 10, 36), (238, 238, 236)),
    ((0, 43, 54), (131, 148, 150)),
    ((253, 246, 227), (101, 123, 131)),
    ((255, 255, 255), (30, 30, 30)),
    ((1, 36, 86), (238, 237, 240)),
)


class Terminal(Scene):
    """Commands are typed, output runs by and scrolls; some lines are coloured."""

    def setup(self) -> None:
        """Writes the whole session."""
        self.writer = Writer(self.rng)
        self.paper, self.ink = self.pick(TERMINAL_COLOURS)
        self.size = self.unit * self.uniform(3, 5.5)
        self.step = self.size * 1.3
        self.rows = int(self.h / self.step) - 1
        self.lines = [self.writer.shell_line() for _ in range(400)]
        self.tones = [self._tone() for _ in self.lines]
        self.start = float(self.rng.integers(2, self.rows + 10))
        self.speed = self.uniform(1, 25)
        self.burst = self.uniform(0.3, 1)
        self.framed = self.chance(0.35)
        self.theme = random_theme(self, 0.6)

    def _tone(self) -> Colour:
        if self.chance(0.65):
            return self.ink
        return hsv(
            self.pick((0.0, 0.1, 0.16, 0.35, 0.5, 0.6, 0.83)),
            0.6,
            0.9 if sum(self.paper) < 384 else 0.6,
        )

    def draw(self, time: float) -> Frame:
        """The last lines that fit; a command appears letter by letter."""
        canvas = Canvas(self.w, self.h, self.paper, 1)
        left, top = self.unit * 2, self.unit * 2
        if self.framed:
            top += window_frame(
                canvas, self, self.theme, (0, 0, self.w, self.h), self.lines[0][:30]
            )
            canvas.rect(0, top - self.unit, self.w, self.h, self.paper)
        done = self.start + self.speed * (time - time % self.burst * 0.5)
        count = int(done)
        rows = int((self.h - top) / self.step)
        for row, index in enumerate(range(max(0, count - rows + 1), count)):
            self._line(canvas, left, top + row * self.step, index)
        row = min(count, rows - 1)
        text = self.lines[count % 400][: int((done - count) * 40)]
        y = top + row * self.step
        canvas.text(left, y, text, self.ink, self.size, "mono")
        if time % 1 < 0.6:
            x = left + canvas.text_width(text, self.size, "mono")
            canvas.rect(x, y, self.size * 0.6, self.size * 1.15, self.ink)
        return canvas.array()

    def _line(self, canvas: Canvas, x: float, y: float, index: int) -> None:
        text, tone = self.lines[index % 400], self.tones[index % 400]
        head, _, rest = text.partition(" ")
        canvas.text(x, y, head, tone, self.size, "mono")
        offset = canvas.text_width(head + " ", self.size, "mono")
        canvas.text(x + offset, y, rest, self.ink, self.size, "mono")


class CodeEditor(Scene):
    """An editor with a file tree, tabs, line numbers and coloured code that is being typed."""

    def setup(self) -> None:
        """Writes the code and chooses the layout."""
        self.writer = Writer(self.rng)
        self.theme = random_theme(self, 0.65)
        self.size = self.unit * self.uniform(2.8, 4.6)
        self.step = self.size * 1.4
        self.code = self.writer.code(200)
        self.files = [self.writer.file() for _ in range(30)]
        self.side = self.w * self.pick((0.0, 0.18, 0.24))
        self.first = int(self.rng.integers(0, 60))
        self.at = int(self.rng.integers(3, 12))
        self.scroll = self.uniform(0, 12) if self.chance(0.5) else 0.0
        self.panel = self.h * self.pick((0.0, 0.0, 0.28))
        self.pointer = Pointer(self)

    def draw(self, time: float) -> Frame:
        """Panels, then code lines with syntax colours."""
        theme, u = self.theme, self.unit
        canvas = Canvas(self.w, self.h, theme.page, 1)
        top = u * 7
        number = self.first + int(self.scroll * time)
        typed = int(time * 14)
        y = top + u
        row = 0
        while y < self.h - self.panel:
            self._code_line(canvas, y, number + row, typed if row == self.at else None)
            y, row = y + self.step, row + 1
        self._panels(canvas, top, time)
        self.pointer.draw(canvas, time)
        return canvas.array()

    def _code_line(self, canvas: Canvas, y: float, number: int, typed: int | None) -> None:
        theme = self.theme
        x = self.side + self.size * 2.6
        canvas.text(x - self.size * 0.6, y, str(number + 1), theme.muted, self.size, "mono", "ra")
        text = self.code[number % 200]
        if typed is not None:
            canvas.rect(self.side, y, self.w, self.step, mix(theme.page, theme.accent, 0.12))
            text = (text + " " + self.code[(number + 7) % 200].strip())[: 4 + typed]
        for word in text.split(" "):
            canvas.text(x, y, word, self._tone(word), self.size, "mono")
            x += canvas.text_width(word + " ", self.size, "mono")
        if typed is not None:
            canvas.rect(
                x - self.size * 0.5, y, max(1, self.unit * 0.5), self.size * 1.2, theme.text
            )

    def _tone(self, word: str) -> Colour:
        theme = self.theme
        bright = 0.95 if theme.dark else 0.6
        if word in ("for", "in", "if", "is", "or", "return", "def", "import", "None"):
            return hsv(0.82, 0.5, bright)
        if word.startswith(("#",)):
            return theme.muted
        if '"' in word:
            return hsv(0.28, 0.55, bright)
        if any(digit in word for digit in "0123456789"):
            return hsv(0.07, 0.6, bright)
        return hsv(0.58, 0.6, bright) if "_" in word else theme.text

    def _panels(self, canvas: Canvas, top: float, time: float) -> None:
        theme, u = self.theme, self.unit
        canvas.rect(0, 0, self.w, top - u, theme.panel)
        for index in range(3):
            x = self.side + u * 30 * index
            if index == 0:
                canvas.rect(x, 0, u * 30, top - u, theme.page)
            canvas.text(x + u * 2, u * 1.5, self.files[index], theme.text, u * 3)
        if self.side:
            canvas.rect(0, 0, self.side, self.h, theme.panel)
            for index, name in enumerate(self.files):
                x = u * (2 + 3 * (index % 4 > 0))
                canvas.text(x, u * (2 + 4.6 * index), name, theme.muted, u * 3)
            canvas.rect(self.side, 0, 1, self.h, theme.border)
        if self.panel:
            canvas.rect(
                self.side, self.h - self.panel, self.w, self.panel, theme.panel, theme.border
            )
            for index in range(int(2 + time * 2)):
                y = self.h - self.panel + u * (2 + 4 * index)
                canvas.text(self.side + u * 2, y, self.code[index], theme.muted, u * 3, "mono")
        canvas.rect(0, self.h - u * 3.5, self.w, u * 3.5, theme.accent)
