"""The published recipe against this package: one video, the same weights, the same frames.

    python benchmarks/published_recipe.py CLIP... --int8 CLIPS/manifest.csv \
        -o benchmarks/results/published_recipe.json

Published: reads the video through with OpenCV, takes 64 frames, embeds them once for each of
three temporal scales (191 eager torch passes of EfficientNet-V2-S, one frame each), averages the
scales by index, and asks four temporal models of 65.3 M parameters about four views, one forward
pass each. Ours: ``embed_video`` and ``TemporalEnsemble`` on the same weights exported to ONNX,
and again with four compact members, as vidkind trains them. Weights are random: cost does
not depend on them. ``--int8`` names videos for ``vidkind quantize``, which makes the int8 graph
only where its features agree with float32. Sides take turns; ratios are medians over the rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from provenance import write_result

from vidkind.cli import cli
from vidkind.config import MultiScaleOptions, RuntimeOptions, SamplingOptions
from vidkind.features import embed_video
from vidkind.features.backbones_onnx import OnnxBackbone, read_int8_card
from vidkind.features.backbones_torch import TorchBackbone
from vidkind.features.card import card_path, read_card
from vidkind.features.engines import has_openvino
from vidkind.features.int8 import int8_path
from vidkind.features.multiscale import scale_indices
from vidkind.inference import TemporalEnsemble, tta_views
from vidkind.machine import usable_cores
from vidkind.training import build_model, model_config
from vidkind.training.export import export_backbone, export_temporal
from vidkind.video import probe, sample_frames

SCALES, STEPS, MEMBERS, CATEGORIES = (1.0, 0.85, 1.15), 73, 4, 4
PUBLISHED = "published temporal models, TTA in batched calls"
COMPACT = "compact temporal models"
SAMPLING = SamplingOptions.untouched(64)


class Published:
    """The recipe as it was published, stage by stage."""

    def __init__(self, backbone: TorchBackbone, models: list[torch.nn.Module]) -> None:
        self.network, self.models = backbone.module.network, models
        self.mean = torch.tensor((0.485, 0.456, 0.406)).view(3, 1, 1)
        self.std = torch.tensor((0.229, 0.224, 0.225)).view(3, 1, 1)

    @torch.inference_mode()
    def answer(self, clip: Path, numbers: np.ndarray) -> np.ndarray:
        """Scores of one video: float [K]."""
        frames = read_through(clip, numbers)
        total = np.zeros((STEPS, 1280), np.float32)
        for scale in SCALES:
            rows = [self.embed(frames[i]) for i in scale_indices(len(frames), scale)]
            total[: len(rows)] += np.stack(rows)
        views = tta_views(total / len(SCALES)).values()
        scores = [
            torch.softmax(model(torch.from_numpy(view.copy())[None])[0], dim=-1)
            for model in self.models
            for view in views
        ]
        return torch.stack(scores).mean(dim=0).numpy()

    def embed(self, frame: np.ndarray) -> np.ndarray:
        """One eager pass over one frame [H, W, 3]."""
        pixels = torch.from_numpy(frame).permute(2, 0, 1).float() / 255
        return self.network(((pixels - self.mean) / self.std)[None])[0].numpy()


def read_through(clip: Path, numbers: np.ndarray) -> list[np.ndarray]:
    """The wanted frames of a video that is decoded up to the last of them."""
    wanted, found = set(numbers.tolist()), {}
    capture = cv2.VideoCapture(str(clip))
    for number in range(int(numbers[-1]) + 1):
        read, picture = capture.read()
        if not read:
            break
        if number in wanted:
            resized = cv2.resize(picture, (256, 256), interpolation=cv2.INTER_LINEAR)
            found[number] = cv2.cvtColor(resized, cv2.COLOR_BGR2RGB)
    capture.release()
    last = found[max(found)]
    return [found.get(number, last) for number in numbers.tolist()]


def frame_numbers(clip: Path) -> np.ndarray:
    """Numbers of the 64 frames that ours takes."""
    capture = cv2.VideoCapture(str(clip))
    fps = capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    batch = sample_frames(clip, height=16, width=16, options=SAMPLING)
    return np.rint(batch.times * fps).astype(int)


def reference_models() -> list[torch.nn.Module]:
    """Four temporal models of the published size, without dropout."""
    config = model_config("reference", feature_dim=1280, num_classes=CATEGORIES)
    return [build_model(config).eval() for _ in range(MEMBERS)]


def ensembles(models: list[torch.nn.Module], folder: Path) -> dict[str, TemporalEnsemble]:
    """The published models as one ONNX graph, and compact ones."""
    config = model_config("compact", feature_dim=1280, num_classes=CATEGORIES)
    compact = [build_model(config).eval() for _ in range(MEMBERS)]
    opened = {}
    for name, members in {PUBLISHED: models, COMPACT: compact}.items():
        path = folder / f"{name.split(',')[0]}.onnx"
        if not path.is_file():
            export_temporal(members, 1280, path)
        opened[name] = TemporalEnsemble(path, num_members=MEMBERS, num_threads=usable_cores())
    return opened


def backbones(
    torch_backbone: TorchBackbone, folder: Path, int8: str | None
) -> dict[str, OnnxBackbone]:
    """The same network in each runtime and precision there is here."""
    path = folder / "efficientnet_v2_s.onnx"
    if not path.is_file():
        card_path(path).write_text(json.dumps(export_backbone(torch_backbone, path).to_json()))
    card = read_card(path)
    ways = {"ONNX Runtime, float32": RuntimeOptions(runtime="onnxruntime")}
    if has_openvino():
        ways["OpenVINO, float32"] = RuntimeOptions(runtime="openvino")
        ways["OpenVINO, bfloat16"] = RuntimeOptions(runtime="openvino", precision="bfloat16")
    if int8 is not None:
        if not int8_path(path).is_file():
            command = ["quantize", str(path), int8, "-o", str(int8_path(path))]
            cli(command, standalone_mode=False)
        ways["ONNX Runtime, int8"] = RuntimeOptions(runtime="onnxruntime", precision="int8")
        if has_openvino():
            ways["OpenVINO, int8"] = RuntimeOptions(runtime="openvino", precision="int8")
    return {name: OnnxBackbone(path, card=card, options=way) for name, way in ways.items()}


def seconds(work: Callable[[], object]) -> float:
    """Wall time of a call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def features(clip: Path, backbone: OnnxBackbone) -> np.ndarray:
    """Stage 1: a video's feature sequence [73, 1280]."""
    video = embed_video(clip, backbone, sampling=SAMPLING, multi_scale=MultiScaleOptions())
    return video.sequence.features


