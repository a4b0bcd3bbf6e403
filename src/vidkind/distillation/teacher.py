"""The teacher with its insides shown: maps at the ends of its stages, and the pooled feature.

In: an ONNX backbone with its card and the names of inner tensors. Out: for pictures of any size,
the maps and the pooled feature. The graph is changed in memory; no file is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor

from vidkind.errors import BackboneError
from vidkind.features import read_card

_BATCH = 4


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and deviation of each channel of the teacher's maps, and of the pooled feature last.

    Attributes:
        means: float32 [C] each.
        deviations: float32 [C] each, never near zero.
    """

    means: list[Tensor]
    deviations: list[Tensor]

    def normalised(self, number: int, values: Tensor) -> Tensor:
        """[B, C, H, W] or [B, C] -> the same with mean 0 and deviation 1 in each channel."""
        shape = (1, -1, 1, 1) if values.ndim == 4 else (1, -1)
        mean = self.means[number].to(values.device).view(shape)
        return (values - mean) / self.deviations[number].to(values.device).view(shape)


class TeacherMaps:
    """A teacher that answers with all its maps."""

    def __init__(self, path: Path, maps: tuple[str, ...]) -> None:
        """Opens the graph with its inner tensors as further outputs, one thread a call.

        Raises:
            BackboneError: No card, another layout than NCHW float32, or no such tensor.
        """
        self.card = read_card(path)
        spec = self.card.input
        if spec.layout != "NCHW" or spec.dtype != "float32":
            raise BackboneError(
                f"{path} takes {spec.dtype} {spec.layout}; a teacher takes float32 NCHW"
            )
        model = onnx.load(str(path))
        known = {name for node in model.graph.node for name in node.output}
        missing = [name for name in maps if name not in known]
        if missing:
            raise BackboneError(
                f"{path} has no tensor {missing[0]!r}; name the ends of its stages with "
                "DistillOptions.maps"
            )
        for axis in (2, 3):
            model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = f"side_{axis}"
        for name in maps:
            info = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            model.graph.output.append(info)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._outputs = [*maps, self.card.output]

    def __call__(self, x: Tensor) -> list[Tensor]:
        """float32 [B, 3, H, W] in -1..1 -> the maps [B, C, h, w] and the feature [B, P]."""
        spec = self.card.input
        pixels = x.cpu() * (127.5 * spec.scale) + (127.5 * spec.scale + spec.offset)
        parts = []
        for i in range(0, len(pixels), _BATCH):
            batch = np.ascontiguousarray(pixels[i : i + _BATCH].numpy(), np.float32)
            parts.append(self._session.run(self._outputs, {spec.name: batch}))
        joined = [np.concatenate(part) for part in zip(*parts, strict=True)]
        return [torch.from_numpy(values).to(x.device) for values in joined]


def measure(answers: list[list[Tensor]]) -> Statistics:
    """Statistics of the answers to some batches; silent channels get a floor."""
    means, deviations = [], []
    for number in range(len(answers[0])):
        values = torch.cat([answer[number].cpu() for answer in answers])
        axes = (0, 2, 3) if values.ndim == 4 else (0,)
        deviation = values.std(axes)
        floor = 0.05 if values.ndim == 4 else 0.25
        means.append(values.mean(axes))
        deviations.append(deviation.clamp_min(max(1e-6, floor * float(deviation.median()))))
    return Statistics(means, deviations)
