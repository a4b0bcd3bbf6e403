"""From the folder of features to a run folder, with everything that a bundle will need."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkind.bundle import load_bundle
from vidkind.config import Preset
from vidkind.errors import BundleError, ConfigError
from vidkind.features.card import keep_weights, read_card
from vidkind.features.head import PictureHead, kept_head, read_head
from vidkind.features.splits import kept_backbone, read_degraded, read_split, read_train_and_val
from vidkind.features.store import FeatureSet
from vidkind.training import (
    DEFAULT_SEEDS,
    DeviceOptions,
    EnsembleResult,
    TrainingConfig,
    cross_fit_ensemble,
    is_first_process,
    train_ensemble,
)
from vidkind.training.data import why_head_does_not_fit

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class TrainedRun:
    """What training came to.

    Attributes:
        ensemble: The members that are kept.
        folds: Of a cross-fitted run, the ensembles trained without each fold; else empty.
        head: Head of the backbone that the members ask, too; None where they ask none.
    """

    ensemble: EnsembleResult
    folds: tuple[EnsembleResult, ...]
    head: PictureHead | None


def train_run(
    features: Path,
    output: Path,
    *,
    cross_fit: int | None = None,
    clean_only: bool = False,
    head: Path | None = None,
    ask_head: bool = True,
    preset: Preset = "compact",
    training: TrainingConfig | None = None,
    seeds: Sequence[int] = DEFAULT_SEEDS,
    device: DeviceOptions | None = None,
    progress: bool = True,
    dashboards: bool = True,
) -> TrainedRun:
    """Trains an ensemble on the features of a library; resumable like ``train_ensemble``.

    Keeps backbone and head in the run folder, where scoring and bundling look for them.

    Args:
        features: Folder written by ``vidkind extract``, or a feature file of several splits.
        output: The run folder.
        cross_fit: Folds to cross-fit over; None learns from train and stops by val.
        clean_only: Leave out the degraded versions that the extraction made.
        head: File of the head that ``compact`` models ask; None takes the one beside the features,
            else that of the shipped backbone, if it fits them.
        ask_head: Whether they ask one at all.
        preset: As in ``train_ensemble``, like all that follow.
        training: Hyper-parameters in place of the preset's.
        seeds: One member each.
        device: Where training runs.
        progress: Show progress bars.
        dashboards: Draw a PNG after each epoch.

    Raises:
        ConfigError: A head is given that nothing would ask.
        FeatureFileError: A split is missing or damaged.
        CheckpointError: The folder holds another run.
        TrainingError: The features do not suffice, or every seed died.
    """
    asks = ask_head and preset == "compact"
    if head is not None and not asks:
        raise ConfigError("--head is for the compact preset, and not beside --no-head")
    options: dict[str, Any] = {
        "preset": preset,
        "training": training,
        "seeds": seeds,
        "device": device,
        "feature_files": [str(features)],
        "progress": progress,
        "dashboards": dashboards,
    }
    folds: list[EnsembleResult] = []
    if cross_fit is None:
        train, val = (read_split(features, split) for split in ("train", "val"))
        options["head"] = _chosen_head(features, train, head) if asks else None
        degraded = None if clean_only else read_degraded(features)
        ensemble = train_ensemble(
            train.joined(degraded) if degraded else train, val, output, **options
        )
    else:
        videos = read_train_and_val(features)
        options["head"] = _chosen_head(features, videos, head) if asks else None
        ensemble, folds = cross_fit_ensemble(
            videos,
            output,
            num_folds=cross_fit,
            degraded=None if clean_only else read_degraded(features, ("train", "val")),
            **options,
        )
    if is_first_process() and (weights := kept_backbone(features)):
        keep_weights(weights, read_card(weights), output)
    return TrainedRun(ensemble=ensemble, folds=tuple(folds), head=options["head"])


def _chosen_head(features: Path, videos: FeatureSet, given: Path | None) -> PictureHead | None:
    """The head that was given; else one at hand that fits the videos."""
    if given is not None:
        return read_head(given)
    beside = kept_head(features if features.is_dir() else features.parent)
    path = beside or _shipped_head()
    if path is None:
        return None
    head = read_head(path)
    reason = why_head_does_not_fit(head, videos)
    if reason is None:
        return head
    if beside:
        _log.warning("%s is not asked: %s", path, reason)
    return None


def _shipped_head() -> Path | None:
    try:
        return load_bundle().head_file
    except BundleError:  # an installation that carries no bundle trains all the same
        return None
