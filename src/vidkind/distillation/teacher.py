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
from torch.nn import functional as F

from vidkind.errors import BackboneError
from vidkind.features import read_card

_BATCH = 4


@dataclass(frozen=True, eq=False)
class Statistics:
    """What the teacher's answers are normalised with; deviations are never near zero.

    Attributes:
        maps: float32 [C] for each map, deviation of its channels.
        changes: float32 [C] for each map, deviation of what its block adds to the map before:
            of the map itself where the block has no shortcut.
        feature_mean: float32 [P], of the pooled feature.
        feature_deviation: float32 [P], of the pooled feature.
    """

    maps: list[Tensor]
    changes: list[Tensor]
    feature_mean: Tensor
    feature_deviation: Tensor

    def normalised_feature(self, values: Tensor) -> Tensor:
        """Pooled feature [B, P] -> the same with mean 0 and deviation 1 in each direction."""
        mean, deviation = self.feature_mean, self.feature_deviation
        return (values - mean.to(values.device)) / deviation.to(values.device)


class TeacherMaps:
    """A teacher that answers with all its maps."""

    def __init__(self, path: Path, maps: tuple[str, ...], *, scale: float = 1.0) -> None:
        """Opens the graph with its inner tensors as further outputs, one thread a call.

        Args:
            path: The ``.onnx`` file, its card beside it.
            maps: Names of the inner tensors.
            scale: What the sides of the maps are multiplied with, where the student sees the
                same picture in another size.

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
        self._scale = scale

    def __call__(self, x: Tensor) -> list[Tensor]:
        """float32 [B, 3, H, W] in -1..1 -> the maps [B, C, h, w] and the feature [B, P]."""
        spec = self.card.input
        pixels = x.cpu() * (127.5 * spec.scale) + (127.5 * spec.scale + spec.offset)
        parts = []
        for i in range(0, len(pixels), _BATCH):
            batch = np.ascontiguousarray(pixels[i : i + _BATCH].numpy(), np.float32)
            parts.append(self._session.run(self._outputs, {spec.name: batch}))
        joined = [np.concatenate(part) for part in zip(*parts, strict=True)]
        *maps, feature = (torch.from_numpy(values).to(x.device) for values in joined)
        return [*(self._resized(values) for values in maps), feature]

    def _resized(self, values: Tensor) -> Tensor:
        sides = tuple(round(side * self._scale) for side in values.shape[2:])
        if sides == values.shape[2:]:
            return values
        return F.interpolate(values, size=sides, mode="bilinear", antialias=True)


def measure(answers: list[list[Tensor]], has_shortcut: tuple[bool, ...]) -> Statistics:
    """Statistics of the answers to some batches; silent channels get a floor.

    Args:
        answers: One list of maps and feature for each batch.
        has_shortcut: Which maps are the map before them plus something.
    """
    *maps, feature = (
        torch.cat([answer[k].cpu() for answer in answers]) for k in range(len(answers[0]))
    )
    changes = [
        _deviation(maps[k] - maps[k - 1] if shortcut else maps[k], 0.05)
        for k, shortcut in enumerate(has_shortcut)
    ]
    return Statistics(
        maps=[_deviation(values, 0.05) for values in maps],
        changes=changes,
        feature_mean=feature.mean(0),
        feature_deviation=_deviation(feature, 0.25),
    )


def _deviation(values: Tensor, floor: float) -> Tensor:
    """Deviation of each channel, at least ``floor`` times the median one."""
    deviation = values.std((0, 2, 3) if values.ndim == 4 else 0)
    return deviation.clamp_min(max(1e-6, floor * float(deviation.median())))
