"""One job, from its file or address to its end in the database."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Row

from vidkind.config import SamplingOptions
from vidkind.errors import VidkindError
from vidkind.features import EmbeddedVideo, file_sha256, to_sequence
from vidkind.features.embed import embed_distinct
from vidkind.inference import SingleVideoClassifier
from vidkind.records import FrameBatch, Prediction, VideoInfo
from vidkind.service.decoding import decode_in_child
from vidkind.service.explain import to_result
from vidkind.service.fetch import download
from vidkind.service.jobs import JobLostError, JobStore
from vidkind.service.keys import Choices, OptionsKeys
from vidkind.service.library import library_file
from vidkind.service.options import ServiceOptions
from vidkind.service.sandbox import ChildError
from vidkind.video import check_file

_log = logging.getLogger(__name__)

# Few, so that progress is seen and a stop is heard.
_FRAMES_A_CALL = 8
_REPORT_SECONDS = 0.25
# Percent at which each stage begins, and ends where the next begins.
_STAGES = {"downloading": 0, "decoding": 20, "embedding": 65, "answering": 95}
# Stages of each look at a video; a second look begins where the first one ended.
_LOOKING = ("decoding", "embedding")


class StoppedError(Exception):
    """The worker is to stop now; the job goes back."""


class Reporter:
    """Writes how far a job is, not more often than anybody looks."""

    def __init__(self, store: JobStore, job: Row[Any], abort: threading.Event) -> None:
        self._store, self._job, self._abort = store, job, abort
        self._started = self._written = 0.0
        self._stage, self._part = "", (0.0, 1.0)
        self._usual = store.mean_seconds()

    def __call__(self, stage: str, share: float | None = 0.0) -> None:
        """Notes the share of a stage that is done, 0 to 1; None where nothing is known.

        Raises:
            StoppedError: The worker is to stop now.
            JobLostError: The job was deleted or is another worker's.
        """
        if self._abort.is_set():
            raise StoppedError
        now = time.monotonic()
        self._started = self._started or now
        if stage == self._stage and (share is None or now - self._written < _REPORT_SECONDS):
            return
        self._stage, self._written = stage, now
        percent = _percent(stage, share or 0.0, self._part)
        self._store.report(self._job, stage, round(percent, 1), self._eta(percent))

    def begin_part(self, begin: float, end: float) -> None:
        """What follows is one look at the video, from this to that share of all looks."""
        self._part = begin, end

    def _eta(self, percent: float) -> float:
        """Seconds left: by this job's own pace, or the usual one while that is unknown."""
        elapsed = time.monotonic() - self._started
        if percent < 10 or elapsed < 1:
            return round(max(0.0, self._usual - elapsed), 1)
        return round(elapsed * (100 - percent) / percent, 1)


