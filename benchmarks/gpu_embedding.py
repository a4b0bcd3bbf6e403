"""What embedding costs on a GPU: the published way against ours, the same random weights.

    python benchmarks/gpu_embedding.py -o benchmarks/results/gpu_embedding.json

Published: one frame at a time through eager torch in float32. Ours: ``TorchBackbone`` from uint8
frames in memory to features in memory, as it is and compiled, in float32 and in half precision.
Sides take turns; ratios to the published way are medians over the rounds. Needs a GPU.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from provenance import write_result

from vidkind.config import RuntimeOptions
from vidkind.features.backbones_torch import TorchBackbone
from vidkind.features.engines import sample_pictures

NETWORK, FRAMES = "efficientnet_v2_s", 192
Side = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def ours(precision: str, compiled: bool) -> TorchBackbone:
    """The network in one precision, as it is or compiled."""
    options = RuntimeOptions(precision=precision)
    return TorchBackbone(NETWORK, pretrained=False, options=options, compiled=compiled)


@torch.inference_mode()
def one_by_one(network: torch.nn.Module, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """float32 [T, D] of uint8 [T, H, W, 3], one eager pass a frame."""
    passes = [network(torch.from_numpy(frame[None]).cuda()).cpu().numpy() for frame in frames]
    return np.concatenate(passes)


def frames_per_second(side: Side, frames: NDArray[np.uint8]) -> float:
    """Of one call; features are on the CPU when it returns."""
    start = time.perf_counter()
    side(frames)
    return len(frames) / (time.perf_counter() - start)


def least_cosine(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    """Of the features of the same frame."""
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
    return float(((one * two).sum(axis=1) / lengths).min())


def main() -> None:
    """Times the sides in turn and writes medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("no GPU: torch.cuda.is_available() is False")
    plain = ours("float32", compiled=False)
    sides: dict[str, Side] = {"published": partial(one_by_one, plain.module)}
    started: dict[str, float] = {"published": 0.0}
    for precision in ("float32", "bfloat16"):
        for compiled in (False, True):
            begun = time.perf_counter()
            backbone = ours(precision, compiled)
            name = f"{precision}, {'compiled' if backbone.is_compiled else 'as it is'}"
            sides[name] = backbone.embed
            started[name] = time.perf_counter() - begun
    frames = sample_pictures(FRAMES, 256, 256)
    features = {name: side(frames) for name, side in sides.items()}
    runs = [
        {name: frames_per_second(side, frames) for name, side in sides.items()}
        for _ in range(arguments.rounds)
    ]
    result = {
        name: {
            "frames_per_second": statistics.median(run[name] for run in runs),
            "times_faster": statistics.median(run[name] / run["published"] for run in runs),
            "least_cosine": least_cosine(features["published"], features[name]),
            "seconds_to_start": started[name],
        }
        for name in sides
    }
    for name, row in result.items():
        print(name, {key: round(value, 4) for key, value in row.items()})
    machine = {"gpu": torch.cuda.get_device_name(), "torch": torch.__version__}
    write_result(arguments.output, {"network": NETWORK, **machine, "ways": result})


if __name__ == "__main__":
    main()
