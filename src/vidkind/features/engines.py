"""Which runtime a backbone's graph is run by: asked for, or measured once on each machine.

In: the options and a function that opens the graph in one way or another. Out: an open
``Engine``. What was measured is kept in the user's cache folder.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import platform
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from vidkind.config import RuntimeOptions
from vidkind.errors import ConfigError
from vidkind.files import atomic_path
from vidkind.machine import cache_folder

_log = logging.getLogger(__name__)

Pixels = NDArray[np.uint8] | NDArray[np.float32]

# Below this, opening another runtime costs more than a video can win back.
_CHEAP_FRAME_SECONDS = 0.001
# A runtime has to be so much faster than the one before it to be taken.
_GAIN = 1.15
# In int8 runtimes round differently: another one has to be worth other features.
_INT8_GAIN = 1.25
_ROUNDS = 3
# What the cosine of a picture's features with those computed in float32 may lack. An int8 graph
# lacks something in any runtime: in a second one it may lack so much more than twice that.
_DISAGREEMENT = 0.001


class EngineKind(NamedTuple):
    """A way to run a graph.

    Attributes:
        runtime: ``onnxruntime`` or ``openvino``.
        precision: ``float32``, ``bfloat16`` or ``int8``.
    """

    runtime: str
    precision: str


class Engine(Protocol):
    """A graph opened by a runtime."""

    kind: EngineKind
    inputs: list[str]
    outputs: dict[str, int | None]  # name -> D where the graph fixes it

    def run(self, pixels: Pixels) -> NDArray[np.float32]:
        """Features of prepared pixels [B, ...]: float32 [B, ...]; one core's work."""


Build = Callable[[EngineKind], Engine]

_DEFAULT = EngineKind("onnxruntime", "float32")


def choose_engine(
    options: RuntimeOptions,
    build: Build,
    sample: Callable[[], Pixels],
    *,
    name: str,
    calls: int,
) -> Engine:
    """Opens the engine that the options ask for, the fastest where they leave a choice.

    Args:
        options: Runtime and precision.
        build: Opens the graph.
        sample: Makes prepared pixels of one batch to measure with.
        name: Identity of the graph.
        calls: Batches run at once.

    Raises:
        ConfigError: The processor does not compute in the precision asked for.
        MissingExtraError: OpenVINO is asked for and not installed.
    """
    kinds = candidates(options)
    if len(kinds) == 1:
        return build(kinds[0])
    key = f"{name[:16]} {'/'.join(map('-'.join, kinds))} {calls} calls {_machine()}"
    file = cache_folder() / "runtimes.json"
    kept = _read(file).get(key)
    if kept in [list(kind) for kind in kinds]:
        return build(EngineKind(*kept))
    engine, lasting = _fastest(kinds, build, sample(), calls)
    if lasting:
        _keep(file, key, engine.kind)
    return engine


def candidates(options: RuntimeOptions) -> list[EngineKind]:
    """The ways that the options allow here, the one to be taken in doubt first."""
    runtimes = {
        "onnxruntime": ["onnxruntime"],
        "openvino": ["openvino"],
        "auto": ["onnxruntime", *(["openvino"] if has_openvino() else [])],
    }[options.runtime]
    if options.precision == "bfloat16":
        return [EngineKind("openvino", "bfloat16")]
    if options.precision == "int8":
        return [EngineKind(runtime, "int8") for runtime in runtimes]
    kinds = [EngineKind(runtime, "float32") for runtime in runtimes]
    if options.precision == "auto" and "openvino" in runtimes:
        kinds.append(EngineKind("openvino", "bfloat16"))
    return kinds


def has_openvino() -> bool:
    """Whether the ``openvino`` extra is installed."""
    return importlib.util.find_spec("openvino") is not None


def sample_pictures(count: int, height: int, width: int) -> NDArray[np.uint8]:
    """Pictures to measure with, smooth with some noise as camera pictures are.

    Returns:
        uint8 [count, height, width, 3], always the same.
    """
    random = np.random.default_rng(0)
    rows, columns = np.linspace(0, 6, height)[:, None, None], np.linspace(0, 6, width)[:, None]
    waves = np.stack(
        [np.sin(a * rows + b * columns + c) for a, b, c in random.normal(size=(count, 3, 3))]
    )
    noisy = 128 + 90 * waves + random.normal(scale=8, size=waves.shape)
    return noisy.clip(0, 255).astype(np.uint8)


def cosines(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine of each picture's features [B, ...] with the other's: float32 [B]."""
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    found: NDArray[np.float32] = (a * b).sum(axis=1) / np.maximum(norms, 1e-12)
    return found


def _fastest(
    kinds: list[EngineKind], build: Build, pixels: Pixels, calls: int
) -> tuple[Engine, bool]:
    """The best engine, and whether that is worth keeping for later runs."""
    best = build(kinds[0])
    found = best.run(pixels)
    if best.kind.runtime == _DEFAULT.runtime:
        seconds = min(_seconds(best, pixels, 1) for _ in range(_ROUNDS))
        if seconds / len(pixels) < _CHEAP_FRAME_SECONDS:
            return best, False
    exact = found if best.kind.precision == "float32" else build(_DEFAULT).run(pixels)
    least = 1 - _DISAGREEMENT - 2 * (1 - float(cosines(exact, found).min()))
    for kind in kinds[1:]:
        try:
            other = build(kind)
        except ConfigError as error:  # another precision than this processor has
            _log.debug("%s left out: %s", kind, error)
            continue
        agreement = float(cosines(exact, other.run(pixels)).min())
        pairs = [(_seconds(best, pixels, calls), _seconds(other, pixels, calls))
                 for _ in range(_ROUNDS)]  # fmt: skip
        gain = statistics.median(a / b for a, b in pairs)
        _log.info("%s against %s: %.2f x, cosine %.5f", kind, best.kind, gain, agreement)
        wanted = _INT8_GAIN if kind.precision == "int8" else _GAIN
        if gain > wanted and agreement > least:
            best = other
    return best, True


def _seconds(engine: Engine, pixels: Pixels, calls: int) -> float:
    """Wall time of as many batches at once as there are calls."""
    with ThreadPoolExecutor(calls) as pool:
        start = time.perf_counter()
        list(pool.map(engine.run, [pixels] * calls))
        return time.perf_counter() - start


def _machine() -> str:
    # Cache folders may be shared between machines.
    return f"{platform.node()} {platform.machine()} openvino {version('openvino')}"


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _keep(file: Path, key: str, kind: EngineKind) -> None:
    try:
        with atomic_path(file) as temporary:
            temporary.write_text(json.dumps({**_read(file), key: list(kind)}, indent=1) + "\n")
    except OSError as error:  # measured again next time
        _log.info("what was measured is not kept: %s", error)
