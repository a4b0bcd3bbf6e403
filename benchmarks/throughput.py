"""A folder of real clips: videos a second, what bounds it, and what a second worker brings.

    python benchmarks/throughput.py CLIPS -o benchmarks/results/throughput.json

CLIPS is a folder searched for videos; a seeded choice is taken. With the shipped bundle, in turn:
`classify` with all workers and with one; the first of the clips decoded only, embedded only (their
frames decoded before) and both, 64 frames each, by all workers and by one. Decoding and embedding
share the cores, so that the sum of their times alone is the floor of both together (`of_sum`);
`of_slower` is the share of the slower of the two, which only a machine with a GPU can bring near 1.
`of_slower_on_one_core` compares with a pipeline that gives each stage a core of its own: it could
at best be as fast as the slower stage is on one.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from provenance import write_result

from vidkind.bundle import load_bundle
from vidkind.config import RuntimeOptions
from vidkind.features import embed_videos
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.features.embed import embed_distinct
from vidkind.inference import SingleVideoClassifier
from vidkind.parallel import default_workers, in_order
from vidkind.records import FrameBatch
from vidkind.video import find_videos, sample_frames


def seconds(work: Callable[[], Iterable[object]]) -> float:
    """Wall time of using up an iterator."""
    start = time.perf_counter()
    for _ in work():
        pass
    return time.perf_counter() - start


class Stages:
    """The stages of one folder, each alone and all together."""

    def __init__(self, folder: list[Path], few: int, options: RuntimeOptions) -> None:
        bundle = load_bundle()
        self.folder, self.paths, self.manifest = folder, folder[:few], bundle.manifest
        card = bundle.manifest.backbone
        self.backbone = OnnxBackbone(bundle.backbone_file, card=card, options=options)
        self.classifier = SingleVideoClassifier(bundle)
        self.frames = [self.decode(path) for path in self.paths]

    def decode(self, path: Path) -> FrameBatch:
        """What one worker decodes of a video."""
        spec = self.manifest.backbone.input
        return sample_frames(
            path, height=spec.height, width=spec.width, options=self.manifest.sampling,
            num_threads=1,
        )  # fmt: skip

    def decode_all(self, workers: int) -> Iterable[object]:
        """Decoding alone."""
        return in_order(self.decode, self.paths, workers=workers, ahead=2 * workers)

    def embed_all(self, workers: int) -> Iterable[object]:
        """Embedding alone."""
        embed = partial(embed_distinct, backbone=self.backbone)
        frames = [batch.frames for batch in self.frames]
        return in_order(embed, frames, workers=workers, ahead=2 * workers)

    def both(self, workers: int) -> Iterable[object]:
        """Decoding and embedding together."""
        return embed_videos(
            self.paths,
            self.backbone,
            sampling=self.manifest.sampling,
            multi_scale=self.manifest.multi_scale,
            workers=workers,
        )

    def classify(self, workers: int, effort: str) -> Iterable[object]:
        """What ``vidkind classify`` does."""
        return self.classifier.classify_videos(self.folder, workers=workers, effort=effort)


def measure(stages: Stages, workers: int, rounds: int, efforts: list[str]) -> dict[str, object]:
    """Every side in turn, one round of each not counted."""
    sides = {
        "decode": partial(stages.decode_all, workers),
        "embed": partial(stages.embed_all, workers),
        "both": partial(stages.both, workers),
        "decode, one worker": partial(stages.decode_all, 1),
        "embed, one worker": partial(stages.embed_all, 1),
        "both, one worker": partial(stages.both, 1),
        **{f"classify {e}": partial(stages.classify, workers, e) for e in efforts},
        **{f"classify {e}, one worker": partial(stages.classify, 1, e) for e in efforts},
    }
    runs = [{name: seconds(side) for name, side in sides.items()} for _ in range(rounds + 1)][1:]
    median = statistics.median
    counts = {
        name: len(stages.folder if name.startswith("classify") else stages.paths) for name in sides
    }
    return {
        "videos_per_second": {
            name: median(counts[name] / run[name] for run in runs) for name in sides
        },
        "of_sum": median((r["decode"] + r["embed"]) / r["both"] for r in runs),
        "of_slower": median(max(r["decode"], r["embed"]) / r["both"] for r in runs),
        "of_slower_on_one_core": median(
            max(r["decode, one worker"], r["embed, one worker"]) / r["both"] for r in runs
        ),
        "workers_gain": {
            name: median(r[f"{name}, one worker"] / r[name] for r in runs)
            for name in sides
            if f"{name}, one worker" in sides
        },
    }


def choose(folder: Path, count: int, seed: int) -> list[Path]:
    """A seeded choice of the videos below a folder."""
    return random.Random(seed).sample(find_videos(folder), count)


def main() -> None:
    """Times the stages and writes medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--few", type=int, default=16, help="Clips for the stages alone.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--efforts", nargs="*", default=["fast", "normal", "full"])
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    paths = choose(arguments.clips, arguments.count, arguments.seed)
    stages = Stages(paths, arguments.few, RuntimeOptions(precision=arguments.precision))
    workers = default_workers()
    found = measure(stages, workers, arguments.rounds, arguments.efforts)
    print(found)
    ran = {"runtime": stages.backbone.runtime, "precision": stages.backbone.precision}
    counts = {"videos": len(paths), "videos_of_stages": arguments.few, "workers": workers}
    write_result(arguments.output, {**counts, **ran, **found})


if __name__ == "__main__":
    main()
