"""A real bundle of a few hundred bytes: mean colour in, two members of a linear rule out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from vidkind.bundle import Bundle, BundleManifest, TemporalCard, TrustCard, write_bundle
from vidkind.config import DEFAULT_CATEGORIES, MultiScaleOptions, SamplingOptions
from vidkind.features import BackboneCard, InputSpec, file_sha256
from vidkind.inference.trust_file import TrustModel, write_trust

SIZE, FEATURE_DIM, MEMBERS = 32, 3, 2


def _save(nodes, inputs, outputs, constants, path: Path) -> Path:
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def tiny_backbone(folder: Path, *, size: int = SIZE) -> Path:
    """uint8 [B, H, W, 3] -> mean colour float32 [B, 3], with its card beside it."""
    frames = helper.make_tensor_value_info("frames", TensorProto.UINT8, ["B", size, size, 3])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["B", 3])
    nodes = [
        helper.make_node("Cast", ["frames"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels", "axes"], ["mean"], keepdims=0),
        helper.make_node("Div", ["mean", "full"], ["features"]),
    ]
    constants = {"axes": np.array([1, 2], np.int64), "full": np.array(255, np.float32)}
    path = _save(nodes, [frames], [features], constants, folder / "tiny.onnx")
    path.with_suffix(".json").write_text(json.dumps(tiny_card(path, size=size).to_json()))
    return path


def tiny_card(path: Path, *, size: int = SIZE) -> BackboneCard:
    return BackboneCard(
        name="tiny",
        feature_dim=FEATURE_DIM,
        input=InputSpec(height=size, width=size),
        sha256=file_sha256(path),
        file=path.name,
    )


def tiny_temporal(folder: Path, *, members: int = MEMBERS) -> Path:
    """Mean over time, then one linear rule per member; attention is even."""
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["B", "T", 3])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [members, "B", 4])
    attention = helper.make_tensor_value_info("attention", TensorProto.FLOAT, [members, "B", "T"])
    rule = np.random.default_rng(1).normal(scale=4, size=(members, 3, 4)).astype(np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["features", "time"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "rule"], ["logits"]),
        helper.make_node("ReduceSum", ["features", "dim"], ["sums"], keepdims=0),
        helper.make_node("Mul", ["sums", "zeros"], ["even"]),
        helper.make_node("Softmax", ["even"], ["attention"], axis=-1),
    ]
    constants = {
        "time": np.array([1], np.int64),
        "dim": np.array([2], np.int64),
        "rule": rule,
        "zeros": np.zeros((members, 1, 1), np.float32),
    }
    return _save(nodes, [features], [logits, attention], constants, folder / "tiny_temporal.onnx")


def tiny_manifest(backbone: Path, temporal: Path, **changes) -> BundleManifest:
    fields = {
        "categories": DEFAULT_CATEGORIES,
        "backbone": tiny_card(backbone),
        "temporal": TemporalCard(
            file=temporal.name,
            sha256=file_sha256(temporal),
            architecture="linear",
            feature_dim=FEATURE_DIM,
            num_members=MEMBERS,
            parameters_per_member=12,
            seeds=(42, 43),
        ),
        "sampling": SamplingOptions(num_frames=16),
        "multi_scale": MultiScaleOptions(),
    }
    return BundleManifest(**{**fields, **changes})


def tiny_bundle(
    folder: Path, name: str = "bundle", *, trust: TrustModel | None = None, **changes
) -> Bundle:
    """Writes a tiny bundle below ``folder``, with or without trust statistics."""
    folder.mkdir(parents=True, exist_ok=True)
    backbone, temporal = tiny_backbone(folder), tiny_temporal(folder)
    file = None
    if trust is not None:
        file = folder / "tiny_trust.npz"
        write_trust(file, trust)
        changes["trust"] = TrustCard(file="trust.npz", sha256=file_sha256(file))
    manifest = tiny_manifest(backbone, temporal, **changes)
    return write_bundle(
        folder / name, manifest=manifest, backbone=backbone, temporal=temporal, trust=file
    )
