"""How long a new user waits: `vidkind classify` in a fresh process on a 1080p clip of 60 s.

    python benchmarks/first_answer.py CLIP -o benchmarks/results/first_answer.json

The clip is looped and scaled up to 1920x1080 (H.264, key frame every 250 frames).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import av
import numpy as np
from PIL import Image
from provenance import write_result

from vidkind.video.encode import write_video

FPS, SECONDS, SIZE = 25, 60, (1920, 1080)
ENCODER = {"preset": "ultrafast", "crf": "26", "g": "250"}


def frames(clip: Path) -> Iterator[np.ndarray]:
    """The clip's frames scaled up, again and again."""
    with av.open(str(clip)) as container:
        pictures = [frame.to_image() for frame in container.decode(video=0)]
    large = [np.asarray(p.resize(SIZE, Image.Resampling.BILINEAR)) for p in pictures[:100]]
    yield from islice(cycle(large), FPS * SECONDS)


def seconds(command: list[str]) -> float:
    """Wall time of a whole process."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Makes the clip, times fresh processes and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    run = [sys.executable, "-c", "from vidkind.cli import main; main()"]
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / "long.mp4"
        write_video(long, frames(arguments.clip), fps=FPS, options=ENCODER)
        times = {
            name: [seconds([*run, *words]) for _ in range(arguments.repeats)]
            for name, words in {
                "help": ["--help"],
                "classify": ["classify", str(long)],
                "classify --tta": ["classify", str(long), "--tta"],
                "classify --sampler keyframe": ["classify", str(long), "--sampler", "keyframe"],
            }.items()
        }
    result = {
        name: {"median": statistics.median(found), "min": min(found), "max": max(found)}
        for name, found in times.items()
    }
    print(result)
    write_result(arguments.output, {"seconds": result})


if __name__ == "__main__":
    main()
