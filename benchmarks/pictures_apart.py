"""A manifest of pictures without those from repositories that clips come from.

    python benchmarks/pictures_apart.py STILLS/manifest.csv CLIPS/manifest.csv -o pictures.csv

What learns from these pictures has seen nothing from where any clip was taken, so that figures on
the clips say how it does on other people's videos.
"""

from __future__ import annotations

import argparse
import csv
import os
from pathlib import Path

COLUMNS = ("path", "label", "group")


def rows(manifest: Path) -> list[dict[str, str]]:
    """The rows of a manifest."""
    with manifest.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    """Writes the manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("clips", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    taken = {row["repo"] for row in rows(arguments.clips)}
    kept = [row for row in rows(arguments.pictures) if row["repo"] not in taken]
    with arguments.output.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for row in kept:
            path = os.path.relpath(arguments.pictures.parent / row["path"], arguments.output.parent)
            writer.writerow({**row, "path": Path(path).as_posix()})
    print(
        f"{arguments.output}: {len(kept)} pictures in {len({row['group'] for row in kept})} groups"
    )


if __name__ == "__main__":
    main()
