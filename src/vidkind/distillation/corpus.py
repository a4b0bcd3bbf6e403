"""The corpus on disk: pictures, clean and degraded.

In: sources (stills, frames of training clips). Out: a folder of rounds, each a few ``.npy`` files
that are memory-mapped while training. A round shows every source once,
clean and degraded; the rounds differ in crop, frame and degradation. Killed anywhere and run
again, only the missing sources are made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from vidkind.config import SamplingOptions
from vidkind.dataset.degrade import (
    BILINEAR,
    STEPS,
    Picture,
    degrade,
    random_crop,
    random_size,
)
from vidkind.dataset.groups import joined_groups
from vidkind.dataset.pictures import open_picture
from vidkind.distillation.options import CorpusOptions
from vidkind.errors import ConfigError, LibraryError
from vidkind.files import atomic_path
from vidkind.records import VideoItem
from vidkind.video import probe, sample_frames

# Frames looked at per frame taken, so that rounds show different moments.
_MOMENTS = 4


@dataclass(frozen=True, kw_only=True)
class Source:
    """One picture the corpus is made from.

    Attributes:
        path: The still or the clip.
        is_clip: Whether it is a frame of a clip.
        label: Name of its category.
        group: Sources that look alike share a group.
        frame: Which of the clip's ``frames_per_clip`` slices of time; 0 for stills.
    """

    path: str
    is_clip: bool
    label: str
    group: str
    frame: int = 0


@dataclass(frozen=True, eq=False)
class Round:
    """One round, N sources in the order of ``Corpus.sources``.

    Attributes:
        pictures: uint8 [N, V, S, S, 3], RGB; version 0 is clean.
        applied: uint8 [N, V, len(STEPS)], which degradations a version has.
    """

    pictures: NDArray[np.uint8]
    applied: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Corpus:
    """Sources and their rounds.

    Attributes:
        sources: What row n of every round shows.
        rounds: The rounds, memory-mapped.
        categories: Names of the categories, sorted.
        options: How it was rendered.
    """

    sources: tuple[Source, ...]
    rounds: tuple[Round, ...]
    categories: tuple[str, ...]
    options: CorpusOptions

    @property
    def num_versions(self) -> NDArray[np.int64]:
        """int64 [R], versions of each picture in each round."""
        return np.array([drawn.pictures.shape[1] for drawn in self.rounds])


def list_sources(
    stills: Sequence[VideoItem], clips: Sequence[VideoItem], options: CorpusOptions
) -> tuple[Source, ...]:
    """Every still once, and every clip of the ``train`` split ``frames_per_clip`` times.

    Args:
        stills: Labelled pictures, with their groups as listed: groups that share a source are
            joined here, across both lists.
        clips: Labelled clips with splits, likewise.
        options: Frames per clip.

    Raises:
        LibraryError: A group or a source of stills also occurs in a clip that is not trained on.
    """
    both = [*stills, *clips]
    groups = joined_groups([i.group for i in both], [i.source_id for i in both])
    of_stills, of_clips = groups[: len(stills)], groups[len(stills) :]
    held_out = {g for item, g in zip(clips, of_clips, strict=True) if item.split != "train"}
    leaking = sorted(set(of_stills) & held_out)
    if leaking:
        raise LibraryError(
            f"group {leaking[0]!r} is in the stills and in clips kept for validation or test; "
            "remove those stills"
        )
    listed = [
        Source(path=item.path, is_clip=False, label=item.label, group=f"still:{group}")
        for item, group in zip(stills, of_stills, strict=True)
    ]
    for item, group in zip(clips, of_clips, strict=True):
        if item.split == "train":
            listed += [
                Source(
                    path=item.path, is_clip=True, label=item.label, group=f"clip:{group}", frame=k
                )
                for k in range(options.frames_per_clip)
            ]
    return tuple(listed)


def build_corpus(
    sources: Sequence[Source],
    folder: Path,
    *,
    options: CorpusOptions = CorpusOptions(),  # noqa: B008 (frozen)
    workers: int | None = None,
    progress: Callable[[int], None] = lambda count: None,
) -> Corpus:
    """Renders what is missing of a corpus and opens it.

    Args:
        sources: From ``list_sources``.
        folder: Where the corpus lies; about 0.55 GB for 1,000 sources.
        options: How it is rendered.
        workers: Processes; None means one a core.
        progress: Called with the number of sources just finished.

    Raises:
        ConfigError: The folder holds a corpus of other sources or options.
    """
    _check_same(folder, {"sources": [asdict(s) for s in sources], "options": asdict(options)})
    workers = workers or os.cpu_count() or 1
    for number in range(len(options.degraded_per_round)):
        files = _open_files(folder, number, len(sources), options)
        todo = [unit for unit in _units(sources) if not all(files["done"][unit])]
        progress(len(sources) - sum(len(unit) for unit in todo))
        with ProcessPoolExecutor(workers) as pool:
            jobs = ((unit, [sources[i] for i in unit], number, options) for unit in todo)
            for unit, result in pool.map(_render, jobs):
                for name, values in result.items():
                    files[name][unit] = values
                files["done"][unit] = 1
                progress(len(unit))
        for array in files.values():
            array.flush()
    return open_corpus(folder, sources, options)


def open_corpus(folder: Path, sources: Sequence[Source], options: CorpusOptions) -> Corpus:
    """Opens a finished corpus, read-only."""
    rounds = []
    for number in range(len(options.degraded_per_round)):
        base = folder / f"round_{number}"
        arrays = (np.load(base / f"{name}.npy", mmap_mode="r") for name in Round.__annotations__)
        rounds.append(Round(*arrays))
    categories = tuple(sorted({source.label for source in sources}))
    return Corpus(tuple(sources), tuple(rounds), categories, options)


def _check_same(folder: Path, wanted: dict[str, Any]) -> None:
    """A corpus is only continued with the sources and options it was begun with."""
    path, text = folder / "corpus.json", json.dumps(wanted)
    if not path.is_file():
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != text:
        raise ConfigError(
            f"{folder} holds a corpus of other sources or options; choose another folder"
        )


def _open_files(folder: Path, number: int, count: int, options: CorpusOptions) -> dict[str, Any]:
    versions = 1 + options.degraded_per_round[number]
    size = options.picture_size
    shapes: dict[str, tuple[tuple[int, ...], type]] = {
        "pictures": ((count, versions, size, size, 3), np.uint8),
        "applied": ((count, versions, len(STEPS)), np.uint8),
        "done": ((count,), np.uint8),
    }
    base = folder / f"round_{number}"
    base.mkdir(parents=True, exist_ok=True)
    opened = {}
    for name, (shape, dtype) in shapes.items():
        path = base / f"{name}.npy"
        mode = "r+" if path.exists() else "w+"
        opened[name] = np.lib.format.open_memmap(path, mode=mode, dtype=dtype, shape=shape)  # type: ignore[no-untyped-call]
    return opened


def _units(sources: Sequence[Source]) -> Iterator[list[int]]:
    """Indices that are rendered together: one still, or all frames of one clip."""
    for _, unit in groupby(range(len(sources)), key=lambda i: sources[i].path):
        yield list(unit)


def _render(
    job: tuple[list[int], list[Source], int, CorpusOptions],
) -> tuple[list[int], dict[str, NDArray[Any]]]:
    """Renders one unit in one round: rows of the round's files."""
    unit, sources, number, options = job
    rng = np.random.default_rng([options.seed, number, unit[0]])
    rows = [
        _versions(picture, rng, number, options) for picture in _pictures(sources, rng, options)
    ]
    size = (options.picture_size, options.picture_size)
    return unit, {
        "pictures": np.stack(
            [[np.asarray(p.resize(size, BILINEAR)) for p in row[0]] for row in rows]
        ),
        "applied": np.stack([row[1] for row in rows]),
    }


