"""Writing a synthesis to disk: clips, manifest, notice; resumable, never over foreign files."""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Callable
from pathlib import Path

from vidkind.config import SynthesisOptions
from vidkind.dataset.manifest import MANIFEST_NAME
from vidkind.dataset.synthesize.clips import Clip, plan_clips, render_frames
from vidkind.errors import LibraryError
from vidkind.files import atomic_path
from vidkind.video.encode import write_video

logger = logging.getLogger(__name__)

MARKER_NAME = "synthesis.json"
README_NAME = "README.txt"
RECIPE = 1
"""Raised whenever the same seed no longer gives the same frames."""

NOTICE = (
    "These clips are rendered by a program, not recorded: accuracy on them means nothing "
    "for real video."
)
COLUMNS = ("path", "label", "subcategory", "source_id", "group", "seed")


def synthesize_library(
    directory: str | Path,
    *,
    per_category: int,
    seed: int = 42,
    options: SynthesisOptions | None = None,
    progress: Callable[[], None] | None = None,
) -> list[Path]:
    """Renders and encodes a labelled library of the four default categories.

    Clips already in the folder from an earlier, broken-off or smaller run with the same seed
    and options are kept. Each clip is a source and a group of its own.

    Args:
        directory: Folder to fill: absent, empty, or begun by an earlier synthesis.
        per_category: Number of clips in each category.
        seed: Seed of everything; the same seed gives the same frames.
        options: Length and size of the clips.
        progress: Called once for every clip of the plan.

    Returns:
        The clips, in the manifest's order.

    Raises:
        ConfigError: ``per_category`` or ``seed`` outside its domain.
        LibraryError: The folder holds something else, or a synthesis with another seed or
            other options.
        MissingExtraError: Pillow is not installed.
    """
    options = options or SynthesisOptions()
    root = Path(directory)
    clips = plan_clips(per_category, seed, options)
    _claim(root, {"recipe": RECIPE, "seed": seed, "seconds": options.seconds, "size": options.size})
    for clip in clips:
        if not (root / clip.key).is_file():
            _write_clip(root / clip.key, clip)
        if progress is not None:
            progress()
    _write_manifest(root, clips)
    logger.info("%s holds %d rendered clips", root, len(clips))
    return [root / clip.key for clip in clips]


def _claim(root: Path, settings: dict[str, float]) -> None:
    """Marks a folder as a synthesis, or checks that it is this one."""
    if root.exists() and not root.is_dir():
        raise LibraryError(f"{root} is a file; expected a folder to render into")
    marker = root / MARKER_NAME
    if marker.is_file():
        _check_same(root, marker, settings)
    elif root.is_dir() and any(root.iterdir()):
        raise LibraryError(
            f"{root} is not empty and holds no earlier synthesis; choose a new or empty folder"
        )
    with atomic_path(marker) as partial:
        partial.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    with atomic_path(root / README_NAME) as partial:
        partial.write_text(f"{NOTICE}\nMade by: vidkind synthesize. {settings}\n", encoding="utf-8")


def _check_same(root: Path, marker: Path, settings: dict[str, float]) -> None:
    try:
        found = json.loads(marker.read_text(encoding="utf-8"))
        different = [
            f"{k} {found.get(k)!r}, not {v!r}" for k, v in settings.items() if found.get(k) != v
        ]
    except (OSError, ValueError, AttributeError) as error:
        raise LibraryError(f"{marker} cannot be read: {error}; choose another folder") from error
    if different:
        raise LibraryError(
            f"{root} holds another synthesis ({'; '.join(different)}); "
            "use the same options to resume it, or choose another folder"
        )


def _write_clip(path: Path, clip: Clip) -> None:
    encoder = {"crf": str(clip.crf), "preset": "veryfast"}
    write_video(path, render_frames(clip), fps=clip.fps, options=encoder)


def _write_manifest(root: Path, clips: list[Clip]) -> None:
    with (
        atomic_path(root / MANIFEST_NAME) as partial,
        partial.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for clip in clips:
            source = Path(clip.key).with_suffix("").as_posix()
            writer.writerow((clip.key, clip.category, clip.family, source, source, clip.seed))
