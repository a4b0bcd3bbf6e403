from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from tests.features import drawn_features, made_by
from vidkind.errors import EmptyFileError, FeatureFileError, VideoNotFoundError
from vidkind.features.shards import Shard, ShardFolder, video_fingerprint
from vidkind.features.splits import read_degraded, read_split
from vidkind.features.store import FeatureRow, FeatureSet, read_features, write_features
from vidkind.records import FeatureSequence

CATEGORIES = ("Animation", "Flat_Content", "Gaming", "Natural_Content")


def _rows(count: int = 4, steps: int = 5, dim: int = 3):
    generator = np.random.default_rng(0)
    for i in range(count):
        length = steps - i % 2
        yield FeatureRow(
            features=generator.normal(size=(length, dim)).astype(np.float32),
            times=np.arange(length, dtype=np.float64),
            duration_seconds=float(length),
            label=i % 4,
            text={"paths": f"v{i}.mp4", "groups": f"g{i}", "source_ids": f"s{i}",
                  "splits": "train" if i < 3 else "val"},
        )  # fmt: skip


def _write(path: Path, **options) -> Path:
    write_features(
        path, _rows(), count=4, max_frames=5, feature_dim=3, categories=CATEGORIES,
        multi_scale=True, attributes={"provenance": "{}"}, **options,
    )  # fmt: skip
    return path


def test_a_written_file_has_the_published_layout(tmp_path: Path) -> None:
    path = _write(tmp_path / "train_features_multiscale.h5")
    with h5py.File(path) as file:
        assert file["features"].dtype == np.float32
        assert file["features"].compression == "gzip"
        assert file["labels"].dtype == np.int64
        assert file["num_frames"].dtype == np.int32
        assert json.loads(file.attrs["category_mapping"]) == {
            name: i for i, name in enumerate(CATEGORIES)
        }
        assert (file.attrs["num_videos"], file.attrs["max_frames"]) == (4, 5)
        assert file.attrs["feature_dim"] == 3
        assert bool(file.attrs["multi_scale"]) is True


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    found = read_features(_write(tmp_path / "f.h5"))
    for i, row in enumerate(_rows()):
        np.testing.assert_array_equal(found.features[i, : found.num_frames[i]], row.features)
        assert not found.features[i, found.num_frames[i] :].any()
    assert found.paths == ("v0.mp4", "v1.mp4", "v2.mp4", "v3.mp4")
    assert found.subset([2, 0]).groups == ("g2", "g0")
    assert len(found.split("train")) == 3
    assert "float32[4, 5, 3]" in repr(found)


def test_float16_halves_precision_not_meaning(tmp_path: Path) -> None:
    exact = read_features(_write(tmp_path / "a.h5")).features
    half = read_features(_write(tmp_path / "b.h5", dtype="float16")).features
    assert half.dtype == np.float32
    np.testing.assert_allclose(half, exact, rtol=2e-3, atol=1e-3)


@pytest.mark.shared
def test_a_published_file_without_our_extras_is_read(shared_dir: Path) -> None:
    found = read_features(shared_dir / "golden" / "test_features_multiscale.h5")
    assert found.features.shape == (8, 21, 64)
    assert found.categories == CATEGORIES
    assert found.paths is None