class Pipeline:
    """Does jobs, one at a time in each thread that calls it."""

    def __init__(
        self,
        options: ServiceOptions,
        store: JobStore,
        classifier: SingleVideoClassifier,
        abort: threading.Event,
    ) -> None:
        self._options, self._store = options, store
        self._classifier, self._abort = classifier, abort
        self._keys = OptionsKeys(classifier.bundle, options)

    def run(self, job: Row[Any]) -> None:
        """Ends a claimed job: with an answer, with an error, or back in the queue."""
        report = Reporter(self._store, job, self._abort)
        try:
            self._answer(job, report)
        except StoppedError:
            self._give_up(job, lambda: self._store.release(job))
        except JobLostError:
            _log.info("job %s is gone", job.id)
        except (VidkindError, ChildError) as error:
            message = _for_people(str(error), job, self._options)
            kind = error.type
            self._give_up(job, lambda: self._store.fail(job, kind, message))
        except Exception:  # a job must end, whatever happens
            _log.exception("job %s failed unexpectedly", job.id)
            message = "something went wrong here; the log of the worker says what: please report it"
            self._give_up(job, lambda: self._store.fail(job, "InternalError", message))
        finally:
            self._downloaded(job).unlink(missing_ok=True)

    def _downloaded(self, job: Row[Any]) -> Path:
        return self._options.uploads / f"{job.id}.download"

    def _give_up(self, job: Row[Any], write: Callable[[], None]) -> None:
        try:
            write()
        except JobLostError:
            _log.info("job %s is gone", job.id)

    def _answer(self, job: Row[Any], report: Reporter) -> None:
        path = self._file(job, report)
        report("decoding")
        check_file(path)
        sha256 = job.sha256 or file_sha256(path)
        options_key = self._keys.of(Choices(use_tta=job.use_tta, effort=job.effort))
        if self._store.answer_from_store(job, sha256, options_key):
            return
        prediction, embedded, info = self._look_until_sure(path, job, report)
        report("answering")
        result = to_result(
            self._classifier, prediction, embedded, info, name=job.name, sha256=sha256
        )
        self._store.finish(job, sha256, options_key, result)

    def _look_until_sure(
        self, path: Path, job: Row[Any], report: Reporter
    ) -> tuple[Prediction, EmbeddedVideo, VideoInfo]:
        counts = [look.sampling.num_frames for look in self._classifier.looks(job.effort)]
        parts = iter(pairwise(np.cumsum([0, *counts]) / sum(counts)))
        taken: list[tuple[EmbeddedVideo, VideoInfo]] = []

        def look(sampling: SamplingOptions) -> EmbeddedVideo:
            report.begin_part(*next(parts))
            taken.append(self._look(path, sampling, report))
            return taken[-1][0]

        answer = self._classifier.classify_with(look, path, use_tta=job.use_tta, effort=job.effort)
        return answer, *taken[-1]

    def _look(
        self, path: Path, sampling: SamplingOptions, report: Reporter
    ) -> tuple[EmbeddedVideo, VideoInfo]:
        spec = self._classifier.backbone.card.input
        info, batch = decode_in_child(
            path,
            height=spec.height,
            width=spec.width,
            sampling=sampling,
            options=self._options,
            on_progress=lambda share: report("decoding", share),
        )
        return self._embed(batch, report), info

    def _file(self, job: Row[Any], report: Reporter) -> Path:
        if job.kind == "library":
            return library_file(self._options.library, job.location)
        if job.kind == "upload":
            return self._options.uploads / str(job.location)
        report("downloading")
        path = self._downloaded(job)
        download(job.location, path, self._options, lambda share: report("downloading", share))
        return path

    def _embed(self, batch: FrameBatch, report: Reporter) -> EmbeddedVideo:
        parts, calls = [], self._classifier.backbone.parallel_calls
        at_once = _FRAMES_A_CALL * calls
        for start in range(0, len(batch.frames), at_once):
            report("embedding", start / len(batch.frames))
            frames = batch.frames[start : start + at_once]
            parts.append(embed_distinct(frames, self._classifier.backbone, calls=calls))
        scales = self._classifier.bundle.manifest.multi_scale
        sequence = to_sequence(np.concatenate(parts), batch.times, scales)
        return EmbeddedVideo(frames=batch, sequence=sequence)


def _percent(stage: str, share: float, part: tuple[float, float]) -> float:
    begins = [*_STAGES.values(), 100]
    number = list(_STAGES).index(stage)
    percent = begins[number] + share * (begins[number + 1] - begins[number])
    if stage not in _LOOKING:
        return percent
    first, last = _STAGES["decoding"], _STAGES["answering"]
    within = (percent - first) / (last - first)
    return first + (part[0] + within * (part[1] - part[0])) * (last - first)


def _for_people(message: str, job: Row[Any], options: ServiceOptions) -> str:
    """The message with the name people know instead of a path on this machine."""
    folders = [options.uploads, *([options.library] if options.library else [])]
    for folder in folders:
        for form in (folder, folder.absolute(), folder.resolve()):
            for name in (job.location, f"{job.id}.download"):
                message = message.replace(str(form / name), job.name)
    return message