def _pictures(sources: list[Source], rng: Generator, options: CorpusOptions) -> list[Picture]:
    if not sources[0].is_clip:
        return [open_picture(sources[0].path)]
    width, height = probe(sources[0].path).upright_size
    wanted = SamplingOptions.untouched(len(sources) * _MOMENTS)
    frames = sample_frames(
        sources[0].path, height=height, width=width, options=wanted, num_threads=1
    ).frames
    moments = [source.frame * _MOMENTS + int(rng.integers(_MOMENTS)) for source in sources]
    return [Image.fromarray(frames[i]) for i in moments]


def _versions(
    picture: Picture, rng: Generator, number: int, options: CorpusOptions
) -> tuple[list[Picture], NDArray[np.uint8]]:
    """The clean picture and its degraded versions; uint8 [V, len(STEPS)] of what was applied."""
    clean = random_crop(picture, rng, whole_share=1.0 if number == 0 else options.whole_share)
    clean = random_size(clean, rng, low=options.short_side[0], high=options.short_side[1])
    versions, applied = [clean], [np.zeros(len(STEPS), np.uint8)]
    for _ in range(options.degraded_per_round[number]):
        degraded, steps = degrade(clean, rng, picture)
        versions.append(degraded)
        applied.append(steps)
    return versions, np.stack(applied)