def test_a_row_that_was_announced_and_did_not_come_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FeatureFileError, match="4 rows came, 5 were announced"):
        write_features(
            tmp_path / "f.h5", _rows(), count=5, max_frames=5, feature_dim=3,
            categories=CATEGORIES, multi_scale=False,
        )  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_missing_and_foreign_files_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FeatureFileError, match="vidkind extract"):
        read_features(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(FeatureFileError, match="is not a feature file"):
        read_features(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(FeatureFileError, match="is not a feature file"):
        read_features(tmp_path / "other.h5")


@pytest.mark.parametrize(
    "mapping",
    ['{"a": 1, "b": 2, "c": 3, "d": 4}', '{"a": 0, "b": 0, "c": 1, "d": 2}',
     '{"a": "0", "b": "1", "c": "2", "d": "3"}', '["a", "b", "c", "d"]', "null"],
    ids=["from 1", "one twice", "texts", "a list", "nothing"],
)  # fmt: skip
def test_categories_that_are_not_counted_from_0_are_refused(tmp_path: Path, mapping: str) -> None:
    path = _write(tmp_path / "f.h5")
    with h5py.File(path, "r+") as file:
        file.attrs["category_mapping"] = mapping
        file["labels"][:] = 1  # would be taken for b where the file says a
    with pytest.raises(FeatureFileError, match=r"f\.h5 is not a feature file.*category_mapping"):
        read_features(path)


def test_features_of_two_backbones_are_not_joined() -> None:
    one, other = made_by(drawn_features(4)), made_by(drawn_features(4), "b" * 64)
    assert len(one.joined(one)) == len(one.joined(drawn_features(4))) == 8
    with pytest.raises(FeatureFileError, match=r"drawn \(bbbbbbbbbbbb\.\.\.\) in float32"):
        one.joined(other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": np.zeros(3, np.int64)}, "do not fit"),
        ({"labels": np.zeros((2, 1), np.int64)}, "do not fit"),
        ({"labels": np.full(2, 9)}, "labels run from 9"),
        ({"groups": ("a",)}, "groups has 1 rows; expected 2"),
        ({"times": np.zeros((3, 5), np.float32)}, "times has 3 rows; expected 2"),
        ({"num_frames": np.array([0, 5], np.int32)}, "num_frames lies outside"),
    ],
)
def test_feature_sets_check_themselves(changes: dict, message: str) -> None:
    fields = {
        "features": np.zeros((2, 5, 3), np.float32),
        "labels": np.zeros(2, np.int64),
        "num_frames": np.full(2, 5, np.int32),
        "categories": CATEGORIES,
    }
    FeatureSet(**fields)
    with pytest.raises(FeatureFileError, match=message):
        FeatureSet(**{**fields, **changes})


def test_splits_are_found_in_a_folder_and_inside_a_file(tmp_path: Path) -> None:
    whole = _write(tmp_path / "all.h5")
    assert len(read_split(whole, "val")) == 1
    with pytest.raises(FeatureFileError, match="no video of split 'test'"):
        read_split(whole, "test")
    folder = tmp_path / "features"
    _write(folder / "val_features.h5")
    assert len(read_split(folder, "val")) == 4
    with pytest.raises(FeatureFileError, match="holds neither"):
        read_split(folder, "train")
    write_features(
        tmp_path / "val_features.h5", list(_rows())[:1], count=1, max_frames=5, feature_dim=3,
        categories=CATEGORIES, multi_scale=False,
    )  # fmt: skip
    with pytest.raises(FeatureFileError, match="no video of split"):
        read_split(folder / "val_features.h5", "test")


def test_no_split_is_taken_for_another(tmp_path: Path) -> None:
    def write(name: str, split: str, folder: str = "f") -> Path:
        row = replace(next(_rows()), text={"splits": split})
        write_features(
            tmp_path / folder / name, [row], count=1, max_frames=5, feature_dim=3,
            categories=CATEGORIES, multi_scale=False,
        )  # fmt: skip
        return tmp_path / folder / name

    mine = write("mine.h5", "train")
    assert len(read_split(mine, "train")) == 1
    with pytest.raises(FeatureFileError, match="no video of split 'val'"):
        read_split(mine, "val")
    unsaid = write("unsaid.h5", "")
    assert len(read_split(unsaid, "test")) == 1
    with pytest.raises(FeatureFileError, match="is not the train split"):
        read_split(unsaid, "train")
    published = write("test_features_multiscale.h5", "")
    assert len(read_split(published, "test")) == 1
    with pytest.raises(FeatureFileError, match="is not the val split"):
        read_split(published, "val")
    write("test_features.h5", "")
    with pytest.raises(FeatureFileError, match="holds both"):
        read_split(tmp_path / "f", "test")


def test_shards_survive_and_depend_on_provenance(tmp_path: Path) -> None:
    folder = ShardFolder(tmp_path, {"backbone": "a"})
    shard = Shard(
        sequence=FeatureSequence(features=np.ones((3, 2), np.float32), times=np.arange(3.0)),
        duration_seconds=1.5,
    )
    folder.save("key", shard)
    found = ShardFolder(tmp_path, {"backbone": "a"}).load("key")
    assert found is not None
    np.testing.assert_array_equal(found.sequence.features, shard.sequence.features)
    assert found.duration_seconds == 1.5
    assert ShardFolder(tmp_path, {"backbone": "b"}).load("key") is None
    next(tmp_path.glob("*.npz")).write_bytes(b"cut off")
    assert folder.load("key") is None


def test_fingerprints_follow_the_middle_of_a_large_file(tmp_path: Path) -> None:
    data = bytearray(b"x" * 9_000_000)
    (tmp_path / "a").write_bytes(data)
    data[2_000_000:7_000_000] = b"y" * 5_000_000
    (tmp_path / "b").write_bytes(data)
    assert video_fingerprint(tmp_path / "a") != video_fingerprint(tmp_path / "b")


def test_a_full_disk_is_said_before_anything_is_written(tmp_path: Path, monkeypatch) -> None:
    old = _write(tmp_path / "train_features.h5")
    before = old.read_bytes()
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10))
    with pytest.raises(OSError, match="MB of features") as caught:
        _write(old)
    assert caught.value.filename == str(old)
    assert [file.name for file in tmp_path.iterdir()] == [old.name]
    assert old.read_bytes() == before


def test_fingerprints_follow_the_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    (tmp_path / "b").write_bytes(b"x" * 2_999_999 + b"y")
    (tmp_path / "c").write_bytes(b"x" * 3_000_000)
    prints = [video_fingerprint(tmp_path / name) for name in "abc"]
    assert prints[0] == prints[2] != prints[1]
    with pytest.raises(VideoNotFoundError, match="none"):
        video_fingerprint(tmp_path / "none")
    with pytest.raises(VideoNotFoundError, match="is a folder"):
        video_fingerprint(tmp_path)
    (tmp_path / "empty").touch()
    with pytest.raises(EmptyFileError):
        video_fingerprint(tmp_path / "empty")


def test_sets_are_joined_row_by_row_or_refused(tmp_path: Path) -> None:
    videos = read_features(_write(tmp_path / "train_features.h5"))
    both = videos.joined(videos.subset([1, 0]))
    assert len(both) == len(videos) + 2
    assert both.paths == (*(videos.paths or ()), *(videos.subset([1, 0]).paths or ()))
    assert np.array_equal(both.features[-1], videos.features[0])
    with pytest.raises(FeatureFileError, match="files of one extraction"):
        videos.joined(replace(videos, categories=("w", "x", "y", "z")))


def test_degraded_versions_are_found_in_a_folder_only(tmp_path: Path) -> None:
    assert read_degraded(tmp_path) is None
    file = _write(tmp_path / "train_degraded_features.h5")
    found = read_degraded(tmp_path)
    assert found is not None and len(found) == 4
    assert read_degraded(file) is None


@pytest.mark.parametrize("text", ['{"tool": "another"}', "[1]", "by hand", '{"backbone": "tiny"}'])
def test_what_others_call_provenance_says_nothing(text: str) -> None:
    videos = drawn_features(4)
    named = replace(videos, attributes={**videos.attributes, "provenance": text})
    assert named.provenance == {}
    named.check_same_backbone(videos)
