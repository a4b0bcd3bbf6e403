"""``vidkind head``, and training with what it made, as a user meets them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.e2e.conftest import COLOURS
from tests.tiny import tiny_backbone
from vidkind.bundle import load_bundle
from vidkind.features.head import read_head, write_head
from vidkind.training import load_members


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """Category folders of plain pictures in the colours of the clips, and one broken file."""
    root = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (root / name).mkdir()
        for i in range(6):
            near = np.clip(np.array(colour) + 15 * rng.normal(size=3), 0, 255)
            picture = near * np.ones((20, 30, 1))
            Image.fromarray(picture.astype(np.uint8)).save(root / name / f"{i}.png")
    (root / "Red" / "broken.jpg").write_bytes(b"no picture")
    (root / "Red" / ".hidden.png").write_bytes(b"not looked at")
    return root


def test_a_head_goes_from_the_backbone_to_the_members(
    vidkind, colour_library: Path, pictures: Path, tmp_path: Path, caplog
) -> None:
    backbone = tiny_backbone(tmp_path)
    done = vidkind("head", backbone, pictures)
    head = read_head(tmp_path / "tiny.head.json")
    assert f"from {head.num_pictures} pictures in {head.num_groups} groups" in done.stdout
    assert head.num_pictures == 6 * len(head.categories)
    assert caplog.text.count("left out: ") == 1 and "broken.jpg is no picture" in caplog.text
    features = tmp_path / "features"
    vidkind("extract", colour_library, "-o", features, "--backbone", backbone)
    train = ("train", features, "--seeds", 42, "--epochs", 2, "--no-dashboards")
    assert "they ask the backbone's head" in vidkind(*train, "-o", tmp_path / "run").stdout
    model = load_members(tmp_path / "run")[0].model
    assert (model.picture_weight.numpy() == head.weight).all()
    assert read_head(tmp_path / "run" / "backbone.head.json").sha256 == head.sha256
    vidkind("bundle", tmp_path / "run", "-o", tmp_path / "bundle.zip")
    assert read_head(load_bundle(tmp_path / "bundle.zip").head_file).sha256 == head.sha256
    done = vidkind(*train, "-o", tmp_path / "without", "--no-head")
    assert "they ask" not in done.stdout
    assert not load_members(tmp_path / "without")[0].model.picture_reader
    vidkind("bundle", tmp_path / "without", "-o", tmp_path / "without_head")
    assert load_bundle(tmp_path / "without_head").head_file is None


def test_a_head_for_features_at_hand_is_kept_when_they_are_extracted_again(
    vidkind, colour_library: Path, pictures: Path, tmp_path: Path
) -> None:
    backbone, features = tiny_backbone(tmp_path), tmp_path / "features"
    extract = ("extract", colour_library, "-o", features, "--backbone", backbone)
    vidkind(*extract)
    vidkind("head", features / "backbone.onnx", pictures)
    own = read_head(features / "backbone.head.json")
    write_head(tmp_path / "tiny.head.json", replace(own, categories=("a", "b", "c")))
    vidkind(*extract)
    assert read_head(features / "backbone.head.json").categories == own.categories
    write_head(features / "backbone.head.json", replace(own, backbone_sha256="of another"))
    vidkind(*extract)
    assert read_head(features / "backbone.head.json").categories == ("a", "b", "c")


def test_a_kept_head_of_other_categories_is_passed_over_a_given_one_refused(
    vidkind, colour_library: Path, pictures: Path, tmp_path: Path, caplog
) -> None:
    backbone = tiny_backbone(tmp_path)
    manifest = tmp_path / "pictures.csv"
    with manifest.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "group"])
        for number, picture in enumerate(sorted(pictures.rglob("*.png"))):
            if not picture.name.startswith("."):
                writer.writerow([picture, ("day", "night")[number % 2], f"group {number // 2}"])
    vidkind("head", backbone, manifest)
    features = tmp_path / "features"
    vidkind("extract", colour_library, "-o", features, "--backbone", backbone)
    train = ("train", features, "--seeds", 42, "--epochs", 1, "--no-dashboards")
    vidkind(*train, "-o", tmp_path / "run")
    assert "is not asked: the picture head knows day, night" in caplog.text
    assert json.loads((tmp_path / "run" / "run.json").read_text())["picture_head"] is None
    given = ("--head", tmp_path / "tiny.head.json")
    assert "knows day, night" in vidkind(*train, "-o", tmp_path / "b", *given, check=1).stderr
    for other in (("--no-head",), ("--preset", "reference")):
        done = vidkind(*train, "-o", tmp_path / "c", *given, *other, check=2)
        assert "--head is for the compact preset" in done.stderr


def test_training_needs_no_shipped_bundle(
    vidkind, colour_library: Path, tmp_path: Path, monkeypatch
) -> None:
    backbone, features = tiny_backbone(tmp_path), tmp_path / "features"
    vidkind("extract", colour_library, "-o", features, "--backbone", backbone)
    monkeypatch.setattr("vidkind.bundle.default._FOLDER", tmp_path / "nowhere")
    options = ("--seeds", 42, "--epochs", 1, "--no-dashboards")
    vidkind("train", features, "-o", tmp_path / "run", *options)


def test_what_cannot_be_done_is_said(vidkind, tmp_path: Path) -> None:
    backbone = tiny_backbone(tmp_path)
    (tmp_path / "empty").mkdir()
    done = vidkind("head", backbone, tmp_path / "empty", check=1)
    assert "no pictures found in" in done.stderr
    for name in ("a", "b"):
        (tmp_path / "broken" / name).mkdir(parents=True)
        (tmp_path / "broken" / name / "1.png").write_bytes(b"no picture")
    done = vidkind("head", backbone, tmp_path / "broken", check=1)
    assert "none of 2 pictures can be read" in done.stderr
