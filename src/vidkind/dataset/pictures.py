"""Reading a still picture as a backbone wants it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vidkind.errors import LibraryError, first_line


def read_picture(path: str | Path, *, height: int, width: int) -> NDArray[np.uint8]:
    """The whole picture at a size, its aspect not kept, as frames of a video are.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        LibraryError: It cannot be read.
    """
    try:
        with Image.open(path) as picture:
            resized = picture.convert("RGB").resize((width, height), Image.Resampling.BILINEAR)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise LibraryError(
            f"{path} is no picture that can be read ({first_line(error)}); expected JPEG, PNG, "
            "WebP, TIFF or BMP"
        ) from error
    return np.asarray(resized)
