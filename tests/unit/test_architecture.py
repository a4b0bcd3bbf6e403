"""The arrows between rooms point one way, and heavy packages stay where they belong."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import vidkind
from vidkind.errors import MissingExtraError

SOURCE = Path(vidkind.__file__).parent

# A room may import from its own and from lower levels.
LEVELS = {
    "errors": 0,
    "files": 0,
    "machine": 0,
    "config": 1,
    "parallel": 1,
    "records": 1,
    "video": 2,
    "features": 3,
    "dataset": 4,
    "bundle": 4,
    "inference": 5,
    "training": 6,
    "distillation": 7,
    "evaluation": 7,
    "service": 8,
    "doctor": 8,
    "performance": 8,
    "report": 8,
    "runs": 9,
    "cli": 10,
}
# metrics is the one definition of accuracy that training shares with evaluation.
ALLOWED = {("training", "vidkind.evaluation.metrics")}

ONLY_IN = {
    "av": ("video/",),
    "torch": ("training/", "distillation/", "features/backbones_torch.py"),
    "torchvision": ("training/", "distillation/", "features/backbones_torch.py"),
    "lightning": ("training/", "distillation/"),
    "matplotlib": ("training/visualizer.py", "distillation/", "evaluation/", "report/"),
    "jinja2": ("report/",),
    "cleanlab": ("evaluation/suspects.py",),
    "h5py": ("features/store.py",),
    "openvino": ("features/engine_openvino.py",),
    "onnxruntime": (
        "features/backbones_onnx.py",
        "features/quantize.py",
        "distillation/",
        "performance/operations.py",
    ),
    "sklearn": (
        "evaluation/",
        "dataset/",
        "distillation/",
        "doctor/",
        "training/cross_fit.py",
        "training/picture_head.py",
    ),
    "scipy": ("evaluation/",),
    "click": ("cli/",),
    "flask": ("service/",),
    "flask_limiter": ("service/",),
    "werkzeug": ("service/",),
    "waitress": ("service/",),
    "sqlalchemy": ("service/",),
    "huey": ("service/",),
    "httpcore": ("service/",),
    "yt_dlp": ("service/fetch_page.py",),
    "prometheus_client": ("service/",),
    "rich": ("cli/", "training/", "distillation/"),
}


def _imports() -> list[tuple[str, str]]:
    """(file relative to the package, imported module) of every import statement."""
    found = []
    for file in SOURCE.rglob("*.py"):
        name = file.relative_to(SOURCE).as_posix()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found += [(name, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                found.append((name, node.module))
    return found


IMPORTS = _imports()


def test_rooms_import_from_lower_levels_only() -> None:
    wrong = []
    for file, module in IMPORTS:
        parts = module.split(".")
        if parts[0] != "vidkind" or len(parts) == 1 or file == "__init__.py":
            continue
        here, there = file.split("/")[0].removesuffix(".py"), parts[1]
        same = here == there or (here, module) in ALLOWED
        if not same and LEVELS[there] >= LEVELS[here]:
            wrong.append(f"{file} imports {module}")
    assert not wrong


@pytest.mark.parametrize("package", sorted(ONLY_IN))
def test_heavy_packages_stay_in_their_rooms(package: str) -> None:
    wrong = [
        file
        for file, module in IMPORTS
        if module.split(".")[0] == package and not file.startswith(ONLY_IN[package])
    ]
    assert not wrong


def test_there_is_no_utils_module() -> None:
    assert not list(SOURCE.rglob("util*.py"))


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("features.store", "h5py"),
        ("features.backbones_torch", "torchvision"),
        ("features.quantize", "onnx"),
        ("evaluation.baselines", "sklearn.pipeline"),
        ("doctor.shortcut", "sklearn.ensemble"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(monkeypatch, module: str, package: str) -> None:
    monkeypatch.delitem(sys.modules, f"vidkind.{module}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r'pip install "vidkind\[train\]"'):
        importlib.import_module(f"vidkind.{module}")


def test_training_without_torch_names_the_extra() -> None:
    code = "import sys; sys.modules['torch'] = None; import vidkind.runs"
    run = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert "torch is not installed; this command needs the [train] extra" in run.stderr


def test_the_package_gives_its_names_when_asked() -> None:
    assert all(getattr(vidkind, name) is not None for name in vidkind.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Classifier'"):
        _ = vidkind.Classifier


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    # Processor time, so that other work on the machine does not count.
    code = (
        "import sys, time; sys.argv = ['vidkind', '--help']\n"
        "from vidkind.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'av', 'onnxruntime', 'numpy', 'rich', 'sklearn'} & set(sys.modules)\n"
        "print('HEAVY', sorted(heavy), time.process_time())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    heavy, _, seconds = run.stdout.splitlines()[-1].rpartition(" ")
    assert heavy == "HEAVY []"
    assert "classify" in run.stdout
    assert float(seconds) < 0.5
