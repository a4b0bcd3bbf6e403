"""Several manifests as one, so that one extraction reads the videos of all.

    python benchmarks/join_manifests.py CLIPS/manifest.csv GAMES/manifest.csv -o all.csv

Keeps what ``vidkind extract`` reads: path (relative to the new file), label, split, group and
source_id. Groups of different manifests stay apart even where their names agree.
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Iterator
from pathlib import Path

COLUMNS = ("path", "label", "split", "group", "source_id")


def rows(manifest: Path, number: int, target: Path) -> Iterator[dict[str, str]]:
    """The rows of one manifest, as seen from the folder of the new one."""
    with manifest.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            path = os.path.relpath(manifest.parent / row["path"], target.parent)
            named = {name: f"{number}/{row[name]}" for name in ("group", "source_id")}
            yield {name: row[name] for name in COLUMNS} | named | {"path": Path(path).as_posix()}


def main() -> None:
    """Writes the joined manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifests", type=Path, nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    with arguments.output.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for number, manifest in enumerate(arguments.manifests, start=1):
            writer.writerows(rows(manifest, number, arguments.output))


if __name__ == "__main__":
    main()
