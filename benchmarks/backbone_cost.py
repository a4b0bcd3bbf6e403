"""What one frame costs on one core: the shipped backbone, and another one in turn.

    python benchmarks/backbone_cost.py -o benchmarks/results/backbone_cost.json \
        --against mobilenet_v2_1.0_features.onnx

Batches of eight frames, ONNX Runtime, one thread.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
from provenance import write_result

from vidkind.bundle import load_bundle
from vidkind.features import read_card
from vidkind.features.backbones_onnx import OnnxBackbone

BATCH = 8


def milliseconds(backbone: OnnxBackbone) -> float:
    """Wall time of one frame out of a batch at the backbone's own size."""
    spec = backbone.card.input
    frames = np.random.default_rng(0).integers(0, 256, (BATCH, spec.height, spec.width, 3))
    frames = frames.astype(np.uint8)
    start = time.perf_counter()
    backbone.embed(frames)
    return 1000 * (time.perf_counter() - start) / BATCH


def main() -> None:
    """Times the backbones in turn and writes medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, action="append", default=[])
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    bundle = load_bundle()
    files = [bundle.backbone_file, *arguments.against]
    cards = [bundle.manifest.backbone, *map(read_card, arguments.against)]
    backbones = [
        OnnxBackbone(path, card=card, num_threads=1)
        for path, card in zip(files, cards, strict=True)
    ]
    rounds = [[milliseconds(b) for b in backbones] for _ in range(arguments.repeats + 2)][2:]
    times = list(zip(*rounds, strict=True))
    result = {
        backbone.card.name: {
            "ms_median": statistics.median(found),
            "ms_min": min(found),
            "ratio_to_first": statistics.median(
                b / a for a, b in zip(times[0], found, strict=True)
            ),
            "megabytes": path.stat().st_size / 1e6,
        }
        for backbone, found, path in zip(backbones, times, files, strict=True)
    }
    print(result)
    write_result(arguments.output, {"backbones": result})


if __name__ == "__main__":
    main()
