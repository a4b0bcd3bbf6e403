"""Fitting the head of a backbone on labelled pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold
from torch import Tensor

from vidkind.errors import TrainingError
from vidkind.features.head import PictureHead
from vidkind.training.linear import fit_linear

# A sixth of what a few hundred videos are held back with; docs/experiments.md has the table.
_PENALTY_PER_FEATURE = 8e-6
_MIN_SCALE = 1e-3
_NUM_FOLDS = 5


def fit_picture_head(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    groups: Sequence[str],
    categories: Sequence[str],
    *,
    backbone_sha256: str,
) -> PictureHead:
    """Logistic regression on the features of single pictures, fitted to its optimum.

    Categories weigh the same. Within one, a group weighs as the root of its number of pictures:
    more pictures of one game tell more of it, but not of games.

    Args:
        features: float32 [N, D].
        labels: int64 [N], index into ``categories``.
        groups: Group of each picture; pictures that look alike share one.
        categories: Names in index order.
        backbone_sha256: Hash of the backbone that gave the features.

    Raises:
        TrainingError: A category has fewer than two groups, so that nothing could be left out.
    """
    names = np.asarray(groups)
    per_category = [len(set(names[labels == label])) for label in range(len(categories))]
    rarest = int(np.argmin(per_category))
    if per_category[rarest] < 2:
        raise TrainingError(
            f"{categories[rarest]} has {per_category[rarest]} groups of pictures; expected at "
            "least two: add pictures from elsewhere"
        )
    weights = _group_weights(names)
    folds = StratifiedGroupKFold(
        min(_NUM_FOLDS, per_category[rarest]), shuffle=True, random_state=0
    )
    found = np.empty(len(labels), dtype=np.int64)
    for kept, left_out in folds.split(labels, labels, groups=names):
        weight, bias = _fit(features[kept], labels[kept], weights[kept], len(categories))
        found[left_out] = (features[left_out] @ weight.T + bias).argmax(axis=1)
    right = (found == labels) * weights
    recalls = [
        right[labels == k].sum() / weights[labels == k].sum() for k in range(len(categories))
    ]
    weight, bias = _fit(features, labels, weights, len(categories))
    return PictureHead(
        weight=weight,
        bias=bias,
        categories=tuple(categories),
        backbone_sha256=backbone_sha256,
        num_pictures=len(labels),
        num_groups=len(set(names)),
        left_out_recall=round(100 * float(np.mean(recalls)), 1),
    )


def _group_weights(groups: NDArray[np.str_]) -> NDArray[np.float64]:
    _, index, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return np.asarray(1 / np.sqrt(counts[index]))


def _fit(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    num_classes: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weight [K, D] and bias [K] for features as they are: the standardisation is folded in."""
    rows = torch.from_numpy(features).to(torch.float64)
    mean, scale = rows.mean(dim=0), rows.std(dim=0, correction=0).clamp(min=_MIN_SCALE)
    weight, bias = fit_linear(
        (rows - mean) / scale,
        torch.from_numpy(labels),
        num_classes=num_classes,
        weights=torch.from_numpy(weights),
        penalty_per_feature=_PENALTY_PER_FEATURE,
    )
    weight = weight / scale
    return _single(weight), _single(bias - weight @ mean)


def _single(values: Tensor) -> NDArray[np.float32]:
    return np.asarray(values.to(torch.float32).numpy())
