"""Fonts that are there without a network, and words, numbers and code to fill screens with."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


FONT_FILES = {
    "sans": "DejaVuSans.ttf",
    "bold": "DejaVuSans-Bold.ttf",
    "serif": "DejaVuSerif.ttf",
    "serif-bold": "DejaVuSerif-Bold.ttf",
    "times": "STIXGeneral.ttf",
    "italic": "DejaVuSerif-Italic.ttf",
    "mono": "DejaVuSansMono.ttf",
    "mono-bold": "DejaVuSansMono-Bold.ttf",
}


_WORDS_TEXT = """
about across after again almost along always among area around autumn balance become before
better between board bridge bright budget build careful carry central change choose city
clear climate common company compare complete context control corner country course create
current data daily decide deliver design detail develop different direct document early easy
effect energy engine enough entire every example expect explain factor family figure final
first focus follow forward friend future garden general global goal great group growth guide
health high history house idea important improve include increase industry information
inside island journey kitchen language large launch learn level library light local machine
main manage market matter measure member method middle minute model modern moment month
morning mountain nature network never north notice number object office open option order
other output overview paper people period phase place plan point policy population power
practice present price problem process product program progress project public quality
quarter question quick random range reach reason recent region release report research
resource result review river rule sample season second section sector security service
session share simple single small social source space special spring staff standard start
state station step story strategy street strong student study summer support surface system
table target team technology test theory ticket today topic total track trade travel trend
under understand unit update user value version view village visit water weather week window
winter wonder work world writing year young zone
"""


_NAMES_TEXT = """
Alba Bruno Carla Daan Elif Farid Greta Hugo Ines Jonas Keiko Lena Mateo Nadia Omar Petra
Quinn Rosa Sven Tara Umar Vera Wei Xenia Yusuf Zoe
"""


_IDENTIFIERS_TEXT = """
index count value name path item node frame batch config result buffer key total width
height user token parser reader client request response session cache state
"""


_VERBS_TEXT = """
load save parse build render update fetch encode decode merge split check open close read
write find sort
"""


WORDS = tuple(_WORDS_TEXT.split())
NAMES = tuple(_NAMES_TEXT.split())
IDENTIFIERS = tuple(_IDENTIFIERS_TEXT.split())
VERBS = tuple(_VERBS_TEXT.split())
EXTENSIONS = ("py", "js", "rs", "go", "txt", "json", "toml", "md", "c", "html")


@lru_cache(maxsize=256)
def _font(kind: str, size: int) -> Font:
    found = find_spec("matplotlib")
    folder = Path(found.origin).parent / "mpl-data/fonts/ttf" if found and found.origin else None
    file = folder / FONT_FILES[kind] if folder and kind in FONT_FILES else None
    if file is not None and file.is_file():
        return ImageFont.truetype(str(file), size)
    return ImageFont.load_default(size)


def load_font(kind: str, size: float) -> Font:
    """A font by kind and size in pixels: those of matplotlib, else the one inside Pillow.

    ``plain`` is Pillow's own. matplotlib comes with the same extra as Pillow, and is not
    imported for this.
    """
    return _font(kind, max(4, round(size)))


class Writer:
    """Makes up text; everything comes out of one generator."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def pick(self, choices: tuple[str, ...]) -> str:
        """One of several, evenly."""
        return choices[int(self.rng.integers(len(choices)))]

    def words(self, low: int, high: int) -> str:
        """Some words in lower case."""
        return " ".join(self.pick(WORDS) for _ in range(int(self.rng.integers(low, high + 1))))

    def title(self, low: int = 2, high: int = 4) -> str:
        """A heading."""
        return self.words(low, high).title()

    def sentence(self, low: int = 5, high: int = 12) -> str:
        """A sentence."""
        return self.words(low, high).capitalize() + "."

    def name(self) -> str:
        """A first name."""
        return self.pick(NAMES)

    def number(self, digits: int = 4) -> str:
        """A number of at most so many digits, sometimes with decimals."""
        value = int(self.rng.integers(10 ** int(self.rng.integers(1, digits + 1))))
        return f"{value / 100:.2f}" if self.rng.random() < 0.3 else f"{value:,}"

    def file(self) -> str:
        """A file name."""
        return f"{self.pick(VERBS)}_{self.pick(IDENTIFIERS)}.{self.pick(EXTENSIONS)}"

    def shell_line(self) -> str:
        """One line of a terminal session."""
        number = int(self.rng.integers(1, 999))
        forms = (
            f"$ {self.pick(VERBS)} --{self.pick(IDENTIFIERS)} {self.file()}",
            f"drwxr-xr-x  2 {self.name().lower():7s} {number * 37:7d} {self.file()}",
            f"[{number:5d}.{number * 7 % 1000:03d}] {self.words(3, 7)}",
            f"INFO  {self.pick(IDENTIFIERS)}: {self.words(3, 8)}",
            f"WARN  {self.file()}:{number}: {self.words(2, 5)}",
            f"{number % 101:3d}% |{'#' * (number % 25):25s}| {self.file()}",
            f"ok {number} - {self.pick(VERBS)}_{self.pick(IDENTIFIERS)} ({number % 90} ms)",
            f"{self.pick(VERBS)} {self.file()} ... done",
            "",
        )
        return self.pick(forms)

    def code_line(self, depth: int) -> str:
        """One line of source code, indented."""
        verb, noun, other = self.pick(VERBS), self.pick(IDENTIFIERS), self.pick(IDENTIFIERS)
        forms = (
            f"{noun} = {verb}_{other}({noun}, {self.number(3)})",
            f"for {other} in {noun}s:",
            f"if {noun} is None or len({other}) > {self.rng.integers(2, 64)}:",
            f"return {verb}({noun}, {other}={self.rng.integers(100)})",
            f"# {self.words(3, 7)}",
            f'{noun}["{other}"] = "{self.words(1, 3)}"',
            f"self.{noun}.{verb}({other})",
            f"def {verb}_{noun}(self, {other}):",
            f"import {noun}",
            "",
        )
        return "    " * depth + self.pick(forms)

    def code(self, lines: int) -> list[str]:
        """Some lines of source code with changing indentation."""
        depths = np.clip(np.cumsum(self.rng.integers(-1, 2, lines)), 0, 3)
        return [self.code_line(int(depth)) for depth in depths]
