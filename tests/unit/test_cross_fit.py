"""Cross-fitting: every video answered by an ensemble that has not seen its group."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.features import CATEGORIES, drawn_features, drawn_head, made_by
from vidkind.errors import CheckpointError, ConfigError, FeatureFileError, TrainingError
from vidkind.evaluation.evaluate import evaluate_parts
from vidkind.evaluation.parts import Part, fold_parts
from vidkind.evaluation.result import ENSEMBLE
from vidkind.features.store import FeatureSet
from vidkind.training import (
    DeviceOptions,
    cross_fit_ensemble,
    fold_folder,
    load_members,
    member_attention,
    member_logits,
    read_cross_fit,
    read_run,
    train_ensemble,
    training_config,
)

TRAINING = training_config(
    "compact", num_epochs=4, batch_size=8, learning_rate=5e-3, warmup_epochs=0
)
OPTIONS = {
    "training": TRAINING,
    "seeds": (42,),
    "num_folds": 3,
    "device": DeviceOptions(accelerator="cpu"),
    "dashboards": False,
    "progress": False,
}


def named(videos: FeatureSet) -> FeatureSet:
    """The videos with a path each."""
    return replace(videos, paths=tuple(f"{i}.mp4" for i in range(len(videos))))


def versions(videos: FeatureSet) -> FeatureSet:
    """One fainter version of each video."""
    return replace(videos, features=0.8 * videos.features)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> tuple[Path, FeatureSet]:
    run, videos = tmp_path_factory.mktemp("crossfit"), named(drawn_features(48))
    cross_fit_ensemble(videos, run, degraded=versions(videos), **OPTIONS)
    return run, videos


def test_no_ensemble_has_seen_the_groups_that_it_answers(fitted) -> None:
    run, videos = fitted
    held_once = np.concatenate(read_cross_fit(run).rows(videos))
    assert sorted(held_once) == list(range(48))
    for number, held in enumerate(read_cross_fit(run).rows(videos), start=1):
        kept = np.setdiff1d(np.arange(48), held)
        groups = np.asarray(videos.groups)
        assert not set(groups[held]) & set(groups[kept])
        described = read_run(fold_folder(run, number))
        assert described["num_videos"] == {"train": 2 * len(kept), "val": len(held)}
    assert read_run(run)["num_videos"] == {"train": 96, "val": 48}


def test_run_again_it_trains_nothing_anew(fitted) -> None:
    run, videos = fitted
    before = {path: path.stat().st_mtime_ns for path in run.rglob("best_ensemble_model_*.pt")}
    assert len(before) == 4
    cross_fit_ensemble(videos, run, degraded=versions(videos), **OPTIONS)
    assert before == {path: path.stat().st_mtime_ns for path in before}


def parts_of(run: Path, videos: FeatureSet) -> tuple[list[Part], Part]:
    def functions(folder: Path):
        members = load_members(folder)
        return partial(member_logits, members), partial(member_attention, members)

    held = read_cross_fit(run).rows(videos)
    folds = fold_parts(held, videos, lambda number: functions(fold_folder(run, number)))
    logits, attention = functions(run)
    every = np.arange(len(videos))
    return folds, Part(rows=every, logits=logits, attention=attention, train=videos)


def test_answers_come_from_the_fold_that_left_the_video_out(fitted) -> None:
    run, videos = fitted
    folds, final = parts_of(run, videos)
    found = evaluate_parts(folds, final, videos, categories=CATEGORIES)
    number, held = 2, read_cross_fit(run).rows(videos)[1]
    alone = member_logits(
        load_members(fold_folder(run, number)), videos.features, videos.num_frames
    )
    scaled = np.exp(alone[0, held] / found.temperature)
    scaled /= scaled.sum(axis=1, keepdims=True)
    assert np.allclose(found.probabilities[ENSEMBLE][held], scaled, atol=1e-5)
    assert found.trust is not None
    assert found.trust_model is not None


def test_what_cannot_be_cross_fitted_is_refused(fitted, tmp_path: Path) -> None:
    run, videos = fitted
    with pytest.raises(ConfigError, match="stops early"):
        cross_fit_ensemble(videos, tmp_path, preset="reference")
    with pytest.raises(TrainingError, match="rarest category has 12 groups"):
        cross_fit_ensemble(videos, tmp_path, **(OPTIONS | {"num_folds": 13}))
    with pytest.raises(TrainingError, match="name no path"):
        cross_fit_ensemble(drawn_features(48), tmp_path, **OPTIONS)
    with pytest.raises(TrainingError, match="48 videos are in the features twice, the first is 0"):
        cross_fit_ensemble(videos.joined(videos), tmp_path, **OPTIONS)
    published = tmp_path / "published"
    published.mkdir()
    (published / "best_ensemble_model_1.pt").touch()
    with pytest.raises(CheckpointError, match="would be overwritten"):
        cross_fit_ensemble(videos, published, **OPTIONS)
    assert len(list(published.iterdir())) == 1
    with pytest.raises(CheckpointError, match="other folds"):
        cross_fit_ensemble(videos, run, **(OPTIONS | {"num_folds": 2}))
    with pytest.raises(ConfigError, match="no video is held out to stop by"):
        train_ensemble(videos, videos, tmp_path, preset="reference", held_out=False)
    others = replace(videos, paths=tuple(f"other {path}" for path in videos.paths or ()))
    with pytest.raises(CheckpointError, match="48 videos were not in the cross-fitted run"):
        read_cross_fit(run).rows(others)


def test_runs_of_both_kinds_keep_out_of_each_others_folders(fitted, tmp_path: Path) -> None:
    run, videos = fitted
    plain = tmp_path / "plain"
    options = {name: value for name, value in OPTIONS.items() if name != "num_folds"}
    train_ensemble(videos, named(drawn_features(24, seed=1)), plain, **options)
    with pytest.raises(CheckpointError, match="was not cross-fitted"):
        cross_fit_ensemble(videos, plain, **OPTIONS)
    assert read_cross_fit(plain) is None
    with pytest.raises(CheckpointError, match="begun with --cross-fit"):
        train_ensemble(videos, named(drawn_features(24, seed=1)), run, **options)


def test_folds_with_different_numbers_of_members_are_refused(fitted) -> None:
    run, videos = fitted
    folds, final = parts_of(run, videos)
    members = load_members(run)
    doubled = replace(
        folds[0], logits=lambda features, steps: member_logits(members * 2, features, steps)
    )
    with pytest.raises(FeatureFileError, match="1 to 2 live members"):
        evaluate_parts([doubled, *folds[1:]], final, videos, categories=CATEGORIES)


def test_a_damaged_list_of_folds_is_refused(tmp_path: Path) -> None:
    assert read_cross_fit(tmp_path) is None
    (tmp_path / "cross_fit.json").write_text(json.dumps({"num_folds": 2}), encoding="utf-8")
    with pytest.raises(CheckpointError, match="damaged"):
        read_cross_fit(tmp_path)


def test_every_fold_asks_the_head(tmp_path: Path) -> None:
    videos, head = made_by(named(drawn_features(48))), drawn_head()
    cross_fit_ensemble(videos, tmp_path, head=head, **OPTIONS)
    for folder in (tmp_path, *(fold_folder(tmp_path, number) for number in (1, 2, 3))):
        assert read_run(folder)["picture_head"] == head.sha256
        assert (load_members(folder)[0].model.picture_weight.numpy() == head.weight).all()
