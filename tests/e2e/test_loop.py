"""The whole loop: folders in, a bundle out that finds the categories again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.tiny import tiny_backbone
from vidkind import SingleVideoClassifier
from vidkind.evaluation.evaluate import ensemble_view_probabilities
from vidkind.features.splits import read_split
from vidkind.training import load_members, member_logits


@pytest.fixture(scope="module")
def loop(vidkind, colour_library: Path, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("loop")
    paths = {name: folder / name for name in ("features", "run", "bundle")}
    backbone = tiny_backbone(folder)
    vidkind("extract", colour_library, "-o", paths["features"], "--backbone", backbone)
    vidkind(
        "train", paths["features"], "-o", paths["run"], "--seeds", "42,43", "--epochs", "12",
        "--no-dashboards",
    )  # fmt: skip
    vidkind("evaluate", paths["run"], paths["features"])
    backbone.unlink()  # run and bundle carry their own
    vidkind("bundle", paths["run"], "-o", paths["bundle"])
    return {**paths, "library": colour_library}


def test_the_bundle_finds_the_categories(loop, vidkind) -> None:
    done = vidkind("classify", loop["library"], "--bundle", loop["bundle"], "--format", "json")
    rows = json.loads(done.stdout)
    right = [Path(row["path"]).parent.name == row["category"] for row in rows]
    assert len(rows) == 30
    assert np.mean(right) > 0.8


def test_the_bundle_answers_as_the_torch_members_do(loop) -> None:
    members = load_members(loop["run"])
    test = read_split(loop["features"], "val")
    classifier = SingleVideoClassifier(loop["bundle"])
    for use_tta in (False, True):
        expected = ensemble_view_probabilities(
            lambda features, steps: member_logits(members, features, steps),
            test,
            temperature=classifier.bundle.manifest.temperature,
            use_tta=use_tta,
        )
        for i, key in enumerate(test.paths or ()):
            answer = classifier.classify_video(loop["library"] / key, use_tta=use_tta)
            found = [list(scores.values()) for scores in answer.member_scores]
            np.testing.assert_allclose(found, expected[:, i], atol=1e-4)


def test_the_evaluation_holds_every_row_with_its_interval(loop) -> None:
    result = json.loads((loop["run"] / "evaluation_val.json").read_text(encoding="utf-8"))
    names = [row["name"] for row in result["rows"]]
    assert names[:2] == ["majority class", "logistic regression"]
    assert names[-2:] == ["ensemble", "ensemble + TTA"]
    assert len(names) == 6
    for row in result["rows"]:
        for level in ("per_clip", "per_source"):
            accuracy = row[level]["accuracy"]
            assert 0 <= accuracy["low"] <= accuracy["value"] <= accuracy["high"] <= 100
    assert "exact McNemar" in result["comparisons"][0]["verdict"]
    assert isinstance(result["recommend_tta"], bool)


def test_the_bundle_remembers_where_it_comes_from(loop) -> None:
    manifest = SingleVideoClassifier(loop["bundle"]).bundle.manifest
    assert manifest.categories == ("Blue", "Green", "Red")
    assert manifest.temporal.seeds == (42, 43)
    assert manifest.provenance["features"]["backbone"]["name"] == "tiny"
    assert manifest.provenance["evaluation_val"]["num_videos"] == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("evaluate", "nowhere", "nowhere"), "'nowhere' does not exist"),
        (("train", "nowhere"), "'nowhere' does not exist"),
        (("bundle", "nowhere", "-o", "b"), "'nowhere' does not exist"),
        (("extract", "nowhere", "-o", "f"), "'nowhere' does not exist"),
    ],
)
def test_a_wrong_path_is_wrong_usage(vidkind, arguments, message, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = vidkind(*arguments, check=2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_seeds_are_whole_numbers(loop, vidkind, tmp_path: Path) -> None:
    done = vidkind("train", loop["features"], "-o", tmp_path, "--seeds", "42;43", check=2)
    assert "--seeds is '42;43'" in done.stderr


def test_one_file_is_evaluated_without_baselines(loop, vidkind, tmp_path: Path) -> None:
    file = shutil.copy(loop["features"] / "val_features_multiscale.h5", tmp_path)
    output = tmp_path / "deep" / "figures.json"
    done = vidkind("evaluate", loop["run"], file, "--output", output)
    assert "baselines left out: no video of split 'train'" in done.stderr
    rows = json.loads(output.read_text(encoding="utf-8"))["rows"]
    assert [row["name"] for row in rows][-2:] == ["ensemble", "ensemble + TTA"]
    assert len(rows) == 4


def test_another_backbone_is_refused_by_the_bundle(loop, vidkind, tmp_path: Path) -> None:
    other = tiny_backbone(tmp_path, size=64)
    done = vidkind("bundle", loop["run"], "-o", tmp_path / "b", "--backbone", other, check=1)
    assert "the features were made by tiny" in done.stderr
