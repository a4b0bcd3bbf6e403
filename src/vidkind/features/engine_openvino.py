"""Backbone graphs run by OpenVINO on the CPU."""

from __future__ import annotations

import sys
from pathlib import Path
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from vidkind.errors import BackboneError, ConfigError, MissingExtraError
from vidkind.features.card import BackboneCard
from vidkind.features.engines import EngineKind, Pixels

# OpenVINO tells its makers about every import, out of a fork of this process, which holds its
# sockets and, threads being what they are, may never end. Without this package it stays silent.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

try:
    import openvino
except ImportError as error:
    raise MissingExtraError("openvino", "openvino") from error

# What is not in int8 in an int8 graph is computed in float32.
_HINTS = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}

# What OpenVINO makes of QuantizeLinear and DequantizeLinear.
_ROUNDING = ("FakeQuantize", "Convert", "Convert", "Subtract", "Multiply")

# pybind11 looks up numpy's interface with the first array it meets: two threads that bring
# their first one at the same time wait for each other for ever.
openvino.Tensor(np.zeros(1, np.float32))


class OpenVinoEngine:
    """A graph run by OpenVINO: as many streams as calls at once, one thread each."""

    def __init__(self, path: Path, card: BackboneCard, *, kind: EngineKind, calls: int) -> None:
        """Compiles the graph for this processor.

        Args:
            path: The ``.onnx`` file; for int8 the int8 graph.
            card: Card of the backbone.
            kind: ``openvino`` and the precision.
            calls: Batches run at once; further calls wait.

        Raises:
            BackboneError: The file is no graph that OpenVINO can run.
            ConfigError: The processor does not compute in the precision asked for.
        """
        self.kind = kind
        core = openvino.Core()
        if kind.precision == "bfloat16" and "BF16" not in core.get_property(
            "CPU", "OPTIMIZATION_CAPABILITIES"
        ):
            raise ConfigError(
                "precision is bfloat16, which this processor does not compute in; expected "
                "float32 or auto"
            )
        options = {
            "INFERENCE_PRECISION_HINT": _HINTS[kind.precision],
            "NUM_STREAMS": calls,
            "INFERENCE_NUM_THREADS": calls,
            "ENABLE_CPU_PINNING": False,  # decoding needs the cores too
        }
        try:
            model = core.read_model(str(path))
            if kind.precision == "int8":
                skip_rounding_before_swish(model)
            self._model = core.compile_model(model, "CPU", options)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise BackboneError(
                f"{path} cannot be run by OpenVINO {openvino.__version__}: {reason}"
            ) from error
        self._output = card.output
        self.inputs = [node.any_name for node in self._model.inputs]
        self.outputs = {node.any_name: _length(node.partial_shape) for node in self._model.outputs}
        self._idle: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(calls):
            self._idle.put(self._model.create_infer_request())

    def run(self, pixels: Pixels) -> NDArray[np.float32]:
        """Features of prepared pixels; see ``Engine.run``."""
        request = self._idle.get()
        try:
            request.infer([pixels], share_inputs=True)
            return np.array(request.get_tensor(self._output).data, dtype=np.float32)
        finally:
            self._idle.put(request)


def skip_rounding_before_swish(model: openvino.Model) -> int:
    """Leaves a convolution's output unrounded where x * sigmoid(x) follows it.

    The graph was quantised for ONNX Runtime, which multiplies in int8 only if the output is
    rounded as well. OpenVINO fuses convolution and activation, unless rounding stands between
    them: a quarter of the time and some of the accuracy.

    Args:
        model: An int8 graph with a quantise and a dequantise node a tensor; changed in place.

    Returns:
        How many roundings were left out.
    """
    found = 0
    for node in model.get_ordered_ops():
        if node.get_type_name() not in ("Convolution", "GroupConvolution"):
            continue
        bias = _follower(node, "Add")
        exact = node if bias is None else bias
        rounded: openvino.Node | None = exact
        for kind in _ROUNDING:
            rounded = rounded and _follower(rounded, kind)
        if rounded is None or _follower(rounded, "Sigmoid") is None:
            continue
        for target in rounded.output(0).get_target_inputs():
            target.replace_source_output(exact.output(0))
        found += 1
    return found


def _follower(node: openvino.Node, kind: str) -> openvino.Node | None:
    """The node of a kind that reads the only output of a node."""
    readers = (target.get_node() for target in node.output(0).get_target_inputs())
    return next((reader for reader in readers if reader.get_type_name() == kind), None)


def _length(shape: openvino.PartialShape) -> int | None:
    """D of an output [B, D, ...], where it is fixed."""
    if shape.rank.is_static and len(shape) > 1 and shape[1].is_static:
        return int(shape[1].get_length())
    return None
