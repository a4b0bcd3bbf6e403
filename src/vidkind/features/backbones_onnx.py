"""The ONNX family of backbones: a graph and its card, run by ONNX Runtime or OpenVINO."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vidkind.config import RuntimeOptions
from vidkind.errors import BackboneError, first_line
from vidkind.features.card import BackboneCard, InputSpec, file_sha256, read_card
from vidkind.features.engines import Engine, EngineKind, Pixels, choose_engine, sample_pictures
from vidkind.features.int8 import Int8Card, int8_path
from vidkind.machine import usable_cores

# Small batches stay in the cache; larger ones were measured slower on CPUs.
_MAX_BATCH = 8


class OnnxBackbone:
    """A backbone in an ``.onnx`` file, checked against its card when loaded."""

    def __init__(
        self,
        path: Path,
        *,
        card: BackboneCard | None = None,
        num_threads: int = 0,
        options: RuntimeOptions | None = None,
    ) -> None:
        """Loads and checks the graph.

        Args:
            path: The ``.onnx`` file.
            card: Its card; read from the ``.json`` beside the file when not given.
            num_threads: Threads that embed one video's frames; 0 takes all cores.
            options: Runtime and precision; None takes the defaults.

        Raises:
            BackboneError: File, card or, for int8, the int8 graph is missing, or they do not fit
                together.
            ConfigError: The processor does not compute in the precision asked for.
            MissingExtraError: OpenVINO is asked for and not installed.
        """
        if not path.is_file():
            raise BackboneError(f"no backbone at {path}; expected an .onnx file with its card")
        self.path = path
        self._card = card or read_card(path)
        actual = file_sha256(path)
        if actual != self._card.sha256:
            raise BackboneError(
                f"{path} has SHA-256 {actual[:12]}..., its card says {self._card.sha256[:12]}...; "
                "restore the file or its card"
            )
        self._parallel_calls = num_threads or usable_cores()
        self._engine = self._choose_engine(options or RuntimeOptions())

    @property
    def card(self) -> BackboneCard:
        """Identity, input and output."""
        return self._card

    @property
    def parallel_calls(self) -> int:
        """Batches embedded at once where only one video is wanted."""
        return self._parallel_calls

    @property
    def batch_size(self) -> int:
        """Small batches stay in the cache; larger ones were measured slower on CPUs."""
        return _MAX_BATCH

    @property
    def runtime(self) -> str:
        """``onnxruntime`` or ``openvino``."""
        return self._engine.kind.runtime

    @property
    def precision(self) -> str:
        """``float32``, ``bfloat16`` or ``int8``."""
        return self._engine.kind.precision

    @property
    def graph(self) -> Path:
        """The file that is run: in int8 another than that of the card."""
        return int8_path(self.path) if self.precision == "int8" else self.path

    def embed(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeds uint8 [B, H, W, 3] frames: float32 [B, D]; see ``Backbone.embed``."""
        self._card.check_frames(frames)
        parts = [
            self._engine.run(self.prepare(frames[i : i + _MAX_BATCH]))
            for i in range(0, len(frames), _MAX_BATCH)
        ]
        return np.concatenate(parts).reshape(len(frames), -1).astype(np.float32, copy=False)

    def prepare(self, frames: NDArray[np.uint8]) -> Pixels:
        """What the graph is given of uint8 [B, H, W, 3] frames; the card says what that is."""
        spec = self._card.input
        pixels = frames if spec.layout == "NHWC" else frames.transpose(0, 3, 1, 2)
        if spec.dtype == "uint8":
            return np.ascontiguousarray(pixels)
        return np.ascontiguousarray(pixels, dtype=np.float32) * np.float32(spec.scale) + np.float32(
            spec.offset
        )

    def _choose_engine(self, options: RuntimeOptions) -> Engine:
        def sample() -> Pixels:
            spec = self._card.input
            return self.prepare(sample_pictures(_MAX_BATCH, spec.height, spec.width))

        return choose_engine(
            options, self._open_engine, sample, name=self._card.sha256, calls=self._parallel_calls
        )

    def _open_engine(self, kind: EngineKind) -> Engine:
        engine: Engine
        path = self._int8_graph() if kind.precision == "int8" else self.path
        if kind.runtime == "onnxruntime":
            engine = OnnxRuntimeEngine(path, self._card, precision=kind.precision)
        else:
            from vidkind.features.engine_openvino import OpenVinoEngine

            engine = OpenVinoEngine(path, self._card, kind=kind, calls=self._parallel_calls)
        self._check_graph(engine.inputs, engine.outputs)
        return engine

    def _int8_graph(self) -> Path:
        graph = int8_path(self.path)
        if not graph.is_file():
            raise BackboneError(
                f"no int8 graph at {graph}; make it with: vidkind quantize {self.path} VIDEOS "
                f"-o {graph}, or leave --precision at float32"
            )
        if read_int8_card(graph).float32_sha256 != self._card.sha256:
            raise BackboneError(
                f"{graph} was made from another backbone than {self.path}; make it again with: "
                "vidkind quantize"
            )
        return graph

    def _check_graph(self, inputs: list[str], outputs: dict[str, int | None]) -> None:
        path, spec = self.path, self._card.input
        if inputs != [spec.name] or self._card.output not in outputs:
            raise BackboneError(
                f"{path} has inputs {inputs} and outputs {list(outputs)}; its card says "
                f"{spec.name!r} and {self._card.output!r}"
            )
        dim = outputs[self._card.output]
        if dim not in (None, self._card.feature_dim):
            raise BackboneError(
                f"{path} gives {dim} features, its card says {self._card.feature_dim}"
            )


