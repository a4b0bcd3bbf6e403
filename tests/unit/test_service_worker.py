"""What a worker does with jobs and files, in this process."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clips import render
from tests.tiny import tiny_bundle
from vidkind import SingleVideoClassifier
from vidkind.service import ServiceOptions
from vidkind.service.jobs import JobStore, NewJob
from vidkind.service.keys import Choices, OptionsKeys
from vidkind.service.pipeline import Pipeline
from vidkind.service.worker import tidy


@pytest.fixture
def options(tmp_path: Path) -> ServiceOptions:
    made = ServiceOptions(
        data=tmp_path / "data", bundle=tiny_bundle(tmp_path / "tiny").path, upload_hours=0.5
    )
    made.make_folders()
    return made


@pytest.fixture
def store(options: ServiceOptions) -> Iterator[JobStore]:
    opened = JobStore(options.database_url)
    yield opened
    opened.close()


def upload(store: JobStore, options: ServiceOptions, name: str, options_key: str = "old") -> str:
    render(options.uploads / name, 4)
    return store.add(
        NewJob(
            kind="upload",
            name="clip.mp4",
            location=name,
            options_key=options_key,
            use_tta=False,
            effort="normal",
        )
    )


def do(store: JobStore, options: ServiceOptions, abort: threading.Event | None = None) -> None:
    classifier = SingleVideoClassifier(options.bundle, max_error=options.max_error)
    Pipeline(options, store, classifier, abort or threading.Event()).run(store.claim("w"))


def test_an_answer_is_kept_under_what_really_answered(store, options, tmp_path: Path) -> None:
    """The server may have been started anew with another bundle while the job waited."""
    job_id = upload(store, options, "a.mp4", options_key="of another bundle")
    do(store, options)
    job = store.get(job_id)
    assert job.state == "done"
    classifier = SingleVideoClassifier(options.bundle)
    assert job.options_key == OptionsKeys(classifier.bundle, options).of(Choices())
    stale = NewJob(
        kind="upload",
        name="x",
        location="a.mp4",
        options_key="of another bundle",
        use_tta=False,
        effort="normal",
        sha256=job.sha256,
    )
    assert store.get(store.add(stale)).state == "queued"


def test_a_video_that_is_gone_fails_with_its_name(store, options) -> None:
    job_id = upload(store, options, "b.mp4")
    (options.uploads / "b.mp4").unlink()
    do(store, options)
    error = json.loads(store.get(job_id).error)
    assert error["type"] == "VideoNotFoundError"
    assert "clip.mp4" in error["message"]
    assert str(options.data) not in error["message"]


def test_a_job_deleted_while_it_is_done_leaves_nothing(store, options) -> None:
    job_id = upload(store, options, "c.mp4")
    job = store.claim("w")
    store.delete(job_id)
    classifier = SingleVideoClassifier(options.bundle)
    Pipeline(options, store, classifier, threading.Event()).run(job)
    assert store.get(job_id) is None
    assert store.counters().get("done", 0) == 0


def test_a_worker_told_to_stop_puts_its_job_back(store, options) -> None:
    job_id = upload(store, options, "d.mp4")
    abort = threading.Event()
    abort.set()
    do(store, options, abort)
    job = store.get(job_id)
    assert (job.state, job.attempt) == ("queued", 0)


def test_old_files_go_and_those_in_use_stay(store, options) -> None:
    upload(store, options, "waiting.mp4")
    limits = options.fetch_seconds + options.decode_seconds
    ages = {"waiting.mp4": 1e6, "orphan.mp4": 2000, "1.download": 2000, "young.mp4": limits / 2}
    for name, age in ages.items():
        path = options.uploads / name
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    tidy(options, store)
    assert {path.name for path in options.uploads.iterdir()} == {"waiting.mp4", "young.mp4"}


def test_a_download_is_not_tidied_away_while_it_is_decoded(store, tmp_path: Path) -> None:
    options = ServiceOptions(data=tmp_path / "other", upload_hours=1e-6)
    options.make_folders()
    (options.uploads / "1.download").write_bytes(b"x")
    os.utime(options.uploads / "1.download", (time.time() - 60,) * 2)
    tidy(options, store)
    assert (options.uploads / "1.download").exists()
