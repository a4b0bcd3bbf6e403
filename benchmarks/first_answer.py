"""How long a new user waits: `vidkind classify` in a fresh process on long 1080p videos.

    python benchmarks/first_answer.py CLIP -o benchmarks/results/first_answer.json

CLIP is upscaled and repeated by `long_videos.py`: 60 s and 20 min, a key frame every 250 frames.
Imports are timed inside a fresh process: everything `classify` loads before it opens a bundle.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

from long_videos import make_long_videos
from provenance import write_result

GOP = 250
RUN = (sys.executable, "-c", "from vidkind.cli import main; main()")
IMPORTS = (
    "import time; start = time.perf_counter()\n"
    "import vidkind.cli.classify, vidkind.cli.rows, vidkind.inference\n"
    "print(time.perf_counter() - start)"
)


def seconds(words: tuple[str, ...]) -> float:
    """Wall time of a whole process."""
    start = time.perf_counter()
    subprocess.run([*RUN, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def import_seconds() -> float:
    """Seconds of a fresh process's imports alone."""
    done = subprocess.run([sys.executable, "-c", IMPORTS], check=True, capture_output=True)
    return float(done.stdout)


def main() -> None:
    """Makes the videos, times fresh processes in turn and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--work", type=Path, default=Path("results/long"))
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    made = make_long_videos(arguments.clip, arguments.work)
    minute, long = str(made["60s"][GOP]), str(made["20min"][GOP])
    commands = {
        "vidkind --help": ("--help",),
        "vidkind classify 60s.mp4": ("classify", minute),
        "vidkind classify 20min.mp4": ("classify", long),
        "vidkind classify 60s.mp4 --tta": ("classify", minute, "--tta"),
        "vidkind classify 60s.mp4 --effort full": ("classify", minute, "--effort", "full"),
    }
    times: dict[str, list[float]] = {name: [] for name in ("imports alone", *commands)}
    for _ in range(arguments.repeats):
        times["imports alone"].append(import_seconds())
        for name, words in commands.items():
            times[name].append(seconds(words))
    result = {
        name: {"median": statistics.median(found), "min": min(found), "max": max(found)}
        for name, found in times.items()
    }
    print(result)
    write_result(arguments.output, {"seconds": result})


if __name__ == "__main__":
    main()
