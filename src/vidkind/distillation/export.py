"""From a trained student to a backbone anyone can run: an ONNX graph and its card.

In: a student in evaluation mode. Out: ``<name>.onnx`` (uint8 [B, H, W, 3] in, float32 [B, D] out,
normalisation inside, batch normalisation folded away, weights stored as float16) and
``<name>.json``.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from vidkind.distillation.batches import normalise
from vidkind.distillation.student import Student
from vidkind.features import BackboneCard, InputSpec, file_sha256
from vidkind.features.card import card_path
from vidkind.files import atomic_path

_OPSET = 17
# Tensors below this size are left in float32: they save nothing.
_SMALLEST_HALVED = 256


class _FromPixels(nn.Module):
    """The student with its preprocessing in front."""

    def __init__(self, student: Student) -> None:
        super().__init__()
        self.student = student

    def forward(self, frames: Tensor) -> Tensor:
        features: Tensor = self.student(normalise(frames))
        return features


def export_student(
    student: Student,
    path: Path,
    *,
    size: int,
    name: str = "vidkind_compact",
    pretrained_on: str,
    license_name: str = "Apache-2.0",
    source: str = "vidkind distill",
) -> BackboneCard:
    """Writes the graph and its card.

    Args:
        student: The network; it is put into evaluation mode.
        path: The ``.onnx`` file; the card goes beside it.
        size: Working size, pixels: height and width of the frames it will be given.
        name: Name of the backbone.
        pretrained_on: What it has learnt from, for the card.
        license_name: Licence of the weights.
        source: Where the weights come from.

    Returns:
        The card.
    """
    example = torch.zeros((2, size, size, 3), dtype=torch.uint8)
    model = _FromPixels(student).cpu().eval()
    with atomic_path(path) as temporary:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                model,
                (example,),
                str(temporary),
                dynamo=False,
                opset_version=_OPSET,
                input_names=["frames"],
                output_names=["features"],
                dynamic_axes={"frames": {0: "B"}, "features": {0: "B"}},
            )
        graph = onnx.load(str(temporary))
        store_as_half(graph)
        onnx.checker.check_model(graph)
        onnx.save(graph, str(temporary))
    card = BackboneCard(
        name=name,
        feature_dim=student.options.feature_dim,
        input=InputSpec(height=size, width=size),
        sha256=file_sha256(path),
        file=path.name,
        pretrained_on=pretrained_on,
        license=license_name,
        source=source,
    )
    _write_card(card, card_path(path))
    return card


def store_as_half(model: Any) -> None:
    """Stores large float32 weights as float16, in place; a cast restores them when loaded.

    Half the file for the same speed: runtimes fold the casts once, at load time.
    """
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _SMALLEST_HALVED:
            continue
        stored = f"{tensor.name}_half"
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), stored))
        casts.append(
            helper.make_node(
                "Cast", [stored], [tensor.name], to=TensorProto.FLOAT, name=f"cast_{tensor.name}"
            )
        )
    for position, node in enumerate(casts):
        graph.node.insert(position, node)


def _write_card(card: BackboneCard, path: Path) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(card.to_json(), indent=1) + "\n", encoding="utf-8")
