"""Where the bundle that ships with the package lies."""

from __future__ import annotations

from pathlib import Path

from vidkind.errors import BundleError

_FOLDER = Path(__file__).parent / "default_bundle"


def default_bundle_path() -> Path:
    """Folder of the shipped bundle.

    Raises:
        BundleError: This installation carries none.
    """
    if not _FOLDER.is_dir():
        raise BundleError(
            "this installation carries no default bundle; give one with --bundle "
            "(make it with: vidkind bundle RUN -o DIR)"
        )
    return _FOLDER
