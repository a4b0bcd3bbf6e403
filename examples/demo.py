"""The whole loop on one screen: extract, train, evaluate, bundle, classify.

Uses the real clips in ``../shared/clips`` where they are, otherwise clips it renders itself.
Takes a few minutes on two cores. Run it with ``python3 dev.py demo``.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REAL = Path(os.environ.get("VIDKIND_SHARED", ROOT.parent / "shared")) / "clips" / "manifest.csv"
SOURCES_PER_SPLIT = {"train": 24, "val": 8}
RENDERED_PER_CATEGORY = 12


def vidkind(*arguments: str | Path) -> None:
    """Runs a vidkind command as a user would, and shows it first."""
    words = [str(word) for word in arguments]
    print(f"\n$ vidkind {shlex.join(words)}", flush=True)
    command = [sys.executable, "-c", "from vidkind.cli import main; main()", *words]
    code = subprocess.run(command, check=False).returncode
    if code:
        sys.exit(code)


def real_library(folder: Path) -> Path:
    """A manifest of some of the real clips, the same number of sources per category."""
    with REAL.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = []
    for split, wanted in SOURCES_PER_SPLIT.items():
        for label in sorted({row["label"] for row in rows}):
            sources: dict[str, dict[str, str]] = {}
            for row in rows:
                if row["label"] == label and row["split"] == split:
                    sources.setdefault(row["source_id"], row)
            picked = random.Random(42).sample(sorted(sources), min(wanted, len(sources)))
            chosen += [sources[name] for name in picked]
    manifest = folder / "library.csv"
    with manifest.open("w", encoding="utf-8", newline="") as file:
        columns = ["path", "label", "split", "group", "source_id"]
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        for row in chosen:
            writer.writerow({**row, "path": str(REAL.parent / row["path"])})
    return manifest


def rendered_library(folder: Path) -> Path:
    """A small library of rendered clips."""
    library = folder / "rendered"
    vidkind("synthesize", library, "--per-category", str(RENDERED_PER_CATEGORY))
    return library


def main() -> None:
    """Runs the loop and says how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "demo", help="folder for everything")
    parser.add_argument(
        "--rendered", action="store_true", help="render clips even if real ones are here"
    )
    arguments = parser.parse_args()
    start, folder = time.monotonic(), arguments.output
    folder.mkdir(parents=True, exist_ok=True)
    real = REAL.is_file() and not arguments.rendered
    library = real_library(folder) if real else rendered_library(folder)
    features, run, bundle = folder / "features", folder / "run", folder / "bundle"
    vidkind("extract", library, "-o", features)
    vidkind("train", features, "-o", run, "--epochs", "30")
    vidkind("evaluate", run, features)
    vidkind("bundle", run, "-o", bundle)
    samples = sorted((REAL.parent if real else library).glob("*/*.mp4"))[:: 150 if real else 16]
    vidkind("classify", *samples, "--bundle", bundle)
    print(f"\nDone in {time.monotonic() - start:.0f} s; everything is in {folder}")
    if not real:
        print("These clips were rendered: the accuracy above means nothing for real video.")


if __name__ == "__main__":
    main()
