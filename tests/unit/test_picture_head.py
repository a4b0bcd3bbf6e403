"""The head of a backbone: fitted on pictures, kept as JSON, asked by temporal models."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression

from tests.features import BACKBONE, CATEGORIES, drawn_features, drawn_head, made_by
from vidkind.dataset.pictures import read_picture
from vidkind.errors import BackboneError, CheckpointError, ConfigError, LibraryError, TrainingError
from vidkind.features.head import PictureHead, read_head, write_head
from vidkind.inference.ensemble import TemporalEnsemble
from vidkind.training import (
    CompactModelConfig,
    DeviceOptions,
    build_model,
    load_checkpoint,
    load_members,
    train_ensemble,
    training_config,
)
from vidkind.training.export import export_temporal
from vidkind.training.linear import fit_linear
from vidkind.training.picture_head import fit_picture_head

DIM = 12


def _pictures(seed: int, spread: float) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """240 pictures in 48 groups: a category has its mean, and so has, ``spread`` wide, a group."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(48), 5)
    labels = group % 4
    centres = np.random.default_rng(7).normal(size=(4, DIM))
    own = spread * rng.normal(size=(48, DIM))
    features = 10 + 3 * (centres[labels] + own[group] + 0.1 * rng.normal(size=(240, DIM)))
    return features.astype(np.float32), labels, [f"group {g}" for g in group]


def _fit(features, labels, groups) -> PictureHead:
    return fit_picture_head(features, labels, groups, CATEGORIES, backbone_sha256=BACKBONE)


def test_a_head_tells_unseen_pictures_and_says_how_well() -> None:
    head = _fit(*_pictures(0, spread=0.5))
    features, labels, _ = _pictures(1, spread=0.5)
    right = ((features @ head.weight.T + head.bias).argmax(1) == labels).mean()
    assert right > 0.85
    assert head.left_out_recall == pytest.approx(100 * right, abs=12)
    assert (head.num_pictures, head.num_groups) == (240, 48)


def test_what_only_groups_have_in_common_is_not_counted_as_skill() -> None:
    features, labels, groups = _pictures(0, spread=20)
    head = _fit(features, labels, groups)
    assert head.left_out_recall < 60
    seen = ((features @ head.weight.T + head.bias).argmax(1) == labels).mean()
    assert 100 * seen > head.left_out_recall + 15


def test_weights_of_rows_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(90, 5)), np.arange(90) % 3
    features[:, 0] += labels
    weights = rng.uniform(0.2, 3, size=90)
    found, bias = fit_linear(
        torch.from_numpy(features),
        torch.from_numpy(labels),
        num_classes=3,
        weights=torch.from_numpy(weights),
    )
    totals = np.bincount(labels, weights)
    shares = weights / (3 * totals[labels])
    theirs = LogisticRegression(C=1 / (5e-5 * 5), max_iter=5000, tol=1e-9)
    theirs.fit(features, labels, sample_weight=shares)
    for ours, reference in ((found.numpy(), theirs.coef_), (bias.numpy(), theirs.intercept_)):
        np.testing.assert_allclose(
            ours - ours.mean(0), reference - reference.mean(0), atol=2e-2, rtol=2e-2
        )


def test_a_large_group_does_not_drown_the_others() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2, 3], 100)
    features = rng.normal(size=(400, DIM)) + 2 * np.eye(4, DIM)[labels]
    groups = [f"{label} {i % 50}" for i, label in enumerate(labels)]
    # One group of 3,000 pictures of category 0 that look like category 1.
    odd = rng.normal(size=(3000, DIM)) + 2 * np.eye(4, DIM)[1]
    head = _fit(
        np.concatenate([features, odd]).astype(np.float32),
        np.concatenate([labels, np.zeros(3000, np.int64)]),
        [*groups, *["odd"] * 3000],
    )
    answers = (features[labels == 1] @ head.weight.T + head.bias).argmax(1)
    assert (answers == 1).mean() > 0.6


