"""The published model against ``compact``: same features, same folds, a fixed schedule each.

    python benchmarks/presets.py FEATURES.h5 reference reference.npz    # minutes on a GPU
    python benchmarks/presets.py FEATURES.h5 compact compact.npz
    python benchmarks/presets.py FEATURES.h5 --compare reference.npz compact.npz \
        -o benchmarks/results/presets.json

Five folds by group over all sources, clean features. ``reference``: seed 42, its own
hyper-parameters, 20 epochs, which is one cycle of its schedule, the last kept: no scored video
chooses an epoch. ``compact``: four seeds as shipped. On a GPU in bfloat16.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from cross_validate import Method, cross_validated, scored_set
from provenance import write_result

from vidkind.config import Preset
from vidkind.evaluation.paired import paired_test
from vidkind.evaluation.scores import score
from vidkind.features.splits import read_split
from vidkind.features.store import FeatureSet
from vidkind.inference.tta import softmax
from vidkind.training import load_members, member_logits, train_ensemble, training_config
from vidkind.training.presets import DEFAULT_SEEDS, DeviceOptions

SEEDS: dict[Preset, tuple[int, ...]] = {"reference": (42,), "compact": DEFAULT_SEEDS}
EPOCHS = 20


def trained(preset: Preset) -> Method:
    """Trains a preset on a fold: the ensemble's probabilities of the videos held out."""
    fixed = {"num_epochs": EPOCHS, "patience": None} if preset == "reference" else {}
    precision = "bf16-mixed" if torch.cuda.is_available() else "32-true"

    def method(train: FeatureSet, test: FeatureSet) -> dict[str, np.ndarray]:
        with tempfile.TemporaryDirectory() as folder:
            train_ensemble(
                train, test, Path(folder),
                preset=preset, training=training_config(preset, **fixed), seeds=SEEDS[preset],
                device=DeviceOptions(precision=precision), progress=False, dashboards=False,
            )  # fmt: skip
            members = load_members(Path(folder))
        found = softmax(member_logits(members, test.features, test.num_frames)).mean(axis=0)
        print(f"a fold: {(found.argmax(axis=1) == test.labels).mean():.1%} of clips", flush=True)
        return {preset: found}

    return method


def compared(videos: FeatureSet, reference: np.ndarray, compact: np.ndarray) -> dict:
    """Scores of both and the paired test between them."""
    scored = scored_set(videos)
    names = "reference, seed 42", f"compact, ensemble of {len(SEEDS['compact'])}"
    answers = dict(zip(names, (reference, compact), strict=True))
    right = [found.argmax(axis=1) == videos.labels for found in answers.values()]
    test = paired_test(*right, scored.source_weights, scored.draws)
    print(f"{test.difference.value:+.1f} points, p = {test.p_value:.3f}")
    return {
        "num_videos": len(videos),
        "num_sources": len(set(videos.source_ids)),
        "epochs": EPOCHS,
        "rows": [asdict(score(name, found, scored)) for name, found in answers.items()],
        "against": {" - ".join(names): asdict(test)},
    }


def main() -> None:
    """Trains one preset out of fold, or compares the answers of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features", type=Path)
    parser.add_argument("preset", choices=SEEDS, nargs="?")
    parser.add_argument("answers", type=Path, nargs="?", help="where a preset's answers go")
    parser.add_argument("--compare", type=Path, nargs=2, metavar=("REFERENCE", "COMPACT"))
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    videos = read_split(arguments.features, "train").joined(read_split(arguments.features, "val"))
    if arguments.compare and arguments.output:
        reference, compact = (np.load(path)["oof"] for path in arguments.compare)
        write_result(arguments.output, compared(videos, reference, compact))
    elif arguments.preset and arguments.answers:
        found, _ = cross_validated(videos, trained(arguments.preset))
        np.savez(arguments.answers, oof=found[arguments.preset])
    else:
        parser.error("give a preset and a file for its answers, or --compare and -o")


if __name__ == "__main__":
    main()
