"""The bundle inside the package: small, whole, and better than guessing on real clips."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.clips import render
from vidkind import SingleVideoClassifier
from vidkind.bundle import load_bundle
from vidkind.config import DEFAULT_CATEGORIES


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
