"""Stage 1 over a labelled library: videos in, one feature file per split out, resumable."""

from __future__ import annotations

import csv
import json
import logging
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from vidkind.config import MultiScaleOptions, SamplingOptions
from vidkind.errors import ConfigError, LibraryError, VidkindError
from vidkind.features.backbones import Backbone
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.features.card import keep_weights
from vidkind.features.embed import EmbeddedVideo, Versions, embed_videos
from vidkind.features.head import head_path, keep_head, kept_head, read_head
from vidkind.features.multiscale import output_length
from vidkind.features.provenance import feature_provenance
from vidkind.features.shards import Shard, ShardFolder, video_fingerprint
from vidkind.features.store import FeatureRow, write_features
from vidkind.files import atomic_path
from vidkind.parallel import in_order
from vidkind.records import ErrorRecord, Split, VideoItem

_log = logging.getLogger(__name__)

SPLITS = get_args(Split)
# Files looked into at once: disks and networks answer several questions in the time of one.
_READERS = 8
FAILURE_COLUMNS = ("path", "label", "split", "type", "message")

# (uint8 [T, H, W, 3], seed) -> the same shape: one degradation for all frames of a video.
Degrade = Callable[[NDArray[np.uint8], tuple[int, ...]], NDArray[np.uint8]]


@dataclass(frozen=True, kw_only=True)
class ExtractionReport:
    """Where every video of the library went.

    Attributes:
        written: Split -> number of videos in its feature file.
        files: Split -> the feature file.
        degraded_files: Split -> the feature file of degraded versions of its videos.
        reused: Videos found finished from an earlier run.
        failures: Every video without features, with the reason.
        failures_file: The CSV that lists them; it exists even when empty.
    """

    written: dict[str, int]
    files: dict[str, Path]
    reused: int
    failures: tuple[tuple[VideoItem, ErrorRecord], ...]
    failures_file: Path
    degraded_files: dict[str, Path] = field(default_factory=dict)

    @property
    def num_inputs(self) -> int:
        """Videos in; always those written plus those failed."""
        return sum(self.written.values()) + len(self.failures)


def feature_file_name(split: str, options: MultiScaleOptions) -> str:
    """Published name of a split's feature file."""
    return f"{split}_features{'_multiscale' if options.enabled else ''}.h5"


