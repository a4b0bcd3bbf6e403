"""Random textures: smooth fields of many scales, colour ramps, and views in perspective."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vidkind.dataset.synthesize.drawing.stage import Colour, Frame, as_frame

Field = NDArray[np.float32]
"""float32 [H, W]."""


def smooth_noise(rng: np.random.Generator, height: int, width: int, cell: float) -> Field:
    """Random values on a grid of ``cell`` pixels, interpolated (value noise, Perlin 1985)."""
    rows, columns = max(2, round(height / cell) + 2), max(2, round(width / cell) + 2)
    grid = Image.fromarray(rng.random((rows, columns), dtype=np.float32))
    return np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32)


def fractal(
    rng: np.random.Generator,
    height: int,
    width: int,
    cell: float,
    octaves: int = 5,
    gain: float = 0.5,
    stretch: float = 1,
) -> Field:
    """Sum of noises, each at half the cell and ``gain`` times the height of the one before.

    Source: fractional Brownian motion as in Musgrave, "Texturing and Modeling", chapter 14.

    Args:
        rng: Where the noise comes from.
        height: H in pixels.
        width: W in pixels.
        cell: Size of the largest features in pixels.
        octaves: Number of noises.
        gain: Height of each noise relative to the one before.
        stretch: How much longer features are in x than in y.

    Returns:
        float32 [H, W] that fills 0..1.
    """
    squeezed = max(2, round(width / stretch))
    total = np.zeros((height, squeezed), dtype=np.float32)
    for octave in range(octaves):
        size = cell / 2**octave
        if size < 1:
            break
        total += gain**octave * smooth_noise(rng, height, squeezed, size)
    if squeezed != width:
        total = np.asarray(Image.fromarray(total).resize((width, height)), dtype=np.float32)
    return normalised(total)


def normalised(field: Field) -> Field:
    """The field moved and scaled to fill 0..1."""
    low, high = float(field.min()), float(field.max())
    return ((field - low) / max(high - low, 1e-6)).astype(np.float32)


def ramp(field: Field, colours: Sequence[Colour], stops: Sequence[float] | None = None) -> Frame:
    """Colours a field of 0..1 through a list of colours; [H, W] to uint8 [H, W, 3]."""
    table = colour_table(colours, stops)
    return table[as_frame(field * 255)]


def colour_table(colours: Sequence[Colour], stops: Sequence[float] | None = None) -> Frame:
    """A table of 256 colours that runs through the given ones; uint8 [256, 3]."""
    places = np.linspace(0, 1, len(colours)) if stops is None else np.asarray(stops)
    channels = np.asarray(colours, dtype=np.float64)[:, :3]
    steps = np.linspace(0, 1, 256)
    columns = [np.interp(steps, places, channels[:, c]) for c in range(3)]
    return np.stack(columns, axis=-1).astype(np.uint8)


def relief(field: Field, strength: float) -> Field:
    """Light from the upper left on a height field: near 1, brighter and darker on slopes."""
    dy, dx = np.gradient(field)
    return np.asarray(np.clip(1 - strength * (dx + dy), 0.3, 1.8), dtype=np.float32)


def shaded(picture: Frame, light: Field) -> Frame:
    """A picture [H, W, 3] times a light field [H, W]."""
    return as_frame(picture * light[..., None])


class GroundView:
    """A flat textured plane seen in perspective below a horizon.

    The texture coordinates of every pixel are computed once; a moving camera only shifts them.
    """

    def __init__(self, width: int, height: int, cell: float) -> None:
        """Prepares ``height`` rows below the horizon; ``cell`` is texture pixels per unit.

        The camera is one unit above the plane.
        """
        rows = (np.arange(height, dtype=np.float32) + 1.5) / height
        self.cell = cell
        self.distance = (1 / rows)[:, None]
        columns = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
        across = columns * self.distance * width / height / 2
        self.across = (across * cell).astype(np.int32)

    def look(self, texture: Frame, ahead: float, aside: float) -> Frame:
        """The plane with a repeating texture, the camera moved by so many units.

        The sides of the texture are powers of two, so that it repeats by a bit mask.
        """
        rows, columns, channels = texture.shape
        v = ((self.distance + ahead) * self.cell).astype(np.int32) & (rows - 1)
        u = (self.across + round(aside * self.cell)) & (columns - 1)
        return np.asarray(texture.reshape(-1, channels).take(v * columns + u, axis=0))
