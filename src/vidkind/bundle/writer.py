"""Writing a bundle in one step: a folder appears whole, or not at all."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from vidkind.bundle.manifest import (
    BACKBONE_NAME,
    MANIFEST_NAME,
    TEMPORAL_NAME,
    TRUST_NAME,
    BundleManifest,
)
from vidkind.bundle.reader import Bundle, load_bundle
from vidkind.errors import BundleError
from vidkind.files import atomic_path

_NAMES = {MANIFEST_NAME, BACKBONE_NAME, TEMPORAL_NAME, TRUST_NAME}


def write_bundle(
    path: Path,
    *,
    manifest: BundleManifest,
    backbone: Path,
    temporal: Path,
    trust: Path | None = None,
) -> Bundle:
    """Assembles a bundle from finished graphs, checks it, and puts it in place.

    Args:
        path: Folder to make, or a name ending in ``.zip``. An older bundle there, or an empty
            folder, is replaced.
        manifest: Its ``bundle.json``.
        backbone: ONNX file of the backbone, copied.
        temporal: ONNX file of the temporal models, copied.
        trust: Trust statistics, copied, where the manifest names them.

    Raises:
        BundleError: ``path`` exists and is no bundle, or the parts do not fit together.
    """
    path = path.resolve()
    if path.exists() and not _may_be_replaced(path):
        raise BundleError(f"{path} exists and is no bundle; choose another name for the output")
    staging = path.with_name(f".{path.name}.partial")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        shutil.copyfile(backbone, staging / BACKBONE_NAME)
        shutil.copyfile(temporal, staging / TEMPORAL_NAME)
        if trust is not None:
            shutil.copyfile(trust, staging / TRUST_NAME)
        (staging / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")
        load_bundle(staging)
        _put_in_place(staging, path)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return load_bundle(path)


def _may_be_replaced(path: Path) -> bool:
    """Whether nothing but a bundle, whole or not, would be lost."""
    if path.is_dir():
        return {file.name for file in path.iterdir()} <= _NAMES
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist()) <= _NAMES


def _put_in_place(staging: Path, path: Path) -> None:
    if path.suffix == ".zip":
        with (
            atomic_path(path) as temporary,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for file in sorted(staging.iterdir()):
                archive.write(file, file.name)
        return
    if path.exists():
        shutil.rmtree(path)
    staging.rename(path)
