"""What a run folder remembers of the features it was trained on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.features import drawn_features
from vidkind.errors import CheckpointError
from vidkind.features.store import FeatureSet
from vidkind.training import check_features


def made_by(videos: FeatureSet, sha256: str, **more: str) -> FeatureSet:
    provenance = {"backbone": {"name": "tiny", "sha256": sha256}, **more}
    return replace(videos, attributes={"provenance": json.dumps(provenance)})


def test_features_of_another_making_are_refused(tmp_path: Path) -> None:
    videos = drawn_features(8)
    own = made_by(videos, "a" * 64)
    check_features(tmp_path, own)  # a published run says nothing of its features
    (tmp_path / "run.json").write_text(
        json.dumps({"provenance": json.loads(own.attributes["provenance"])}), encoding="utf-8"
    )
    check_features(tmp_path, own)
    check_features(tmp_path, videos)  # a published file says nothing either
    with pytest.raises(CheckpointError, match=r"tiny \(bbbbbbbbbbbb\.\.\.\) in float32"):
        check_features(tmp_path, made_by(videos, "b" * 64))
    with pytest.raises(CheckpointError, match="in int8"):
        check_features(tmp_path, made_by(videos, "a" * 64, precision="int8"))
