"""Draws the model card's picture: rendered clips that the shipped bundle gets wrong.

vidkind synthesize results/rendered --per-category 24
python docs/make_failures.py results/rendered
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw

from vidkind import SingleVideoClassifier
from vidkind.config import SamplingOptions
from vidkind.dataset import read_library
from vidkind.video import sample_frames

TARGET = Path(__file__).parent / "images" / "failures.png"
COLUMNS, WIDTH, HEIGHT, TEXT = 4, 240, 135, 34
MOST = 12


def tile(path: str, label: str, answer: str, confidence: float) -> Image.Image:
    """The middle frame of a clip with what it is and what was said."""
    middle = SamplingOptions.untouched(3)
    frame = sample_frames(path, height=HEIGHT, width=WIDTH, options=middle).frames[1]
    picture = Image.new("RGB", (WIDTH, HEIGHT + TEXT), "white")
    picture.paste(Image.fromarray(frame), (0, 0))
    draw = ImageDraw.Draw(picture)
    draw.text((4, HEIGHT + 3), f"is {label}", fill="black")
    draw.text((4, HEIGHT + 17), f"taken for {answer}, {confidence:.0%}", fill="firebrick")
    return picture


def main(library: Path) -> None:
    """Classifies a rendered library and draws the surest wrong answers."""
    items = read_library(library).items
    answers = SingleVideoClassifier().classify_videos(item.path for item in items)
    wrong = [
        (item, answer)
        for item, answer in zip(items, answers, strict=True)
        if answer.category not in (None, item.label)
    ]
    sys.stderr.write(f"{len(wrong)} of {len(items)} rendered clips are answered wrongly\n")
    wrong.sort(key=lambda pair: -(pair[1].confidence or 0))
    tiles = [
        tile(item.path, item.label, str(answer.category), answer.confidence or 0)
        for item, answer in wrong[:MOST]
    ]
    rows = -(-len(tiles) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * WIDTH, rows * (HEIGHT + TEXT)), "white")
    for k, picture in enumerate(tiles):
        sheet.paste(picture, (k % COLUMNS * WIDTH, k // COLUMNS * (HEIGHT + TEXT)))
    sheet.quantize(128).save(TARGET, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
