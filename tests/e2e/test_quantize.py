"""``vidkind quantize`` and ``--precision int8``, as a user meets them."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from tests.clips import render
from tests.tiny import conv_backbone
from vidkind.features.backbones_onnx import read_int8_card
from vidkind.features.store import read_features


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for number in range(6):
        render(folder / f"{number}.mp4", 8 + number)
    (folder / "broken.mp4").write_bytes(b"no video")
    return folder


def test_a_backbone_gets_its_graph_and_extract_uses_it(
    vidkind, clips: Path, colour_library: Path, tmp_path: Path, caplog
) -> None:
    backbone = conv_backbone(tmp_path)
    command = ("extract", colour_library, "-o", tmp_path / "features", "--backbone", backbone)
    vidkind(*command, "--runtime", "onnxruntime")
    done = vidkind(*command, "--precision", "int8", check=1)
    assert "make it with: vidkind quantize" in done.stderr
    graph = tmp_path / "conv.int8.onnx"
    done = vidkind("quantize", backbone, clips, "-o", graph, "--least-agreement", 0.9)
    assert "calibrated on 16 frames of 4 videos" in done.stdout
    assert "on 8 frames of other videos: " in done.stdout
    assert "left out: " in caplog.text
    assert "broken.mp4" in caplog.text
    done = vidkind(*command, "--precision", "int8")
    assert "0 from an earlier run" in done.stdout
    found = read_features(tmp_path / "features" / "train_features_multiscale.h5")
    assert json.loads(found.attributes["provenance"])["precision"] == "int8"
    assert "30 from an earlier run" in vidkind(*command, "--runtime", "onnxruntime").stdout
    assert (tmp_path / "features" / "backbone.int8.onnx").read_bytes() == graph.read_bytes()


def test_only_train_videos_are_drawn_one_of_each_recording(
    vidkind, clips: Path, tmp_path: Path
) -> None:
    manifest = tmp_path / "manifest.csv"
    with manifest.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "split", "source_id"])
        for number in range(6):
            split, source = ("val", "a") if number == 5 else ("train", min(number, 3))
            writer.writerow([clips / f"{number}.mp4", f"kind {number % 2}", split, source])
    backbone, graph = conv_backbone(tmp_path), tmp_path / "conv.int8.onnx"
    vidkind("quantize", backbone, manifest, "-o", graph, "--frames", 2, "--least-agreement", 0.9)
    card = read_int8_card(graph)
    assert (card.num_videos, card.num_frames, card.checked_frames) == (3, 6, 2)


def test_of_a_folder_with_splits_only_train_is_drawn(vidkind, clips: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    for number in range(6):
        split = "test" if number < 2 else "train"
        target = library / split / f"kind {number % 2}" / f"{number}.mp4"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(clips / f"{number}.mp4", target)
    graph = tmp_path / "conv.int8.onnx"
    vidkind("quantize", conv_backbone(tmp_path), library, "-o", graph, "--least-agreement", 0.9)
    card = read_int8_card(graph)
    assert (card.num_videos, card.checked_frames) == (3, 4)


@pytest.mark.parametrize(
    ("arguments", "check", "message"),
    [
        (("conv.onnx", "nothing/", "-o", "g.onnx"), 1, "0 of 1 videos drawn from nothing/ can be"),
        (("conv.onnx", "nothing/", "-o", "graph"), 2, "expected a name that ends in .onnx"),
        (("bundle/", "nothing/", "-o", "b"), 1, "is no bundle"),
    ],
)
def test_what_cannot_be_done_is_said(
    vidkind, tmp_path: Path, monkeypatch, arguments, check: int, message: str
) -> None:
    conv_backbone(tmp_path)
    (tmp_path / "bundle").mkdir()
    (tmp_path / "nothing").mkdir()
    monkeypatch.chdir(tmp_path)
    assert message in vidkind("quantize", *arguments, check=check).stderr


def test_classify_serve_bench_and_plan_take_the_precision(vidkind, clips: Path) -> None:
    done = vidkind("classify", clips / "0.mp4", "--precision", "int8", "--format", "json")
    assert json.loads(done.stdout)[0]["category"]
    for command in ("serve", "worker", "bench", "plan", "extract"):
        assert "int8" in vidkind(command, "--help").stdout
