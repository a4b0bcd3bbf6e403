"""Flat content from browsers and telephones: pages and applications that are scrolled."""

from __future__ import annotations

from vidkind.dataset.synthesize.drawing.canvas import BLACK, WHITE, Canvas
from vidkind.dataset.synthesize.drawing.stage import Frame, Scene, ease, lighter, mix
from vidkind.dataset.synthesize.drawing.text import Writer
from vidkind.dataset.synthesize.flat.screen import Pointer, paragraph, picture_block, random_theme


class WebPage(Scene):
    """A long page that is scrolled: navigation, a hero, cards with pictures, text, a form."""

    def setup(self) -> None:
        """Lays the page out once."""
        self.writer = Writer(self.rng)
        self.theme = random_theme(self, 0.25)
        self.long = round(self.h * self.uniform(2.2, 3.5))
        self.bar = self.unit * 8
        self.page = Canvas(self.w, self.long, self.theme.page, 1)
        y = self._hero(0.0)
        while y < self.long:
            section = self.pick((self._cards, self._text, self._split, self._list))
            y = section(y) + self.unit * 5
        self.framed = self.chance(0.5)
        self.speed = self.h * self.uniform(0.3, 0.9)
        self.pause = self.uniform(0.2, 0.8)
        self.name = self.writer.words(1, 1).title()
        self.pointer = Pointer(self)

    def _hero(self, y: float) -> float:
        theme, u = self.theme, self.unit
        height = self.h * self.uniform(0.4, 0.75)
        self.page.rect(
            0, y, self.w, height, self.pick((theme.accent, theme.panel, lighter(theme.second, 0.4)))
        )
        ink = self.pick((WHITE, theme.text))
        self.page.text(
            self.w / 2,
            y + height * 0.4,
            self.writer.title(),
            ink,
            u * 9,
            "bold",
            "mm",
            self.w * 0.9,
        )
        self.page.text(
            self.w / 2,
            y + height * 0.58,
            self.writer.sentence(),
            ink,
            u * 3.8,
            "sans",
            "mm",
            self.w * 0.8,
        )
        self.page.rect(
            self.w / 2 - u * 12, y + height * 0.7, u * 24, u * 8, theme.second, radius=u * 2
        )
        self.page.text(
            self.w / 2,
            y + height * 0.7 + u * 4,
            self.writer.words(1, 2).title(),
            WHITE,
            u * 3.6,
            "bold",
            "mm",
        )
        return y + height + u * 5

    def _cards(self, y: float) -> float:
        count = int(self.rng.integers(2, 5))
        w, u = self.w / count, self.unit
        height = w * 0.95
        for index in range(count):
            x = index * w + u * 2
            self.page.rect(x, y, w - u * 4, height, self.theme.panel, self.theme.border, 1, u)
            picture_block(
                self.page,
                self.uniform(0, 1),
                (x + u, y + u, w - u * 6, height * 0.5),
                self.colour(),
            )
            self.page.text(
                x + u * 2,
                y + height * 0.58,
                self.writer.words(1, 2).title(),
                self.theme.text,
                u * 3.6,
                "bold",
            )
            paragraph(
                self.page,
                self.writer,
                (x + u * 2, y + height * 0.72),
                w - u * 8,
                2,
                u * 2.8,
                self.theme.muted,
            )
        return y + height

    def _text(self, y: float) -> float:
        u = self.unit
        self.page.text(self.w * 0.1, y, self.writer.title(), self.theme.text, u * 6, "bold")
        lines = int(self.rng.integers(3, 9))
        return paragraph(
            self.page,
            self.writer,
            (self.w * 0.1, y + u * 9),
            self.w * 0.8,
            lines,
            u * 3.3,
            self.theme.muted,
        )

    def _split(self, y: float) -> float:
        u, height = self.unit, self.h * 0.5
        picture_block(
            self.page, self.uniform(0, 1), (self.w * 0.55, y, self.w * 0.38, height), self.colour()
        )
        self.page.text(self.w * 0.07, y, self.writer.title(1, 2), self.theme.text, u * 5.5, "bold")
        paragraph(
            self.page,
            self.writer,
            (self.w * 0.07, y + u * 9),
            self.w * 0.42,
            6,
            u * 3.2,
            self.theme.muted,
        )
        return y + height

    def _list(self, y: float) -> float:
        u = self.unit
        for row in range(int(self.rng.integers(3, 7))):
            top = y + row * u * 9
            self.page.rect(
                self.w * 0.08, top, self.w * 0.84, u * 8, self.theme.panel, self.theme.border
            )
            self.page.ellipse(self.w * 0.08 + u * 5, top + u * 4, u * 2.6, u * 2.6, self.colour())
            self.page.text(
                self.w * 0.08 + u * 10,
                top + u * 2.2,
                self.writer.words(3, 6),
                self.theme.text,
                u * 3.4,
            )
        return top + u * 9

    def draw(self, time: float) -> Frame:
        """Scrolls with rests; navigation and browser bar stay on top."""
        theme, u = self.theme, self.unit
        period = 1 + self.pause
        moved = int(time / period) + ease(time % period)
        offset = min(moved * self.speed, self.long - self.h)
        canvas = self.page.crop(0, offset, self.w, self.h)
        top = 0.0
        if self.framed:
            top = u * 7
            canvas.rect(0, 0, self.w, top, mix(theme.panel, theme.muted, 0.2))
            canvas.rect(u * 20, u * 1.5, self.w - u * 30, u * 4, theme.page, radius=u * 2)
            canvas.text(
                u * 23, u * 1.9, f"https://{self.name.lower()}.example/", theme.muted, u * 2.8
            )
        canvas.rect(0, top, self.w, self.bar, theme.page, theme.border)
        canvas.text(u * 3, top + self.bar / 2, self.name, theme.accent, u * 4.2, "bold", "lm")
        for index in range(4):
            canvas.text(
                self.w - u * (8 + 16 * index),
                top + self.bar / 2,
                ("About", "Blog", "Docs", "Shop")[index],
                theme.text,
                u * 3,
                "sans",
                "rm",
            )
        self.pointer.draw(canvas, time)
        return canvas.array()


