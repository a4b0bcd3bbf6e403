"""Reading a labelled library from its folders; ``manifest`` reads one from a CSV.

Layouts: ``<Category>/**/video``, ``<split>/<Category>/**/video``, or a manifest CSV
(also a folder that holds ``manifest.csv``, which then has the say).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidkind.dataset.groups import with_whole_sources
from vidkind.dataset.manifest import MANIFEST_NAME, SPLIT_NAMES, read_manifest
from vidkind.errors import LibraryError
from vidkind.files import printable
from vidkind.records import VideoItem
from vidkind.video import find_pictures, find_videos

logger = logging.getLogger(__name__)

LAYOUTS = (
    "<Category>/**/video, <split>/<Category>/**/video with splits train, val, test, "
    "or a manifest CSV with columns path,label"
)


@dataclass(frozen=True, kw_only=True)
class Library:
    """Every labelled video of one library.

    Attributes:
        root: The folder that the items' keys are relative to.
        items: The videos: in manifest order, or sorted by key.
        categories: Names of the categories, sorted: a category's label is its index here.
        has_splits: Whether every item has a split.
    """

    root: Path
    items: tuple[VideoItem, ...]
    categories: tuple[str, ...]
    has_splits: bool

    def __repr__(self) -> str:
        splits = Counter(item.split or "unsplit" for item in self.items)
        shares = ", ".join(f"{name} {count}" for name, count in sorted(splits.items()))
        return f"Library({len(self.items)} videos of {', '.join(self.categories)}; {shares})"


def read_library(path: str | Path, *, strict: bool = True, pictures: bool = False) -> Library:
    """Reads a labelled library; opens no video.

    A listed file that does not exist is kept: extraction reports it as a failure.

    Args:
        path: A library folder, or a manifest CSV.
        strict: Whether a group or a source in two splits, or a path listed twice, is an error,
            and groups that share a source are joined; what only looks for faults reads on.
        pictures: Whether the files of a folder without a manifest are pictures, not videos.

    Returns:
        The library; items have a split only where the layout or the manifest names one.

    Raises:
        LibraryError: No such path, no videos in a known layout, fewer than two categories,
            a damaged manifest, or (strict) a group or a source in two splits or a path listed
            twice.
    """
    root = Path(path)
    if not root.exists():
        raise LibraryError(f"no library at {root}: expected a folder or a manifest CSV")
    if root.is_file():
        return _library(root.parent, read_manifest(root, strict=strict), strict=strict)
    manifest = root / MANIFEST_NAME
    if manifest.is_file():
        logger.info("%s holds a manifest: labels are read from it, not from the folders", root)
        return _library(root, read_manifest(manifest, strict=strict), strict=strict)
    return _library(root, _read_folders(root, pictures=pictures), strict=strict)


def _library(root: Path, items: Sequence[VideoItem], *, strict: bool) -> Library:
    categories = tuple(sorted({item.label for item in items}))
    if len(categories) < 2:
        found = f"only {categories[0]!r}" if categories else "none"
        raise LibraryError(f"{root}: two or more categories expected, {found} found")
    if strict:
        # Sources first: without a column of their own, groups have their names.
        _check_purity(items, "source", lambda item: item.source_id)
        _check_purity(items, "group", lambda item: item.group)
        items = with_whole_sources(items)
    has_splits = all(item.split is not None for item in items)
    return Library(root=root, items=tuple(items), categories=categories, has_splits=has_splits)


def _check_purity(items: Sequence[VideoItem], what: str, key: Callable[[VideoItem], str]) -> None:
    """Similar videos on both sides of a split would make every figure too good."""
    seen: dict[str, VideoItem] = {}
    for item in items:
        first = seen.setdefault(key(item), item)
        if first.split != item.split:
            raise LibraryError(
                f"{what} {key(item)!r} is in two splits: {first.key} in {first.split}, "
                f"{item.key} in {item.split}; put the whole {what} into one"
            )


def _read_folders(root: Path, *, pictures: bool) -> list[VideoItem]:
    found = find_pictures(root) if pictures else find_videos(root)
    if not found:
        kind = "pictures" if pictures else "videos"
        raise LibraryError(f"no {kind} found in {root}: expected {LAYOUTS}")
    files = sorted((printable(file.relative_to(root).as_posix()), file) for file in found)
    split_layout = _is_split_layout(root, {key.split("/")[0] for key, _ in files if "/" in key})
    return [_folder_item(root, key, file, split_layout=split_layout) for key, file in files]


def _is_split_layout(root: Path, folders: set[str]) -> bool:
    splits = {name for name in folders if name.lower() in SPLIT_NAMES}
    if splits and splits != folders:
        others = ", ".join(sorted(folders - splits))
        raise LibraryError(
            f"{root} mixes split folders ({', '.join(sorted(splits))}) with others ({others}): "
            f"expected {LAYOUTS}"
        )
    return bool(splits)


def _folder_item(root: Path, key: str, video: Path, *, split_layout: bool) -> VideoItem:
    parts = key.split("/")
    depth = 2 if split_layout else 1
    if len(parts) <= depth:
        raise LibraryError(f"{key} lies in no category folder of {root}: expected {LAYOUTS}")
    return VideoItem(
        path=str(video),
        key=key,
        label=parts[depth - 1],
        split=SPLIT_NAMES[parts[0].lower()] if split_layout else None,
        group=key,
        source_id=key,
    )