def test_a_category_of_one_group_is_refused() -> None:
    features, labels, groups = _pictures(0, spread=0.5)
    groups = ["all" if label == 2 else group for group, label in zip(groups, labels, strict=True)]
    with pytest.raises(TrainingError, match=r"Gaming has 1 groups .* add pictures from elsewhere"):
        _fit(features, labels, groups)


def test_a_head_is_read_as_it_was_written(tmp_path) -> None:
    head = drawn_head()
    write_head(tmp_path / "a.head.json", head)
    found = read_head(tmp_path / "a.head.json")
    assert (found.weight == head.weight).all() and (found.bias == head.bias).all()
    assert found.sha256 == head.sha256 != drawn_head(1).sha256
    assert (found.categories, found.backbone_sha256) == (CATEGORIES, BACKBONE)
    assert (found.num_pictures, found.num_groups, found.left_out_recall) == (10, 5, 80.0)


@pytest.mark.parametrize(
    "damage",
    [
        lambda values: "{",
        lambda values: json.dumps([values]),
        lambda values: json.dumps({**values, "bias": [0.0]}),
        lambda values: json.dumps({**values, "weight": [["a"]]}),
        lambda values: json.dumps({k: v for k, v in values.items() if k != "categories"}),
        lambda values: json.dumps({**values, "further": 1}),
    ],
)
def test_a_damaged_head_is_one_clear_error(tmp_path, damage) -> None:
    path = tmp_path / "a.head.json"
    write_head(path, drawn_head())
    path.write_text(damage(json.loads(path.read_text())))
    with pytest.raises(BackboneError):
        read_head(path)


