"""Corrects the forecast of a library by working on some of its own files for a few seconds."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from vidkind.errors import VidkindError
from vidkind.inference.effort import Look
from vidkind.parallel import in_order
from vidkind.performance.bars import Bars, no_bars
from vidkind.performance.dry_run import dry_run
from vidkind.performance.layout import layout_of
from vidkind.performance.rates import MachineRates
from vidkind.performance.stages import Stages
from vidkind.performance.survey import Survey, VideoDemand
from vidkind.performance.workload import Work, expected_work, look_work

# Of a file that takes longer than this, fewer frames are sampled: its cost a frame is wanted.
_MOST_SECONDS = 0.6
_FEWER_FRAMES = (16, 7, 4, 1)
# A part for which fewer than this share of its due of frames is decoded says nothing of the whole:
# its moments happen to fall on key frames.
_LEAST_OF_DUE = 0.5
_MOST_DRAWS = 256


@dataclass(frozen=True, kw_only=True)
class Correction:
    """How the library's own files compare with the rendered clips.

    Attributes:
        decode: Factor on the seconds forecast for decoding.
        embed: Factor on the seconds forecast for embedding.
        answer: Factor on the seconds forecast for the temporal models.
        frames_decoded: Factor on the frames.
        frames_embedded: Factor on the frames.
        bytes_read: Factor on the bytes.
        error: Standard error of the corrected seconds, relative; None where nothing was tried.
        num_files: Files tried.
        first_look_share: Share of those for which the first of two looks was enough; None
            where a run takes one look only.
    """

    decode: float = 1.0
    embed: float = 1.0
    answer: float = 1.0
    frames_decoded: float = 1.0
    frames_embedded: float = 1.0
    bytes_read: float = 1.0
    error: float | None = None
    num_files: int = 0
    first_look_share: float | None = None


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """What one file took, long ones estimated from a part; and whether one look was enough."""

    work: Work
    one_look: bool


def calibrate(
    found: Survey,
    rates: MachineRates,
    stages: Stages,
    *,
    answer: float,
    seconds: float,
    seed: int = 0,
    bars: Bars = no_bars,
) -> Correction:
    """Works on files drawn by their share of the time, on all cores, until time is up.

    Sampling with probability proportional to size, and ratios of the Hansen-Hurwitz estimates
    of totals (Cochran, "Sampling Techniques", 3rd edition, sections 9A.3 and 6.1). Of long
    videos only a few frames are sampled. Files that fail are left out.

    Args:
        found: The library.
        rates: Of this machine.
        stages: What the run puts together.
        answer: Seconds that are forecast for one answer of the temporal models.
        seconds: How long to go on; 0 tries no file.
        seed: Seed of the draw.
        bars: Opens a progress bar, of seconds.
    """
    videos, share = found.videos, found.second_look_share
    expected = [expected_work(video, rates, answer, share) for video in videos]
    draws = draw_by_size([work.seconds for work in expected], _MOST_DRAWS, seed)

    def attempt(number: int) -> _Trial | None:
        return _attempt(videos[number], rates, stages, answer)

    tried: list[int] = []

    def noted() -> Iterator[int]:
        for number in _until(draws, seconds, bars):
            tried.append(number)
            yield number

    trials = list(in_order(attempt, noted(), workers=stages.workers, ahead=stages.workers + 1))
    done = {n: trial for n, trial in zip(tried, trials, strict=True) if trial is not None}
    # How often each was drawn before the last one that was tried.
    drawn = [n for n in draws[: _reach(draws, tried)] if n in done]
    return (
        _correction(expected, done, drawn, two_looks=len(stages.looks) > 1)
        if drawn
        else Correction()
    )


def draw_by_size(sizes: Sequence[float], count: int, seed: int) -> list[int]:
    """Draws indices with probability proportional to size, with replacement.

    Args:
        sizes: Not negative.
        count: How many draws.
        seed: Seed of the draw.
    """
    weights = np.asarray(sizes, np.float64)
    if not weights.sum() > 0:
        return []
    generator = np.random.default_rng(seed)
    found: list[int] = generator.choice(len(sizes), count, p=weights / weights.sum()).tolist()
    return found


def _until(draws: Sequence[int], seconds: float, bars: Bars) -> Iterator[int]:
    """Each drawn number once, until time is up; what has begun then is not cut short."""
    if seconds <= 0:
        return
    start, shown = time.perf_counter(), 0
    with bars("Trying files, seconds", math.ceil(seconds)) as advance:
        for number in dict.fromkeys(draws):
            passed = time.perf_counter() - start
            if passed >= seconds:
                return
            for _ in range(int(passed) - shown):
                advance()
            shown = int(passed)
            yield number


def _reach(draws: Sequence[int], tried: Sequence[int]) -> int:
    """How many draws were looked at: those before the first number that was not tried."""
    known = set(tried)
    return next((i for i, number in enumerate(draws) if number not in known), len(draws))


def _correction(
    expected: Sequence[Work], done: dict[int, _Trial], drawn: Sequence[int], *, two_looks: bool
) -> Correction:
    factors = {}
    for name in (field.name for field in fields(Work)):
        # Draws of probability x each stand for 1 / x of the library.
        took = sum(getattr(done[n].work, name) / expected[n].seconds for n in drawn)
        forecast = sum(getattr(expected[n], name) / expected[n].seconds for n in drawn)
        factors[name] = took / forecast if forecast else 1.0
    ratios = [done[n].work.seconds / expected[n].seconds for n in drawn]
    deviation = statistics.stdev(ratios) if len(ratios) > 1 else statistics.fmean(ratios)
    # Where nearly all that counts was tried, chance is left in what was not.
    untried = 1 - sum(expected[n].seconds for n in done) / sum(w.seconds for w in expected)
    return Correction(
        **factors,
        error=math.sqrt(max(0.0, untried))
        * deviation
        / math.sqrt(len(drawn))
        / statistics.fmean(ratios),
        num_files=len(done),
        first_look_share=statistics.fmean(t.one_look for t in done.values()) if two_looks else None,
    )


def _attempt(
    video: VideoDemand,
    rates: MachineRates,
    stages: Stages,
    answer: float,
) -> _Trial | None:
    parts: list[Work] = []
    try:
        for look in stages.looks:
            work, enough = _one_look(video, rates, stages, look)
            parts.append(replace(work, answer=answer))
            if enough:
                break
    except (VidkindError, OSError):
        return None
    names = [field.name for field in fields(Work)]
    return _Trial(
        work=Work(**{name: sum(getattr(part, name) for part in parts) for name in names}),
        one_look=len(parts) == 1,
    )


def _one_look(
    video: VideoDemand, rates: MachineRates, stages: Stages, look: Look
) -> tuple[Work, bool]:
    """What a look takes, and whether its answer stands."""
    path = video.info.path
    layout = layout_of(path, video.info)
    sampling, whole = look.sampling, look_work(video, dry_run(layout, look.sampling), rates)
    part = whole
    for count in _FEWER_FRAMES:
        # Whether an answer stands is only known from all of its frames.
        if look.threshold is not None or part.seconds <= _MOST_SECONDS:
            break
        fewer = replace(look.sampling, num_frames=min(count, look.sampling.num_frames))
        work = look_work(video, dry_run(layout, fewer), rates)
        due = whole.frames_decoded * fewer.num_frames / look.sampling.num_frames
        if work.frames_decoded >= _LEAST_OF_DUE * due:
            sampling, part = fewer, work
    start = time.perf_counter()
    batch = stages.decode(path, sampling)
    decoded = time.perf_counter()
    features = stages.embed(batch)
    embedded = time.perf_counter()
    share = batch.frames_decoded / part.frames_decoded
    measured = Work(
        decode=whole.decode * (decoded - start) / part.decode,
        embed=whole.embed * (embedded - decoded) / part.embed,
        answer=0.0,
        frames_decoded=whole.frames_decoded * share,
        frames_embedded=whole.frames_embedded,
        bytes_read=whole.bytes_read,
    )
    return measured, stages.suffices(look, batch, features)
