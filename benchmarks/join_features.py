"""Joins feature files of one backbone, with the categories of the first, into one file.

    python benchmarks/join_features.py benchmarks/realclips.h5 RECORDED.h5 -o results/learned.h5

The shipped models learn from real clips and from degraded versions of recorded programs, which
are two extractions. The file says of every video which split it is in.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import reduce
from pathlib import Path

import numpy as np
from make_realclips import rows

from vidkind.features.store import FeatureSet, read_features, write_features


def with_categories(videos: FeatureSet, categories: tuple[str, ...]) -> FeatureSet:
    """The videos with their labels counted among these categories."""
    places = np.array([categories.index(name) for name in videos.categories])
    return replace(videos, labels=places[videos.labels], categories=categories)


def main() -> None:
    """Writes the joined file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features", type=Path, nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    parts = [read_features(path) for path in arguments.features]
    parts = [with_categories(part, parts[0].categories) for part in parts]
    joined = reduce(FeatureSet.joined, parts)
    write_features(
        arguments.output,
        rows([joined]),
        count=len(joined),
        max_frames=joined.max_frames,
        feature_dim=joined.feature_dim,
        categories=joined.categories,
        multi_scale=bool(joined.attributes["multi_scale"]),
        attributes={"provenance": joined.attributes["provenance"]},
    )
    print(f"{arguments.output}: {len(joined)} videos")


if __name__ == "__main__":
    main()
