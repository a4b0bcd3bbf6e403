"""Opening a bundle: nothing is answered from files that do not fit together."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from vidkind.bundle.default import default_bundle_path
from vidkind.bundle.manifest import (
    BACKBONE_NAME,
    HEAD_NAME,
    INT8_NAME,
    MANIFEST_NAME,
    TEMPORAL_NAME,
    TRUST_NAME,
    BundleManifest,
)
from vidkind.errors import BundleError
from vidkind.features.card import file_sha256

_FILES = (MANIFEST_NAME, BACKBONE_NAME, TEMPORAL_NAME)
_MORE_FILES = (TRUST_NAME, INT8_NAME, HEAD_NAME)
# A zip that claims more than this is refused before anything is unpacked.
_MAX_UNPACKED_BYTES = 4 << 30


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A bundle whose files are present and match their checksums.

    Attributes:
        path: Where it was opened from.
        manifest: Its ``bundle.json``.
        folder: Folder that holds the ONNX files.
    """

    path: Path
    manifest: BundleManifest
    folder: Path
    _unpacked: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    @property
    def backbone_file(self) -> Path:
        """The backbone's ONNX file."""
        return self.folder / BACKBONE_NAME

    @property
    def temporal_file(self) -> Path:
        """The temporal models' ONNX file."""
        return self.folder / TEMPORAL_NAME

    @property
    def int8_file(self) -> Path | None:
        """The backbone's int8 graph, or None in a bundle without."""
        return None if self.manifest.int8 is None else self.folder / INT8_NAME

    @property
    def trust_file(self) -> Path | None:
        """The trust statistics, or None in a bundle without."""
        return None if self.manifest.trust is None else self.folder / TRUST_NAME

    @property
    def head_file(self) -> Path | None:
        """The backbone's picture head, or None in a bundle without."""
        return None if self.manifest.head is None else self.folder / HEAD_NAME


def load_bundle(path: Path | str | None = None) -> Bundle:
    """Opens a bundle.

    Args:
        path: Folder or zip; None opens the default bundle shipped with the package.

    Raises:
        BundleError: Missing, damaged, of another format version, or not fitting together.
    """
    path = default_bundle_path() if path is None else Path(path)
    if path.is_dir():
        return _open_folder(path, path, None)
    if path.is_file():
        return _open_zip(path)
    raise BundleError(f"no bundle at {path}; expected a folder or zip made by: vidkind bundle")


def _open_zip(path: Path) -> Bundle:
    unpacked = tempfile.TemporaryDirectory(prefix="vidkind-bundle-")
    try:
        with zipfile.ZipFile(path) as archive:
            members = [archive.getinfo(name) for name in _FILES]
            members += [info for info in archive.infolist() if info.filename in _MORE_FILES]
            if sum(member.file_size for member in members) > _MAX_UNPACKED_BYTES:
                raise BundleError(f"{path} unpacks to more than 4 GiB; that is no vidkind bundle")
            for member in members:
                archive.extract(member, unpacked.name)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError) as error:
        raise BundleError(
            f"{path} is no bundle: {error}; expected a zip with {', '.join(_FILES)}"
        ) from error
    return _open_folder(path, Path(unpacked.name), unpacked)


def _open_folder(
    path: Path, folder: Path, unpacked: tempfile.TemporaryDirectory[str] | None
) -> Bundle:
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise BundleError(
            f"{path} is no bundle: {', '.join(missing)} missing; make one with: vidkind bundle"
        )
    try:
        text = (folder / MANIFEST_NAME).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BundleError(f"{path}: {MANIFEST_NAME} is not UTF-8 text") from error
    manifest = BundleManifest.from_json(text)
    bundle = Bundle(path=path, manifest=manifest, folder=folder, _unpacked=unpacked)
    _check_hash(bundle.backbone_file, manifest.backbone.sha256, path)
    _check_hash(bundle.temporal_file, manifest.temporal.sha256, path)
    further = (
        (bundle.trust_file, manifest.trust),
        (bundle.int8_file, manifest.int8),
        (bundle.head_file, manifest.head),
    )
    for file, part in further:
        if file is not None and part is not None:
            if not file.is_file():
                raise BundleError(f"{path}: {file.name} is missing; copy the whole bundle again")
            _check_hash(file, part.sha256, path)
    return bundle


def _check_hash(file: Path, expected: str, bundle: Path) -> None:
    actual = file_sha256(file)
    if actual != expected:
        raise BundleError(
            f"{bundle}: {file.name} has SHA-256 {actual[:12]}..., {MANIFEST_NAME} says "
            f"{expected[:12]}...; the bundle is damaged or mixed from two, copy it again"
        )
