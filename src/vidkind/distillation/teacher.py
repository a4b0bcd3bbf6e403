"""The teacher with its insides shown: maps at the ends of its stages, and the pooled feature.

In: an ONNX backbone with its card and the names of inner tensors. Out: for pictures of one size,
the maps and the pooled feature. ONNX Runtime answers on a CPU, the same graph turned into a torch
module on a GPU. The graph is changed in memory; the teacher's file stays as it is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor
from torch.nn import functional as F

from vidkind.errors import BackboneError, MissingExtraError
from vidkind.features import read_card

_BATCH = 4

Answer = Callable[[Tensor], Sequence[Tensor]]


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
        return (values - self.feature_mean) / self.feature_deviation


class TeacherMaps:
    """A teacher that answers with all its maps."""

    def __init__(
        self,
        path: Path,
        maps: tuple[str, ...],
        *,
        side: int,
        scale: float = 1.0,
        device: torch.device = torch.device("cpu"),  # noqa: B008 (immutable)
    ) -> None:
        """Opens the graph with its inner tensors as further outputs; on a CPU one thread a call.

        Args:
            path: The ``.onnx`` file, its card beside it.
            maps: Names of the inner tensors.
            side: Height and width of the pictures it will be shown, pixels.
            scale: What the sides of the maps are multiplied with, where the student sees the
                same picture in another size.
            device: Where it runs.

        Raises:
            BackboneError: No card, another layout than NCHW float32, or no such tensor.
            MissingExtraError: On a GPU, onnx2torch is not installed.
        """
        self.card = read_card(path)
        spec = self.card.input
        if spec.layout != "NCHW" or spec.dtype != "float32":
            raise BackboneError(
                f"{path} takes {spec.dtype} {spec.layout}; a teacher takes float32 NCHW"
            )
        model = graph_with_maps(path, maps, self.card.output, side)
        self._answer = on_cpu(model) if device.type == "cpu" else on_gpu(model, device)
        self._scale = scale

    def __call__(self, x: Tensor) -> list[Tensor]:
        """float32 [B, 3, H, W] in -1..1 -> the maps [B, C, h, w] and the feature [B, P]."""
        spec = self.card.input
        *maps, feature = self._answer(x * (127.5 * spec.scale) + (127.5 * spec.scale + spec.offset))
        return [*(self._resized(values) for values in maps), feature]

    def _resized(self, values: Tensor) -> Tensor:
        sides = tuple(round(side * self._scale) for side in values.shape[2:])
        if sides == values.shape[2:]:
            return values
        return F.interpolate(values, size=sides, mode="bilinear", antialias=True)


def graph_with_maps(path: Path, maps: tuple[str, ...], feature: str, side: int) -> onnx.ModelProto:
    """The teacher's graph for pictures of one size, with its maps and the feature as outputs.

    Raises:
        BackboneError: It has no such tensor.
    """
    model = onnx.load(str(path))
    known = {name for node in model.graph.node for name in node.output}
    missing = [name for name in maps if name not in known]
    if missing:
        raise BackboneError(
            f"{path} has no tensor {missing[0]!r}; name the ends of its stages with "
            "DistillOptions.maps"
        )
    batch, _, height, width = model.graph.input[0].type.tensor_type.shape.dim
    batch.dim_param, height.dim_value, width.dim_value = "B", side, side
    del model.graph.output[:]
    for name in (*maps, feature):
        info = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        model.graph.output.append(info)
    return model


def _session(model: onnx.ModelProto, **options: object) -> onnxruntime.InferenceSession:
    chosen = onnxruntime.SessionOptions()
    chosen.intra_op_num_threads = chosen.inter_op_num_threads = 1
    chosen.log_severity_level = 3
    for name, value in options.items():
        setattr(chosen, name, value)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), sess_options=chosen, providers=["CPUExecutionProvider"]
    )


def on_cpu(model: onnx.ModelProto) -> Answer:
    """Answers of ONNX Runtime, in float32."""
    session = _session(model)
    name = model.graph.input[0].name

    def answer(pixels: Tensor) -> list[Tensor]:
        parts = [
            session.run(None, {name: np.ascontiguousarray(batch.numpy(), np.float32)})
            for batch in torch.split(pixels, _BATCH)
        ]
        return [torch.from_numpy(np.concatenate(part)) for part in zip(*parts, strict=True)]

    return answer


def on_gpu(model: onnx.ModelProto, device: torch.device) -> Answer:
    """Answers of the graph as a torch module, in half precision.

    Raises:
        MissingExtraError: onnx2torch is not installed.
    """
    try:
        from onnx2torch import convert  # only a GPU needs it
    except ImportError as error:
        raise MissingExtraError("onnx2torch", "train") from error
    with tempfile.TemporaryDirectory() as folder:
        # Shapes worked out from the input's, which leaves what onnx2torch knows.
        simpler = Path(folder) / "simpler.onnx"
        level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        _session(model, graph_optimization_level=level, optimized_model_filepath=str(simpler))
        simple = onnx.load(str(simpler))
    # The optimiser may have put the outputs into another order.
    found = [output.name for output in simple.graph.output]
    order = [found.index(output.name) for output in model.graph.output]
    network = convert(simple).to(device).eval()

    def answer(pixels: Tensor) -> list[Tensor]:
        with torch.autocast(device.type, dtype=torch.float16):
            values = network(pixels)
        return [values[place].float() for place in order]

    return answer


def measure(answers: list[list[Tensor]], has_shortcut: tuple[bool, ...]) -> Statistics:
    """Statistics of the answers to some batches; silent channels get a floor.

    Args:
        answers: One list of maps and feature for each batch.
        has_shortcut: Which maps are the map before them plus something.
    """
    *maps, feature = (torch.cat([answer[k] for answer in answers]) for k in range(len(answers[0])))
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
