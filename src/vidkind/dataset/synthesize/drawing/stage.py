"""What every drawn scene starts from: a size, a length and its own random generator."""

from __future__ import annotations

import colorsys
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
"""uint8 [H, W, 3], RGB."""


Colour = tuple[int, ...]
"""Red, green, blue, and possibly alpha, each 0..255."""


Point = tuple[float, float]


Item = TypeVar("Item")


@dataclass(frozen=True)
class Stage:
    """Where one clip plays.

    Attributes:
        rng: Generator that belongs to this clip alone.
        width: Width of a frame in pixels.
        height: Height of a frame in pixels.
        seconds: Length of the clip.
    """

    rng: np.random.Generator
    width: int
    height: int
    seconds: float


class Scene(ABC):
    """One clip: chosen and parametrised when made, then drawn at increasing times."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.rng = stage.rng
        self.w = stage.width
        self.h = stage.height
        self.unit = min(stage.width, stage.height) / 100
        self.setup()

    @abstractmethod
    def setup(self) -> None:
        """Draws everything random and everything that does not move."""

    @abstractmethod
    def draw(self, time: float) -> Frame:
        """The picture at a time in seconds; times do not decrease from call to call."""

    def pick(self, choices: Sequence[Item]) -> Item:
        """One of several, evenly."""
        return choices[int(self.rng.integers(len(choices)))]

    def uniform(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return float(self.rng.uniform(low, high))

    def chance(self, probability: float) -> bool:
        """True with a probability."""
        return bool(self.rng.random() < probability)

    def colour(
        self,
        hue: tuple[float, float] = (0, 1),
        saturation: tuple[float, float] = (0.4, 0.9),
        value: tuple[float, float] = (0.6, 1.0),
    ) -> Colour:
        """A colour out of a range of hue, saturation and value, each 0..1."""
        return hsv(self.uniform(*hue), self.uniform(*saturation), self.uniform(*value))


def as_frame(values: NDArray[Any]) -> Frame:
    """Values of any type as uint8, those outside 0..255 clipped."""
    return np.asarray(np.clip(values, 0, 255), dtype=np.uint8)


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """RGB of a hue (turns), saturation and value (0..1)."""
    rgb = colorsys.hsv_to_rgb(hue % 1, min(max(saturation, 0), 1), min(max(value, 0), 1))
    return tuple(round(255 * channel) for channel in rgb)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two, ``share`` 0..1 of the way to the second."""
    return tuple(round(a + (b - a) * share) for a, b in zip(first[:3], second[:3], strict=True))


def darker(colour: Colour, share: float = 0.3) -> Colour:
    """A colour nearer to black."""
    return mix(colour, (0, 0, 0), share)


def lighter(colour: Colour, share: float = 0.3) -> Colour:
    """A colour nearer to white."""
    return mix(colour, (255, 255, 255), share)


def held(time: float, rate: float) -> float:
    """Time rounded down to a drawing rate: animation "on twos" holds each drawing."""
    return math.floor(time * rate + 1e-6) / rate


def ease(share: float) -> float:
    """Smooth start and stop of a share that is clipped to 0..1."""
    x = min(max(share, 0.0), 1.0)
    return x * x * (3 - 2 * x)


def wave(time: float, period: float, phase: float = 0.0) -> float:
    """A sine of -1..1 with a period in seconds and a phase in turns."""
    return math.sin(2 * math.pi * (time / period + phase))
