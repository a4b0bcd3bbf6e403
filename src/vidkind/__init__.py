"""Tells what kind of content a video is.

``SingleVideoClassifier(bundle).classify_video(path)`` answers for one video; everything else
is reached through the rooms (``vidkind.features``, ``vidkind.training``, ...) or the
``vidkind`` command. Importing the package loads nothing heavy.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidkind.bundle import load_bundle
    from vidkind.inference import SingleVideoClassifier

# ONNX Runtime from 1.32 on tells its makers about every process, unless told not to before it is
# imported. Nothing leaves the machine here without being asked for.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = version("vidkind")
__all__ = ["SingleVideoClassifier", "__version__", "load_bundle"]


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that `vidkind --help` stays quick.
    if name == "SingleVideoClassifier":
        from vidkind.inference import SingleVideoClassifier

        return SingleVideoClassifier
    if name == "load_bundle":
        from vidkind.bundle import load_bundle

        return load_bundle
    raise AttributeError(f"module 'vidkind' has no attribute {name!r}")
