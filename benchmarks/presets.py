"""The published model against ``compact``: same features, same clips.

    vidkind train benchmarks/realclips.h5 -o compact
    vidkind train benchmarks/realclips.h5 -o reference --preset reference --seeds 42
    python benchmarks/presets.py reference compact -o benchmarks/results/presets.json

``reference`` stops early by the val clips that it is scored on, ``compact`` chooses nothing by
them: each row says which epoch was kept of how many.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np
from provenance import write_result

from vidkind.evaluation.evaluate import ensemble_view_probabilities
from vidkind.evaluation.intervals import paired_test
from vidkind.evaluation.scores import ScoredSet, score
from vidkind.features.splits import read_split
from vidkind.features.store import FeatureSet
from vidkind.training import load_members, member_logits, read_histories


def asked(run: Path, test: FeatureSet) -> dict[str, np.ndarray]:
    """Probabilities of each member of a run, and of all where there are several."""
    members = load_members(run)
    each = ensemble_view_probabilities(
        lambda features, steps: member_logits(members, features, steps), test, use_tta=False
    )
    rows = {f"{run.name}, seed {m.seed}": p for m, p in zip(members, each, strict=True)}
    if len(members) > 1:
        rows[f"{run.name}, ensemble of {len(members)}"] = each.mean(axis=0)
    return rows


def epochs(run: Path) -> dict[str, dict[str, int | float]]:
    """Which epoch each member was kept from, of how many, and its parameters."""
    histories = read_histories(run)
    return {
        f"{run.name}, seed {member.seed}": {
            "epoch": member.best_epoch,
            "epochs": len(histories[member.index]["val_acc"]),
            "parameters": member.num_parameters,
        }
        for member in load_members(run)
    }


def main() -> None:
    """Scores both runs on val and writes one JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference", type=Path)
    parser.add_argument("compact", type=Path)
    default = Path(__file__).parent / "realclips.h5"
    parser.add_argument("--features", type=Path, default=default)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    test = read_split(arguments.features, "val")
    scored = ScoredSet.create(test.labels, test.categories, test.source_ids, seed=0)
    reference, compact = (asked(run, test) for run in (arguments.reference, arguments.compact))
    right = {k: p.argmax(axis=1) == test.labels for k, p in {**reference, **compact}.items()}
    first = next(iter(reference))
    result = {
        "num_videos": len(test),
        "num_sources": len(set(test.source_ids)),
        "rows": [asdict(score(name, p, scored)) for name, p in {**reference, **compact}.items()],
        "trained": {**epochs(arguments.reference), **epochs(arguments.compact)},
        "against": {
            f"{first} - {name}": asdict(
                paired_test(right[first], right[name], scored.source_weights, scored.draws)
            )
            for name in compact
        },
    }
    write_result(arguments.output, result)
    for name, test_ in result["against"].items():
        print(name, f"{test_['difference']['value']:+.1f} points, p = {test_['p_value']:.3f}")


if __name__ == "__main__":
    main()
