"""How many planted wrong labels are found: precision and recall of the label suspects.

    python benchmarks/label_suspects.py benchmarks/realclips.h5 -o benchmarks/results/suspects.json

In each round 5 % of the labels are replaced by another category at random, and suspects are
found by cross-validation over groups. The labels as they are have suspects too: right or
wrong, those count as false alarms here.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from provenance import write_result

from vidkind.evaluation.suspects import LabelSuspect, find_suspects
from vidkind.features.store import FeatureSet, read_features

SHARE = 0.05
ROUNDS = 10


def plant(videos: FeatureSet, seed: int) -> tuple[FeatureSet, set[str]]:
    """The videos with some wrong labels, and which they are."""
    generator = np.random.default_rng(seed)
    rows = generator.choice(len(videos), round(SHARE * len(videos)), replace=False)
    labels = videos.labels.copy()
    count = len(videos.categories)
    labels[rows] = (labels[rows] + generator.integers(1, count, len(rows))) % count
    return replace(videos, labels=labels), {videos.paths[i] for i in rows}


def one_round(videos: FeatureSet, seed: int) -> dict[str, float]:
    """Precision and recall of all suspects, precision of the first ones, in percent."""
    mislabelled, wrong = plant(videos, seed)
    found = find_suspects({"all": mislabelled}, seed=seed)
    truth = {
        path: videos.categories[k] for path, k in zip(videos.paths, videos.labels, strict=True)
    }
    hits = [suspect for suspect in found if suspect.path in wrong]
    corrected = [suspect for suspect in hits if suspect.suggested == truth[suspect.path]]
    return {
        "suspects": len(found),
        "precision": 100 * len(hits) / max(1, len(found)),
        "recall": 100 * len(hits) / len(wrong),
        "precision_of_as_many_as_were_planted": _share(found[: len(wrong)], wrong),
        "right_suggestion": 100 * len(corrected) / max(1, len(hits)),
    }


def _share(found: Sequence[LabelSuspect], wrong: set[str]) -> float:
    return 100 * sum(suspect.path in wrong for suspect in found) / max(1, len(found))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("features", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    videos = read_features(arguments.features)
    rounds = [one_round(videos, seed) for seed in range(ROUNDS)]
    result = {
        "features": arguments.features.name,
        "videos": len(videos),
        "planted_share": SHARE,
        "rounds": rounds,
        "mean": {key: float(np.mean([r[key] for r in rounds])) for key in rounds[0]},
        "suspects_as_labelled": [s.path for s in find_suspects({"all": videos})],
    }
    print(result["mean"], len(result["suspects_as_labelled"]))
    write_result(arguments.output, result)


if __name__ == "__main__":
    main()
