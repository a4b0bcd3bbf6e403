"""``vidkind quantize``: a backbone gets a graph that computes in int8."""

from __future__ import annotations

import logging
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vidkind.cli.options import existing_path
from vidkind.cli.progress import progress_bar
from vidkind.config import SamplingOptions
from vidkind.errors import ConfigError, LibraryError, VideoError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vidkind.bundle import Bundle
    from vidkind.dataset import Library
    from vidkind.features.backbones_onnx import OnnxBackbone
    from vidkind.features.int8 import Int8Card

_log = logging.getLogger(__name__)

# One video in four checks what the others gave.
_CHECKS = 4


@click.command("quantize", short_help="Make the int8 graph of a backbone.")
@click.argument("source", type=existing_path)
@click.argument("videos", metavar="VIDEOS")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True,
              help="For an .onnx file the int8 graph, for a bundle the bundle that has it, which "
              "may be the same.")  # fmt: skip
@click.option("--count", type=click.IntRange(min=_CHECKS), default=128, show_default=True,
              help="Videos drawn; three in four set ranges, the others check.")  # fmt: skip
@click.option("--frames", "num_frames", type=click.IntRange(min=1), default=4, show_default=True,
              help="Frames of each video.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Seed of the draw.")
@click.option("--least-agreement", type=click.FloatRange(0, 1), default=0.99, show_default=True,
              help="Mean cosine with float32 features that is asked for.")  # fmt: skip
def quantize_command(
    source: Path,
    videos: str,
    output: Path,
    count: int,
    num_frames: int,
    seed: int,
    least_agreement: float,
) -> None:
    """Make the int8 graph of SOURCE, calibrated on frames of VIDEOS.

    SOURCE is an .onnx backbone with its card beside it, or a bundle. VIDEOS is a folder, a glob
    pattern or a CSV with the columns path,label; of a library with splits only train is used. Of
    each recording (source_id) one video is drawn at most. Give the videos that models learn from,
    not those that judge them. Then ask with --precision int8, and measure with vidkind bench: how
    much faster it is depends on the processor (on x86, VNNI).

    \b
    vidkind quantize compact.onnx clips/manifest.csv -o compact.int8.onnx
    vidkind quantize my_bundle/ clips/train/ -o my_bundle/
    """
    bundle, backbone = _open(source)
    if bundle is None and output.suffix != ".onnx":
        raise ConfigError(f"output is {output}; expected a name that ends in .onnx")
    drawn = _draw(_recordings(videos), count, seed)
    with progress_bar("Reading frames", len(drawn)) as advance:
        read = []
        for path in drawn:
            frames = _frames(path, backbone, num_frames)
            read += [] if frames is None else [frames]
            advance()
    if len(read) < _CHECKS:
        raise LibraryError(
            f"{len(read)} of {len(drawn)} videos drawn from {videos} can be used; expected at "
            f"least {_CHECKS}"
        )
    with tempfile.TemporaryDirectory(prefix="vidkind-int8-") as folder:
        graph = output if bundle is None else Path(folder) / "backbone.int8.onnx"
        card = _quantize(backbone, read, graph, seed=seed, least_agreement=least_agreement)
        size = graph.stat().st_size
        if bundle is not None:
            from vidkind.bundle import add_int8

            add_int8(bundle, graph, output)
    click.echo(
        f"{output}: int8 graph of {size / 1e6:.1f} MB (float32 "
        f"{backbone.path.stat().st_size / 1e6:.1f}), calibrated on {card.num_frames} frames of "
        f"{card.num_videos} videos"
    )
    click.echo(
        f"cosine of its features with float32 on {card.checked_frames} frames of other videos: "
        f"{card.mean_cosine:.4f} on average, {card.least_cosine:.4f} at least"
    )


def _open(source: Path) -> tuple[Bundle | None, OnnxBackbone]:
    from vidkind.bundle import load_bundle
    from vidkind.config import RuntimeOptions
    from vidkind.features.backbones_onnx import OnnxBackbone

    options = RuntimeOptions(runtime="onnxruntime")
    if source.suffix == ".onnx":
        return None, OnnxBackbone(source, options=options)
    bundle = load_bundle(source)
    card = bundle.manifest.backbone
    return bundle, OnnxBackbone(bundle.backbone_file, card=card, options=options)


def _recordings(videos: str) -> list[list[str]]:
    """The videos of each recording."""
    from vidkind.cli.inputs import expand_inputs

    library = _library(Path(videos))
    if library is None:
        return [[path] for path in expand_inputs([videos])]
    found: dict[str, list[str]] = {}
    for item in library.items:
        if item.split in (None, "train"):
            found.setdefault(item.source_id, []).append(item.path)
    return [found[name] for name in sorted(found)]


def _library(videos: Path) -> Library | None:
    """The library that a CSV lists, or that has splits; None where videos are only files."""
    from vidkind.dataset import read_library

    if videos.suffix.lower() == ".csv":
        return read_library(videos, strict=False)
    try:
        found = read_library(videos, strict=False)
    except LibraryError:  # a folder without labels, or a pattern
        return None
    return found if found.has_splits else None


def _draw(recordings: list[list[str]], count: int, seed: int) -> list[str]:
    """One video of each recording, at most ``count``."""
    chance = random.Random(seed)
    return [chance.choice(r) for r in chance.sample(recordings, min(count, len(recordings)))]


def _frames(path: str, backbone: OnnxBackbone, count: int) -> NDArray[np.uint8] | None:
    from vidkind.video import sample_frames

    spec, options = backbone.card.input, SamplingOptions(num_frames=count)
    try:
        batch = sample_frames(path, height=spec.height, width=spec.width, options=options)
    except VideoError as error:
        _log.warning("left out: %s", error)
        return None
    return batch.frames


def _quantize(
    backbone: OnnxBackbone,
    frames: list[NDArray[np.uint8]],
    graph: Path,
    *,
    seed: int,
    least_agreement: float,
) -> Int8Card:
    from vidkind.features.quantize import quantize_backbone

    return quantize_backbone(
        backbone,
        [f for n, f in enumerate(frames) if n % _CHECKS],
        frames[::_CHECKS],
        graph,
        seed=seed,
        least_agreement=least_agreement,
    )
