"""What every backbone promises, whatever runs underneath."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny import tiny_backbone
from vidkind.config import RuntimeOptions
from vidkind.errors import BackboneError, ConfigError, DownloadError
from vidkind.features import load_backbone
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.features.backbones_torch import TorchBackbone


@pytest.fixture(scope="module", params=["onnxruntime", "openvino", "torch"])
def backbone(request, tmp_path_factory):
    if request.param == "torch":
        return TorchBackbone("mobilenet_v3_small", pretrained=False)
    if request.param == "openvino":
        pytest.importorskip("openvino")
    options = RuntimeOptions(runtime=request.param)
    return OnnxBackbone(tiny_backbone(tmp_path_factory.mktemp("backbone")), options=options)


def _frames(backbone, count: int) -> np.ndarray:
    spec = backbone.card.input
    shape = (count, spec.height, spec.width, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_one_float32_vector_a_frame(backbone) -> None:
    features = backbone.embed(_frames(backbone, 3))
    assert features.dtype == np.float32
    assert features.shape == (3, backbone.card.feature_dim)
    assert np.isfinite(features).all()


def test_a_frame_is_embedded_the_same_in_any_batch(backbone) -> None:
    frames = _frames(backbone, 19)
    alone = np.concatenate([backbone.embed(frames[i : i + 1]) for i in (0, 9, 18)])
    np.testing.assert_allclose(backbone.embed(frames)[[0, 9, 18]], alone, atol=1e-4)


def test_threads_may_call_at_once(backbone) -> None:
    frames = _frames(backbone, 12)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(backbone.embed, np.split(frames, 6)))
    np.testing.assert_allclose(np.concatenate(parts), backbone.embed(frames), atol=1e-4)
    assert backbone.parallel_calls >= 1 <= backbone.batch_size


@pytest.mark.parametrize("shape", [(1, 8, 8, 3), (1, 3, 256, 256)])
def test_frames_of_another_size_are_refused(backbone, shape) -> None:
    with pytest.raises(BackboneError, match="expects uint8"):
        backbone.embed(np.zeros(shape, np.uint8))


def test_the_card_survives_json(backbone) -> None:
    card = backbone.card
    assert type(card).from_json(json.loads(json.dumps(card.to_json()))) == card


@pytest.mark.shared
def test_the_real_mobilenet_follows_its_card(shared_dir: Path) -> None:
    backbone = load_backbone(shared_dir / "weights" / "mobilenet_v2_1.0_features.onnx")
    features = backbone.embed(_frames(backbone, 2))
    assert features.shape == (2, 1280)
    assert features.min() >= 0


def test_torch_computes_in_the_precision_asked_for() -> None:
    exact, half = (
        TorchBackbone("mobilenet_v3_small", pretrained=False, options=RuntimeOptions(precision=p))
        for p in ("auto", "bfloat16")
    )
    if exact.precision != "float32":
        pytest.skip("a GPU takes half precision by itself")
    frames = _frames(exact, 3)
    assert half.precision == "bfloat16"
    difference = np.abs(half.embed(frames) - exact.embed(frames)).max()
    assert 0 < difference < 0.05 * np.abs(exact.embed(frames)).max()


@pytest.mark.slow
def test_a_compiled_network_gives_the_same_features(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    plain = TorchBackbone("mobilenet_v3_small", pretrained=False)
    compiled = TorchBackbone("mobilenet_v3_small", pretrained=False, compiled=True)
    assert compiled.is_compiled and not plain.is_compiled
    frames = _frames(plain, 19)  # a whole batch and a part of one
    found = compiled.embed(frames)
    assert found.shape == (19, 576)
    np.testing.assert_allclose(found, plain.embed(frames), atol=1e-4)


def test_where_nothing_can_be_compiled_it_runs_as_it_is(tmp_path, monkeypatch, caplog) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(torch._inductor.config.cpp, "cxx", (None, "no-such-compiler"))
    torch._dynamo.reset()
    backbone = TorchBackbone("mobilenet_v3_small", pretrained=False, compiled=True)
    assert not backbone.is_compiled
    assert "mobilenet_v3_small runs as it is" in caplog.text
    assert backbone.embed(_frames(backbone, 2)).shape == (2, 576)


def test_torch_has_no_int8() -> None:
    with pytest.raises(ConfigError, match="precision is int8 with the torch backbone resnet50"):
        load_backbone("resnet50", options=RuntimeOptions(precision="int8"))


@pytest.mark.parametrize(
    ("name", "feature_dim"),
    [
        ("efficientnet_v2_s", 1280),
        ("efficientnet_v2_m", 1280),
        ("resnet50", 2048),
        ("resnet101", 2048),
        ("mobilenet_v3_small", 576),
    ],
)
def test_torch_backbones_have_the_published_feature_lengths(name: str, feature_dim: int) -> None:
    assert TorchBackbone(name, pretrained=False).card.feature_dim == feature_dim


def test_without_a_network_one_line_says_what_to_do(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(DownloadError, match="cannot be downloaded") as caught:
        load_backbone("mobilenet_v3_small")
    assert "\n" not in str(caught.value)


def test_a_name_with_a_slip_gets_a_hint() -> None:
    with pytest.raises(BackboneError, match="did you mean resnet50"):
        load_backbone("resnet5")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: f.with_suffix(".json").unlink(), "no card beside"),
        (lambda f: f.with_suffix(".json").write_text("{"), "is not JSON"),
        (lambda f: f.with_suffix(".json").write_text("{}"), "card does not fit"),
        (lambda f: f.write_bytes(b"x"), "restore the file or its card"),
        (lambda f: f.unlink(), "no backbone at"),
        (lambda f: _edit(f, feature_dim=9), "its card says 9"),
        (lambda f: _edit(f, output="logits"), "its card says 'frames' and 'logits'"),
        (
            lambda f: _edit(f, input={"height": 9, "width": 9}),
            r"its card says uint8 \['B', 9, 9, 3\]",
        ),
        (lambda f: _edit(f, input={"dtype": "float32"}), "its card says float32"),
    ],
)
def test_weights_and_card_must_fit(tmp_path: Path, damage, message: str) -> None:
    file = tiny_backbone(tmp_path)
    damage(file)
    with pytest.raises(BackboneError, match=message):
        load_backbone(file)


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    file = tiny_backbone(tmp_path)
    file.write_bytes(b"not a graph")
    import hashlib

    _edit(file, sha256=hashlib.sha256(b"not a graph").hexdigest())
    with pytest.raises(BackboneError, match="cannot be run by ONNX Runtime"):
        load_backbone(file)


def _edit(file: Path, **changes) -> None:
    card = file.with_suffix(".json")
    card.write_text(json.dumps({**json.loads(card.read_text()), **changes}))