class OnnxRuntimeEngine:
    """A graph run by ONNX Runtime, on the calling thread.

    Whole batches run side by side, not operators cut in pieces: no thread waits for another.
    """

    def __init__(self, path: Path, card: BackboneCard, *, precision: str = "float32") -> None:
        """Opens a graph that computes in ``precision``; see ``open_session``."""
        self.kind = EngineKind("onnxruntime", precision)
        self._session = open_session(path, num_threads=1)
        self._names = card.output, card.input.name
        _check_input(path, card.input, self._session.get_inputs())
        self.inputs = [node.name for node in self._session.get_inputs()]
        shapes = {node.name: node.shape[1:2] for node in self._session.get_outputs()}
        self.outputs = {n: d[0] if d and isinstance(d[0], int) else None for n, d in shapes.items()}

    def run(self, pixels: Pixels) -> NDArray[np.float32]:
        """Features of prepared pixels; see ``Engine.run``."""
        output, name = self._names
        features: NDArray[np.float32] = self._session.run([output], {name: pixels})[0]
        return features


def _check_input(path: Path, spec: InputSpec, nodes: Sequence[onnxruntime.NodeArg]) -> None:
    sides = [spec.height, spec.width]
    wanted = [*sides, 3] if spec.layout == "NHWC" else [3, *sides]
    kind = {"uint8": "tensor(uint8)", "float32": "tensor(float)"}[spec.dtype]
    for node in nodes:
        fixed = zip(node.shape[1:], wanted, strict=False)
        fits = len(node.shape) == 4 and all(a == b for a, b in fixed if isinstance(a, int))
        if node.type != kind or not fits:
            raise BackboneError(
                f"{path} takes {node.type} {node.shape}, its card says {spec.dtype} "
                f"{['B', *wanted]}; restore the file or its card"
            )


def read_int8_card(graph: Path) -> Int8Card:
    """What an int8 graph says of its own making.

    Raises:
        BackboneError: It is no graph, or was not made by ``vidkind quantize``.
    """
    session = open_session(graph, num_threads=1)
    return Int8Card.from_metadata(graph, session.get_modelmeta().custom_metadata_map)


def open_session(path: Path, *, num_threads: int = 0) -> onnxruntime.InferenceSession:
    """Opens an ONNX graph on the CPU.

    Raises:
        BackboneError: The file is no ONNX graph that this runtime can run.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.log_severity_level = 3
    # Waiting threads sleep: spinning ones would take the cores that decoding needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # the runtime raises several unrelated types
        raise BackboneError(
            f"{path} cannot be run by ONNX Runtime {onnxruntime.__version__}: {first_line(error)}"
        ) from error
