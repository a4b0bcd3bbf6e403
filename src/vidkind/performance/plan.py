"""Puts rates, demands and correction together: what a long run will take on this machine."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vidkind.performance.calibrate import Correction
from vidkind.performance.rates import MachineRates
from vidkind.performance.survey import Survey
from vidkind.performance.workload import Work, expected_work

# Where no file of the library was tried: pictures that are harder or easier to decode than the
# rendered clips have been seen to be off by as much.
_UNTRIED_ERROR = 0.35
# A machine is never exactly as fast as a minute ago.
_LEAST_ERROR = 0.08
_NORMAL_95 = 1.96


@dataclass(frozen=True, kw_only=True)
class RunKind:
    """What a run does beside decoding and embedding.

    Attributes:
        name: ``classify`` or ``extract``.
        startup_seconds: Before the first video.
        answer_seconds: Of one core, for one answer of the temporal models.
        serial_seconds: For each video, while nothing else goes on: writing feature files.
        bytes_written: For each video.
        extra_bytes_read: For each video, at most its size: fingerprints.
    """

    name: str
    startup_seconds: float = 0.0
    answer_seconds: float = 0.0
    serial_seconds: float = 0.0
    bytes_written: float = 0.0
    extra_bytes_read: int = 0


@dataclass(frozen=True, kw_only=True)
class VideoForecast:
    """One video's part of a run.

    Attributes:
        path: The file.
        seconds: Of one core.
        share: Of all videos' seconds, 0..1.
        frames_decoded: Frames that the decoder puts out.
    """

    path: str
    seconds: float
    share: float
    frames_decoded: int


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a run will take.

    Attributes:
        seconds: Wall time.
        low: Lower end of its 95 % interval.
        high: Upper end.
        decode_share: Share of decoding in the cores' time, 0..1.
        embed_share: Share of embedding.
        frames_decoded: Frames that the decoders put out.
        frames_embedded: Different frames that go through the backbone.
        video_seconds: Length of all videos whose length is known.
        library_bytes: Size of the files.
        bytes_read: Read of them, about.
        bytes_written: Feature files and what they are made of.
        slowest: The slowest videos, slowest first. No number of cores makes a run shorter than
            the slowest one.
    """

    seconds: float
    low: float
    high: float
    decode_share: float
    embed_share: float
    frames_decoded: int
    frames_embedded: int
    video_seconds: float
    library_bytes: int
    bytes_read: int
    bytes_written: int
    slowest: tuple[VideoForecast, ...]


def forecast(
    found: Survey,
    rates: MachineRates,
    kind: RunKind,
    *,
    workers: int,
    correction: Correction = Correction(),  # noqa: B008 (frozen)
    listed: int = 5,
) -> Forecast:
    """Forecasts a run over a library.

    Every worker does whole videos, one core each, in the order of the library; the run ends
    with the last of them.

    Args:
        found: The library.
        rates: Of this machine.
        kind: What the run does.
        workers: Videos done at once.
        correction: What the library's own files said.
        listed: How many of the slowest videos to name.
    """
    works = [
        _corrected(
            expected_work(video, rates, kind.answer_seconds, found.second_look_share), correction
        )
        for video in found.videos
    ]
    each, scale = [work.seconds for work in works], found.scale
    total = sum(each) or 1.0
    seconds = (
        kind.startup_seconds
        + _wall_seconds(each, workers, scale)
        + scale * len(each) * kind.serial_seconds
    )
    error = _NORMAL_95 * _error(rates, correction, each, scale)
    extra = (min(kind.extra_bytes_read, video.info.size_bytes) for video in found.videos)
    return Forecast(
        seconds=seconds,
        # A run takes twice as long as easily as half as long, and never less than nothing.
        low=seconds / (1 + error),
        high=seconds * (1 + error),
        decode_share=sum(work.decode for work in works) / total,
        embed_share=sum(work.embed for work in works) / total,
        frames_decoded=round(scale * sum(work.frames_decoded for work in works)),
        frames_embedded=round(scale * sum(work.frames_embedded for work in works)),
        video_seconds=scale * sum(video.info.duration_seconds or 0 for video in found.videos),
        library_bytes=round(scale * sum(video.info.size_bytes for video in found.videos)),
        bytes_read=round(scale * (sum(work.bytes_read for work in works) + sum(extra))),
        bytes_written=round(scale * len(each) * kind.bytes_written),
        slowest=_slowest(found, works, listed),
    )


def makespan(seconds: Iterable[float], workers: int) -> float:
    """When the last piece of work ends if each worker takes the next one as it gets free."""
    free = [0.0] * workers
    for piece in seconds:
        heapq.heapreplace(free, free[0] + piece)
    return max(free)


def _corrected(work: Work, correction: Correction) -> Work:
    return Work(
        decode=work.decode * correction.decode,
        embed=work.embed * correction.embed,
        answer=work.answer * correction.answer,
        frames_decoded=work.frames_decoded * correction.frames_decoded,
        frames_embedded=work.frames_embedded * correction.frames_embedded,
        bytes_read=work.bytes_read * correction.bytes_read,
    )


def _wall_seconds(each: Sequence[float], workers: int, scale: float) -> float:
    # A sample has the library's mean but not its number of files: only the end of the run is its.
    return makespan(each, workers) + (scale - 1) * sum(each) / workers


def _error(
    rates: MachineRates, correction: Correction, each: Sequence[float], scale: float
) -> float:
    """Relative standard error of the forecast: files tried, files drawn, machine."""
    tried = _UNTRIED_ERROR if correction.error is None else correction.error
    drawn = 0.0
    if scale > 1 and len(each) > 1:
        mean = sum(each) / len(each)
        variance = sum((x - mean) ** 2 for x in each) / (len(each) - 1)
        drawn = math.sqrt(variance / len(each) * (1 - 1 / scale)) / mean
    return math.hypot(tried, drawn, max(_LEAST_ERROR, rates.spread))


def _slowest(found: Survey, works: Sequence[Work], listed: int) -> tuple[VideoForecast, ...]:
    total = sum(work.seconds for work in works)
    largest = heapq.nlargest(listed, range(len(works)), key=lambda n: works[n].seconds)
    return tuple(
        VideoForecast(
            path=found.videos[n].info.path,
            seconds=works[n].seconds,
            share=works[n].seconds / total,
            frames_decoded=round(works[n].frames_decoded),
        )
        for n in largest
    )
