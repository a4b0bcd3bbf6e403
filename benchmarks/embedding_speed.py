"""What embedding costs in each runtime and precision: one call, and one call a core.

    python benchmarks/embedding_speed.py -o benchmarks/results/embedding_speed.json \
        --against efficientnet_v2_s.onnx

The shipped backbone, and others with their cards beside them; batches of eight smooth pictures.
Sides take turns; ratios to ONNX Runtime are medians of pairs.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from provenance import write_result

from vidkind.bundle import load_bundle
from vidkind.config import RuntimeOptions
from vidkind.errors import BackboneError, ConfigError, MissingExtraError
from vidkind.features import BackboneCard, read_card
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.features.engines import sample_pictures
from vidkind.machine import usable_cores

WAYS = {
    "ONNX Runtime, float32": RuntimeOptions(runtime="onnxruntime"),
    "OpenVINO, float32": RuntimeOptions(runtime="openvino"),
    "OpenVINO, bfloat16": RuntimeOptions(runtime="openvino", precision="bfloat16"),
    "ONNX Runtime, int8": RuntimeOptions(runtime="onnxruntime", precision="int8"),
    "OpenVINO, int8": RuntimeOptions(runtime="openvino", precision="int8"),
}


def open_all(path: Path, card: BackboneCard) -> dict[str, OnnxBackbone]:
    """The backbone in every way there is here; in int8 where it has such a graph beside it."""
    opened = {}
    for name, options in WAYS.items():
        with contextlib.suppress(BackboneError, ConfigError, MissingExtraError):
            opened[name] = OnnxBackbone(path, card=card, options=options)
    return opened


def milliseconds(backbone: OnnxBackbone, frames: np.ndarray, calls: int) -> float:
    """Wall time of a frame with so many calls at once."""
    with ThreadPoolExecutor(calls) as pool:
        start = time.perf_counter()
        list(pool.map(backbone.embed, [frames] * calls))
        return 1000 * (time.perf_counter() - start) / (calls * len(frames))


def measure(opened: dict[str, OnnxBackbone], rounds: int) -> dict[str, dict[str, float]]:
    """Medians of every way, and ratios to the first."""
    spec = next(iter(opened.values())).card.input
    frames = sample_pictures(8, spec.height, spec.width)
    sides: dict[tuple[str, int], Callable[[], float]] = {
        (name, calls): partial(milliseconds, backbone, frames, calls)
        for name, backbone in opened.items()
        for calls in (1, usable_cores())
    }
    runs = [{key: side() for key, side in sides.items()} for _ in range(rounds + 1)][1:]
    median, first = statistics.median, next(iter(opened))
    return {
        f"{name}; {calls} at once": {
            "ms_per_frame": median(run[name, calls] for run in runs),
            "times_faster": median(run[first, calls] / run[name, calls] for run in runs),
        }
        for name, calls in sides
    }


def main() -> None:
    """Times the ways in turn and writes medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, action="append", default=[])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    bundle = load_bundle()
    files = [(bundle.backbone_file, bundle.manifest.backbone)]
    files += [(path, read_card(path)) for path in arguments.against]
    result = {card.name: measure(open_all(path, card), arguments.rounds) for path, card in files}
    print(result)
    write_result(arguments.output, {"backbones": result})


if __name__ == "__main__":
    main()