def measure(
    published: Callable[[], object],
    stage_1: dict[str, Callable[[], object]],
    stage_2: dict[str, Callable[[], object]],
    rounds: int,
) -> dict[str, dict[str, float]]:
    """Both sides in turn, after one round of ours that is not counted."""
    parts = stage_1 | stage_2
    for work in parts.values():
        work()
    runs = []
    for _ in range(rounds):
        theirs = seconds(published)
        runs.append({"published": theirs, **{name: seconds(work) for name, work in parts.items()}})
        print(runs[-1], flush=True)
    median = statistics.median
    rows = {"published": {"seconds": median(run["published"] for run in runs)}}
    for one in stage_1:
        for two in stage_2:
            rows[f"{one}; {two}"] = {
                "features_seconds": median(run[one] for run in runs),
                "temporal_seconds": median(run[two] for run in runs),
                "ratio": median(run["published"] / (run[one] + run[two]) for run in runs),
            }
    return rows


def main() -> None:
    """Builds both sides from the same weights, times them and writes medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--graphs", type=Path, help="Keep exported graphs here between runs.")
    parser.add_argument("--int8", metavar="VIDEOS", help="Videos to make the int8 graph from.")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(usable_cores())
    network = TorchBackbone("efficientnet_v2_s", pretrained=False)
    models = reference_models()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.graphs or Path(temporary)
        opened = backbones(network, folder, arguments.int8)
        temporal = ensembles(models, folder)
        published = Published(network, models)
        network.module.to(memory_format=torch.contiguous_format)  # as it was published
        sequence = np.zeros((STEPS, 1280), np.float32)
        stage_2 = {
            name: partial(ensemble.answer, sequence, use_tta=name == PUBLISHED)
            for name, ensemble in temporal.items()
        }
        result = {}
        for clip in arguments.clips:
            stage_1 = {way: partial(features, clip, one) for way, one in opened.items()}
            answer = partial(published.answer, clip, frame_numbers(clip))
            info = probe(clip)
            name = f"{info.width}x{info.height}, {info.duration_seconds:.0f} s"
            result[name] = measure(answer, stage_1, stage_2, arguments.rounds)
            print(name, result[name], flush=True)
        int8 = opened.get("ONNX Runtime, int8")
        card = int8 and asdict(read_int8_card(int8.graph))
    threads = torch.get_num_threads()
    write_result(arguments.output, {"torch_threads": threads, "int8": card, "videos": result})


if __name__ == "__main__":
    main()
