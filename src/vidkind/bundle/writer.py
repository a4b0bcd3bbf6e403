"""Writing a bundle in one step: a folder appears whole, or not at all."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from vidkind.bundle.manifest import (
    BACKBONE_NAME,
    MANIFEST_NAME,
    TEMPORAL_NAME,
    BundleManifest,
)
from vidkind.bundle.reader import Bundle, load_bundle
from vidkind.errors import BundleError


def write_bundle(
    path: Path,
    *,
    manifest: BundleManifest,
    backbone: Path,
    temporal: Path,
    check: Callable[[Bundle], None] = lambda bundle: None,
) -> Bundle:
    """Assembles a bundle from finished graphs, checks it, and puts it in place.

    Args:
        path: Folder to make, or a name ending in ``.zip``.
        manifest: Its ``bundle.json``.
        backbone: ONNX file of the backbone, copied.
        temporal: ONNX file of the temporal models, copied.
        check: Called with the assembled bundle; what it raises stops the writing.

    Raises:
        BundleError: ``path`` exists and is no bundle, or the parts do not fit together.
    """
    if path.exists() and not _is_bundle(path):
        raise BundleError(f"{path} exists and is no bundle; choose another name for the output")
    staging = path.with_name(f".{path.name}.partial")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        shutil.copyfile(backbone, staging / BACKBONE_NAME)
        shutil.copyfile(temporal, staging / TEMPORAL_NAME)
        (staging / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")
        check(load_bundle(staging))
        _put_in_place(staging, path)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return load_bundle(path)


def _is_bundle(path: Path) -> bool:
    return path.suffix == ".zip" or (path / MANIFEST_NAME).is_file()


def _put_in_place(staging: Path, path: Path) -> None:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(staging.iterdir()):
                archive.write(file, file.name)
        return
    if path.exists():
        shutil.rmtree(path)
    staging.rename(path)
