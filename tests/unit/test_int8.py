"""The int8 graph of a backbone: made, carried along, and asked for by name only."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.clips import render
from tests.tiny import conv_backbone, tiny_backbone, tiny_bundle, tiny_manifest, tiny_temporal
from vidkind import SingleVideoClassifier
from vidkind.bundle import BundleManifest, add_int8, load_bundle, write_bundle
from vidkind.config import MultiScaleOptions, RuntimeOptions, SamplingOptions
from vidkind.errors import BackboneError, BundleError
from vidkind.features import load_backbone, read_card
from vidkind.features.backbones_onnx import OnnxBackbone, read_int8_card
from vidkind.features.card import file_sha256, keep_weights
from vidkind.features.engines import cosines, sample_pictures
from vidkind.features.int8 import METADATA_KEY, Int8Card, int8_path
from vidkind.features.provenance import feature_provenance
from vidkind.features.quantize import quantize_backbone
from vidkind.video import sample_frames

INT8 = RuntimeOptions(precision="int8")


def pictures(count: int, *, first: int = 0) -> list[np.ndarray]:
    """Four frames of each of ``count`` videos."""
    return np.split(sample_pictures(4 * (first + count), 32, 32)[4 * first :], count)


@pytest.fixture(scope="module")
def quantized(tmp_path_factory) -> Path:
    """A backbone with its int8 graph beside it."""
    path = conv_backbone(tmp_path_factory.mktemp("int8"))
    backbone = OnnxBackbone(path)
    quantize_backbone(backbone, pictures(6), pictures(2, first=6), int8_path(path), seed=5)
    return path


def test_the_graph_says_what_it_was_made_from_and_agrees(quantized: Path) -> None:
    card = read_int8_card(int8_path(quantized))
    assert card.float32_sha256 == file_sha256(quantized)
    assert (card.num_videos, card.num_frames, card.checked_frames, card.seed) == (6, 24, 8, 5)
    assert 0.99 < card.least_cosine <= card.mean_cosine <= 1
    frames = np.concatenate(pictures(3, first=9))
    exact, rough = (
        load_backbone(quantized, options=RuntimeOptions(precision=p)).embed(frames)
        for p in ("float32", "int8")
    )
    assert not np.array_equal(exact, rough)
    assert cosines(exact, rough).min() > 0.99


def test_weights_multiplied_in_pairs_take_seven_bits(quantized: Path) -> None:
    model = onnx.load(str(int8_path(quantized)))
    weights = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    largest = {
        name.split("_")[0]: int(np.abs(values.astype(int)).max())
        for name, values in weights.items()
        if values.dtype == np.int8 and values.ndim == 4
    }
    assert set(largest) == {"depth", "wide", "top"}  # the first convolution stays as it is
    assert largest["wide"] <= 64 and largest["top"] <= 64 < largest["depth"]
    assert {entry.domain for entry in model.opset_import} <= {"", "com.microsoft"}


def test_the_shipped_graph_agrees_on_frames_of_a_video(tmp_path: Path) -> None:
    bundle = load_bundle()
    card = bundle.manifest.backbone
    assert bundle.int8_file is not None and bundle.manifest.int8 is not None
    assert bundle.manifest.int8.card.mean_cosine > 0.99
    clip = render(tmp_path / "clip.mp4", 30)
    options = SamplingOptions(num_frames=6)
    frames = sample_frames(clip, height=card.input.height, width=card.input.width, options=options)
    exact, rough = (
        OnnxBackbone(
            bundle.backbone_file,
            card=card,
            options=RuntimeOptions(runtime="onnxruntime", precision=p),
        )
        for p in ("float32", "int8")
    )
    assert rough.precision == "int8" and rough.runtime == "onnxruntime"
    assert cosines(exact.embed(frames.frames), rough.embed(frames.frames)).min() > 0.98


@pytest.mark.shared
def test_the_shipped_graph_agrees_on_real_clips(shared_dir: Path) -> None:
    clips = sorted((shared_dir / "clips").glob("*/*.mp4"))[::90]
    exact, rough = (
        SingleVideoClassifier(runtime=RuntimeOptions(precision=p)) for p in ("float32", "int8")
    )
    pairs = [[c.classify_video(clip, effort="fast") for c in (exact, rough)] for clip in clips]
    assert sum(before.category != after.category for before, after in pairs) <= 1
    changes = [abs(before.trust - after.trust) for before, after in pairs]
    assert 0 < np.mean(changes) < 0.05


def test_features_in_int8_are_others(quantized: Path, tmp_path: Path) -> None:
    sampling, scales = SamplingOptions(), MultiScaleOptions()
    found = {
        precision: feature_provenance(
            load_backbone(
                quantized, options=RuntimeOptions(runtime="onnxruntime", precision=precision)
            ),
            sampling,
            scales,
        )
        for precision in ("float32", "int8")
    }
    assert "precision" not in found["float32"]
    assert found["int8"]["precision"] == "int8"
    assert found["int8"]["int8_sha256"] == file_sha256(int8_path(quantized))
    assert found["int8"]["runtime"] == "onnxruntime"
    assert found["int8"]["backbone"] == found["float32"]["backbone"]


def test_it_is_carried_along_with_the_weights(quantized: Path, tmp_path: Path) -> None:
    kept = keep_weights(quantized, read_card(quantized), tmp_path / "run")
    assert load_backbone(kept, options=INT8).precision == "int8"
    other = tiny_backbone(tmp_path)
    keep_weights(other, read_card(other), tmp_path / "run")
    assert not int8_path(kept).exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "int8"}, r"no int8 graph at .*tiny.int8.onnx; make it with: vidkind quant"),
        ({"precision": "auto"}, None),
    ],
)
def test_it_is_never_taken_unless_asked_for(tmp_path: Path, options, message) -> None:
    backbone = tiny_backbone(tmp_path)
    if message is None:
        assert load_backbone(backbone, options=RuntimeOptions(**options)).precision == "float32"
        return
    with pytest.raises(BackboneError, match=message):
        load_backbone(backbone, options=RuntimeOptions(**options))


def test_a_graph_of_another_backbone_is_refused(quantized: Path, tmp_path: Path) -> None:
    backbone = tiny_backbone(tmp_path)
    shutil.copyfile(int8_path(quantized), int8_path(backbone))
    with pytest.raises(BackboneError, match="was made from another backbone"):
        load_backbone(backbone, options=INT8)
    shutil.copyfile(backbone, int8_path(backbone))
    with pytest.raises(BackboneError, match="does not say which backbone"):
        load_backbone(backbone, options=INT8)
    with pytest.raises(BackboneError, match="card of an int8 graph does not fit"):
        Int8Card.from_metadata(backbone, {METADATA_KEY: json.dumps({"seed": 1})})


def test_openvino_runs_it_too(quantized: Path) -> None:
    pytest.importorskip("openvino")
    backbone = load_backbone(
        quantized, options=RuntimeOptions(runtime="openvino", precision="int8")
    )
    assert (backbone.runtime, backbone.precision) == ("openvino", "int8")
    assert backbone.graph == int8_path(quantized)
    frames = np.concatenate(pictures(3, first=9))
    exact = load_backbone(quantized, options=RuntimeOptions(runtime="onnxruntime")).embed(frames)
    rough = backbone.embed(frames)
    assert not np.allclose(exact, rough, rtol=1e-4)
    assert cosines(exact, rough).min() > 0.99


def test_openvino_does_not_round_between_convolution_and_swish(tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    from vidkind.features.engine_openvino import skip_rounding_before_swish

    path = conv_backbone(tmp_path, swish=True)
    graph = int8_path(path)
    exact = OnnxBackbone(path, options=RuntimeOptions(runtime="onnxruntime"))
    quantize_backbone(exact, pictures(6), pictures(2, first=6), graph, seed=5, least_agreement=0.9)
    model = openvino.Core().read_model(str(graph))
    # The first convolution computes in float32, the last one has another activation.
    assert skip_rounding_before_swish(model) == 2
    assert skip_rounding_before_swish(model) == 0
    frames = np.concatenate(pictures(6, first=9))
    engine = load_backbone(path, options=RuntimeOptions(runtime="openvino", precision="int8"))
    features = engine.embed(frames)
    assert cosines(exact.embed(frames), features).min() > 0.999
    as_it_is = openvino.compile_model(str(graph), "CPU")(frames)[0]
    assert not np.allclose(as_it_is, features, rtol=1e-5)


def test_rare_large_values_are_cut_off_where_that_agrees_better(tmp_path: Path) -> None:
    path = conv_backbone(tmp_path)
    backbone, output = OnnxBackbone(path), tmp_path / "int8.onnx"
    dark = [frames // 32 for frames in pictures(30)]
    cards = [
        quantize_backbone(backbone, videos, dark[-4:], output, seed=0, least_agreement=least)
        for videos, least in ((dark[:20], 0.0), (pictures(1) + dark[:20], 0.0))
    ]
    assert [card.ranges for card in cards] == ["widest", "widest"]
    clean, spoiled = (card.mean_cosine for card in cards)
    assert spoiled < clean
    middle = (clean + spoiled) / 2
    card = quantize_backbone(
        backbone, pictures(1) + dark[:20], dark[-4:], output, seed=0, least_agreement=middle
    )
    assert card.ranges == "mean"
    assert read_int8_card(output) == card
    assert card.mean_cosine > middle


def test_too_little_agreement_leaves_no_graph(quantized: Path, tmp_path: Path) -> None:
    output, dark = tmp_path / "int8.onnx", [frames // 64 for frames in pictures(2)]
    backbone = OnnxBackbone(quantized)
    with pytest.raises(BackboneError, match=r"on 4 held-out frames; expected at least 0\.999"):
        quantize_backbone(backbone, dark, pictures(1), output, seed=0, least_agreement=0.999)
    quantize_backbone(backbone, pictures(2), pictures(1), output, seed=0, least_agreement=0.999)
    output.unlink()
    with pytest.raises(BackboneError, match="has 0 convolutions"):
        quantize_backbone(
            OnnxBackbone(tiny_backbone(tmp_path)), pictures(1), pictures(1), output, seed=0
        )
    assert not output.exists()


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_a_bundle_takes_it_in_and_answers_with_it(quantized: Path, tmp_path: Path, name) -> None:
    temporal, clip = tiny_temporal(tmp_path), render(tmp_path / "clip.mp4", 12)
    manifest = replace(tiny_manifest(quantized, temporal), backbone=read_card(quantized))
    path = tmp_path / name
    bundle = write_bundle(path, manifest=manifest, backbone=quantized, temporal=temporal)
    with pytest.raises(BundleError, match="holds no int8 graph of its backbone; add one with"):
        SingleVideoClassifier(bundle, runtime=INT8)
    bundle = add_int8(bundle, int8_path(quantized), path)
    assert bundle.manifest.int8 is not None
    assert BundleManifest.from_json(bundle.manifest.to_json()) == bundle.manifest
    answer = SingleVideoClassifier(path, runtime=INT8).classify_video(clip)
    assert answer.category == SingleVideoClassifier(path).classify_video(clip).category


def test_a_damaged_or_foreign_graph_makes_no_bundle(quantized: Path, tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path)
    with pytest.raises(BundleError, match="the int8 graph was made from a backbone"):
        add_int8(bundle, int8_path(quantized), tmp_path / "other")
    temporal = tiny_temporal(tmp_path)
    manifest = replace(tiny_manifest(quantized, temporal), backbone=read_card(quantized))
    path = tmp_path / "whole"
    write_bundle(path, manifest=manifest, backbone=quantized, temporal=temporal,
                 int8=int8_path(quantized))  # fmt: skip
    file = load_bundle(path).int8_file
    assert file is not None
    file.write_bytes(b"damaged")
    with pytest.raises(BundleError, match="damaged or mixed"):
        load_bundle(path)
    file.unlink()
    with pytest.raises(BundleError, match=r"backbone.int8.onnx is missing"):
        load_bundle(path)
