"""Jobs are taken in, given to one worker, ended once, found again, and expire."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from vidkind.errors import ConfigError
from vidkind.service import jobs as jobs_module
from vidkind.service.jobs import MAX_ATTEMPTS, JobLostError, JobStore, NewJob
from vidkind.service.schema import JOBS

SHA = "a" * 64


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    opened = JobStore(f"sqlite:///{tmp_path / 'jobs.db'}")
    yield opened
    opened.close()


def new(name: str = "clip.mp4", sha256: str | None = SHA, options: str = "o") -> NewJob:
    return NewJob(
        kind="upload",
        name=name,
        location="x.mp4",
        options_key=options,
        use_tta=False,
        effort="normal",
        sha256=sha256,
    )


def age(store: JobStore, **columns: float) -> None:
    with store._engine.begin() as connection:
        connection.execute(update(JOBS).values(**columns))


def test_a_job_goes_from_queued_to_done(store: JobStore) -> None:
    job_id = store.add(new())
    assert store.get(job_id).state == "queued"
    job = store.claim("w")
    store.report(job, "decoding", 30.0, 4.0)
    shown = store.get(job_id)
    assert (shown.state, shown.stage, shown.percent, shown.eta_seconds) == (
        "running",
        "decoding",
        30.0,
        4.0,
    )
    store.finish(job, SHA, "o", {"category": "Gaming"})
    assert store.get(job_id).state == "done"
    assert store.result(store.get(job_id).result_key) == {"category": "Gaming"}
    assert store.counters()["done"] == 1


def test_jobs_are_claimed_in_order_and_by_one_worker_each(store: JobStore) -> None:
    wanted = [store.add(new(f"{i}.mp4")) for i in range(40)]
    claimed: list[str] = []

    def claim_all(worker: str) -> None:
        while (job := store.claim(worker)) is not None:
            claimed.append(job.id)

    threads = [threading.Thread(target=claim_all, args=(f"w{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(wanted)
    assert claimed[0] == wanted[0]


def test_the_same_file_and_options_are_answered_from_the_store(store: JobStore) -> None:
    store.add(new())
    store.finish(store.claim("w"), SHA, "o", {"n": 1})
    again, other = store.add(new("other name.mp4")), store.add(new(options="tta"))
    assert store.get(again).state == "done"
    assert store.get(again).cached
    assert store.get(other).state == "queued"


def test_a_hash_known_only_later_is_looked_up_too(store: JobStore) -> None:
    store.add(new())
    store.finish(store.claim("w"), SHA, "o", {"n": 1})
    job_id = store.add(new(sha256=None))
    assert store.answer_from_store(store.claim("w"), SHA, "o")
    assert store.get(job_id).state == "done"


def test_a_job_taken_away_cannot_be_ended_by_its_first_worker(store: JobStore) -> None:
    job_id = store.add(new())
    first = store.claim("first")
    assert store.put_back(worker="first") == 1
    second = store.claim("second")
    for write in (
        lambda: store.finish(first, SHA, "o", {"by": "first"}),
        lambda: store.fail(first, "DecodeError", "no"),
        lambda: store.report(first, "decoding", 1.0, None),
        lambda: store.release(first),
        lambda: store.answer_from_store(first, SHA, "o"),
    ):
        with pytest.raises(JobLostError):
            write()
    store.finish(second, SHA, "o", {"by": "second"})
    assert store.result(store.get(job_id).result_key) == {"by": "second"}
    assert store.counters()["done"] == 1


def test_jobs_of_a_worker_not_seen_for_long_go_back(store: JobStore) -> None:
    job_id = store.add(new())
    store.claim("w")
    assert store.put_back() == 0
    age(store, heartbeat_at=0.0)
    store.greet("w")
    assert store.put_back() == 0, "its worker has been seen since"
    age(store, heartbeat_at=0.0)
    assert store.put_back() == 1
    assert store.get(job_id).state == "queued"


def test_a_video_that_ends_every_worker_is_given_up(store: JobStore) -> None:
    job_id = store.add(new())
    for _ in range(MAX_ATTEMPTS):
        assert store.claim("w") is not None
        store.put_back(worker="w")
    job = store.get(job_id)
    assert job.state == "failed"
    assert "WorkerDiedError" in job.error
    assert store.counters()["failed"] == 1


def test_a_job_put_back_by_a_stopping_worker_loses_no_try(store: JobStore) -> None:
    job_id = store.add(new())
    for _ in range(MAX_ATTEMPTS + 2):
        store.release(store.claim("w"))
    assert store.get(job_id).state == "queued"


def test_a_deleted_job_is_lost_to_its_worker(store: JobStore) -> None:
    job_id = store.add(new())
    job = store.claim("w")
    assert store.delete(job_id).name == "clip.mp4"
    assert store.get(job_id) is None
    assert store.delete(job_id) is None
    with pytest.raises(JobLostError):
        store.finish(job, SHA, "o", {})


def test_ended_jobs_and_their_results_expire(store: JobStore, monkeypatch) -> None:
    ended, waiting = store.add(new()), store.add(new(options="other"))
    store.finish(store.claim("w"), SHA, "o", {"n": 1})
    key = store.get(ended).result_key
    assert store.expire(job_seconds=60) == 0
    now = jobs_module.time.time()
    monkeypatch.setattr(jobs_module.time, "time", lambda: now + 120)
    assert store.expire(job_seconds=60) == 1
    assert store.get(ended) is None
    assert store.result(key) is None
    assert store.get(waiting) is not None


def test_uploads_are_in_use_until_some_time_after_the_end(store: JobStore) -> None:
    store.add(new())
    assert store.locations_in_use(upload_seconds=10) == {"x.mp4"}
    store.finish(store.claim("w"), SHA, "o", {})
    assert store.locations_in_use(upload_seconds=10) == {"x.mp4"}
    age(store, finished_at=1.0)
    assert store.locations_in_use(upload_seconds=10) == set()


def test_readers_wait_for_no_writer(store: JobStore) -> None:
    job_id, seen = store.add(new()), []
    with store._engine.begin():
        reader = threading.Thread(target=lambda: seen.append(store.get(job_id)))
        reader.start()
        reader.join(10)
        assert [job.id for job in seen] == [job_id]


def test_a_job_knows_how_many_come_before_it(store: JobStore) -> None:
    ids = [store.add(new(f"{i}.mp4")) for i in range(3)]
    store.claim("w")
    assert store.ahead_of(store.get(ids[2])) == 2
    assert store.num_waiting() == 2


def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    JobStore(f"sqlite:///{file}").close()
    with sqlite3.connect(file) as connection:
        connection.execute("ALTER TABLE jobs DROP COLUMN effort")
    connection.close()
    with pytest.raises(ConfigError, match="has no column 'effort'"):
        JobStore(f"sqlite:///{file}")


@pytest.mark.parametrize("url", ["mysql://u@h/d", "nonsense", "://"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="expected"):
        JobStore(url)