class Telephone(Scene):
    """An application on a telephone: lists, tiles, a chat; pages slide in after a tap."""

    def setup(self) -> None:
        """Draws three pages once."""
        self.writer = Writer(self.rng)
        self.theme = random_theme(self, 0.35)
        self.tall = self.h * (1.0 if self.h > self.w or self.chance(0.3) else 0.92)
        self.wide = min(self.w * 0.96, self.tall * 0.52) if self.tall < self.h else float(self.w)
        if self.w > self.h:
            self.wide = min(self.wide, self.h * 0.6)
        self.pages = [self._page(self.pick(("list", "tiles", "chat", "form"))) for _ in range(3)]
        self.ground = self.pick((WHITE, self.colour(saturation=(0.1, 0.6)), (30, 30, 34)))
        self.pace = self.uniform(1, 1.8)
        self.tap = (self.uniform(0.2, 0.8), self.uniform(0.3, 0.8))

    def _page(self, kind: str) -> Canvas:
        theme, u, w = self.theme, self.wide / 50, round(self.wide)
        page = Canvas(w, self.tall * 1.6, theme.page, 1)
        page.rect(0, 0, w, u * 10, theme.accent)
        page.text(u * 3, u * 6, self.writer.words(1, 2).title(), WHITE, u * 3.6, "bold", "lm")
        y = u * 13
        while y < page.height:
            y = self._row(page, kind, y, u)
        return page

    def _row(self, page: Canvas, kind: str, y: float, u: float) -> float:
        theme, w = self.theme, page.width
        if kind == "tiles":
            for side in range(2):
                x = u * 2 + side * w / 2
                page.rect(
                    x, y, w / 2 - u * 4, u * 20, self.colour(saturation=(0.3, 0.7)), radius=u * 2
                )
                page.text(
                    x + u * 2, y + u * 15, self.writer.words(1, 1).title(), WHITE, u * 3, "bold"
                )
            return y + u * 23
        if kind == "chat":
            mine = self.chance(0.5)
            width = w * self.uniform(0.35, 0.7)
            x = w - width - u * 3 if mine else u * 3
            page.rect(x, y, width, u * 8, theme.accent if mine else theme.panel, radius=u * 3)
            page.text(
                x + u * 2,
                y + u * 2.4,
                self.writer.words(2, 4)[: int(width / u / 1.7)],
                WHITE if mine else theme.text,
                u * 2.8,
            )
            return y + u * 11
        if kind == "form":
            page.text(u * 3, y, self.writer.words(1, 2).title(), theme.muted, u * 2.6)
            page.rect(u * 3, y + u * 4, w - u * 6, u * 7, theme.panel, theme.border, 1, u)
            return y + u * 15
        page.ellipse(u * 6, y + u * 5, u * 3.4, u * 3.4, self.colour())
        page.text(u * 12, y + u * 2, self.writer.name(), theme.text, u * 3.2, "bold")
        page.text(u * 12, y + u * 6, self.writer.words(3, 5), theme.muted, u * 2.6)
        page.rect(u * 12, y + u * 11, w, 1, theme.border)
        return y + u * 12

    def draw(self, time: float) -> Frame:
        """Scrolls within a page, then the next slides in."""
        index = min(int(time / self.pace), 1)
        inside = time - index * self.pace
        canvas = Canvas(self.w, self.h, self.ground, 1)
        x, y = (self.w - self.wide) / 2, (self.h - self.tall) / 2
        offset = ease(inside / self.pace * 1.5) * self.tall * 0.5
        width, height = round(self.wide), round(self.tall)
        view = self.pages[index].crop(0, offset, width, height)
        share = ease((inside - self.pace + 0.3) / 0.3)
        if share > 0:
            view.paste(self.pages[index + 1].image, width * (1 - share), 0)
        if 0 < self.pace - inside < 0.45:
            place = (self.tap[0] * width, self.tap[1] * height)
            view.ellipse(*place, width * 0.06, width * 0.06, (128, 128, 128, 150))
        canvas.paste(view.image, x, y)
        if self.tall < self.h:
            canvas.rect(
                x - 3,
                y - 3,
                self.wide + 6,
                self.tall + 6,
                None,
                BLACK,
                self.unit * 1.5,
                self.unit * 3,
            )
        return canvas.array()
