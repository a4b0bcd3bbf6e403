"""The bundle inside the package: small, whole, quick, and better than guessing on real clips."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.clips import render
from vidkind import SingleVideoClassifier
from vidkind.bundle import load_bundle
from vidkind.config import DEFAULT_CATEGORIES
from vidkind.features.head import read_head


def test_it_is_small_and_has_the_four_categories() -> None:
    bundle = load_bundle()
    assert bundle.manifest.categories == DEFAULT_CATEGORIES
    assert sum(file.stat().st_size for file in bundle.folder.iterdir()) < 20e6
    assert bundle.backbone_file.stat().st_size < 12e6
    assert bundle.manifest.temporal.num_members == 4
    assert bundle.manifest.temporal.parameters_per_member < 1e6


def test_it_answers_without_any_option(tmp_path: Path, vidkind) -> None:
    clip = render(tmp_path / "clip.mp4", 20)
    done = vidkind("classify", clip)
    assert any(name in done.stdout for name in DEFAULT_CATEGORIES)


def test_models_trained_on_its_features_ask_its_head(tmp_path: Path, vidkind) -> None:
    bundle = load_bundle()
    assert bundle.head_file is not None
    head = read_head(bundle.head_file)
    assert head.backbone_sha256 == bundle.manifest.backbone.sha256
    features = Path(__file__).parents[2] / "benchmarks" / "realclips.h5"
    options = ("--seeds", 42, "--epochs", 1, "--no-dashboards")
    vidkind("train", features, "-o", tmp_path / "run", *options)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["picture_head"] == head.sha256


def test_the_runtime_is_told_to_stay_silent_before_it_is_loaded() -> None:
    check = (
        "import os, sys; os.environ.pop('ORT_DISABLE_TELEMETRY', None); import vidkind;"
        "assert 'onnxruntime' not in sys.modules;"
        "from vidkind import SingleVideoClassifier;"
        "assert 'onnxruntime' in sys.modules and os.environ['ORT_DISABLE_TELEMETRY'] == '1'"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


def test_a_quick_look_stands_where_trust_allows(tmp_path: Path) -> None:
    clip = render(tmp_path / "clip.mp4", 90)
    classifier = SingleVideoClassifier()
    fast, normal, full = (
        classifier.classify_video(clip, effort=effort) for effort in ("fast", "normal", "full")
    )
    assert full.frames_embedded == full.num_frames == 64
    quick = classifier.looks("normal")[0]
    few = quick.sampling.num_frames
    looked_again = 0 if quick.suffices(normal.trust) and normal.num_frames == few else 64
    assert normal.frames_embedded == few + looked_again
    assert fast.frames_embedded in (few, few + 24)
    assert fast.num_frames <= normal.num_frames <= full.num_frames


def test_label_sets_and_published_trust_take_the_whole_look() -> None:
    for options in ({"coverage": 0.9}, {"trust": "published"}):
        (look,) = SingleVideoClassifier(**options).looks("normal")
        assert look.sampling.num_frames == 64
    withholding = SingleVideoClassifier(max_error=0.1)
    assert withholding.operating_point is not None
    assert withholding.looks("normal")[0].threshold >= withholding.operating_point.threshold


@pytest.mark.shared
@pytest.mark.slow
def test_it_tells_real_clips_apart(shared_dir: Path) -> None:
    with (shared_dir / "clips" / "manifest.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val"]
    one_a_source = list({row["source_id"]: row for row in rows}.values())[::2]
    answers = SingleVideoClassifier().classify_videos(
        shared_dir / "clips" / row["path"] for row in one_a_source
    )
    right = [a.category == row["label"] for a, row in zip(answers, one_a_source, strict=True)]
    assert len(right) == 41
    assert np.mean(right) > 0.65
