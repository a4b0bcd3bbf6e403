"""Videos a second of ours and of general video classifiers, on the same real clips.

    python benchmarks/peers.py CLIPS -o benchmarks/results/peers.json

CLIPS is a folder searched for videos; a seeded choice is taken. Peers have random weights (cost
does not depend on them): a Hugging Face `video-classification` pipeline with VideoMAE-base, and
torchvision's r2plus1d_18 and mvit_v2_s with their documented preprocessing, 16 frames spread over
the video, decoded with PyAV; torch on all cores. They take the first clips of the choice, one after
the other, as the pipeline does. Ours is `classify` with the shipped bundle, one worker a core, at
each effort. Sides take turns; ratios are of the same clips, medians over the rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import av
import numpy as np
import torch
import torchvision
from provenance import write_result
from throughput import choose
from transformers import VideoMAEConfig, VideoMAEForVideoClassification, VideoMAEImageProcessor
from transformers import pipeline as hugging_face_pipeline

from vidkind.config import RuntimeOptions
from vidkind.errors import ConfigError, MissingExtraError
from vidkind.inference import SingleVideoClassifier
from vidkind.machine import usable_cores

FRAMES = 16
Classify = Callable[[Sequence[Path]], object]


def spread_frames(path: Path) -> torch.Tensor:
    """16 frames spread evenly over a video: uint8 [T, C, H, W]."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        count = stream.frames or sum(1 for _ in av.open(str(path)).decode(video=0))
        wanted = np.linspace(0, count - 1, FRAMES).astype(int).tolist()
        kept = {
            number: frame.to_ndarray(format="rgb24")
            for number, frame in enumerate(container.decode(stream))
            if number in wanted
        }
    last = kept[max(kept)]
    pictures = np.stack([kept.get(number, last) for number in wanted])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2)


class TorchvisionClassifier:
    """A video network with the preprocessing that its weights name."""

    def __init__(self, name: str) -> None:
        self.model = torchvision.models.get_model(name, weights=None).eval()
        self.prepare = torchvision.models.get_model_weights(name).DEFAULT.transforms()

    @torch.inference_mode()
    def __call__(self, paths: Sequence[Path]) -> list[int]:
        """Class of each video."""
        clips = (self.prepare(spread_frames(path))[None] for path in paths)
        return [int(self.model(clip).argmax()) for clip in clips]


class HuggingFaceClassifier:
    """The pipeline as its documentation shows it."""

    def __init__(self) -> None:
        model = VideoMAEForVideoClassification(VideoMAEConfig(num_labels=4)).eval()
        self.classify = hugging_face_pipeline(
            "video-classification", model=model, image_processor=VideoMAEImageProcessor()
        )

    def __call__(self, paths: Sequence[Path]) -> list[object]:
        """Answer for each video."""
        return [self.classify(str(path)) for path in paths]


def classifiers() -> dict[str, SingleVideoClassifier]:
    """The shipped bundle as it is, and in half precision where that can be had."""
    opened = {"": SingleVideoClassifier(runtime=RuntimeOptions(runtime="onnxruntime"))}
    with contextlib.suppress(ConfigError, MissingExtraError):
        half = RuntimeOptions(precision="bfloat16")
        opened[" --precision bfloat16"] = SingleVideoClassifier(runtime=half)
    return opened


def ours(classifier: SingleVideoClassifier, effort: str, paths: Sequence[Path]) -> list[object]:
    """Answers as ``vidkind classify`` gives them."""
    return list(classifier.classify_videos(paths, effort=effort))


def seconds(classify: Classify, paths: Sequence[Path]) -> float:
    """Wall time of all videos."""
    start = time.perf_counter()
    classify(paths)
    return time.perf_counter() - start


def measure(
    peers: dict[str, Classify], own: dict[str, Classify], paths: list[Path], few: int, rounds: int
) -> dict[str, object]:
    """Both sides in turn; every side once before that, not counted."""
    for classify in (peers | own).values():
        classify(paths[:2])
    same = [
        {name: seconds(classify, paths[:few]) for name, classify in (peers | own).items()}
        for _ in range(rounds)
    ]
    whole = {name: len(paths) / seconds(classify, paths) for name, classify in own.items()}
    median = statistics.median
    theirs = {name: few / median(run[name] for run in same) for name in peers}
    return {
        "videos_per_second": {**theirs, **whole},
        "ratios": {
            name: {peer: median(run[peer] / run[name] for run in same) for peer in peers}
            for name in own
        },
    }


def main() -> None:
    """Times both sides and writes videos a second and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--few", type=int, default=6, help="Clips that both sides take.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--efforts", nargs="*", default=["fast", "normal", "full"])
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(usable_cores())
    peers = {
        "Hugging Face pipeline, VideoMAE-base": HuggingFaceClassifier(),
        "torchvision r2plus1d_18": TorchvisionClassifier("r2plus1d_18"),
        "torchvision mvit_v2_s": TorchvisionClassifier("mvit_v2_s"),
    }
    own = {
        f"vidkind --effort {effort}{flag}": partial(ours, classifier, effort)
        for flag, classifier in classifiers().items()
        for effort in arguments.efforts
        if not flag or effort == "normal"
    }
    paths = choose(arguments.clips, arguments.count, arguments.seed)
    found = measure(peers, own, paths, arguments.few, arguments.rounds)
    print(found)
    counts = {"videos": len(paths), "videos_of_peers": arguments.few}
    write_result(arguments.output, {**counts, **found})


if __name__ == "__main__":
    main()