def test_compact_takes_the_head_as_one_of_three_opinions(tmp_path) -> None:
    head, generator = drawn_head(), torch.Generator().manual_seed(0)
    models = []
    for reader in (False, True):
        torch.manual_seed(0)
        config = CompactModelConfig(feature_dim=DIM, num_classes=4, picture_reader=reader)
        model = build_model(config).eval()
        model.take_head(torch.from_numpy(head.weight), torch.from_numpy(head.bias))
        models.append(model)
    without, asked = models
    features, lengths = torch.randn(3, 9, DIM, generator=generator), torch.tensor([9, 4, 1])
    with torch.inference_mode():
        found, two = asked(features, lengths), without(features, lengths)
    for row, length in enumerate(lengths):
        logits = features[row, :length].numpy() @ head.weight.T + head.bias
        shifted = logits - logits.max(1, keepdims=True)
        opinion = (shifted - np.log(np.exp(shifted).sum(1, keepdims=True))).mean(0)
        expected = (2 * two[row].numpy() + opinion) / 3
        np.testing.assert_allclose(found[row].numpy(), expected, atol=1e-5)
    export_temporal([asked, without], DIM, tmp_path / "temporal.onnx")
    logits, _ = TemporalEnsemble(tmp_path / "temporal.onnx", num_members=2).run(
        features[:1].numpy()
    )
    np.testing.assert_allclose(logits[0, 0], found[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(logits[1, 0], two[0].numpy(), atol=1e-4)


def _train(folder, head, **options):
    return train_ensemble(
        made_by(drawn_features(48)),
        made_by(drawn_features(24, seed=1)),
        folder,
        training=training_config("compact", num_epochs=3, batch_size=8),
        seeds=(42,),
        device=DeviceOptions(accelerator="cpu"),
        dashboards=False,
        progress=False,
        head=head,
        **options,
    )


def test_a_run_keeps_the_head_and_goes_on_with_no_other(tmp_path) -> None:
    head = drawn_head()
    _train(tmp_path, head)
    assert json.loads((tmp_path / "run.json").read_text())["picture_head"] == head.sha256
    model = load_members(tmp_path)[0].model
    assert (model.picture_weight.numpy() == head.weight).all()
    _train(tmp_path, head)  # is finished
    for other in (None, drawn_head(1)):
        with pytest.raises(CheckpointError, match="picture_head was"):
            _train(tmp_path, other)


def test_a_model_without_a_reader_trains_as_if_there_were_no_head(tmp_path) -> None:
    config = CompactModelConfig(feature_dim=DIM, num_classes=4)
    _train(tmp_path / "with", drawn_head(), model=config)
    _train(tmp_path / "without", None, model=config)
    with_head, without = (
        load_checkpoint(tmp_path / name / "last_model_1.pt")["model_state_dict"]
        for name in ("with", "without")
    )
    assert json.loads((tmp_path / "with" / "run.json").read_text())["picture_head"] is None
    assert with_head.keys() == without.keys()
    assert all(torch.equal(with_head[key], without[key]) for key in without)


def test_a_model_that_asks_a_head_has_to_be_given_one(tmp_path) -> None:
    config = CompactModelConfig(feature_dim=DIM, num_classes=4, picture_reader=True)
    with pytest.raises(ConfigError, match="picture_reader is set, but there is no head"):
        _train(tmp_path, None, model=config)


@pytest.mark.parametrize(
    ("head", "train", "message"),
    [
        (
            replace(drawn_head(), categories=("a", "b", "c", "d")),
            made_by(drawn_features(48)),
            r"the picture head knows a, b, c, d, .* or train with --no-head",
        ),
        (
            drawn_head(),
            made_by(drawn_features(48), "f" * 64),
            r"of backbone 000000000000\.\.\., these were made by one ffffffffffff\.\.\.; make one",
        ),
        (drawn_head(), drawn_features(48), r"these were made by one of unknown origin"),
    ],
)
def test_a_head_that_does_not_fit_is_refused(tmp_path, head, train, message) -> None:
    with pytest.raises(TrainingError, match=message):
        train_ensemble(train, drawn_features(24, seed=1), tmp_path, head=head)


def test_a_picture_comes_whole_at_the_size_asked_for(tmp_path) -> None:
    picture = Image.new("P", (60, 20))
    picture.putpalette([255, 0, 0, 0, 0, 255] + [0] * 762)
    picture.paste(1, (30, 0, 60, 20))
    picture.save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png", height=32, width=16)
    assert found.shape == (32, 16, 3) and found.dtype == np.uint8
    assert found[16, 1].tolist() == [255, 0, 0] and found[16, 14].tolist() == [0, 0, 255]
    (tmp_path / "b.jpg").write_bytes(b"no picture")
    with pytest.raises(LibraryError, match=r"b\.jpg is no picture that can be read"):
        read_picture(tmp_path / "b.jpg", height=32, width=16)


def test_a_picture_lies_as_its_camera_was_held(tmp_path) -> None:
    picture = Image.new("RGB", (60, 20))
    picture.paste((255, 0, 0), (0, 0, 30, 20))
    turned = Image.Exif()
    turned[0x112] = 6  # held upright: its left is the top
    picture.save(tmp_path / "a.png", exif=turned)
    found = read_picture(tmp_path / "a.png", height=32, width=16)
    assert found[1, 8].tolist() == [255, 0, 0] and found[30, 8].tolist() == [0, 0, 0]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white_as_in_a_video(tmp_path, mode) -> None:
    picture = Image.new("RGBA", (60, 20))
    picture.paste((0, 0, 0, 255), (0, 0, 30, 20))
    picture.convert(mode).save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png", height=16, width=32)
    assert found[8, 1].tolist() == [0, 0, 0] and found[8, 30].tolist() == [255, 255, 255]


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_a_picture_of_more_than_8_bits_is_refused(tmp_path, kind) -> None:
    Image.fromarray(np.full((20, 20), 1000, kind)).save(tmp_path / "a.tiff")
    with pytest.raises(LibraryError, match="more than 8 bits a channel"):
        read_picture(tmp_path / "a.tiff", height=8, width=8)


def test_a_png_with_a_damaged_chunk_is_refused(tmp_path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(
        tmp_path / "a.png"
    )
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[-12:] = b"\0\0\0\1\xff\xff\xff\xff\0\0\0\0"
    place = data.index(b"IDAT")
    data[place - 1] = (data[place - 1] + 200) % 256  # the chunk seems to end elsewhere
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(LibraryError, match=r"a\.png is no picture that can be read"):
        read_picture(tmp_path / "a.png", height=8, width=8)
