"""Counts the arithmetic of an ONNX graph, from the shapes that ONNX Runtime reports of a run."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vidkind.errors import BackboneError, first_line

Shape = Sequence[int]
_END = "_kernel_time"


@dataclass(frozen=True, kw_only=True)
class GraphCost:
    """What one run of a graph takes at least.

    Attributes:
        macs: Multiplications of its convolutions, matrix products and LSTMs, each with its
            addition; element-wise operators are left out.
        activation_bytes: Size of what its operators put out, each once.
        parameter_bytes: Size of its file, which is nearly all weights.
    """

    macs: int
    activation_bytes: int
    parameter_bytes: int

    @property
    def flops(self) -> int:
        """Floating-point operations: two for each multiply-and-add."""
        return 2 * self.macs


def count_operations(path: Path, inputs: Mapping[str, NDArray[Any]]) -> GraphCost:
    """Runs a graph once, without optimisations, and adds up what its operators did.

    Needs no more than the core install, and takes graphs whose shapes are not written down.

    Args:
        path: An ONNX file.
        inputs: What to run it on, e.g. one frame.

    Raises:
        BackboneError: The file is no ONNX graph that this runtime can run on these inputs.
    """
    with tempfile.TemporaryDirectory(prefix="vidkind-") as folder:
        events = _profile(path, inputs, Path(folder) / "profile")
    found = [(e["args"], _COUNTERS.get(e["args"]["op_name"])) for e in events]
    return GraphCost(
        macs=sum(
            counter(_shapes(args, "input"), _shapes(args, "output"))
            for args, counter in found
            if counter is not None
        ),
        activation_bytes=sum(int(args.get("output_size") or 0) for args, _ in found),
        parameter_bytes=path.stat().st_size,
    )


def _profile(path: Path, inputs: Mapping[str, NDArray[Any]], prefix: Path) -> list[dict[str, Any]]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.enable_profiling = True
    options.profile_file_prefix = str(prefix)
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    # Weights that the runtime has packed for itself are missing from the shapes it reports.
    options.add_session_config_entry("session.disable_prepacking", "1")
    try:
        session = onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
        session.run(None, dict(inputs))
    except Exception as error:  # the runtime raises several unrelated types
        raise BackboneError(
            f"operations of {path} cannot be counted ({first_line(error)}); expected an "
            f"ONNX graph that takes {', '.join(f'{n} {list(v.shape)}' for n, v in inputs.items())}"
        ) from error
    events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    return [event for event in events if str(event.get("name")).endswith(_END)]


def _shapes(args: dict[str, Any], side: str) -> list[Shape]:
    return [next(iter(tensor.values())) for tensor in args[f"{side}_type_shape"]]


def _convolution(inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    # Weights [M, C / groups, kH, kW]: each output value is the sum of C / groups * kH * kW.
    return math.prod(outputs[0]) * math.prod(inputs[1][1:])


def _matrix_product(inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    # [..., M, K] by [..., K, N], where a vector stands for one row.
    return math.prod(outputs[0]) * inputs[0][-1]


def _gemm(inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    rows, columns = outputs[0]
    # Either matrix may be transposed; the size that is not the output's is the summed one.
    return rows * columns * (math.prod(inputs[0]) // rows)


def _lstm(inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    steps, batch, _ = inputs[0]
    # W [directions, 4H, I] and R [directions, 4H, H], once a step and video.
    return steps * batch * (math.prod(inputs[1]) + math.prod(inputs[2]))


_COUNTERS: dict[str, Callable[[Sequence[Shape], Sequence[Shape]], int]] = {
    "Conv": _convolution,
    "FusedConv": _convolution,
    "MatMul": _matrix_product,
    "FusedMatMul": _matrix_product,
    "Gemm": _gemm,
    "LSTM": _lstm,
}


def backbone_cost(path: Path, name: str, shape: Shape, dtype: str) -> GraphCost:
    """What one frame costs a backbone.

    Args:
        path: Its ONNX file.
        name: Name of its input.
        shape: [1, H, W, 3] or [1, 3, H, W].
        dtype: ``uint8`` or ``float32``.

    Raises:
        BackboneError: The graph cannot be run.
    """
    return count_operations(path, {name: np.zeros(shape, dtype)})
