"""Looks at every file of a library without decoding it, and says what a run would have to do."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from vidkind.config import SamplingOptions
from vidkind.errors import DecodeError, VidkindError
from vidkind.parallel import default_workers, in_order
from vidkind.performance.dry_run import Decoding, dry_run
from vidkind.performance.layout import layout_of
from vidkind.records import ErrorRecord, VideoInfo
from vidkind.video import probe

_AHEAD = 64
# How often a first look is not enough, until the library's own files have said it: as often as for
# the videos that the default bundle's threshold was fitted on.
_SECOND_LOOK_SHARE = 0.025


@dataclass(frozen=True, kw_only=True)
class VideoDemand:
    """What a run has to do for one video.

    Attributes:
        info: What probing says of it.
        looks: What each look at it decodes, in the order they are taken.
        key_frame_looks: The same with the ``keyframe`` sampler.
    """

    info: VideoInfo
    looks: tuple[Decoding, ...]
    key_frame_looks: tuple[Decoding, ...]

    @property
    def megapixels(self) -> float:
        """Size of its frames in 1e6 pixels."""
        return self.info.width * self.info.height / 1e6


@dataclass(frozen=True, kw_only=True)
class Survey:
    """A library as a run would find it.

    Attributes:
        videos: Files that can be opened.
        failures: Path and reason of those that cannot.
        drawn_from: Files of the library; more than those looked at where a sample was drawn.
    """

    videos: tuple[VideoDemand, ...]
    failures: tuple[tuple[str, ErrorRecord], ...]
    drawn_from: int

    @property
    def num_files(self) -> int:
        """Files looked at."""
        return len(self.videos) + len(self.failures)

    @property
    def scale(self) -> float:
        """Files of the library for each one looked at."""
        return self.drawn_from / max(1, self.num_files)

    @property
    def second_look_share(self) -> float:
        """Share of the library's videos that another look is foreseen for, 0..1.

        As many as are likeliest (the mode of a binomial distribution): of a few dozen none, whose
        mean would be most of a forecast where second looks at long videos cost so much more.
        """
        likeliest = math.floor((self.drawn_from + 1) * _SECOND_LOOK_SHARE)
        return likeliest / max(1, self.drawn_from)

    def with_key_frames(self) -> Survey:
        """The same library, sampled by the ``keyframe`` sampler."""
        videos = (replace(video, looks=video.key_frame_looks) for video in self.videos)
        return replace(self, videos=tuple(videos))


def survey(
    paths: Sequence[str],
    looks: Sequence[SamplingOptions],
    *,
    drawn_from: int | None = None,
    workers: int | None = None,
    progress: Callable[[], None] = lambda: None,
) -> Survey:
    """Probes files and counts, on their timelines, what sampling them decodes.

    Args:
        paths: Video files, all of a library or some drawn from it.
        looks: How frames are picked, in each look at a video.
        drawn_from: How many files the library has; those given, by default.
        workers: Files probed at once; None takes one a core.
        progress: Called after each file.
    """
    videos: list[VideoDemand] = []
    failures: list[tuple[str, ErrorRecord]] = []
    for path, found in zip(paths, _found(paths, looks, workers), strict=True):
        if isinstance(found, VideoDemand):
            videos.append(found)
        else:
            failures.append((path, ErrorRecord(type=found.type, message=str(found))))
        progress()
    return Survey(
        videos=tuple(videos),
        failures=tuple(failures),
        drawn_from=len(paths) if drawn_from is None else drawn_from,
    )


def _found(
    paths: Sequence[str], looks: Sequence[SamplingOptions], workers: int | None
) -> Iterator[VideoDemand | VidkindError]:
    probe_one = partial(_probe, looks=looks)
    return in_order(probe_one, paths, workers=workers or default_workers(), ahead=_AHEAD)


def _probe(
    path: str | os.PathLike[str], looks: Sequence[SamplingOptions]
) -> VideoDemand | VidkindError:
    try:
        info = probe(path)
        layout = layout_of(path, info)
    except VidkindError as error:
        return error
    except Exception as error:  # one bad file must never end a plan
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return DecodeError(
            f"{os.fspath(path)!r} could not be probed ({reason}); expected a video that a player "
            "shows: please report it"
        )
    keys = (replace(sampling, sampler="keyframe") for sampling in looks)
    return VideoDemand(
        info=info,
        looks=tuple(dry_run(layout, sampling) for sampling in looks),
        key_frame_looks=tuple(dry_run(layout, sampling) for sampling in keys),
    )
