"""What an answer costs: compact members against reference members, and TTA, in turn.

    python benchmarks/temporal_cost.py -o benchmarks/results/temporal_cost.json --clip CLIP

Random weights (cost does not depend on them), a [73, 1280] sequence, ONNX Runtime. Then the shipped
bundle on a clip: all of its members with and without TTA against decoding and embedding, one core.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from provenance import write_result

from vidkind.inference import SingleVideoClassifier, TemporalEnsemble
from vidkind.performance import classify_run
from vidkind.training import build_model, model_config
from vidkind.training.export import export_temporal

STEPS, FEATURE_DIM, CATEGORIES = 73, 1280, 4


def ensemble(preset: str, members: int, folder: Path) -> tuple[TemporalEnsemble, int]:
    """An exported ensemble of random members, and the parameters of one."""
    config = model_config(preset, feature_dim=FEATURE_DIM, num_classes=CATEGORIES)
    models = [build_model(config).eval() for _ in range(members)]
    path = folder / f"{preset}.onnx"
    export_temporal(models, FEATURE_DIM, path)
    parameters = sum(p.numel() for p in models[0].parameters())
    return TemporalEnsemble(path, num_members=members), parameters


def milliseconds(model: TemporalEnsemble, features: np.ndarray, use_tta: bool) -> float:
    """Wall time of one answer."""
    start = time.perf_counter()
    model.answer(features, use_tta=use_tta)
    return 1000 * (time.perf_counter() - start)


def shipped(clip: Path, repeats: int) -> dict[str, float]:
    """Milliseconds of stage 1 and of stage 2 of the shipped bundle, in turn, and their ratio."""
    stages = classify_run(SingleVideoClassifier(), effort="full", workers=1).stages
    rounds = []
    for _ in range(repeats + 1):
        marks = [time.perf_counter()]
        batch = stages.decode(clip, stages.looks[-1].sampling)
        features = stages.embed(batch)
        marks.append(time.perf_counter())
        stages.answer(batch, features)
        marks.append(time.perf_counter())
        stages.answer(batch, features, use_tta=True)
        marks.append(time.perf_counter())
        rounds.append([1000 * (b - a) for a, b in pairwise(marks)])
    rounds = rounds[1:]
    return {
        "frames": len(batch.frames),
        "stage_1_ms_median": statistics.median(r[0] for r in rounds),
        "members_ms_median": statistics.median(r[1] for r in rounds),
        "members_tta_ms_median": statistics.median(r[2] for r in rounds),
        "members_to_stage_1": statistics.median(r[1] / r[0] for r in rounds),
        "members_tta_to_stage_1": statistics.median(r[2] / r[0] for r in rounds),
    }


def main() -> None:
    """Times compact and reference in turn and writes medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    features = np.random.default_rng(0).normal(size=(STEPS, FEATURE_DIM)).astype(np.float32)
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        compact, small = ensemble("compact", 1, Path(folder))
        reference, large = ensemble("reference", 1, Path(folder))
        for use_tta in (False, True):
            pairs = [
                (
                    milliseconds(reference, features, use_tta),
                    milliseconds(compact, features, use_tta),
                )
                for _ in range(arguments.repeats + 1)
            ][1:]
            result["with TTA" if use_tta else "one view"] = {
                "reference_ms_median": statistics.median(a for a, _ in pairs),
                "compact_ms_median": statistics.median(b for _, b in pairs),
                "ratio_median": statistics.median(a / b for a, b in pairs),
            }
    result["shipped"] = shipped(arguments.clip, arguments.repeats)
    result["parameters_per_member"] = {"reference": large, "compact": small}
    print(result)
    write_result(arguments.output, result)


if __name__ == "__main__":
    main()
