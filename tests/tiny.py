"""A real bundle of a few hundred bytes: mean colour in, two members of a linear rule out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from vidkind.bundle import Bundle, BundleManifest, FileCard, TemporalCard, write_bundle
from vidkind.config import DEFAULT_CATEGORIES, MultiScaleOptions, SamplingOptions
from vidkind.features import BackboneCard, InputSpec, file_sha256
from vidkind.features.int8 import Int8Card
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


def conv_backbone(folder: Path, *, size: int = SIZE, swish: bool = False) -> Path:
    """uint8 [B, H, W, 3] -> float32 [B, 3] through four convolutions, with its card beside it.

    Each but the last is followed by max(x, 0), or with ``swish`` by x * sigmoid(x).
    """
    frames = helper.make_tensor_value_info("frames", TensorProto.UINT8, ["B", size, size, 3])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["B", 3])
    shapes = {
        "stem": (8, 3, 3, 3),
        "depth": (8, 1, 3, 3),
        "wide": (16, 8, 1, 1),
        "top": (3, 16, 1, 1),
    }
    nodes = [
        helper.make_node("Cast", ["frames"], ["raw"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["raw"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Div", ["planes", "full"], ["out_in"]),
    ]
    last = "out_in"
    for name, shape in shapes.items():
        pads = [shape[2] // 2] * 4
        group = 8 if name == "depth" else 1
        inputs, out = [last, f"{name}_half_weight"], f"out_{name}"
        nodes += [
            helper.make_node("Cast", [f"{name}_weight"], [inputs[1]], to=TensorProto.FLOAT),
            helper.make_node("Conv", inputs, [f"{out}_linear"], pads=pads, group=group),
            *_activation("Clip" if name == "top" else "Swish" if swish else "Relu", out),
        ]
        last = out
    nodes.append(helper.make_node("ReduceMean", [last, "axes"], ["features"], keepdims=0))
    random = np.random.default_rng(3)
    constants = {"axes": np.array([2, 3], np.int64), "full": np.array(255, np.float32)}
    for name, shape in shapes.items():
        weight = random.normal(scale=2 / np.sqrt(np.prod(shape[1:])), size=shape)
        constants[f"{name}_weight"] = weight.astype(np.float16)
    path = _save(nodes, [frames], [features], constants, folder / "conv.onnx")
    card = replace(tiny_card(path, size=size), name="conv")
    path.with_suffix(".json").write_text(json.dumps(card.to_json()))
    return path


def _activation(kind: str, out: str) -> list[NodeProto]:
    if kind != "Swish":
        return [helper.make_node(kind, [f"{out}_linear"], [out])]
    return [
        helper.make_node("Sigmoid", [f"{out}_linear"], [f"{out}_gate"]),
        helper.make_node("Mul", [f"{out}_linear", f"{out}_gate"], [out]),
    ]


def marked_int8(backbone: Path, output: Path) -> Path:
    """The graph itself, with the card that ``vidkind quantize`` would give its int8 graph."""
    card = Int8Card(
        float32_sha256=file_sha256(backbone),
        num_videos=1,
        num_frames=1,
        checked_frames=1,
        mean_cosine=1.0,
        least_cosine=1.0,
        seed=0,
        made_by="tests",
    )
    model = onnx.load(str(backbone))
    helper.set_model_props(model, card.to_metadata())
    onnx.save(model, str(output))
    return output


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
        changes["trust"] = FileCard(file="trust.npz", sha256=file_sha256(file))
    manifest = tiny_manifest(backbone, temporal, **changes)
    return write_bundle(
        folder / name, manifest=manifest, backbone=backbone, temporal=temporal, trust=file
    )