@dataclass(frozen=True, kw_only=True)
class DegradedVersions:
    """Further versions of every video to learn from, for models that must not mind degradation.

    Attributes:
        count: Versions a video.
        degrade: Makes one; ``vidkind.dataset.degrade_video.degrade_frames``.
        seed: Seed of all of them, together with the video's content.
        splits: Whose videos; cross-fitting learns from validation videos too.
    """

    count: int
    degrade: Degrade
    seed: int = 0
    splits: tuple[Split, ...] = ("train",)

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ConfigError(f"count is {self.count}; expected at least 1 version a video")

    def keys(self, fingerprint: str) -> list[str]:
        """Names of the versions of one video among the shards."""
        return [f"{fingerprint}+degraded-{self.seed}-{k}" for k in range(self.count)]

    def make(self, fingerprint: str, frames: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """The versions, in the order of ``keys``."""
        content = zlib.crc32(fingerprint.encode())
        return [self.degrade(frames, (self.seed, content, k)) for k in range(self.count)]


def extract_features(
    items: Sequence[VideoItem],
    categories: Sequence[str],
    backbone: Backbone,
    output: Path,
    *,
    sampling: SamplingOptions | None = None,
    multi_scale: MultiScaleOptions | None = None,
    dtype: str = "float32",
    workers: int | None = None,
    degraded: DegradedVersions | None = None,
    progress: Callable[[VideoItem], None] = lambda item: None,
) -> ExtractionReport:
    """Embeds every video of a library and writes one feature file per split.

    Finished videos are kept in ``output/shards``: killed anywhere and run again, only what
    is missing is done. Feature files appear whole or not at all.

    Args:
        items: Videos with their splits assigned.
        categories: Names in label order.
        backbone: What embeds the frames.
        output: Folder for the feature files, ``failures.csv`` and the shards.
        sampling: How frames are picked.
        multi_scale: Temporal scales.
        dtype: ``float32`` or ``float16``.
        workers: Decoding threads; None chooses by the number of cores.
        degraded: Also embed degraded versions of videos, into a file of their own a split.
        progress: Called once per video when it is finished or has failed.

    Raises:
        ConfigError: ``dtype`` is neither of the two.
        LibraryError: A video has no split, or not one could be used.
    """
    if dtype not in ("float32", "float16"):
        raise ConfigError(f"dtype is {dtype!r}; expected float32 or float16")
    if without := [item.key for item in items if item.split not in SPLITS]:
        raise LibraryError(
            f"{len(without)} videos have no split, the first is {without[0]}; expected train, val "
            "or test: divide the library with assign_splits"
        )
    sampling, multi_scale = sampling or SamplingOptions(), multi_scale or MultiScaleOptions()
    provenance = feature_provenance(backbone, sampling, multi_scale)
    if isinstance(backbone, OnnxBackbone):
        keep_weights(backbone.path, backbone.card, output)
        _take_head(backbone, output)
    shards = ShardFolder(output / "shards", provenance)
    fingerprints, errors = _fingerprint_all(items)
    _warn_of_copies(items, fingerprints)
    wanted = _shard_keys(items, fingerprints, degraded)
    todo = [item for item in items if not all(map(shards.has, wanted.get(item.key, ())))]
    reused = len(fingerprints) - len(todo)
    embed = partial(
        embed_videos,
        backbone=backbone,
        sampling=sampling,
        multi_scale=multi_scale,
        workers=workers,
        versions=_version_maker(todo, fingerprints, degraded) if degraded else None,
    )
    for item, outcome in _outcomes(items, todo, embed):
        if isinstance(outcome, VidkindError):
            errors[item.key] = ErrorRecord(type=outcome.type, message=str(outcome))
        elif outcome is not None:
            sequences = (outcome.sequence, *outcome.versions)
            for key, sequence in zip(wanted[item.key], sequences, strict=True):
                seconds = outcome.frames.duration_seconds
                shards.save(key, Shard(sequence=sequence, duration_seconds=seconds))
        progress(item)
    failures_file = output / "failures.csv"
    failures = tuple((item, errors[item.key]) for item in items if item.key in errors)
    _write_failures(failures_file, failures)
    good = [item for item in items if item.key not in errors]
    if not good:
        raise LibraryError(
            f"none of the {len(items)} videos could be used; the reasons are in {failures_file}"
        )
    write = partial(
        write_features,
        max_frames=output_length(sampling.num_frames, multi_scale),
        feature_dim=backbone.card.feature_dim,
        categories=categories,
        multi_scale=multi_scale.enabled,
        dtype=dtype,
        attributes={"provenance": json.dumps(provenance)},
    )
    written: dict[str, int] = {}
    files: dict[str, Path] = {}
    degraded_files: dict[str, Path] = {}

    def write_rows(name: str, keys: list[tuple[VideoItem, str]]) -> Path | None:
        file = output / feature_file_name(name, multi_scale)
        if not keys:
            file.unlink(missing_ok=True)  # of an earlier run or division of the library
            return None
        write(file, _rows(keys, fingerprints, shards, categories), count=len(keys))
        return file

    for split in SPLITS:
        chosen = [item for item in good if item.split == split]
        if file := write_rows(split, [(item, wanted[item.key][0]) for item in chosen]):
            files[split], written[split] = file, len(chosen)
        versions = [(item, key) for item in chosen for key in wanted[item.key][1:]]
        if file := write_rows(f"{split}_degraded", versions):
            degraded_files[split] = file
    return ExtractionReport(
        written=written,
        files=files,
        reused=reused,
        failures=failures,
        failures_file=failures_file,
        degraded_files=degraded_files,
    )


def _take_head(backbone: OnnxBackbone, folder: Path) -> None:
    """Keeps the backbone's head, unless the folder has one of its own for that backbone."""
    given, kept = head_path(backbone.path), kept_head(folder)
    if not given.is_file():
        return
    if kept is None or read_head(kept).backbone_sha256 != backbone.card.sha256:
        keep_head(read_head(given), folder)


def _shard_keys(
    items: Sequence[VideoItem],
    fingerprints: dict[str, str],
    degraded: DegradedVersions | None,
) -> dict[str, list[str]]:
    """Item -> its shards: the clean one first; items that cannot be read are left out."""
    keys = {}
    for item in items:
        if item.key in fingerprints:
            fingerprint = fingerprints[item.key]
            wanted = degraded and item.split in degraded.splits
            versions = degraded.keys(fingerprint) if degraded and wanted else []
            keys[item.key] = [fingerprint, *versions]
    return keys


def _version_maker(
    items: Sequence[VideoItem], fingerprints: dict[str, str], degraded: DegradedVersions
) -> Versions:
    of_path = {item.path: fingerprints[item.key] for item in items if item.split in degraded.splits}

    def make(path: Path | str, frames: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        return degraded.make(of_path[str(path)], frames) if str(path) in of_path else []

    return make


def _fingerprint_all(
    items: Sequence[VideoItem],
) -> tuple[dict[str, str], dict[str, ErrorRecord]]:
    """The content of every file that can be read, and why others cannot."""

    def read(item: VideoItem) -> str | VidkindError:
        try:
            return video_fingerprint(item.path)
        except VidkindError as error:
            return error

    fingerprints: dict[str, str] = {}
    errors: dict[str, ErrorRecord] = {}
    results = in_order(read, items, workers=_READERS, ahead=2 * _READERS)
    for item, result in zip(items, results, strict=True):
        if isinstance(result, VidkindError):
            errors[item.key] = ErrorRecord(type=result.type, message=str(result))
        else:
            fingerprints[item.key] = result
    return fingerprints, errors


def _warn_of_copies(items: Sequence[VideoItem], fingerprints: dict[str, str]) -> None:
    """Says which files lie in two splits under two names: models would know them from training."""
    first: dict[str, VideoItem] = {}
    copies = []
    for item in items:
        if item.key in fingerprints:
            other = first.setdefault(fingerprints[item.key], item)
            if other.split != item.split:
                copies.append((other, item))
    if copies:
        one, two = copies[0]
        _log.warning(
            "%d files are copies of files in another split; the first are %s in %s and %s in %s. "
            "Keep one of them; vidkind doctor lists all",
            len(copies), one.key, one.split, two.key, two.split,
        )  # fmt: skip


def _outcomes(
    items: Sequence[VideoItem],
    todo: Sequence[VideoItem],
    embed: Callable[[list[str]], Iterator[EmbeddedVideo | VidkindError]],
) -> Iterator[tuple[VideoItem, EmbeddedVideo | VidkindError | None]]:
    """Every item with its outcome; None for those finished or failed before."""
    waiting = {item.key for item in todo}
    for item in items:
        if item.key not in waiting:
            yield item, None
    yield from zip(todo, embed([item.path for item in todo]), strict=True)


def _rows(
    keys: Sequence[tuple[VideoItem, str]],
    fingerprints: dict[str, str],
    shards: ShardFolder,
    categories: Sequence[str],
) -> Iterator[FeatureRow]:
    for item, key in keys:
        shard = shards.load(key)
        assert shard is not None, f"shard of {item.key} vanished during the run"
        yield FeatureRow(
            features=shard.sequence.features,
            times=shard.sequence.times,
            duration_seconds=shard.duration_seconds,
            label=categories.index(item.label),
            text={
                "paths": item.key,
                "groups": item.group,
                "source_ids": item.source_id,
                "splits": item.split or "",
                "fingerprints": fingerprints[item.key],
            },
        )


def _write_failures(path: Path, failures: Sequence[tuple[VideoItem, ErrorRecord]]) -> None:
    with (
        atomic_path(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(FAILURE_COLUMNS)
        for item, error in failures:
            writer.writerow([item.key, item.label, item.split, error.type, error.message])
