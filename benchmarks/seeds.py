"""How far apart seeds of the shipped recipe are, on every real clip answered out of fold.

    vidkind train FEATURES -o RUN --cross-fit 5 --seeds 42,43,44,45,46,47,48,49
    python benchmarks/seeds.py RUN benchmarks/realclips.h5 \
        -o benchmarks/results/seeds_out_of_fold.json
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np
from cross_validate import SHIPPED, cross_fitted, scored_set
from provenance import write_result

from vidkind.evaluation.scores import score
from vidkind.features.store import read_features


def main() -> None:
    """Scores every seed and writes one JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("features", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    videos = read_features(arguments.features)
    test, prefix = scored_set(videos), f"{SHIPPED}, seed "
    found = {
        name.removeprefix(prefix): values
        for name, values in cross_fitted(arguments.run, videos).items()
        if name.startswith(prefix)
    }
    # A seed that died in a fold was replaced there, and answers only some of the clips.
    live = {seed: values for seed, values in found.items() if not np.isnan(values).any()}
    result = {
        "num_videos": len(videos),
        "num_sources": len(set(videos.source_ids)),
        "seeds": {seed: asdict(score(seed, values, test)) for seed, values in live.items()},
        "dead": sorted(set(found) - set(live)),
    }
    write_result(arguments.output, result)
    for unit in ("per_source", "per_clip"):
        figures = [row[unit]["accuracy"]["value"] for row in result["seeds"].values()]
        print(f"{unit}: {min(figures):.1f} to {max(figures):.1f} %")


if __name__ == "__main__":
    main()
