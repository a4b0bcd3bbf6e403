"""Writing a bundle in one step: a folder appears whole, or not at all."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from vidkind.bundle.manifest import (
    BACKBONE_NAME,
    HEAD_NAME,
    INT8_NAME,
    MANIFEST_NAME,
    TEMPORAL_NAME,
    TRUST_NAME,
    BundleManifest,
    FileCard,
    Int8File,
)
from vidkind.bundle.reader import Bundle, load_bundle
from vidkind.errors import BundleError
from vidkind.features.card import file_sha256
from vidkind.files import atomic_path, copy_whole

_NAMES = {MANIFEST_NAME, BACKBONE_NAME, TEMPORAL_NAME, TRUST_NAME, INT8_NAME, HEAD_NAME}


def write_bundle(
    path: Path,
    *,
    manifest: BundleManifest,
    backbone: Path,
    temporal: Path,
    trust: Path | None = None,
    int8: Path | None = None,
    head: Path | None = None,
) -> Bundle:
    """Assembles a bundle from finished graphs, checks it, and puts it in place.

    Args:
        path: Folder to make, or a name ending in ``.zip``. An older bundle there, or an empty
            folder, is replaced.
        manifest: Its ``bundle.json``.
        backbone: ONNX file of the backbone, copied.
        temporal: ONNX file of the temporal models, copied.
        trust: Trust statistics, copied, where the manifest names them.
        int8: The backbone's int8 graph, copied; the manifest says so then.
        head: The backbone's picture head, likewise.

    Raises:
        BackboneError: ``int8`` was not made by ``vidkind quantize``.
        BundleError: ``path`` exists and is no bundle, or the parts do not fit together.
    """
    path = path.resolve()
    manifest = replace(
        manifest,
        int8=None if int8 is None else _int8_entry(int8),
        head=None if head is None else FileCard(file=HEAD_NAME, sha256=file_sha256(head)),
    )
    if path.exists() and not _may_be_replaced(path):
        raise BundleError(f"{path} exists and is no bundle; choose another name for the output")
    staging = path.with_name(f".{path.name}.{uuid4().hex[:8]}.partial")
    staging.mkdir(parents=True)
    try:
        copy_whole(backbone, staging / BACKBONE_NAME)
        copy_whole(temporal, staging / TEMPORAL_NAME)
        for file, name in ((trust, TRUST_NAME), (int8, INT8_NAME), (head, HEAD_NAME)):
            if file is not None:
                copy_whole(file, staging / name)
        (staging / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")
        load_bundle(staging)
        _put_in_place(staging, path)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return load_bundle(path)


def add_int8(bundle: Bundle, graph: Path, output: Path) -> Bundle:
    """Writes a bundle again, with the int8 graph of its backbone.

    Args:
        bundle: The bundle; ``output`` may be where it lies.
        graph: The int8 graph.
        output: As ``write_bundle`` takes it.

    Raises:
        BackboneError: ``graph`` was not made by ``vidkind quantize``.
        BundleError: It was made from another backbone, or ``output`` is something else.
    """
    return write_bundle(
        output,
        manifest=bundle.manifest,
        backbone=bundle.backbone_file,
        temporal=bundle.temporal_file,
        trust=bundle.trust_file,
        int8=graph,
        head=bundle.head_file,
    )


def _int8_entry(graph: Path) -> Int8File:
    # Whoever only reads bundles, as the server does, needs no ONNX Runtime.
    from vidkind.features.backbones_onnx import read_int8_card

    return Int8File(file=INT8_NAME, sha256=file_sha256(graph), card=read_int8_card(graph))


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
    if not path.exists():
        staging.rename(path)
        return
    # Aside first: what cannot be moved, as a mount point, is still there when that fails.
    old = path.rename(staging.with_suffix(".old"))
    try:
        staging.rename(path)
    except OSError:
        old.rename(path)
        raise
    if old.is_dir():
        shutil.rmtree(old)
    else:
        old.unlink()
