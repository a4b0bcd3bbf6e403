"""Which runtime a backbone is run by, and that all of them give the same features."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.tiny import tiny_backbone
from vidkind.bundle import load_bundle
from vidkind.config import RuntimeOptions
from vidkind.errors import BackboneError, ConfigError, MissingExtraError
from vidkind.features import engines, load_backbone
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.features.engines import EngineKind, choose_engine, sample_pictures

ORT = EngineKind("onnxruntime", "float32")
OV32, OV16 = EngineKind("openvino", "float32"), EngineKind("openvino", "bfloat16")
ORT8, OV8 = EngineKind("onnxruntime", "int8"), EngineKind("openvino", "int8")


class Rule:
    """An engine of a known speed: mean colour, off by a share of its own."""

    inputs, outputs = ["frames"], {"features": 3}

    def __init__(self, kind: EngineKind, milliseconds: float, error: float = 0.0) -> None:
        self.kind, self.seconds, self.error = kind, milliseconds / 1000, error

    def run(self, pixels: np.ndarray) -> np.ndarray:
        time.sleep(self.seconds * len(pixels))
        mean = pixels.mean(axis=(1, 2)).astype(np.float32)
        return mean + self.error * np.roll(mean, 1, axis=1)


@pytest.fixture
def cache(monkeypatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(engines, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(engines, "has_openvino", lambda: True)
    monkeypatch.setattr(engines, "_machine", lambda: "this machine")
    return tmp_path / "cache"


def chosen(rules: list[Rule], *, opened: list | None = None, **options: str) -> EngineKind:
    def build(kind: EngineKind) -> Rule:
        if opened is not None:
            opened.append(kind)
        return next(rule for rule in rules if rule.kind == kind)

    engine = choose_engine(
        RuntimeOptions(**options), build, lambda: sample_pictures(2, 8, 8), name="x" * 64, calls=2
    )
    return engine.kind


@pytest.mark.parametrize(
    ("rules", "precision", "expected"),
    [
        ([Rule(ORT, 20), Rule(OV32, 60)], "float32", ORT),
        ([Rule(ORT, 20), Rule(OV32, 1)], "float32", OV32),
        ([Rule(ORT, 20), Rule(OV32, 60), Rule(OV16, 1)], "auto", OV16),
        ([Rule(ORT, 20), Rule(OV32, 60), Rule(OV16, 1, error=0.2)], "auto", ORT),
        ([Rule(ORT, 60), Rule(OV32, 4), Rule(OV16, 30)], "auto", OV32),
    ],
)
def test_the_fastest_that_agrees_is_taken(cache: Path, rules, precision, expected) -> None:
    assert chosen(rules, precision=precision) == expected


@pytest.mark.parametrize(
    ("milliseconds", "error", "expected"),
    [(1, 0.1, OV8), (1, 0.11, OV8), (1, 0.3, ORT8), (30, 0.1, ORT8)],
)
def test_int8_may_lack_what_the_same_graph_lacks_anyway(
    cache: Path, milliseconds: float, error: float, expected
) -> None:
    rules = [Rule(ORT, 40), Rule(ORT8, 20, error=0.1), Rule(OV8, milliseconds, error=error)]
    assert chosen(rules, precision="int8") == expected


def test_it_is_measured_once(cache: Path) -> None:
    rules = [Rule(ORT, 20), Rule(OV32, 1)]
    assert chosen(rules) == OV32
    opened: list[EngineKind] = []
    assert chosen(rules, opened=opened) == OV32
    assert opened == [OV32]
    (file,) = cache.iterdir()
    file.write_text("damaged")
    assert chosen(rules, opened=opened) == OV32
    assert opened == [OV32, ORT, OV32]
    assert list(json.loads(file.read_text()).values()) == [list(OV32)]


def test_a_cheap_graph_opens_no_second_runtime(cache: Path, monkeypatch) -> None:
    monkeypatch.setattr(engines, "_CHEAP_FRAME_SECONDS", 1.0)  # however busy the machine
    opened: list[EngineKind] = []
    assert chosen([Rule(ORT, 0), Rule(OV32, 0)], opened=opened) == ORT
    assert opened == [ORT]
    assert not cache.exists()


def test_where_nothing_can_be_kept_it_is_measured_again(cache: Path) -> None:
    cache.touch()  # a file where the folder should be
    rules = [Rule(ORT, 20), Rule(OV32, 1)]
    assert [chosen(rules), chosen(rules)] == [OV32, OV32]


@pytest.mark.parametrize("runtime", ["auto", "onnxruntime"])
def test_without_openvino_there_is_one_way(monkeypatch, runtime: str) -> None:
    monkeypatch.setattr(engines, "has_openvino", lambda: False)
    opened: list[EngineKind] = []
    assert chosen([Rule(ORT, 9)], opened=opened, runtime=runtime, precision="auto") == ORT
    assert opened == [ORT]


@pytest.mark.parametrize("options", [{"runtime": "openvino"}, {"precision": "bfloat16"}])
def test_openvino_that_is_missing_is_named(monkeypatch, tmp_path: Path, options) -> None:
    monkeypatch.delitem(sys.modules, "vidkind.features.engine_openvino", raising=False)
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtraError, match=r'pip install "vidkind\[openvino\]"'):
        load_backbone(tiny_backbone(tmp_path), options=RuntimeOptions(**options))


def test_options_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="expected the runtime openvino or auto"):
        RuntimeOptions(runtime="onnxruntime", precision="bfloat16")
    with pytest.raises(ConfigError, match="runtime is 'tensorrt'"):
        RuntimeOptions(runtime="tensorrt")
    with pytest.raises(ConfigError, match="precision is 'int4'"):
        RuntimeOptions(precision="int4")


def test_sample_pictures_differ_and_are_always_the_same() -> None:
    pictures = sample_pictures(3, 20, 30)
    assert pictures.shape == (3, 20, 30, 3)
    np.testing.assert_array_equal(pictures, sample_pictures(3, 20, 30))
    assert np.abs(np.diff(pictures.astype(int), axis=0)).mean() > 20


def test_openvino_gives_the_features_of_onnx_runtime() -> None:
    pytest.importorskip("openvino")
    bundle = load_bundle()
    card = bundle.manifest.backbone
    frames = sample_pictures(11, card.input.height, card.input.width)

    def features(**options: str) -> np.ndarray:
        options = RuntimeOptions(**options)
        return OnnxBackbone(bundle.backbone_file, card=card, options=options).embed(frames)

    exact = features(runtime="onnxruntime")
    np.testing.assert_allclose(features(runtime="openvino"), exact, atol=1e-4)
    try:
        half = features(precision="bfloat16")
    except ConfigError as error:
        assert "does not compute in" in str(error)
    else:
        assert engines.cosines(exact, half).min() > 0.99


def test_openvino_is_kept_from_reporting_to_its_makers() -> None:
    pytest.importorskip("openvino")
    # It reports out of a fork that may never end, and leaves that out only where CI says so.
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    check = (
        "import multiprocessing, sys\n"
        "def start(self): raise SystemExit('it starts a process')\n"
        "multiprocessing.Process.start = start\n"
        "import vidkind.features.engine_openvino\n"
        "from openvino.tools.ovc import telemetry_utils\n"
        "assert sys.modules['openvino_telemetry'] is None\n"
        "assert telemetry_utils.tm.__name__.endswith('telemetry_stub')\n"
    )
    subprocess.run([sys.executable, "-c", check], check=True, env=environment)


def test_a_file_openvino_cannot_read_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    file = tiny_backbone(tmp_path)
    card = load_backbone(file).card
    from vidkind.features.engine_openvino import OpenVinoEngine

    file.write_bytes(b"not a graph")
    with pytest.raises(BackboneError, match="cannot be run by OpenVINO"):
        OpenVinoEngine(file, card, kind=OV32, calls=1)


def test_the_first_calls_of_a_process_may_come_at_once(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    # The bindings load numpy's interface at the first use, and two threads there hung forever.
    code = (
        "import sys, threading, numpy as np\n"
        "from pathlib import Path\n"
        "from vidkind.config import RuntimeOptions\n"
        "from vidkind.features import load_backbone\n"
        "backbone = load_backbone(Path(sys.argv[1]), options=RuntimeOptions(runtime='openvino'))\n"
        "frames = np.zeros((1, 32, 32, 3), np.uint8)\n"
        "ready = threading.Barrier(4)\n"
        "def call():\n"
        "    ready.wait(); backbone.embed(frames)\n"
        "threads = [threading.Thread(target=call) for _ in range(4)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]\n"
    )
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-c", code, str(tiny_backbone(tmp_path))], check=True, timeout=60
        )
