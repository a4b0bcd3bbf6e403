"""What a run folder remembers of the features it was trained on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.features import drawn_features
from vidkind.errors import CheckpointError
from vidkind.features.store import FeatureSet
from vidkind.training import (
    check_features,
    load_members,
    read_evaluations,
    saved_temperature,
    unseen_rows,
)
from vidkind.training.run_features import keep_learned

KNOWN = replace(drawn_features(1), fingerprints=("a",))


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


def test_what_a_run_learned_from_is_known_by_content(tmp_path: Path) -> None:
    videos = replace(drawn_features(4), fingerprints=("a", "b", "", "d"))
    # An older run does not say.
    assert unseen_rows(tmp_path, videos, val_too=True).tolist() == [0, 1, 2, 3]
    learned, chose = (replace(videos, fingerprints=(name, "", name, "e")) for name in "bd")
    keep_learned(tmp_path, learned, chose)
    assert unseen_rows(tmp_path, videos, val_too=False).tolist() == [0, 2, 3]
    assert unseen_rows(tmp_path, videos, val_too=True).tolist() == [0, 2]
    # Nor does a published file.
    assert len(unseen_rows(tmp_path, drawn_features(4), val_too=True)) == 4


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("ensemble.json", '{"members": [', load_members),
        ("ensemble.json", '{"members": [{"index": 1}]}', load_members),
        ("ensemble.json", "[]", load_members),
        ("evaluation_val.json", '{"temp', saved_temperature),
        ("evaluation_val.json", "{}", saved_temperature),
        ("evaluation_test.json", '{"temp', read_evaluations),
        ("learned_from.json", "[[]]", lambda run: unseen_rows(run, KNOWN, val_too=True)),
    ],
)
def test_a_damaged_file_of_a_run_is_named(tmp_path: Path, name: str, text: str, read) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match=rf"{name} is damaged \(") as caught:
        read(tmp_path)
    assert "\n" not in str(caught.value)
