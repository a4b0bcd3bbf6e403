"""Reading a still picture as a backbone wants it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from vidkind.errors import LibraryError, first_line

# Integers and floats of more than 8 bits, which a plain conversion would cut off at white.
_DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")


def open_picture(path: str | Path) -> Image.Image:
    """A still picture in RGB, upright as its camera says.

    Raises:
        LibraryError: It cannot be read.
    """
    try:
        with Image.open(path) as picture:
            if picture.mode in _DEEP_MODES:
                raise ValueError("it has more than 8 bits a channel")
            return _on_white(ImageOps.exif_transpose(picture))
    # Pillow calls a damaged PNG a SyntaxError.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise LibraryError(
            f"{path} is no picture that can be read ({first_line(error)}); expected JPEG, PNG, "
            "WebP, TIFF or BMP of 8 bits a channel"
        ) from error


def _on_white(picture: Image.Image) -> Image.Image:
    """In RGB; what is transparent is white, as in frames of a video."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    seen = picture.convert("RGBA")
    white = Image.new("RGBA", seen.size, "white")
    return Image.alpha_composite(white, seen).convert("RGB")


def read_picture(path: str | Path, *, height: int, width: int) -> NDArray[np.uint8]:
    """The whole picture at a size, its aspect not kept, as frames of a video are.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        LibraryError: It cannot be read.
    """
    return np.asarray(open_picture(path).resize((width, height), Image.Resampling.BILINEAR))
