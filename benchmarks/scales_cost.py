"""What three temporal scales cost over one: whole extractions, in turn, on the same clips.

    python benchmarks/scales_cost.py CLIPS/*.mp4 --backbone B.onnx -o benchmarks/results/scales.json

Also checks that the one-pass result equals three separate passes over the frames.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
from provenance import write_result

from vidkind.config import MultiScaleOptions, SamplingOptions
from vidkind.features import embed_videos, load_backbone, to_sequence
from vidkind.features.backbones import Backbone
from vidkind.features.multiscale import multiscale_matrix, scale_indices
from vidkind.video import sample_frames

SCALES = MultiScaleOptions()


def seconds(paths: list[Path], backbone: Backbone, options: MultiScaleOptions) -> float:
    """Wall time of embedding all clips."""
    start = time.perf_counter()
    for _ in embed_videos(paths, backbone, sampling=SamplingOptions(), multi_scale=options):
        pass
    return time.perf_counter() - start


def largest_difference(path: Path, backbone: Backbone) -> float:
    """One pass against three: every scale's frames embedded on their own, then aligned."""
    size = backbone.card.input
    batch = sample_frames(path, height=size.height, width=size.width)
    frames = batch.frames
    one = to_sequence(backbone.embed(frames), batch.times, SCALES).features
    passes = []
    for scale in SCALES.scales:
        features = backbone.embed(frames[scale_indices(len(frames), scale)])
        moments = np.linspace(0, len(features) - 1, len(one))
        passes.append(
            np.stack([np.interp(moments, np.arange(len(features)), f) for f in features.T], axis=1)
        )
    return float(np.abs(np.mean(passes, axis=0) - one).max())


def main() -> None:
    """Times both in turn and writes the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    backbone = load_backbone(arguments.backbone)
    single = MultiScaleOptions(scales=(1.0,))
    multiscale_matrix(64, tuple(SCALES.scales), SCALES.alignment)
    seconds(arguments.clips[:2], backbone, SCALES)
    ratios = [
        seconds(arguments.clips, backbone, SCALES) / seconds(arguments.clips, backbone, single)
        for _ in range(arguments.repeats)
    ]
    result = {
        "clips": len(arguments.clips),
        "ratio_three_scales_to_one": {
            "median": statistics.median(ratios),
            "min": min(ratios),
            "max": max(ratios),
        },
        "largest_difference_to_three_passes": largest_difference(arguments.clips[0], backbone),
    }
    print(result)
    write_result(arguments.output, result)


if __name__ == "__main__":
    main()
