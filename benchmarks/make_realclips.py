"""Makes the benchmark that travels: features of the real clips in one small file.

    vidkind extract CLIPS/manifest.csv -o results/realclips
    python benchmarks/make_realclips.py CLIPS/manifest.csv results/realclips

Writes ``benchmarks/realclips.h5`` (float16 features with labels, splits, groups and sources)
and ``benchmarks/realclips.csv`` (where each clip comes from, and what its file says of itself).
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

from vidkind.features.splits import split_file
from vidkind.features.store import FeatureRow, FeatureSet, read_features, write_features

COLUMNS = (
    "path", "label", "subcategory", "source_id", "group", "split", "repo", "commit", "repo_path",
    "license", "start_s", "duration_s", "width", "height", "fps", "size_bytes",
)  # fmt: skip


def rows(parts: list[FeatureSet]):
    """Every video of several feature files."""
    for part in parts:
        for i, steps in enumerate(part.num_frames):
            yield FeatureRow(
                features=part.features[i, :steps],
                times=part.times[i, :steps].astype(np.float64),
                duration_seconds=float(part.durations[i]),
                label=int(part.labels[i]),
                text={
                    name: getattr(part, name)[i]
                    for name in ("paths", "groups", "source_ids", "splits", "fingerprints")
                },
            )


def merge(folder: Path, target: Path) -> int:
    """Writes the splits of a folder into one float16 file; returns the number of videos."""
    parts = [read_features(split_file(folder, split)) for split in ("train", "val")]
    first = parts[0]
    write_features(
        target,
        rows(parts),
        count=sum(map(len, parts)),
        max_frames=first.max_frames,
        feature_dim=first.feature_dim,
        categories=first.categories,
        multi_scale=bool(first.attributes["multi_scale"]),
        dtype="float16",
        attributes={"provenance": first.attributes["provenance"]},
    )
    return sum(map(len, parts))


def write_origins(manifest: Path, target: Path) -> None:
    """Writes origin and metadata of every clip."""
    with (
        manifest.open(encoding="utf-8", newline="") as source,
        target.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for row in csv.DictReader(source):
            size = (manifest.parent / row["path"]).stat().st_size
            writer.writerow({**row, "size_bytes": size})


def main() -> None:
    """Merges features and writes origins."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("features", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "realclips.h5")
    arguments = parser.parse_args()
    count = merge(arguments.features, arguments.output)
    write_origins(arguments.manifest, arguments.output.with_suffix(".csv"))
    print(f"{arguments.output}: {count} videos, {arguments.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
