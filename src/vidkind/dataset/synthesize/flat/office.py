"""Flat content from the office: slides, spreadsheets, documents."""

from __future__ import annotations

from vidkind.dataset.synthesize.drawing.canvas import WHITE, Canvas, gradient
from vidkind.dataset.synthesize.drawing.stage import Frame, Scene, ease, mix
from vidkind.dataset.synthesize.drawing.text import Writer
from vidkind.dataset.synthesize.flat.charts import Chart
from vidkind.dataset.synthesize.flat.screen import Pointer, paragraph, picture_block, random_theme

FACES = ("sans", "serif", "plain", "times")


class Slides(Scene):
    """Slides with a title and bullets that come in one by one; some with a chart or picture."""

    def setup(self) -> None:
        """Writes three slides."""
        self.theme = random_theme(self, 0.35)
        self.writer = Writer(self.rng)
        self.font = self.pick(FACES)
        self.pace = self.uniform(1.0, 2.2)
        self.push = self.chance(0.5)
        self.decoration = self.pick(("bar", "side", "none", "gradient"))
        count = int(self.stage.seconds / self.pace) + 2
        self.slides = [self._content() for _ in range(count)]
        self.pointer = Pointer(self)

    def _content(self) -> tuple[str, list[str], str, Chart, float]:
        bullets = [
            self.writer.words(2, 6).capitalize() for _ in range(int(self.rng.integers(2, 6)))
        ]
        kind = self.pick(("text", "text", "chart", "picture", "cover"))
        return (self.writer.title(), bullets, kind, Chart(self, self.theme), self.uniform(0, 1))

    def draw(self, time: float) -> Frame:
        """The current slide; while changing, the next pushes it out or replaces it."""
        index = min(int(time / self.pace), len(self.slides) - 2)
        canvas = self._slide(index, time - index * self.pace)
        left = self.pace * (index + 1) - time
        if self.push and left < 0.25:
            share = ease(1 - left / 0.25)
            following = self._slide(index + 1, 0)
            shifted = Canvas(self.w, self.h, self.theme.page, 1)
            shifted.paste(canvas.image, -self.w * share, 0)
            shifted.paste(following.image, self.w * (1 - share), 0)
            canvas = shifted
        self.pointer.draw(canvas, time)
        return canvas.array()

    def _slide(self, index: int, time: float) -> Canvas:
        title, bullets, kind, chart, hue = self.slides[index]
        theme, u = self.theme, self.unit
        canvas = self._paper()
        if kind == "cover":
            canvas.text(
                self.w / 2, self.h * 0.42, title, theme.text, u * 10, "bold", "mm", self.w * 0.85
            )
            canvas.text(self.w / 2, self.h * 0.58, bullets[0], theme.muted, u * 5, self.font, "mm")
            return canvas
        left = self.w * (0.12 if self.decoration == "side" else 0.07)
        canvas.text(left, u * 9, title, theme.accent, u * 8, "bold", "la", self.w * 0.9 - left)
        room = self.w * (0.45 if kind in ("chart", "picture") else 0.9)
        for line, bullet in enumerate(bullets[: 1 + int(time / self.pace * 7)]):
            y = u * (26 + 12.5 * line)
            canvas.ellipse(left + u * 1.5, y + u * 3, u * 1.1, u * 1.1, theme.second)
            place = (left + u * 5, y)
            canvas.text(*place, bullet, theme.text, u * 5.5, self.font, "la", room - u * 5)
        box = (self.w * 0.55, self.h * 0.28, self.w * 0.4, self.h * 0.55)
        if kind == "chart":
            chart.draw(canvas, box, ease(time / self.pace * 1.6))
        elif kind == "picture":
            picture_block(canvas, hue, box, theme.second)
        canvas.text(
            self.w - u * 3, self.h - u * 3, str(index + 3), theme.muted, u * 3.5, "sans", "rb"
        )
        return canvas

    def _paper(self) -> Canvas:
        theme = self.theme
        if self.decoration == "gradient":
            image = gradient(self.w, self.h, (theme.page, mix(theme.page, theme.accent, 0.3)), 0.1)
            return Canvas.over(image, 1)
        canvas = Canvas(self.w, self.h, theme.page, 1)
        if self.decoration == "bar":
            canvas.rect(0, 0, self.w, self.unit * 4, theme.accent)
            canvas.rect(0, self.h - self.unit * 2, self.w, self.unit * 2, theme.second)
        elif self.decoration == "side":
            canvas.rect(0, 0, self.w * 0.07, self.h, theme.accent)
        return canvas


