"""Feature data on its way into training: tensors, balanced sampling, whole batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler

from vidkind.errors import TrainingError
from vidkind.features.head import PictureHead
from vidkind.features.store import FeatureSet


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureBatch:
    """Videos that go through the model together.

    Attributes:
        features: float32 [B, T, D], zero beyond ``lengths``.
        lengths: int64 [B], valid steps.
        labels: int64 [B].
    """

    features: Tensor
    lengths: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> FeatureBatch:
        """The same batch on a device."""
        return FeatureBatch(
            features=self.features.to(device, non_blocking=True),
            lengths=self.lengths.to(device, non_blocking=True),
            labels=self.labels.to(device, non_blocking=True),
        )


class FeatureDataset(Dataset[FeatureBatch]):
    """Videos of a ``FeatureSet``; a batch is one slice, not a list of items."""

    def __init__(self, videos: FeatureSet) -> None:
        self.features = torch.from_numpy(videos.features)
        self.lengths = torch.from_numpy(videos.num_frames.astype(np.int64))
        self.labels = torch.from_numpy(videos.labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitems__(self, indices: list[int]) -> FeatureBatch:
        """The batch at ``indices``, cut to its longest video."""
        rows = torch.as_tensor(indices, dtype=torch.int64)
        lengths = self.lengths[rows]
        return FeatureBatch(
            # Whole rows in one copy; indexing in two dimensions at once is several times slower.
            features=self.features[:, : int(lengths.max())].index_select(0, rows),
            lengths=lengths,
            labels=self.labels[rows],
        )


def _whole_batch(batch: Any) -> Any:
    return batch


def balanced_loader(
    dataset: FeatureDataset, batch_size: int, generator: torch.Generator
) -> DataLoader[FeatureBatch]:
    """Batches in which every class is seen equally often, on average.

    As many videos as the data set has, drawn with replacement, each with weight 1 / n_c.
    """
    weights = 1.0 / torch.bincount(dataset.labels)[dataset.labels].to(torch.float64)
    sampler = WeightedRandomSampler(weights.tolist(), len(dataset), generator=generator)
    return DataLoader(dataset, batch_size, sampler=sampler, collate_fn=_whole_batch)


def check_splits(train: FeatureSet, val: FeatureSet, *, held_out: bool = True) -> None:
    """Checks that a model can be trained on one set and watched on the other.

    Args:
        train: Videos to learn from.
        val: Videos to watch.
        held_out: Whether no group and no source may lie on both sides.

    Raises:
        FeatureFileError: The two were made by different backbones.
        TrainingError: Categories or feature length differ, a set is empty, a category has
            no training video, or a group or a source lies on both sides.
    """
    if train.categories != val.categories or train.feature_dim != val.feature_dim:
        raise TrainingError(
            f"train has categories {list(train.categories)} and D = {train.feature_dim}, val has "
            f"{list(val.categories)} and D = {val.feature_dim}; expected files of one extraction"
        )
    train.check_same_backbone(val)
    for name, videos in (("train", train), ("val", val)):
        if len(videos) == 0:
            raise TrainingError(f"{name} holds no video; expected at least one of each category")
        if (reason := why_not_finite(videos)) is not None:
            raise TrainingError(f"{name}: {reason}")
    counts = np.bincount(train.labels, minlength=len(train.categories))
    missing = [name for name, count in zip(train.categories, counts, strict=True) if count == 0]
    if missing:
        raise TrainingError(
            f"no training video of {', '.join(missing)}; add some or leave the category out"
        )
    if held_out:
        _check_apart("group", train.groups, val.groups)
        _check_apart("source", train.source_ids, val.source_ids)


def _check_apart(what: str, train: Sequence[str] | None, val: Sequence[str] | None) -> None:
    shared = sorted(set(train or ()) & set(val or ()) - {""})
    if shared:
        raise TrainingError(
            f"{what} {shared[0]!r} and {len(shared) - 1} more lie in train and in val; expected "
            f"each {what} on one side: extract again with splits that keep it together"
        )


def why_not_finite(videos: FeatureSet) -> str | None:
    """What stands against using features that are no numbers; None where all are finite."""
    bad = np.flatnonzero(~np.isfinite(videos.features).all(axis=(1, 2)))
    if len(bad) == 0:
        return None
    first = videos.paths[bad[0]] if videos.paths else f"video {bad[0] + 1}"
    return (
        f"the features of {len(bad)} of {len(videos)} videos hold NaN or infinity, the first is "
        f"{first}; extract them again"
    )


def check_head(head: PictureHead, videos: FeatureSet) -> None:
    """Checks that a head reads the features of these videos and tells their categories apart.

    Raises:
        TrainingError: It belongs to another backbone, or knows other categories.
    """
    reason = why_head_does_not_fit(head, videos)
    if reason is not None:
        raise TrainingError(
            f"{reason}; make one of your own pictures with vidkind head, or train with --no-head"
        )


def why_head_does_not_fit(head: PictureHead, videos: FeatureSet) -> str | None:
    """What stands against asking a head about these videos; None where nothing does."""
    if head.categories != videos.categories:
        return (
            f"the picture head knows {', '.join(head.categories)}, the videos are "
            f"{', '.join(videos.categories)}"
        )
    made_by = videos.provenance.get("backbone", {}).get("sha256")
    if head.backbone_sha256 != made_by:
        return (
            f"the picture head reads features of backbone {head.backbone_sha256[:12]}..., these "
            f"were made by one {f'{made_by[:12]}...' if made_by else 'of unknown origin'}"
        )
    return None
