"""Which clips a synthesis consists of, and the frames of each, before anything is encoded."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vidkind.config import DEFAULT_CATEGORIES, SynthesisOptions
from vidkind.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from vidkind.dataset.synthesize.drawing.stage import Scene

Families = dict[str, dict[str, "type[Scene]"]]

ROOMS = dict(zip(DEFAULT_CATEGORIES, ("animation", "flat", "gaming", "natural"), strict=True))
ASPECTS = ((16, 9), (16, 9), (16, 9), (4, 3), (4, 3), (1, 1), (9, 16), (3, 2), (2, 1))
FRAME_RATES = (12, 15, 15, 20, 24, 25, 25, 30, 30, 30, 50, 60)
HIGHEST_DRAWN_RATE = 30
FORMAT_STREAM = 1
"""Tells the generator of sizes and rates from that of the pictures."""


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One clip to be rendered.

    Attributes:
        category: Its label.
        index: Its number within the category.
        seed: Seed of the synthesis.
        family: Kind of scene, e.g. ``terminal``.
        width: Width in pixels, even.
        height: Height in pixels, even.
        fps: Frames a second.
        seconds: Length.
        crf: Quality of the encoding (x264 constant rate factor; larger is coarser).
    """

    category: str
    index: int
    seed: int
    family: str
    width: int
    height: int
    fps: Fraction
    seconds: float
    crf: int

    @property
    def key(self) -> str:
        """Path of the file within the library."""
        return f"{self.category}/{self.family}_{self.index:04d}.mp4"

    @property
    def num_frames(self) -> int:
        """Number of frames, at least two."""
        return max(2, round(self.seconds * self.fps))


def clip_families() -> Families:
    """The kinds of scene of each category, by name.

    Raises:
        MissingExtraError: Pillow is not installed.
    """
    try:
        import PIL  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("Pillow", "train") from error
    rooms = {
        category: importlib.import_module(f"vidkind.dataset.synthesize.{room}")
        for category, room in ROOMS.items()
    }
    return {category: dict(room.FAMILIES) for category, room in rooms.items()}


def plan_clips(per_category: int, seed: int, options: SynthesisOptions) -> list[Clip]:
    """Plans a synthesis: every family in turn, in an order that depends on the seed.

    Size, rate, length and quality depend on seed and index only, so that the n-th clip of
    every category has the same: metadata tell nothing about the category.

    Raises:
        ConfigError: ``per_category`` is below 1 or ``seed`` below 0.
        MissingExtraError: Pillow is not installed.
    """
    if per_category < 1:
        raise ConfigError(f"per_category is {per_category}; expected a whole number >= 1")
    if seed < 0:
        raise ConfigError(f"seed is {seed}; expected a whole number >= 0")
    families = clip_families()
    orders = {
        category: np.random.default_rng([seed, number]).permutation(sorted(families[category]))
        for number, category in enumerate(families)
    }
    return [
        _planned(category, index, seed, str(order[index % len(order)]), options)
        for index in range(per_category)
        for category, order in orders.items()
    ]


def _planned(category: str, index: int, seed: int, family: str, options: SynthesisOptions) -> Clip:
    rng = np.random.default_rng([seed, index, FORMAT_STREAM])
    short = options.size * rng.uniform(0.7, 1)
    across, down = ASPECTS[int(rng.integers(len(ASPECTS)))]
    scale = short / min(across, down)
    return Clip(
        category=category,
        index=index,
        seed=seed,
        family=family,
        width=2 * round(across * scale / 2),
        height=2 * round(down * scale / 2),
        fps=Fraction(FRAME_RATES[int(rng.integers(len(FRAME_RATES)))]),
        seconds=options.seconds * float(rng.uniform(0.85, 1.15)),
        crf=int(rng.integers(18, 33)),
    )


def render_frames(clip: Clip) -> Iterator[NDArray[np.uint8]]:
    """Draws a clip; the same clip gives the same frames.

    Above 30 frames a second every second picture is shown twice, as in many real recordings.

    Args:
        clip: What to draw.

    Yields:
        uint8 [height, width, 3], RGB.

    Raises:
        MissingExtraError: Pillow is not installed.
    """
    families = clip_families()
    from vidkind.dataset.synthesize.drawing.stage import Stage

    number = list(families).index(clip.category)
    rng = np.random.default_rng([clip.seed, number, clip.index])
    stage = Stage(rng, clip.width, clip.height, clip.seconds)
    scene = families[clip.category][clip.family](stage)
    hold = 2 if clip.fps > HIGHEST_DRAWN_RATE else 1
    for first in range(0, clip.num_frames, hold):
        frame = scene.draw(float(first / clip.fps))
        for _ in range(min(hold, clip.num_frames - first)):
            yield frame
