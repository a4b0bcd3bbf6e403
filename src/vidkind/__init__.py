"""Tells what kind of content a video is.

``SingleVideoClassifier(bundle).classify_video(path)`` answers for one video, and
``classify_videos(paths)`` for many: each answer is a ``Prediction``. Everything else is reached
through the rooms (``vidkind.features``, ``vidkind.training``, ...) or the ``vidkind`` command.
Importing the package loads nothing heavy.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidkind.bundle import load_bundle
    from vidkind.errors import VideoError, VidkindError
    from vidkind.inference import SingleVideoClassifier
    from vidkind.records import Prediction

# ONNX Runtime from 1.32 on tells its makers about every process, unless told not to before it is
# imported. Nothing leaves the machine here without being asked for.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = version("vidkind")
__all__ = [
    "Prediction",
    "SingleVideoClassifier",
    "VideoError",
    "VidkindError",
    "__version__",
    "load_bundle",
]
_HOMES = {
    "Prediction": "vidkind.records",
    "SingleVideoClassifier": "vidkind.inference",
    "VideoError": "vidkind.errors",
    "VidkindError": "vidkind.errors",
    "load_bundle": "vidkind.bundle",
}


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that `vidkind --help` stays quick.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'vidkind' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
