"""What a run remembers of the features it was trained on, so that others are not taken for them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkind.config import SamplingOptions
from vidkind.errors import CheckpointError
from vidkind.features.store import FeatureSet, made_by
from vidkind.training.run_folder import (
    RUN_NAME,
    differences,
    naming_damage,
    read_run,
    write_json,
)

LEARNED_NAME = "learned_from.json"


def fingerprint(videos: FeatureSet) -> str:
    """SHA-256 over features, labels and valid steps."""
    digest = hashlib.sha256()
    for array in (videos.features, videos.labels, videos.num_frames):
        digest.update(str((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def check_features(run_dir: Path, videos: FeatureSet) -> None:
    """Checks that features come from the backbone and precision that a run was trained on.

    Published runs and files say nothing of either and pass.

    Raises:
        CheckpointError: They say different things.
    """
    if not (run_dir / RUN_NAME).is_file():
        return
    trained = read_run(run_dir).get("provenance") or {}
    given = videos.provenance
    if trained and given and made_by(trained) != made_by(given):
        raise CheckpointError(
            f"the features were made by {made_by(given)}, the run was trained on "
            f"{made_by(trained)}; expected features of one extraction"
        )


def made_otherwise(run_dir: Path, videos: FeatureSet) -> list[str]:
    """Options that features were made with and the run's were not; none where either is silent."""
    if not (run_dir / RUN_NAME).is_file():
        return []
    trained, given = read_run(run_dir).get("provenance"), videos.provenance
    return differences(_options(trained), _options(given)) if trained and given else []


def _options(provenance: Mapping[str, Any]) -> dict[str, Any]:
    sampling = SamplingOptions.from_json(provenance.get("sampling", {}))
    return {"sampling": asdict(sampling), "multi_scale": provenance.get("multi_scale")}


def keep_learned(run_dir: Path, train: FeatureSet, val: FeatureSet) -> None:
    """Keeps which files a run learns from, by content, so that it is not scored on them."""
    used = {"train": train, "val": val}
    write_json(
        run_dir / LEARNED_NAME,
        {name: sorted(set(videos.fingerprints or ()) - {""}) for name, videos in used.items()},
    )


def unseen_rows(run_dir: Path, videos: FeatureSet, *, val_too: bool) -> NDArray[np.int64]:
    """Rows of the videos that the run has not learned from, as far as files and run say.

    Args:
        run_dir: The run.
        videos: Videos it may be scored on.
        val_too: Leave out its validation videos, too: they chose epochs, temperature and trust.

    Raises:
        CheckpointError: The list of what the run learned from is damaged.
    """
    path = run_dir / LEARNED_NAME
    if videos.fingerprints is None or not path.is_file():
        return np.arange(len(videos))
    with naming_damage(path, "run vidkind train again, which writes it"):
        kept = json.loads(path.read_text(encoding="utf-8"))
        learned = {*kept["train"], *(kept["val"] if val_too else ())}
    return np.flatnonzero([content not in learned for content in videos.fingerprints])
