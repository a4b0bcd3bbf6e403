"""What this machine can do at best, and what a video asks of it at least.

    python benchmarks/machine_floor.py --clip LONG_1080P_CLIP \
        -o benchmarks/results/machine_floor.json

Peaks: matrix products in float32 and bfloat16 (torch), copying memory, decoding H.264 at
1920x1080 with one thread, everything and key frames alone. Work: operations and bytes of the
shipped backbone and temporal models and of EfficientNet-V2-S (random weights), counted by ONNX
Runtime's own profile of one run. The floor is their quotient: no run on this machine can be faster.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from provenance import write_result
from torchvision.models import efficientnet_v2_s

from vidkind.bundle import load_bundle
from vidkind.features import output_length
from vidkind.machine import usable_cores
from vidkind.performance import copy_gigabytes_per_second, count_operations, peak_gflops
from vidkind.performance.peak import shortest_seconds

SIZE = 2048
FRAMES = 64


def torch_gflops(dtype: torch.dtype) -> float:
    """Best rate of a square matrix product on all cores."""
    left, right = torch.rand(2, SIZE, SIZE).to(dtype)
    return 2 * SIZE**3 / shortest_seconds(lambda: left @ right, 8) / 1e9


def decoding(clip: Path, seconds: float = 8) -> dict[str, float]:
    """Frames a second of one decoder with one thread, and without the loop filter."""
    rates = {}
    for name, skip in (("all frames", "DEFAULT"), ("without loop filter", "ALL")):
        with av.open(str(clip)) as container:
            stream = container.streams.video[0]
            stream.thread_type, stream.codec_context.thread_count = "NONE", 1
            stream.codec_context.options = {"skip_loop_filter": skip.lower()}
            start, marks = time.perf_counter(), []
            for _ in islice(container.decode(stream), 2000):
                marks.append(time.perf_counter() - start)
                if marks[-1] > seconds:
                    break
        steps = np.diff(marks)
        rates[name] = 1 / float(np.mean(steps))
    return rates


def exported(folder: Path) -> Path:
    """EfficientNet-V2-S up to its pooled features, random weights."""
    network = efficientnet_v2_s(weights=None).eval()
    network.classifier = torch.nn.Identity()
    path = folder / "efficientnet_v2_s.onnx"
    torch.onnx.export(
        network,
        (torch.zeros(1, 3, 256, 256),),
        str(path),
        input_names=["frames"],
        external_data=False,
    )
    return path


def work(path: Path, inputs: dict[str, np.ndarray]) -> dict[str, float]:
    """Operations and bytes of one run of a graph."""
    cost = count_operations(path, inputs)
    return {
        "gflop": cost.flops / 1e9,
        "activation_megabytes": cost.activation_bytes / 1e6,
        "parameter_megabytes": cost.parameter_bytes / 1e6,
    }


def works(folder: Path) -> dict[str, dict[str, float]]:
    """What one frame, and one answer, asks for."""
    bundle = load_bundle()
    manifest = bundle.manifest
    spec = manifest.backbone.input
    frame = np.zeros((1, spec.height, spec.width, 3), np.uint8)
    steps = output_length(manifest.sampling.num_frames, manifest.multi_scale)
    features = np.zeros((1, steps, manifest.backbone.feature_dim), np.float32)
    large = np.zeros((1, 3, 256, 256), np.float32)
    return {
        f"{manifest.backbone.name}, a frame": work(bundle.backbone_file, {spec.name: frame}),
        "its four temporal models, an answer": work(bundle.temporal_file, {"features": features}),
        "efficientnet_v2_s, a frame": work(exported(folder), {"frames": large}),
    }


def main() -> None:
    """Measures, counts and writes both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    cores = usable_cores()
    torch.set_num_threads(cores)
    with tempfile.TemporaryDirectory() as folder:
        counted = works(Path(folder))
    peaks: dict[str, Any] = {
        "cores": cores,
        "numpy_float32_gflops": statistics.median(peak_gflops(cores) for _ in range(3)),
        "torch_float32_gflops": torch_gflops(torch.float32),
        "torch_bfloat16_gflops": torch_gflops(torch.bfloat16),
        "copy_gigabytes_per_second": copy_gigabytes_per_second(),
        "decode_1080p_frames_per_second_and_core": decoding(arguments.clip),
    }
    result = {"peaks": peaks, "work": counted, "frames": FRAMES}
    print(result)
    write_result(arguments.output, result)


if __name__ == "__main__":
    main()
