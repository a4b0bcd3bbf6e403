"""How fast the doctor is, which copies it finds and what it takes for a copy that is none.

    python benchmarks/doctor_speed.py ../shared/clips -o benchmarks/results/doctor.json

The library is examined twice, without and with kept scans. Then copies of clips of its train
split are altered in eight ways and put into val, and it is examined again. A pair across groups
that was not planted is listed: look at it, before it is called a false alarm.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from provenance import write_result

from vidkind.bundle.backbone import open_backbone
from vidkind.config import DoctorOptions
from vidkind.dataset import Library, read_library
from vidkind.doctor import Diagnosis, examine
from vidkind.doctor.hashes import VIEWS
from vidkind.doctor.matches import candidate_pairs
from vidkind.records import VideoItem
from vidkind.video.encode import write_video

Frames = list[NDArray[np.uint8]]
Alter = Callable[[Frames, float], tuple[Frames, float]]
MOST_FRAMES = 75
CODES = ("copy-in-another-split", "one-content-two-labels", "copy-in-the-same-split")


def resized(frames: Frames, scale: float) -> Frames:
    """Scaled, to even sizes."""
    height, width = frames[0].shape[:2]
    size = (max(16, int(width * scale) // 2 * 2), max(16, int(height * scale) // 2 * 2))
    return [np.asarray(Image.fromarray(f).resize(size, Image.Resampling.BILINEAR)) for f in frames]


def cut(frames: Frames, x: float, y: float) -> Frames:
    """Without a share of the width and of the height on each side."""
    height, width = frames[0].shape[:2]
    top, left = int(y * height), int(x * width)
    return [f[top : height - top, left : width - left] for f in frames]


ALTERED: dict[str, Alter] = {
    "re-encoded at low quality": lambda f, fps: (resized(f, 1), fps),
    "scaled to 60 %, half the frame rate": lambda f, fps: (resized(f[::2], 0.6), fps / 2),
    "cropped by 10 % on each side, scaled": lambda f, fps: (resized(cut(f, 0.1, 0.1), 0.7), fps),
    "cropped by 6 % on each side": lambda f, fps: (resized(cut(f, 0.06, 0.06), 1), fps),
    "cropped by 12 % above and below": lambda f, fps: (resized(cut(f, 0, 0.12), 1), fps),
    "first tenth left out": lambda f, fps: (resized(f[len(f) // 10 :], 1), fps),
    "darkened (gamma 1.4)": lambda f, fps: (
        resized([(255 * (p / 255) ** 1.4).astype(np.uint8) for p in f], 1),
        fps,
    ),
    "mirrored": lambda f, fps: (resized([p[:, ::-1] for p in f], 1), fps),
}


def planted(items: list[VideoItem], folder: Path) -> Iterator[tuple[str, VideoItem, VideoItem]]:
    """Way of altering, the altered copy as an item of val, and its original."""
    for number, item in enumerate(items):
        with av.open(item.path) as container:
            fps = float(container.streams.video[0].average_rate)
            frames = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
        original = folder / f"{number}.mp4"
        encode(original, resized(frames[:MOST_FRAMES], 1), fps, "20")
        first = replace(item, path=str(original), key=original.name)
        for way, (name, alter) in enumerate(ALTERED.items()):
            path = folder / f"{number}_{way}.mp4"
            encode(path, *alter(frames[:MOST_FRAMES], fps), "32")
            copy = replace(item, path=str(path), key=path.name, split="val", group=f"copy {number}")
            yield name, replace(copy, source_id=copy.group), first


def encode(path: Path, frames: Frames, fps: float, crf: str) -> None:
    """Writes H.264."""
    write_video(path, frames, fps=fps, options={"crf": crf, "preset": "veryfast"})


def examined(library: Library, cache: Path) -> tuple[Diagnosis, float]:
    """The diagnosis and how long it took."""
    start = time.perf_counter()
    options = DoctorOptions(mirrored=True)
    found = examine(
        library, open_backbone=lambda: open_backbone(None), options=options, cache=cache
    )
    return found, time.perf_counter() - start


def pair_seconds(count: int) -> float:
    """How long it takes to compare the hashes of so many random videos."""
    rng = np.random.default_rng(0)
    signs = rng.choice(np.array([-1, 1], np.int8), (count, len(VIEWS), 8, 63))
    start = time.perf_counter()
    candidate_pairs(signs)
    return time.perf_counter() - start


def main() -> None:
    """Plants copies, examines twice and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("--copies", type=int, default=20)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    library = read_library(arguments.library)
    train = [item for item in library.items if item.split == "train"]
    chosen = np.random.default_rng(0).choice(len(train), arguments.copies, replace=False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain, cold = examined(library, folder / "cache")
        again, warm = examined(library, folder / "cache")
        copies = list(planted([train[i] for i in chosen], folder))
        originals = {original.key: original for _, _, original in copies}
        kept = [i for i in library.items if i.key not in {train[n].key for n in chosen}]
        items = (*kept, *originals.values(), *(copy for _, copy, _ in copies))
        whole = replace(library, items=items)
        found, _ = examined(whole, folder / "cache")
    named = {
        frozenset(evidence.files)
        for finding in found.findings
        if finding.code in CODES
        for evidence in finding.evidence
    }
    wanted = {frozenset((copy.key, first.key)): way for way, copy, first in copies}
    numbers = {item.key: item.key.split("_")[0].split(".")[0] for item in items}
    false = [
        sorted(pair)
        for pair in named
        if pair not in wanted and len({numbers[key] for key in pair}) > 1
    ]
    hits = Counter(way for pair, way in wanted.items() if pair in named)
    thousands = len(library.items) / 1000
    result = {
        "videos": len(library.items),
        "findings": {finding.code: len(finding.evidence) for finding in plain.findings},
        "seconds_per_thousand": {"first run": cold / thousands, "again": warm / thousands},
        "stage_seconds": {"first run": plain.seconds, "again": again.seconds},
        "pair_seconds": {str(count): pair_seconds(count) for count in (1000, 4000)},
        "planted": arguments.copies,
        "found": {way: hits[way] for way in ALTERED},
        "videos_with_planted": len(items),
        "other_pairs": false,
        "metadata_probe": plain.probe,
    }
    print(result)
    write_result(arguments.output, result)


if __name__ == "__main__":
    main()
