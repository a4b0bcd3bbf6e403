"""Small libraries for the doctor: distinct moving scenes, written and listed as a test wants."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.clips import Picture, render

COLUMNS = ("path", "label", "split", "group", "source_id", "subcategory")
FRAMES, FPS = 24, 20


def scene(seed: int, *, size: tuple[int, int] = (96, 128), frames: int = FRAMES) -> list[Picture]:
    """A scene of its own: a smooth random background and a few squares on their ways."""
    rng = np.random.default_rng(seed)
    height, width = size
    ground = _smooth(rng.uniform(20, 235, (6, 8, 3)), size)
    squares = [
        (rng.uniform(0, 1, 2), rng.uniform(-0.5, 0.5, 2), rng.integers(0, 256, 3)) for _ in range(3)
    ]
    side = height // 5
    pictures = []
    for number in range(frames):
        picture = ground.copy()
        for start, way, colour in squares:
            y, x = ((start + way * number / frames) % 1 * (height - side, width - side)).astype(int)
            picture[y : y + side, x : x + side] = colour
        pictures.append(picture.astype(np.uint8))
    return pictures


def cropped(pictures: Sequence[Picture], share: float = 0.1) -> list[Picture]:
    """Without ``share`` of the picture on every side, and larger: even sizes, nearest pixels."""
    height, width = pictures[0].shape[:2]
    top, left = round(share * height), round(share * width)
    inner = [picture[top : height - top, left : width - left] for picture in pictures]
    return resized(inner, (height * 5 // 4 // 2 * 2, width * 5 // 4 // 2 * 2))


def resized(pictures: Sequence[Picture], size: tuple[int, int]) -> list[Picture]:
    """At another size, by nearest pixels."""
    height, width = pictures[0].shape[:2]
    rows = np.arange(size[0]) * height // size[0]
    columns = np.arange(size[1]) * width // size[1]
    return [picture[rows][:, columns] for picture in pictures]


def clean_rows(folder: Path, *, labels: Sequence[str] = ("cats", "dogs")) -> list[dict[str, str]]:
    """Renders a library without a fault and gives its manifest's rows."""
    rows = []
    for k, label in enumerate(labels):
        for number in range(8):
            path = folder / label / f"{number}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            render(path, scene(100 * k + number), fps=FPS, crf="23")
            split = "train" if number < 5 else "val"
            rows.append(row(f"{label}/{number}.mp4", label, split))
    return rows


def row(path: str, label: str, split: str = "", group: str = "") -> dict[str, str]:
    return {"path": path, "label": label, "split": split, "group": group}


def write_manifest(path: Path, rows: Sequence[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def _smooth(grid: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    """A coarse grid [h, w, 3] drawn out to a size, linearly."""
    for axis, length in enumerate(size):
        places = np.linspace(0, grid.shape[axis] - 1, length)
        below = np.minimum(places.astype(int), grid.shape[axis] - 2)
        share = (places - below).reshape([-1 if a == axis else 1 for a in range(3)])
        low, high = grid.take(below, axis), grid.take(below + 1, axis)
        grid = low + share * (high - low)
    return grid
