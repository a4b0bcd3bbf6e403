"""Stage 1 as a user meets it: counts conserved, killed and gone on, the same features."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.tiny import tiny_backbone
from vidkind.errors import ConfigError, FeatureFileError, LibraryError
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.features.extract import extract_features
from vidkind.features.provenance import options_from_provenance
from vidkind.features.store import read_features
from vidkind.records import VideoItem

# The process kills itself while it writes the tenth video.
KILLED = """
import os, signal
import numpy as np
from vidkind.cli import main
save, count = np.savez, 0
def dying(file, **arrays):
    global count
    count += 1
    save(file, **arrays)
    if count == 10:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
np.savez = dying
main()
"""


@pytest.fixture(scope="module")
def backbone(tmp_path_factory) -> Path:
    return tiny_backbone(tmp_path_factory.mktemp("backbone"))


@pytest.fixture(scope="module")
def features(vidkind, colour_library: Path, backbone: Path, tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("features")
    done = vidkind("extract", colour_library, "-o", output, "--backbone", backbone)
    assert "30 videos in: 30 with features (0 from an earlier run), 0 failed" in done.stdout
    return output


def _same(a: Path, b: Path) -> bool:
    left, right = read_features(a), read_features(b)
    return (
        left.paths == right.paths
        and np.array_equal(left.features, right.features)
        and np.array_equal(left.labels, right.labels)
    )


def test_three_files_hold_every_video_once(features: Path, colour_library: Path) -> None:
    found = [
        read_features(features / f"{split}_features_multiscale.h5")
        for split in ("train", "val", "test")
    ]
    paths = [path for part in found for path in part.paths or ()]
    expected = [p.relative_to(colour_library).as_posix() for p in colour_library.rglob("*.mp4")]
    assert sorted(paths) == sorted(expected)
    assert found[0].features.shape[1:] == (73, 3)
    provenance = json.loads(found[0].attributes["provenance"])
    assert provenance["backbone"]["name"] == "tiny"
    assert provenance["sampling"]["num_frames"] == 64


def test_features_are_those_of_the_frames(features: Path) -> None:
    found = read_features(features / "train_features_multiscale.h5")
    brightest = found.features.mean(axis=1).argmax(axis=1)
    names = np.array(found.categories)[found.labels]
    assert np.array_equal(brightest, [{"Blue": 2, "Green": 1, "Red": 0}[n] for n in names])


def test_a_second_run_does_nothing_and_gives_the_same(
    vidkind, features: Path, colour_library: Path, backbone: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(features, copy)
    done = vidkind("extract", colour_library, "-o", copy, "--backbone", backbone)
    assert "(30 from an earlier run)" in done.stdout
    name = "train_features_multiscale.h5"
    assert _same(features / name, copy / name)
    shares = ("--split", "0.7", "0.3", "0")
    done = vidkind("extract", colour_library, "-o", copy, "--backbone", backbone, *shares)
    assert "(30 from an earlier run)" in done.stdout
    assert not (copy / "test_features_multiscale.h5").exists()


def test_killed_in_the_middle_and_run_again_gives_the_same(
    vidkind, features: Path, colour_library: Path, backbone: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    arguments = ["extract", colour_library, "-o", output, "--backbone", backbone]
    process = subprocess.run([sys.executable, "-c", KILLED, *map(str, arguments)], check=False)
    assert process.returncode != 0
    assert len(list(output.glob("shards/*.npz"))) == 9
    assert not list(output.glob("*.h5"))
    done = vidkind(*arguments)
    assert "30 with features (9 from an earlier run), 0 failed" in done.stdout
    for split in ("train", "val", "test"):
        name = f"{split}_features_multiscale.h5"
        assert _same(features / name, output / name)


def test_failed_videos_are_listed_and_counted(
    vidkind, colour_library: Path, backbone: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    shutil.copytree(colour_library, library)
    (library / "Red" / "broken.mp4").write_text("no video")
    (library / "Blue" / "empty.mp4").touch()
    output = tmp_path / "out"
    done = vidkind("extract", library, "-o", output, "--backbone", backbone, check=1)
    assert "32 videos in: 30 with features (0 from an earlier run), 2 failed" in done.stdout
    assert len(done.stderr.strip().splitlines()) == 1
    with (output / "failures.csv").open(encoding="utf-8") as file:
        rows = {row["path"]: row["type"] for row in csv.DictReader(file)}
    assert rows == {"Red/broken.mp4": "NotAVideoError", "Blue/empty.mp4": "EmptyFileError"}


def test_copies_in_two_splits_are_named(
    vidkind, backbone: Path, colour_library: Path, tmp_path: Path, caplog
) -> None:
    for split in ("train", "val"):
        for label in ("Red", "Blue"):
            (tmp_path / split / label).mkdir(parents=True)
            number = 0 if label == "Red" else int(split == "val")
            shutil.copy(colour_library / label / f"{number}.mp4", tmp_path / split / label)
    vidkind("extract", tmp_path, "-o", tmp_path / "out", "--backbone", backbone)
    assert "1 files are copies of files in another split" in caplog.text
    assert "train/Red/0.mp4 in train and val/Red/0.mp4 in val" in caplog.text


def test_a_library_of_broken_files_ends_in_one_line(vidkind, backbone, tmp_path: Path) -> None:
    for label in ("A", "B"):
        (tmp_path / "lib" / label).mkdir(parents=True)
        (tmp_path / "lib" / label / "x.mp4").write_text("no video")
    done = vidkind(
        "extract", tmp_path / "lib", "-o", tmp_path / "out", "--backbone", backbone, check=1
    )
    assert "none of the 2 videos could be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_not_known_of_features_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="dtype is 'int8'"):
        extract_features([], ["a"], OnnxBackbone(tiny_backbone(tmp_path)), tmp_path, dtype="int8")
    item = VideoItem(path="x", key="x", label="a", split=None, group="x", source_id="x")
    with pytest.raises(LibraryError, match="1 videos have no split, the first is x"):
        extract_features([item], ["a"], OnnxBackbone(tiny_backbone(tmp_path)), tmp_path)
    with pytest.raises(FeatureFileError, match="do not say how they were made"):
        options_from_provenance({})


def test_one_scale_float16_and_key_frames_are_options(
    vidkind, colour_library: Path, backbone: Path, tmp_path: Path
) -> None:
    vidkind(
        "extract", colour_library, "-o", tmp_path, "--backbone", backbone, "--single-scale",
        "--dtype", "float16", "--frames", "8", "--sampler", "keyframe",
    )  # fmt: skip
    with h5py.File(tmp_path / "train_features.h5") as file:
        assert file["features"].dtype == np.float16
        assert file["features"].shape[1] == 8
        assert not file.attrs["multi_scale"]


def test_degraded_versions_of_training_videos_get_a_file_of_their_own(
    vidkind, colour_library: Path, backbone: Path, features: Path, tmp_path: Path
) -> None:
    command = ("extract", colour_library, "-o", tmp_path, "--backbone", backbone)
    done = vidkind(*command, "--degraded", 2)
    clean_name, name = "train_features_multiscale.h5", "train_degraded_features_multiscale.h5"
    assert name in done.stdout
    clean, degraded = read_features(tmp_path / clean_name), read_features(tmp_path / name)
    assert _same(tmp_path / clean_name, features / clean_name)
    assert degraded.paths == tuple(path for path in clean.paths or () for _ in range(2))
    assert degraded.groups == tuple(group for group in clean.groups or () for _ in range(2))
    twice = np.repeat(clean.features, 2, axis=0)
    assert (np.abs(degraded.features - twice).max(axis=(1, 2)) > 0.01).mean() > 0.5
    again = vidkind(*command, "--degraded", 2)
    assert "30 from an earlier run" in again.stdout
    assert np.array_equal(degraded.features, read_features(tmp_path / name).features)
    vidkind(*command, "--degraded", 1, "--degrade-val")
    val = read_features(tmp_path / "val_features_multiscale.h5")
    assert read_features(tmp_path / f"val_{name.partition('_')[2]}").paths == val.paths
    vidkind(*command)
    assert not (tmp_path / name).exists()


def test_another_precision_is_another_extraction(
    vidkind, colour_library: Path, backbone: Path, tmp_path: Path
) -> None:
    command = ("extract", colour_library, "-o", tmp_path, "--backbone", backbone)
    done = vidkind(*command, "--runtime", "onnxruntime", "--precision", "bfloat16", check=2)
    assert "expected the runtime openvino or auto" in done.stderr
    vidkind(*command, "--runtime", "onnxruntime")
    pytest.importorskip("openvino")
    assert "30 from an earlier run" in vidkind(*command, "--runtime", "openvino").stdout
    done = vidkind(*command, "--precision", "bfloat16", check=None)
    if "does not compute in" in done.stderr:
        pytest.skip("a processor without bfloat16")
    assert "0 from an earlier run" in done.stdout
    found = read_features(tmp_path / "train_features_multiscale.h5")
    assert json.loads(found.attributes["provenance"])["precision"] == "bfloat16"
