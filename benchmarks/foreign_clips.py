"""Clips of what is none of the categories: rendered and encoded, or spliced from two real ones."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vidkind.config import SamplingOptions
from vidkind.evaluation.out_of_scope import KINDS
from vidkind.features import embed_videos
from vidkind.features.backbones import Backbone
from vidkind.features.provenance import options_from_provenance
from vidkind.files import atomic_path
from vidkind.video import sample_frames
from vidkind.video.encode import write_video

SEED = 1000
CLIPS_PER_KIND = 25
SPLICES = 60
SIZE, FRAMES, FPS = (180, 320), 60, 20


def rendered_clips(folder: Path) -> Iterator[tuple[str, Path]]:
    """Renders and encodes what is missing; every kind with its files."""
    for number, (name, render) in enumerate(KINDS.items()):
        for clip in range(CLIPS_PER_KIND):
            path = folder / name.replace(" ", "_") / f"{clip:03d}.mp4"
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                rng = np.random.default_rng([SEED, number, clip])
                write_video(path, render(rng, *SIZE, FRAMES), fps=FPS, options={"crf": "23"})
            yield name, path


def spliced_clips(manifest: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Half of one val clip, half of one of another category, encoded as one."""
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val"]
    rng = np.random.default_rng(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(SPLICES):
        first = rows[int(rng.integers(len(rows)))]
        others = [row for row in rows if row["label"] != first["label"]]
        second = others[int(rng.integers(len(others)))]
        path = folder / f"{number:03d}.mp4"
        if not path.is_file():
            halves = [half(manifest.parent / row["path"]) for row in (first, second)]
            write_video(path, np.concatenate(halves), fps=FPS, options={"crf": "23"})
        yield "splices", path


def half(path: Path) -> np.ndarray:
    """Half as many frames as a rendered clip has."""
    options = SamplingOptions.untouched(FRAMES // 2)
    return sample_frames(path, height=SIZE[0], width=SIZE[1], options=options).frames


def embedded(
    clips: list[tuple[str, Path]], backbone: Backbone, provenance: dict
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Features and valid steps of every kind, kept beside the clips."""
    sampling, multi_scale = options_from_provenance(provenance)
    key = backbone.card.sha256[:16]
    files = [path.with_name(f"{path.stem}.{key}.npy") for _, path in clips]
    missing = [i for i, file in enumerate(files) if not file.is_file()]
    videos = embed_videos(
        [clips[i][1] for i in missing], backbone, sampling=sampling, multi_scale=multi_scale
    )
    for i, video in zip(missing, videos, strict=True):
        with atomic_path(files[i]) as temporary, temporary.open("wb") as file:
            np.save(file, video.sequence.features)
    sequences = [np.load(file) for file in files]
    result = {}
    for name in dict.fromkeys(name for name, _ in clips):
        chosen = [s for s, (kind, _) in zip(sequences, clips, strict=True) if kind == name]
        steps = np.array([len(values) for values in chosen], np.int32)
        features = np.zeros((len(chosen), steps.max(), chosen[0].shape[1]), np.float32)
        for row, values in zip(features, chosen, strict=True):
            row[: len(values)] = values
        result[name] = (features, steps)
    return result
