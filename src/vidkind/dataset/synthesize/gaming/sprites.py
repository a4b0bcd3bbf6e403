"""Pixel pictures of games: heroes, monsters, ships, cars, and squares of ground."""

from __future__ import annotations

import numpy as np
from PIL import Image

from vidkind.dataset.synthesize.drawing.canvas import BLACK, WHITE, Canvas, star_points
from vidkind.dataset.synthesize.drawing.stage import Colour, Point, Scene, darker, lighter

HERO = (
    "..hhhh..",
    ".hhhhhh.",
    ".hsseess",
    ".sssssss",
    "..ssss..",
    ".tttttt.",
    "sttttts.",
    ".tttttt.",
    ".bb..bb.",
    ".ff..ff.",
)


HERO_STEP = (*HERO[:8], "..bbbb..", ".ff.ff..")


SLIME = ("..oooo..", ".oooooo.", "oowoowoo", "ookookoo", "oooooooo", "oo.oo.oo")


COIN = (".yyyy.", "yyddyy", "yydyyy", "yydyyy", "yyddyy", ".yyyy.")


HEART = (".rr.rr.", "rrrrrrr", "rrrrrrr", ".rrrrr.", "..rrr..", "...r...")


SHIP = (
    "....w....",
    "...www...",
    "...wcw...",
    "..wwcww..",
    "..wwwww..",
    ".awwwwwa.",
    "aawwwwwaa",
    "aa.www.aa",
    "...f.f...",
)


CAR = (
    "..bbbbbb..",
    ".bggggggb.",
    "bbggggggbb",
    "bbbbbbbbbb",
    "brbbbbbbrb",
    "bbbkkkkbbb",
    "kkk....kkk",
)


def sprite(rows: tuple[str, ...], colours: dict[str, Colour], size: int = 1) -> Image.Image:
    """A pixel picture from rows of letters; ``.`` is transparent; RGBA, ``size`` times larger."""
    pixels = np.zeros((len(rows), len(rows[0]), 4), dtype=np.uint8)
    for y, row in enumerate(rows):
        for x, letter in enumerate(row):
            if letter != ".":
                pixels[y, x] = (*colours.get(letter, BLACK)[:3], 255)
    return Image.fromarray(pixels.repeat(size, 0).repeat(size, 1))


def hero_sprites(scene: Scene, size: int) -> list[Image.Image]:
    """Two steps of a walking hero in random colours."""
    colours = {
        "h": scene.colour(value=(0.2, 0.9)),
        "s": (245, 200, 160),
        "e": (20, 20, 30),
        "t": scene.colour(saturation=(0.6, 1)),
        "b": scene.colour(value=(0.2, 0.6)),
        "f": (70, 45, 30),
    }
    return [sprite(rows, colours, size) for rows in (HERO, HERO_STEP)]


def monster(scene: Scene, size: int, cells: int = 5) -> Image.Image:
    """A mirrored random creature, as arcade games had them, with an outline and eyes."""
    half = scene.rng.random((2 * cells - 2, cells)) < 0.62
    half[1:-1, 0] |= scene.chance(0.5)
    mask = np.concatenate([half[:, ::-1], half], axis=1)
    colour = scene.colour(saturation=(0.5, 1), value=(0.7, 1))
    pixels = np.zeros((*mask.shape, 4), dtype=np.uint8)
    pixels[mask] = (*colour, 255)
    pixels[mask & (np.arange(len(mask))[:, None] > cells)] = (*darker(colour, 0.3), 255)
    eye = cells // 2
    for column in (cells - 1 - eye // 2 - 1, cells + eye // 2 + 1):
        pixels[cells - 2, column] = (*WHITE, 255)
        pixels[cells - 1, column] = (*BLACK, 255)
    return Image.fromarray(pixels.repeat(size, 0).repeat(size, 1))


def tile(scene: Scene, size: int, kind: str, colour: Colour) -> Image.Image:
    """One square of ground: brick, stone, grass, dirt, plank, water or block."""
    canvas = Canvas(size, size, colour, 1)
    edge, shine = darker(colour, 0.35), lighter(colour, 0.3)
    for _ in range(size):
        x, y = scene.uniform(0, size), scene.uniform(0, size)
        canvas.rect(x, y, 1, 1, scene.pick((darker(colour, 0.15), lighter(colour, 0.12))))
    if kind == "brick":
        for row in range(3):
            canvas.rect(0, row * size / 3, size, 1, edge)
            canvas.rect((size / 2 if row % 2 else 0), row * size / 3, 1, size / 3, edge)
    elif kind == "stone":
        for x, y, r in ((0.3, 0.3, 0.27), (0.75, 0.4, 0.2), (0.4, 0.78, 0.2), (0.8, 0.8, 0.16)):
            canvas.ellipse(x * size, y * size, r * size, r * size, shine, edge, 1)
    elif kind == "grass":
        canvas.rect(0, 0, size, size * 0.3, (80, 180, 60))
        for x in range(0, size, 3):
            canvas.rect(x, size * 0.3, 1, size * 0.12, (60, 150, 45))
    elif kind == "plank":
        for row in range(2):
            canvas.rect(0, row * size / 2, size, size / 2, None, edge)
    elif kind == "water":
        for row in range(2):
            canvas.rect(size * 0.4 * row, size * (0.25 + 0.45 * row), size * 0.5, 1, shine)
    elif kind == "block":
        canvas.rect(0, 0, size, size, None, edge)
        canvas.rect(1, 1, size - 2, 1, shine)
        canvas.rect(1, 1, 1, size - 2, shine)
    return canvas.image


def scaled_sprite(image: Image.Image, width: float, smooth: bool = False) -> Image.Image:
    """A sprite at another width."""
    size = (max(1, round(width)), max(1, round(width * image.height / image.width)))
    return image.resize(size, Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST)


def explosion(canvas: Canvas, place: Point, age: float, size: float) -> None:
    """A burst that grows and fades within a third of a second."""
    share = age / 0.35
    if 0 <= share < 1:
        canvas.polygon(
            star_points(*place, size * (0.4 + share), size * 0.4 * (1 - share), 9), (255, 200, 60)
        )
        canvas.ellipse(*place, size * 0.5 * (1 - share), size * 0.5 * (1 - share), (255, 255, 220))
