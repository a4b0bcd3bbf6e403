"""How close ``vidkind plan`` comes: its forecast, then the run that it forecasts, in turn.

    python benchmarks/plan_accuracy.py "200 clips=CLIPS:200" "1080p=LONG" "mixed=MIXED" \
        -o benchmarks/results/plan_accuracy.json

Each library is a folder, of which NAME=FOLDER:COUNT takes every so many-th file. The plan is made
and the run done in processes of their own, as a user would; the machine's rates are measured by
the first plan. What was read is what the run's process asked the system for (Linux only).
``--bundle`` names a bundle that has not learned from the videos, as is usual for a library: how
often a quick look is enough was fitted on such.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from provenance import write_result

from vidkind.video import find_videos

VIDKIND = [sys.executable, "-c", "from vidkind.cli import main; main()"]
# Tells what the process read when it ends.
RUN = [
    sys.executable,
    "-c",
    "import atexit, pathlib, sys\n"
    "from vidkind.cli import main\n"
    "io = pathlib.Path('/proc/self/io')\n"
    "out = pathlib.Path(sys.argv.pop(1))\n"
    "atexit.register(lambda: io.is_file() and out.write_text(io.read_text()))\n"
    "main()",
]


def library(spec: str, folder: Path) -> tuple[str, Path]:
    """Name and folder of a library; links to the files that were chosen."""
    name, _, rest = spec.partition("=")
    source, _, count = rest.partition(":")
    videos = find_videos(source)
    step = max(1, len(videos) // int(count)) if count else 1
    target = folder / name.replace(" ", "_")
    for category in "ab":  # extract wants two
        (target / category).mkdir(parents=True)
    for number, video in enumerate(videos[::step][: int(count or len(videos))]):
        (target / "ab"[number % 2] / f"{number:05}{video.suffix}").symlink_to(video.resolve())
    return name, target


def planned(folder: Path, options: Sequence[str], cache: Path) -> dict[str, Any]:
    """What ``vidkind plan`` says, and how long it took."""
    start = time.perf_counter()
    done = subprocess.run(
        [*VIDKIND, "plan", str(folder), "--json", *options],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return {**found, "seconds": time.perf_counter() - start}


def run(command: Sequence[str], folder: Path, cache: Path) -> tuple[float, int]:
    """Wall time of a run, and the bytes it asked for."""
    note = folder.parent / "io.txt"
    note.unlink(missing_ok=True)
    start = time.perf_counter()
    subprocess.run(
        [*RUN, str(note), *command],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
    )
    seconds = time.perf_counter() - start
    words = note.read_text().split() if note.is_file() else ["rchar:", "0"]
    return seconds, int(words[words.index("rchar:") + 1])


def compared(folder: Path, command: str, work: Path, bundle: str | None) -> dict[str, Any]:
    """Forecast by probing alone and with files tried, and the run."""
    cache, rows = work / "cache", work / "rows.jsonl"
    features = Path(tempfile.mkdtemp(dir=work))
    of_bundle = ["--bundle", bundle] if bundle and command == "classify" else []
    ways = {
        "classify": ["classify", str(folder), "--format", "jsonl", "--output", str(rows)],
        "extract": ["extract", str(folder), "-o", str(features)],
    }
    options = ["--for", command, *of_bundle]
    alone = planned(folder, [*options, "--calibrate", "0"], cache)
    tried = planned(folder, options, cache)
    seconds, read = run([*ways[command], *of_bundle], folder, cache)
    del tried["forecast"]["slowest"]  # names of temporary files
    found = {
        "files": tried["num_files"],
        "run_seconds": seconds,
        "run_bytes_read": read,
        "forecast": tried["forecast"],
        "files_tried": tried["correction"]["num_files"],
        "plan_seconds": tried["seconds"],
        "probing_alone_seconds": alone["forecast"]["seconds"],
        "ratio": tried["forecast"]["seconds"] / seconds,
        "probing_alone_ratio": alone["forecast"]["seconds"] / seconds,
        "inside_interval": tried["forecast"]["low"] <= seconds <= tried["forecast"]["high"],
    }
    if command == "classify":
        done = [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]
        found["run_frames_decoded"] = sum(row["frames_decoded"] or 0 for row in done)
        found["run_frames_embedded"] = sum(row["frames_embedded"] or 0 for row in done)
    else:
        stored = (file for file in features.rglob("*") if file.suffix in (".npz", ".h5"))
        found["run_bytes_written"] = sum(file.stat().st_size for file in stored)
    return found


def main() -> None:
    """Plans and runs every library and writes both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("libraries", nargs="+", metavar="NAME=FOLDER[:COUNT]")
    parser.add_argument("--bundle", help="Answers with this one; the shipped one by default.")
    parser.add_argument("--only", choices=["classify", "extract"])
    parser.add_argument("--append", action="store_true", help="keep what the file has of others")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    result = {}
    if arguments.append and arguments.output.is_file():
        result = json.loads(arguments.output.read_text(encoding="utf-8"))["libraries"]
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for spec in arguments.libraries:
            title, folder = library(spec, work)
            for command in [arguments.only] if arguments.only else ["classify", "extract"]:
                result[f"{title}, {command}"] = compared(folder, command, work, arguments.bundle)
                print(title, command, result[f"{title}, {command}"], flush=True)
    write_result(arguments.output, {"libraries": result})


if __name__ == "__main__":
    main()
