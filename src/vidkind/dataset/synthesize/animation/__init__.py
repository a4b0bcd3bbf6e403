"""Rendered animation: drawn, paper, clay, brick and shaded characters.

In: a ``Stage``. Out: one ``Scene`` class per family, in ``FAMILIES`` by name.
Knows nothing of files, encoding or other categories.
"""

from __future__ import annotations

from vidkind.dataset.synthesize.animation.anime import AnimeAction, AnimeFace, AnimeScenery
from vidkind.dataset.synthesize.animation.bricks import BrickFilm
from vidkind.dataset.synthesize.animation.cartoon import (
    Cartoon,
    CutOut,
    MotionGraphics,
    RetroCartoon,
)
from vidkind.dataset.synthesize.animation.models import Clay, ShadedCgi
from vidkind.dataset.synthesize.drawing.stage import Scene

FAMILIES: dict[str, type[Scene]] = {
    "cartoon": Cartoon,
    "retro-cartoon": RetroCartoon,
    "motion-graphics": MotionGraphics,
    "cut-out": CutOut,
    "anime-face": AnimeFace,
    "anime-action": AnimeAction,
    "anime-scenery": AnimeScenery,
    "shaded-cgi": ShadedCgi,
    "clay": Clay,
    "brick-film": BrickFilm,
}
