"""What the student is to say: projected teacher features and the scores of a probe on them.

In: the teacher's features of a corpus. Out: ``Targets``: for each picture a vector of the
half-whitened principal components of the teacher's feature, and logits of a linear probe.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from vidkind.distillation.corpus import Corpus, Source
from vidkind.files import atomic_path

NUM_COMPONENTS = 512
# Eigenvalue to the power -1/4: between plain PCA, which forgets small components, and full
# whitening, which spends the student on the teacher's noise.
_WHITENING = 0.0
_PROBE_STRENGTH = 0.003

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Targets:
    """An affine map from the teacher's features to targets.

    Attributes:
        mean: float32 [D], of the teacher's features.
        projection: float32 [D, P].
        weight: float32 [D, K], of the probe.
        bias: float32 [K].
    """

    mean: Floats
    projection: Floats
    weight: Floats
    bias: Floats

    def components(self, features: Floats) -> Floats:
        """Teacher features [..., D] -> regression targets [..., P] of mean square 1."""
        return np.asarray((features - self.mean) @ self.projection, np.float32)

    def logits(self, features: Floats) -> Floats:
        """Teacher features [..., D] -> logits of the probe [..., K]."""
        return np.asarray(features @ self.weight + self.bias, np.float32)

    def save(self, path: Path) -> None:
        """Writes an ``.npz`` file."""
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **vars(self))

    @staticmethod
    def load(path: Path) -> Targets:
        """Reads what ``save`` wrote."""
        with np.load(path) as arrays:
            return Targets(**{name: arrays[name] for name in Targets.__annotations__})


def fit_targets(corpus: Corpus, *, use_clip_labels: bool) -> Targets:
    """Fits projection and probe on the clean pictures of the first round.

    Args:
        corpus: Sources and teacher features.
        use_clip_labels: Whether the probe may see labels of clips. Without them, a temporal
            model may later be cross-validated over the same clips without bias.
    """
    features = np.asarray(corpus.rounds[0].teacher[:, 0], np.float32)
    is_clip = np.array([source.is_clip for source in corpus.sources])
    weights = np.where(is_clip, 1 / corpus.options.frames_per_clip, 1.0)
    mean = np.average(features, axis=0, weights=weights)
    projection = _projection(features - mean, weights)
    weight, bias = _probe(
        corpus, features, mean, np.ones_like(is_clip) if use_clip_labels else ~is_clip
    )
    values = (mean, projection, weight, bias)
    return Targets(*(np.asarray(value, np.float32) for value in values))


def _projection(centred: Floats, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    covariance = (centred * weights[:, None]).T @ centred / weights.sum()
    values, vectors = np.linalg.eigh(covariance)
    count = min(NUM_COMPONENTS, int((values > 1e-9).sum()))
    projection = vectors[:, ::-1][:, :count] * values[::-1][:count] ** _WHITENING
    return np.asarray(projection / np.sqrt(((centred @ projection) ** 2).mean()))


def _probe(
    corpus: Corpus, features: Floats, mean: Floats, used: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    labels, groups = label_indices(corpus), np.array([s.group for s in corpus.sources])
    deviation = features.std(axis=0) + 1e-3
    weights = group_weights(groups[used], labels[used])
    probe = LogisticRegression(C=_PROBE_STRENGTH, max_iter=400)
    probe.fit((features[used] - mean) / deviation, labels[used], sample_weight=weights * used.sum())
    weight = (probe.coef_ / deviation).T
    return weight, probe.intercept_ - mean @ weight


def label_indices(corpus: Corpus) -> NDArray[np.int64]:
    """int64 [N], index of each source's category."""
    return np.array([corpus.categories.index(source.label) for source in corpus.sources])


def group_weights(
    groups: NDArray[np.str_], labels: NDArray[np.int64] | None = None, power: float = 0.5
) -> NDArray[np.float64]:
    """Weights that add up to 1: a group of n counts n^(1 - power); categories count alike."""
    _, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    weights = counts[inverse] ** -power
    if labels is not None:
        for label in np.unique(labels):
            weights[labels == label] /= weights[labels == label].sum()
    return np.asarray(weights / weights.sum())


def still_groups(sources: tuple[Source, ...]) -> NDArray[np.int64]:
    """int64 [N], index of each still's group, -1 for frames of clips."""
    names = sorted({source.group for source in sources if not source.is_clip})
    index = {name: i for i, name in enumerate(names)}
    return np.array([index.get(source.group, -1) for source in sources])
