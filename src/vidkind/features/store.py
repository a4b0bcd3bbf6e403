"""Feature files: the published HDF5 format, with provenance added where we write it.

Datasets ``features`` [N, T, D], ``labels`` int64 [N], ``num_frames`` int32 [N] and the
attributes ``num_videos``, ``max_frames``, ``feature_dim``, ``multi_scale`` and
``category_mapping`` are the published format. ``paths``, ``groups``, ``source_ids``,
``splits``, ``times``, ``durations``, ``fingerprints`` and further attributes are ours;
files that lack them are read all the same.
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkind.errors import FeatureFileError, MissingExtraError
from vidkind.files import atomic_path

try:
    import h5py
except ImportError as error:
    raise MissingExtraError("h5py", "train") from error

_TEXT_COLUMNS = ("paths", "groups", "source_ids", "splits", "fingerprints")


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureSet:
    """Feature sequences of N videos, in memory.

    Attributes:
        features: float32 [N, T, D]; rows are zero beyond ``num_frames``.
        labels: int64 [N], index into ``categories``.
        num_frames: int32 [N], valid steps of each row, 1..T.
        categories: Names in index order.
        paths: Key of each video, or None in files that lack it; likewise the next four.
        groups: Group of each video.
        source_ids: Recording each video was cut from.
        splits: Split of each video, in files that hold several.
        fingerprints: Content fingerprint of each file.
        times: float32 [N, T], seconds, or None.
        durations: float32 [N], seconds, or None.
        attributes: Every attribute of the file.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    num_frames: NDArray[np.int32]
    categories: tuple[str, ...]
    paths: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    source_ids: tuple[str, ...] | None = None
    splits: tuple[str, ...] | None = None
    fingerprints: tuple[str, ...] | None = None
    times: NDArray[np.float32] | None = None
    durations: NDArray[np.float32] | None = None
    attributes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.features)
        if self.features.ndim != 3 or {self.labels.shape, self.num_frames.shape} != {(count,)}:
            raise FeatureFileError(
                f"features {list(self.features.shape)}, labels {list(self.labels.shape)} and "
                f"num_frames {list(self.num_frames.shape)} do not fit; expected [N, T, D], [N], [N]"
            )
        for name in (*_TEXT_COLUMNS, "times", "durations"):
            column = getattr(self, name)
            if column is not None and len(column) != count:
                raise FeatureFileError(f"{name} has {len(column)} rows; expected {count}")
        if count and not (self.labels.min() >= 0 and self.labels.max() < len(self.categories)):
            raise FeatureFileError(
                f"labels run from {self.labels.min()} to {self.labels.max()}; expected 0 to "
                f"{len(self.categories) - 1} for {len(self.categories)} categories"
            )
        if count and not (1 <= self.num_frames.min() <= self.num_frames.max() <= self.max_frames):
            raise FeatureFileError(f"num_frames lies outside 1..{self.max_frames}")

    def __len__(self) -> int:
        return len(self.features)

    def __repr__(self) -> str:
        return f"FeatureSet(features=float32{list(self.features.shape)}, K={len(self.categories)})"

    @property
    def max_frames(self) -> int:
        """T, steps a row has room for."""
        return int(self.features.shape[1])

    @property
    def feature_dim(self) -> int:
        """D, length of a feature vector."""
        return int(self.features.shape[2])

    @property
    def provenance(self) -> dict[str, Any]:
        """What made the features: backbone, options; empty in files that do not say."""
        try:
            found = json.loads(self.attributes.get("provenance", "null"))
        except (TypeError, ValueError):  # an attribute of others by that name
            return {}
        told = isinstance(found, dict) and isinstance(found.get("backbone"), dict)
        return found if told else {}

    def check_same_backbone(self, other: FeatureSet) -> None:
        """Checks that features of two sets may be used together, where both say what made them.

        Raises:
            FeatureFileError: Another backbone or precision made the others.
        """
        if not (self.provenance and other.provenance):
            return
        makers = made_by(self.provenance), made_by(other.provenance)
        if makers[0] != makers[1]:
            raise FeatureFileError(
                f"features made by {makers[0]} do not go with those made by {makers[1]}; expected "
                "files of one extraction"
            )

    def subset(self, indices: NDArray[np.int64] | Sequence[int]) -> FeatureSet:
        """The rows at ``indices``, in that order."""
        rows = np.asarray(indices, dtype=np.int64)
        changed: dict[str, Any] = {}
        for name in ("features", "labels", "num_frames", "times", "durations"):
            column = getattr(self, name)
            changed[name] = None if column is None else column[rows]
        for name in _TEXT_COLUMNS:
            column = getattr(self, name)
            changed[name] = None if column is None else tuple(column[i] for i in rows)
        return replace(self, **changed)

    def joined(self, other: FeatureSet) -> FeatureSet:
        """These rows, then those of ``other``.

        Raises:
            FeatureFileError: The two differ in T, D, categories or backbone.
        """
        self.check_same_backbone(other)
        if self.features.shape[1:] != other.features.shape[1:] or (
            self.categories != other.categories
        ):
            raise FeatureFileError(
                f"features of shape {list(self.features.shape)} with categories "
                f"{list(self.categories)} do not go with {list(other.features.shape)} and "
                f"{list(other.categories)}; expected files of one extraction"
            )
        changed: dict[str, Any] = {}
        for name in ("features", "labels", "num_frames", "times", "durations", *_TEXT_COLUMNS):
            columns = getattr(self, name), getattr(other, name)
            if columns[0] is None or columns[1] is None:
                changed[name] = None
            elif name in _TEXT_COLUMNS:
                changed[name] = columns[0] + columns[1]
            else:
                changed[name] = np.concatenate(columns)
        return replace(self, **changed)

    def split(self, name: str) -> FeatureSet:
        """The rows of one split.

        Raises:
            FeatureFileError: The file holds no splits, or none of that name.
        """
        rows = [i for i, value in enumerate(self.splits or ()) if value == name]
        if not rows:
            raise FeatureFileError(
                f"no video of split {name!r}; found {sorted(set(self.splits or ())) or 'no splits'}"
            )
        return self.subset(rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureRow:
    """One video on its way into a feature file.

    Attributes:
        features: float32 [T, D].
        times: float64 [T], seconds.
        duration_seconds: Length of the video.
        label: Index of its category.
        text: ``paths``, ``groups``, ``source_ids``, ``splits`` and ``fingerprints`` of the video.
    """

    features: NDArray[np.float32]
    times: NDArray[np.float64]
    duration_seconds: float
    label: int
    text: dict[str, str]


def made_by(provenance: Mapping[str, Any]) -> str:
    """Backbone and precision, out of what a feature file says of its making."""
    backbone = provenance["backbone"]
    precision = provenance.get("precision", "float32")
    return f"{backbone['name']} ({backbone['sha256'][:12]}...) in {precision}"


def read_features(path: Path | str) -> FeatureSet:
    """Reads a feature file, published or ours, whole.

    Raises:
        FeatureFileError: No such file, not HDF5, a dataset is missing, or shapes do not fit.
    """
    path = Path(path)
    if not path.is_file():
        raise FeatureFileError(f"no feature file at {path}; make one with: vidkind extract")
    try:
        with h5py.File(path, "r") as file:
            return _read_open_file(file)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise FeatureFileError(
            f"{path} is not a feature file: {error}; expected HDF5 with features, labels, "
            "num_frames and the attribute category_mapping"
        ) from error


def _read_open_file(file: h5py.File) -> FeatureSet:
    attributes = {key: _plain(value) for key, value in file.attrs.items()}
    columns: dict[str, Any] = {}
    for name in _TEXT_COLUMNS:
        columns[name] = tuple(file[name].asstr()[:]) if name in file else None
    for name in ("times", "durations"):
        columns[name] = file[name][:].astype(np.float32) if name in file else None
    return FeatureSet(
        features=file["features"][:].astype(np.float32, copy=False),
        labels=file["labels"][:].astype(np.int64),
        num_frames=file["num_frames"][:].astype(np.int32),
        categories=_category_names(attributes["category_mapping"]),
        attributes=attributes,
        **columns,
    )


def _category_names(mapping: str) -> tuple[str, ...]:
    """Names in index order; indices with a gap would give labels the name of another."""
    index_of: dict[str, int] = dict(json.loads(mapping))
    if set(index_of.values()) != set(range(len(index_of))):
        raise ValueError(
            f"category_mapping is {mapping}, where the categories are not counted 0 to "
            f"{len(index_of) - 1}"
        )
    return tuple(sorted(index_of, key=lambda name: index_of[name]))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def write_features(
    path: Path,
    rows: Iterable[FeatureRow],
    *,
    count: int,
    max_frames: int,
    feature_dim: int,
    categories: Sequence[str],
    multi_scale: bool,
    dtype: str = "float32",
    attributes: dict[str, Any] | None = None,
) -> None:
    """Writes a feature file row by row; the old file stays until the new one is whole.

    Args:
        path: File to write.
        rows: The videos, one at a time, so that they need not all be in memory.
        count: N, how many rows follow.
        max_frames: T, steps a row has room for.
        feature_dim: D.
        categories: Names in index order.
        multi_scale: Whether several temporal scales were averaged.
        dtype: ``float32`` (published) or ``float16`` (half the size).
        attributes: Provenance to add.

    Raises:
        FeatureFileError: Another number of rows came than ``count``.
        OSError: The disk has less room than the features take uncompressed.
    """
    _check_room(path, count * max_frames * feature_dim * np.dtype(dtype).itemsize)
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        _create_datasets(file, count, max_frames, feature_dim, dtype)
        written = 0
        for written, row in enumerate(rows, start=1):
            _write_row(file, written - 1, row)
        if written != count:
            raise FeatureFileError(f"{path}: {written} rows came, {count} were announced")
        file.attrs.update(
            num_videos=count,
            max_frames=max_frames,
            feature_dim=feature_dim,
            multi_scale=multi_scale,
            category_mapping=json.dumps({name: i for i, name in enumerate(categories)}),
            **(attributes or {}),
        )


def _check_room(path: Path, needed: int) -> None:
    # Beforehand: HDF5 does not survive a disk that is full when a file is closed.
    path.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        reason = f"{needed / 1e6:,.0f} MB of features do not fit on a disk with {free / 1e6:,.0f}"
        raise OSError(errno.ENOSPC, reason, str(path))


def _create_datasets(file: h5py.File, count: int, steps: int, dim: int, dtype: str) -> None:
    file.create_dataset(
        "features",
        (count, steps, dim),
        dtype=dtype,
        compression="gzip",
        compression_opts=4,
        shuffle=True,
        chunks=(1, steps, dim) if count else None,
    )
    file.create_dataset("labels", (count,), dtype=np.int64)
    file.create_dataset("num_frames", (count,), dtype=np.int32)
    file.create_dataset("times", (count, steps), dtype=np.float32)
    file.create_dataset("durations", (count,), dtype=np.float32)
    for name in _TEXT_COLUMNS:
        file.create_dataset(name, (count,), dtype=h5py.string_dtype())


def _write_row(file: h5py.File, index: int, row: FeatureRow) -> None:
    steps = len(row.features)
    file["features"][index, :steps] = row.features
    file["times"][index, :steps] = row.times
    file["labels"][index] = row.label
    file["num_frames"][index] = steps
    file["durations"][index] = row.duration_seconds
    for name in _TEXT_COLUMNS:
        file[name][index] = row.text.get(name, "")
