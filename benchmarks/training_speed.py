"""How long an epoch takes: our loader against the way the published one worked, in turn.

    python benchmarks/training_speed.py benchmarks/realclips.h5 \
        -o benchmarks/results/training_speed.json

The published way: every item is read out of the HDF5 file, varied and padded on its own in
Python, and a DataLoader collates 48 of them, with and without worker processes; the file stays
open and is chunked by video, which the published one need not have been. Ours: features in memory,
a batch is one slice, varied as a whole. Both draw with a WeightedRandomSampler and do the
published augmentation. Measured alone and with training steps of the same model (compact, on one
thread). The second file has the published shape [73, 1280].
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import torch
from provenance import write_result
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler

from vidkind.features.store import FeatureRow, read_features, write_features
from vidkind.training import FocalLoss, build_model, model_config, training_config
from vidkind.training.augmentation import augment
from vidkind.training.data import FeatureDataset, balanced_loader
from vidkind.training.loss import class_weights

Batch = tuple[Tensor, Tensor, Tensor]
Epoch = Callable[[], Iterator[Batch]]
CONFIG = training_config("reference")
VIDEOS, STEPS, FEATURE_DIM, CATEGORIES = 600, 73, 1280, 4


class PublishedDataset(Dataset[Batch]):
    """One video at a time out of the file: read, varied, padded."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: h5py.File | None = None
        with h5py.File(path, "r") as file:
            self.labels = file["labels"][:]
            self.max_frames = file["features"].shape[1]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Batch:
        if self.file is None:  # opened in the process that reads
            self.file = h5py.File(self.path, "r")
        steps = int(self.file["num_frames"][index])
        features = self.varied(self.file["features"][index][:steps])
        padded = np.zeros((self.max_frames, features.shape[1]), np.float32)
        padded[: len(features)] = features
        length, label = torch.tensor(len(features)), torch.tensor(int(self.labels[index]))
        return torch.from_numpy(padded), length, label

    def varied(self, features: np.ndarray) -> np.ndarray:
        """Frame dropping, time shift and noise, as published, of one video."""
        steps = len(features)
        count = max(1, round(np.random.uniform(CONFIG.min_frame_share, 1) * steps))
        kept = np.sort(np.random.choice(steps, count, replace=False))
        shift = np.random.randint(-CONFIG.max_time_shift, CONFIG.max_time_shift + 1)
        picked = features[np.clip(kept + shift, 0, steps - 1)]
        noise = np.random.standard_normal(picked.shape).astype(np.float32)
        return picked + np.float32(CONFIG.noise_std) * noise


def published(path: Path, workers: int) -> Epoch:
    """Epochs of the published loader."""
    dataset = PublishedDataset(path)
    weights = (1 / np.bincount(dataset.labels))[dataset.labels]
    sampler = WeightedRandomSampler(weights.tolist(), len(dataset))
    loader = DataLoader(dataset, CONFIG.batch_size, sampler=sampler, num_workers=workers)
    return lambda: iter(loader)


def ours(path: Path) -> Epoch:
    """Epochs of this package's loader."""
    dataset = FeatureDataset(read_features(path))
    loader = balanced_loader(dataset, CONFIG.batch_size, torch.Generator())
    generator = torch.Generator()

    def epoch() -> Iterator[Batch]:
        for batch in loader:
            features, lengths = augment(batch.features, batch.lengths, CONFIG, generator)
            yield features, lengths, batch.labels

    return epoch


def steps_of(path: Path) -> Callable[[Batch], None]:
    """A training step of the compact model on a file's features."""
    videos = read_features(path)
    model = build_model(
        model_config("compact", feature_dim=videos.feature_dim, num_classes=len(videos.categories))
    )
    weights = class_weights(torch.from_numpy(videos.labels), len(videos.categories), CONFIG)
    loss = FocalLoss(weights, gamma=CONFIG.focal_gamma, smoothing=CONFIG.label_smoothing)
    optimizer = torch.optim.AdamW(model.parameters(), lr=CONFIG.learning_rate)

    def step(batch: Batch) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss(model(batch[0], batch[1]), batch[2]).backward()
        optimizer.step()

    return step


def seconds(epoch: Epoch, step: Callable[[Batch], None]) -> tuple[float, float]:
    """Wall time of one epoch, and processor time of all its processes."""
    start, before = time.perf_counter(), sum(os.times()[:4])
    for batch in epoch():
        step(batch)
    return time.perf_counter() - start, sum(os.times()[:4]) - before


def compared(path: Path, repeats: int) -> dict[str, dict[str, float]]:
    """Medians and median ratios of every way, alone and with steps, in turn."""
    start = time.perf_counter()
    read_features(path)
    result = {"into memory, once": {"seconds_median": time.perf_counter() - start}}
    ways = {
        "ours": ours(path),
        "published, no worker": published(path, 0),
        "published, 2 workers": published(path, 2),
    }
    train = steps_of(path)
    for kind, step in (("loader alone", lambda batch: None), ("with training steps", train)):
        rounds = [
            {name: seconds(epoch, step) for name, epoch in ways.items()} for _ in range(repeats + 1)
        ][1:]
        for name in ways:
            result[f"{name}, {kind}"] = {
                "seconds_median": statistics.median(r[name][0] for r in rounds),
                "ratio_to_ours": statistics.median(r[name][0] / r["ours"][0] for r in rounds),
                "core_ratio_to_ours": statistics.median(r[name][1] / r["ours"][1] for r in rounds),
            }
    return result


def published_shape(path: Path) -> Path:
    """A feature file of the published shape; half of the values are zero, as after a ReLU."""
    generator = np.random.default_rng(0)

    def rows() -> Iterator[FeatureRow]:
        for number in range(VIDEOS):
            values = generator.standard_normal((STEPS, FEATURE_DIM), np.float32)
            yield FeatureRow(
                features=np.maximum(values, 0),
                times=np.arange(STEPS, dtype=np.float64),
                duration_seconds=1.0,
                label=number % CATEGORIES,
                text={},
            )

    write_features(
        path,
        rows(),
        count=VIDEOS,
        max_frames=STEPS,
        feature_dim=FEATURE_DIM,
        categories=tuple("abcd"),
        multi_scale=True,
    )
    return path


def main() -> None:
    """Times both files and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        large = published_shape(Path(folder) / "features.h5")
        files = {"[605, 73, 256]": arguments.features, "[600, 73, 1280]": large}
        result = {name: compared(path, arguments.repeats) for name, path in files.items()}
    print(result)
    write_result(arguments.output, {"features": result})


if __name__ == "__main__":
    main()
