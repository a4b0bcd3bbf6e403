"""Cross-fitting: an ensemble a fold, so that calibration needs no videos of its own.

One ensemble is trained without each fold of groups and answers that fold; the ensemble that is
kept is trained on every video. Temperature and trust, fitted on those answers, see as many videos
as training did, and none was seen by the models that answered it (cross-fitting: Chernozhukov et
al., 2018, section 3; for calibration: Niculescu-Mizil & Caruana, 2005, section 3).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from vidkind.config import Preset
from vidkind.errors import CheckpointError, ConfigError, TrainingError
from vidkind.features.head import PictureHead
from vidkind.features.store import FeatureSet
from vidkind.training.ensemble import train_ensemble
from vidkind.training.presets import DEFAULT_SEEDS, DeviceOptions, TrainingConfig, training_config
from vidkind.training.run_folder import (
    CROSS_FIT_NAME,
    RUN_NAME,
    EnsembleResult,
    check_unused,
    naming_damage,
    write_json,
)


@dataclass(frozen=True, kw_only=True)
class CrossFit:
    """The folds of a cross-fitted run.

    Attributes:
        num_folds: Folds; each has a run folder of its own.
        fold_of: Video path -> its fold, from 1.
    """

    num_folds: int
    fold_of: dict[str, int]

    def rows(self, videos: FeatureSet) -> list[NDArray[np.int64]]:
        """Rows of ``videos`` that each fold holds.

        Raises:
            CheckpointError: A video was not in the run.
        """
        paths = videos.paths or ()
        if unknown := [path for path in paths if path not in self.fold_of]:
            raise CheckpointError(
                f"{len(unknown)} videos were not in the cross-fitted run, the first is "
                f"{unknown[0]}; expected the features it was trained on"
            )
        fold = np.array([self.fold_of[path] for path in paths])
        return [np.flatnonzero(fold == number) for number in range(1, self.num_folds + 1)]


def fold_folder(run_dir: Path, number: int) -> Path:
    """Run folder of the ensemble trained without fold ``number``, from 1."""
    return run_dir / f"fold_{number}"


def read_cross_fit(run_dir: Path) -> CrossFit | None:
    """The folds of a run; None where it was not cross-fitted.

    Raises:
        CheckpointError: The list of folds is damaged.
    """
    path = run_dir / CROSS_FIT_NAME
    if not path.is_file():
        return None
    with naming_damage(path, "train again into another run folder"):
        found = json.loads(path.read_text(encoding="utf-8"))
        return CrossFit(num_folds=int(found["num_folds"]), fold_of=dict(found["fold_of"]))


def cross_fit_ensemble(
    videos: FeatureSet,
    run_dir: Path,
    *,
    num_folds: int = 5,
    degraded: FeatureSet | None = None,
    preset: Preset = "compact",
    training: TrainingConfig | None = None,
    seeds: Sequence[int] = DEFAULT_SEEDS,
    device: DeviceOptions | None = None,
    feature_files: Sequence[str] = (),
    progress: bool = True,
    dashboards: bool = True,
    head: PictureHead | None = None,
) -> tuple[EnsembleResult, list[EnsembleResult]]:
    """Trains an ensemble without each fold, and one on all videos; resumable like any run.

    Args:
        videos: Every labelled video to learn from, with groups.
        run_dir: Run folder of the ensemble on all videos; folds go to ``fold_<n>`` in it.
        num_folds: Folds, stratified by category; a group is never divided.
        degraded: Degraded versions of the same videos; a version goes with its video.
        preset: As in ``train_ensemble``, like all that follow.
        training: Hyper-parameters in place of the preset's; their schedule must be fixed.
        seeds: One member each, in every fold.
        device: Where training runs.
        feature_files: Names kept in ``run.json``.
        progress: Show progress bars.
        dashboards: Draw a PNG after each epoch.
        head: Head of the backbone; what it learned from belongs to no fold.

    Returns:
        The ensemble on all videos, and those of the folds.

    Raises:
        CheckpointError: The folder holds a run with other folds, or one without.
        ConfigError: The schedule stops early, so that a fold would choose its own epochs.
        TrainingError: There are too few groups, or training fails.
    """
    chosen = training or training_config(preset)
    if chosen.patience is not None:
        raise ConfigError(
            f"preset {preset} stops early, by the videos held out; cross-fitting expects a fixed "
            "schedule, as compact has"
        )
    folds = _divide(videos, num_folds)
    run_dir.mkdir(parents=True, exist_ok=True)
    listing = run_dir / CROSS_FIT_NAME
    if not listing.is_file():
        if (run_dir / RUN_NAME).is_file():
            raise CheckpointError(
                f"{run_dir} holds a run that was not cross-fitted; use another run folder"
            )
        check_unused(run_dir)
        write_json(listing, {"num_folds": folds.num_folds, "fold_of": folds.fold_of})
    elif read_cross_fit(run_dir) != folds:
        raise CheckpointError(f"{run_dir} holds a run with other folds; use another run folder")

    def train(
        kept: FeatureSet, watched: FeatureSet, folder: Path, *, held_out: bool
    ) -> EnsembleResult:
        return train_ensemble(
            _with_versions(kept, degraded),
            watched,
            folder,
            preset=preset,
            training=chosen,
            seeds=seeds,
            device=device,
            feature_files=feature_files,
            progress=progress,
            dashboards=dashboards,
            held_out=held_out,
            head=head,
        )

    parts = []
    for number, held in enumerate(folds.rows(videos), start=1):
        kept = np.setdiff1d(np.arange(len(videos)), held)
        folder = fold_folder(run_dir, number)
        parts.append(train(videos.subset(kept), videos.subset(held), folder, held_out=True))
    return train(videos, videos, run_dir, held_out=False), parts


def _divide(videos: FeatureSet, num_folds: int) -> CrossFit:
    paths = videos.paths or ()
    groups = np.asarray(videos.groups or paths)
    if not paths:
        raise TrainingError("the features name no path for each video; extract them again")
    if twice := [path for path, count in Counter(paths).items() if count > 1]:
        raise TrainingError(
            f"{len(twice)} videos are in the features twice, the first is {twice[0]}; expected "
            "each in train or in val: extract again"
        )
    fewest = min(
        len(set(groups[videos.labels == label])) for label in range(len(videos.categories))
    )
    if fewest < num_folds:
        raise TrainingError(
            f"the rarest category has {fewest} groups; expected {num_folds} or more, one a fold: "
            "add videos from elsewhere or ask for fewer folds"
        )
    splitter = StratifiedGroupKFold(num_folds, shuffle=True, random_state=0)
    fold_of = {
        paths[row]: number
        for number, (_, held) in enumerate(
            splitter.split(videos.labels, videos.labels, groups=groups), start=1
        )
        for row in held
    }
    return CrossFit(num_folds=num_folds, fold_of=fold_of)


def _with_versions(videos: FeatureSet, degraded: FeatureSet | None) -> FeatureSet:
    """The videos with the degraded versions of these, and of no other."""
    if degraded is None:
        return videos
    known = set(videos.paths or ())
    rows = [i for i, path in enumerate(degraded.paths or ()) if path in known]
    return videos.joined(degraded.subset(rows))
