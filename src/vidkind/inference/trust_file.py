"""Trust statistics on disk: one ``.npz`` of plain arrays, read without pickle."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from vidkind.config import Effort
from vidkind.errors import BundleError
from vidkind.files import atomic_path
from vidkind.inference.conformal import ConformalScores
from vidkind.inference.effort import QUICK_FRAMES
from vidkind.inference.operating import OperatingTable
from vidkind.inference.trust import (
    SIGNALS,
    FeatureStatistics,
    Floats,
    TrustKind,
    TrustWeights,
    published_trust,
)

KINDS: tuple[TrustKind, ...] = ("learned", "published")
_QUICK, _QUICK_FRAMES = "quick_threshold_", "quick_frames"
# What a file that does not say it was fitted on.
_FRAMES_BEFORE = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class TrustModel:
    """Everything that trust, abstaining and label sets need, fitted on validation data.

    Attributes:
        statistics: Where the training videos lie in feature space.
        weights: The learned weights of the signals.
        tables: Operating points of each kind of trust.
        conformal: Scores for label sets.
        temperature: Temperature at which all of this was fitted.
        quick_thresholds: Effort -> learned trust from which a quick look is enough; empty where
            none was fitted.
        quick_frames: Frames of the quick looks that they were fitted on.
    """

    statistics: FeatureStatistics
    weights: TrustWeights
    tables: Mapping[TrustKind, OperatingTable]
    conformal: ConformalScores
    temperature: float
    quick_thresholds: Mapping[Effort, float] = field(default_factory=dict)
    quick_frames: int = QUICK_FRAMES

    def trust(self, signals: Floats, kind: TrustKind) -> Floats:
        """Trust of signals [N, 7]: float64 [N], 0..1."""
        return self.weights.trust(signals) if kind == "learned" else published_trust(signals)


def write_trust(path: Path, model: TrustModel) -> None:
    """Writes the arrays, whole or not at all."""
    statistics, weights = model.statistics, model.weights
    arrays: dict[str, NDArray[Any]] = {
        "signals": np.array(SIGNALS),
        "temperature": np.array(model.temperature),
        **{f"table_{kind}": model.tables[kind].points for kind in KINDS},
        **{f"sources_{kind}": np.array(model.tables[kind].sources) for kind in KINDS},
        "conformal_scores": model.conformal.scores,
        "conformal_weights": model.conformal.weights,
        "mean": statistics.mean,
        "scale_of_features": statistics.scale,
        # By far the largest; four bytes a number say enough.
        "basis": statistics.basis.astype(np.float32),
        "centroids": statistics.centroids,
        "centre": weights.centre,
        "scale_of_signals": weights.scale,
        "coefficients": weights.coefficients,
        "intercept": np.array(weights.intercept),
        **{f"{_QUICK}{name}": np.array(value) for name, value in model.quick_thresholds.items()},
        _QUICK_FRAMES: np.array(model.quick_frames),
    }
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_trust(path: Path, *, feature_dim: int, num_categories: int) -> TrustModel:
    """Reads trust statistics and checks that they fit.

    Args:
        path: The file.
        feature_dim: D of the bundle.
        num_categories: K of the bundle.

    Raises:
        BundleError: Damaged, of other signals, or of another feature size or number of
            categories.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            model = _model({name: file[name] for name in file.files})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise BundleError(
            f"{path} holds no readable trust statistics ({error}); make the bundle again with: "
            "vidkind evaluate, then vidkind bundle"
        ) from error
    found = (len(model.statistics.mean), len(model.statistics.centroids))
    if found != (feature_dim, num_categories):
        raise BundleError(
            f"{path} is of D = {found[0]} features and {found[1]} categories, the bundle of "
            f"{feature_dim} and {num_categories}; expected files of one bundle"
        )
    return model


def _model(arrays: dict[str, NDArray[Any]]) -> TrustModel:
    if tuple(arrays["signals"]) != SIGNALS:
        raise ValueError(f"signals are {list(arrays['signals'])}; expected {list(SIGNALS)}")
    numbers = {
        name: values.astype(np.float64) for name, values in arrays.items() if name != "signals"
    }
    names = ("mean", "scale_of_features", "basis", "centroids")
    mean, scale, basis, centroids = (numbers[name] for name in names)
    if basis.shape != (len(mean), centroids.shape[1]) or scale.shape != mean.shape:
        raise ValueError(f"basis is {list(basis.shape)}; expected [{len(mean)}, P]")
    conformal = ConformalScores(
        scores=numbers["conformal_scores"], weights=numbers["conformal_weights"]
    )
    return TrustModel(
        statistics=FeatureStatistics(mean=mean, scale=scale, basis=basis, centroids=centroids),
        weights=TrustWeights(
            centre=numbers["centre"],
            scale=numbers["scale_of_signals"],
            coefficients=numbers["coefficients"],
            intercept=float(numbers["intercept"]),
        ),
        tables={
            kind: OperatingTable(
                points=numbers[f"table_{kind}"],
                # Bundles made before say it here alone: all was fitted on the same videos.
                sources=float(numbers.get(f"sources_{kind}", conformal.weights.sum())),
            )
            for kind in KINDS
        },
        conformal=conformal,
        temperature=float(numbers["temperature"]),
        quick_thresholds={
            effort: float(numbers[_QUICK + effort])
            for effort in get_args(Effort)
            if _QUICK + effort in numbers
        },
        quick_frames=int(numbers.get(_QUICK_FRAMES, _FRAMES_BEFORE)),
    )