class Spreadsheet(Scene):
    """A grid of numbers that fills up; the selected cell moves; sometimes a chart is inserted."""

    def setup(self) -> None:
        """Chooses the grid and writes the cells."""
        self.theme = random_theme(self, 0.15)
        self.writer = Writer(self.rng)
        self.row = self.unit * self.uniform(4.5, 7)
        self.column = self.row * self.uniform(2.8, 4.5)
        self.top = self.unit * 14
        self.rows = int((self.h - self.top) / self.row) + 1
        self.columns = int(self.w / self.column) + 1
        self.cells = [
            [self._cell(row, column) for column in range(self.columns)] for row in range(self.rows)
        ]
        self.filled = self.uniform(0.2, 0.8)
        self.chart = Chart(self, self.theme) if self.chance(0.4) else None
        self.pointer = Pointer(self)
        self.base = self._grid()

    def _cell(self, row: int, column: int) -> str:
        if row == 0:
            return self.writer.words(1, 1).title()
        return self.writer.name() if column == 0 else self.writer.number()

    def _grid(self) -> Canvas:
        theme = self.theme
        canvas = Canvas(self.w, self.h, theme.page, 1)
        canvas.rect(0, 0, self.w, self.top, theme.panel)
        canvas.rect(0, 0, self.w, self.unit * 5, theme.accent)
        canvas.text(self.unit * 2, self.unit * 0.6, self.writer.file(), WHITE, self.unit * 3.5)
        canvas.rect(
            self.unit * 10, self.unit * 6, self.w * 0.8, self.unit * 4.5, theme.page, theme.border
        )
        for column in range(self.columns + 1):
            x = self.row + column * self.column
            canvas.rect(x, self.top - self.row * 0.6, 1, self.h, theme.border)
            canvas.text(
                x + self.column / 2,
                self.top - self.row * 0.3,
                chr(65 + column % 26),
                theme.muted,
                self.row * 0.5,
                "sans",
                "mm",
            )
        for row in range(self.rows + 1):
            y = self.top + row * self.row
            canvas.rect(0, y, self.w, 1, theme.border)
            canvas.text(
                self.row / 2,
                y + self.row / 2,
                str(row + 1),
                theme.muted,
                self.row * 0.5,
                "sans",
                "mm",
            )
        return canvas

    def draw(self, time: float) -> Frame:
        """Cells so far, the selection, the pointer."""
        canvas = Canvas.over(self.base.image, 1)
        share = self.filled + (1 - self.filled) * time / max(self.stage.seconds, 0.1)
        count = int(share * self.rows * self.columns)
        for index in range(count):
            row, column = divmod(index, self.columns)
            x, y = self.row + column * self.column, self.top + row * self.row
            if row == 0:
                canvas.rect(
                    x + 1,
                    y + 1,
                    self.column - 1,
                    self.row - 1,
                    mix(self.theme.page, self.theme.accent, 0.3),
                )
            text, right = self.cells[row][column], row > 0 and column > 0
            place = (x + self.column - 3 if right else x + 3, y + self.row / 2)
            canvas.text(
                *place, text, self.theme.text, self.row * 0.58, "sans", "rm" if right else "lm"
            )
        row, column = divmod(count, self.columns)
        x, y = self.row + column * self.column, self.top + row * self.row
        canvas.rect(x, y, self.column, self.row, None, self.theme.accent, max(1, self.unit * 0.6))
        if self.chart is not None:
            box = (self.w * 0.5, self.h * 0.4, self.w * 0.42, self.h * 0.5)
            canvas.rect(
                box[0] - 4, box[1] - 4, box[2] + 8, box[3] + 8, self.theme.page, self.theme.border
            )
            self.chart.draw(canvas, box, ease(time))
        self.pointer.draw(canvas, time)
        return canvas.array()


class Document(Scene):
    """A page of running text that is read: it scrolls by steps, some words are marked."""

    def setup(self) -> None:
        """Typesets a long page once."""
        self.theme = random_theme(self, 0.15)
        writer = Writer(self.rng)
        font, size = self.pick(FACES), self.unit * self.uniform(3, 4.6)
        self.long = self.h * 3
        self.page = Canvas(self.w, self.long, self.theme.panel, 1)
        margin = self.w * self.uniform(0.03, 0.2)
        self.page.rect(margin, 0, self.w - 2 * margin, self.long, self.theme.page)
        x, width = margin * 1.25 + self.unit * 3, self.w - 2.5 * margin - self.unit * 6
        y = self.unit * 7
        self.page.text(
            self.w / 2, y, writer.title(), self.theme.text, size * 1.7, "serif-bold", "mm"
        )
        y += size * 2.5
        while y < self.long:
            if self.chance(0.35):
                self.page.text(x, y, writer.title(1, 3), self.theme.accent, size * 1.25, "bold")
                y += size * 2
            if self.chance(0.3):
                self.page.rect(x, y + size * 0.1, width * 0.4, size * 1.1, (255, 235, 90, 160))
            lines = int(self.rng.integers(3, 8))
            y = (
                paragraph(self.page, writer, (x, y), width, lines, size, self.theme.text, font)
                + size
            )
            if self.chance(0.15):
                picture_block(
                    self.page, 0.3, (x + width * 0.2, y, width * 0.6, size * 9), self.theme.second
                )
                y += size * 11
        self.pointer = Pointer(self)
        self.step = self.h * self.uniform(0.2, 0.6)
        self.pace = self.uniform(0.7, 1.4)

    def draw(self, time: float) -> Frame:
        """Scrolls one step per pace."""
        whole = int(time / self.pace)
        share = ease((time / self.pace - whole) * 3)
        offset = min((whole + share) * self.step, self.long - self.h)
        canvas = self.page.crop(0, offset, self.w, self.h)
        bar = self.h * self.h / self.long
        canvas.rect(self.w - 3, offset / self.long * self.h, 3, bar, self.theme.muted)
        self.pointer.draw(canvas, time)
        return canvas.array()
