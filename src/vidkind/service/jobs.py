"""The jobs, in a database: taken in, claimed once, finished once, found again, expired."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, insert, select, update

from vidkind.service.keys import result_key
from vidkind.service.schema import (
    COUNTERS,
    JOBS,
    RESULTS,
    WORKERS,
    insert_once,
    open_engine,
)

# How often a worker says that it is alive.
HEARTBEAT_SECONDS = 2.0
# A job whose worker was not seen for this long is put back.
LEASE_SECONDS = 15.0
# A job that has ended its worker this often is given up.
MAX_ATTEMPTS = 3
ENDED = ("done", "failed")


class JobLostError(Exception):
    """The job was deleted, or given to another worker, while this one was at it."""


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """What somebody asks for.

    Attributes:
        kind: ``upload``, ``url`` or ``library``.
        name: What to call the video towards people.
        location: Name of the stored upload, address, or key in the library.
        options_key: Hash of everything but the file that the answer depends on.
        use_tta: Whether to average over four views.
        effort: How much of the video is looked at.
        sha256: Hash of the file, where it is known.
    """

    kind: str
    name: str
    location: str
    options_key: str
    use_tta: bool
    effort: str
    sha256: str | None = None


class JobStore:
    """Every job and result; safe to use from many threads, processes and machines."""

    def __init__(self, url: str, *, connections: int = 16) -> None:
        """Opens the database; see ``open_engine`` for what it raises."""
        self._engine = open_engine(url, connections=connections)
        self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        """Gives all connections back."""
        self._engine.dispose()

    def add(self, new: NewJob) -> str:
        """Takes a job in, answered at once where the same was answered before; its id."""
        job_id, now = secrets.token_hex(16), time.time()
        values: dict[str, Any] = {
            "id": job_id,
            "state": "queued",
            "stage": "queued",
            "created_at": now,
            **vars(new),
        }
        with self._engine.begin() as connection:
            connection.execute(insert(JOBS).values(**values))
            _count(connection, "accepted")
            if new.sha256 is not None:
                _answer_from_store(connection, job_id, new.sha256, new.options_key)
        return job_id

    def get(self, job_id: str) -> Row[Any] | None:
        """One job, or None."""
        with self._reader.connect() as connection:
            return connection.execute(select(JOBS).where(JOBS.c.id == job_id)).one_or_none()

    def result(self, key: str) -> dict[str, Any] | None:
        """The stored answer under a key, or None."""
        with self._reader.connect() as connection:
            body = connection.scalar(select(RESULTS.c.body).where(RESULTS.c.key == key))
        return None if body is None else json.loads(body)

    def delete(self, job_id: str) -> Row[Any] | None:
        """Removes a job, running or not; the job as it was, or None."""
        with self._engine.begin() as connection:
            return connection.execute(
                delete(JOBS).where(JOBS.c.id == job_id).returning(*JOBS.c)
            ).one_or_none()

    def claim(self, worker: str) -> Row[Any] | None:
        """Gives the oldest waiting job to a worker, and to no other; None where none waits."""
        oldest = (
            select(JOBS.c.id)
            .where(JOBS.c.state == "queued")
            .order_by(JOBS.c.created_at, JOBS.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        now = time.time()
        with self._engine.begin() as connection:
            return connection.execute(
                update(JOBS)
                .where(JOBS.c.id == oldest.scalar_subquery(), JOBS.c.state == "queued")
                .values(
                    state="running",
                    worker=worker,
                    attempt=JOBS.c.attempt + 1,
                    started_at=now,
                    heartbeat_at=now,
                )
                .returning(*JOBS.c)
            ).one_or_none()

    def report(self, job: Row[Any], stage: str, percent: float, eta_seconds: float | None) -> None:
        """Writes how far a running job is.

        Raises:
            JobLostError: It is no longer this worker's.
        """
        values = {"stage": stage, "percent": percent, "eta_seconds": eta_seconds}
        with self._engine.begin() as connection:
            _update_own(connection, job, {**values, "heartbeat_at": time.time()})

    def answer_from_store(self, job: Row[Any], sha256: str, options_key: str) -> bool:
        """Ends a running job with the stored answer for its file, if there is one.

        Args:
            job: The job.
            sha256: Hash of its file.
            options_key: That of whoever asks, which may have started with other options since.
        """
        values = {"sha256": sha256, "options_key": options_key}
        with self._engine.begin() as connection:
            _update_own(connection, job, values)
            return _answer_from_store(connection, job.id, sha256, options_key)

    def finish(
        self, job: Row[Any], sha256: str, options_key: str, result: Mapping[str, Any]
    ) -> None:
        """Ends a running job with its answer, in one step with keeping that answer.

        Args:
            job: The job.
            sha256: Hash of its file.
            options_key: Of what answered.
            result: The answer, JSON types.

        Raises:
            JobLostError: It is no longer this worker's; nothing was written.
        """
        key, now = result_key(sha256, options_key), time.time()
        with self._engine.begin() as connection:
            kept = {"result_key": key, "sha256": sha256, "options_key": options_key}
            ended = {"state": "done", "eta_seconds": 0.0, "percent": 100.0, "finished_at": now}
            _update_own(connection, job, {**kept, **ended})
            insert_once(connection, RESULTS, key=key, body=json.dumps(result), touched_at=now)
            _count(connection, "done")
            _count(connection, "seconds", now - job.started_at)

    def fail(self, job: Row[Any], error_type: str, message: str) -> None:
        """Ends a running job with the reason why there is no answer.

        Raises:
            JobLostError: It is no longer this worker's.
        """
        error = json.dumps({"type": error_type, "message": message})
        values = {"state": "failed", "error": error, "eta_seconds": None}
        with self._engine.begin() as connection:
            _update_own(connection, job, {**values, "finished_at": time.time()})
            _count(connection, "failed")

    def put_back(self, *, worker: str | None = None) -> int:
        """Puts running jobs back into the queue: a worker's, or those whose worker is gone.

        A job that has been tried too often fails instead, so that one video that ends its
        worker does not end every worker.

        Returns:
            How many jobs were running and are not any more.
        """
        gone = JOBS.c.heartbeat_at < time.time() - LEASE_SECONDS
        mine = (JOBS.c.state == "running") & (gone if worker is None else JOBS.c.worker == worker)
        error = json.dumps(
            {
                "type": "WorkerDiedError",
                "message": f"the worker ended {MAX_ATTEMPTS} times on this video; expected one "
                "that decodes: export it again",
            }
        )
        given_up = {"state": "failed", "error": error, "finished_at": time.time()}
        waiting = {"state": "queued", "stage": "queued", "percent": 0.0, "worker": None}
        with self._engine.begin() as connection:
            failed = connection.execute(
                update(JOBS).where(mine, JOBS.c.attempt >= MAX_ATTEMPTS).values(**given_up)
            ).rowcount
            for _ in range(failed):
                _count(connection, "failed")
            return failed + connection.execute(update(JOBS).where(mine).values(**waiting)).rowcount

    def release(self, job: Row[Any]) -> None:
        """Puts one running job back, uncounted: its worker was told to stop."""
        values = {"state": "queued", "stage": "queued", "percent": 0.0, "worker": None}
        with self._engine.begin() as connection:
            _update_own(connection, job, {**values, "attempt": job.attempt - 1})

    def expire(self, *, job_seconds: float) -> int:
        """Removes jobs that ended long ago, and results nobody was given since; how many jobs."""
        before = time.time() - job_seconds
        with self._engine.begin() as connection:
            ended = delete(JOBS).where(JOBS.c.state.in_(ENDED), JOBS.c.finished_at < before)
            count = connection.execute(ended).rowcount
            unused = ~exists().where(JOBS.c.result_key == RESULTS.c.key)
            connection.execute(delete(RESULTS).where(RESULTS.c.touched_at < before, unused))
            connection.execute(delete(WORKERS).where(WORKERS.c.seen_at < before))
        return count

    def locations_in_use(self, *, upload_seconds: float) -> set[str]:
        """Names of uploads that a job waits for, or that ended less than so long ago."""
        recent = JOBS.c.finished_at.is_(None) | (JOBS.c.finished_at > time.time() - upload_seconds)
        with self._reader.connect() as connection:
            return set(connection.scalars(select(JOBS.c.location).where(recent)))

    def states(self) -> dict[str, int]:
        """How many jobs are in each state."""
        query = select(JOBS.c.state, func.count()).group_by(JOBS.c.state)
        with self._reader.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def num_waiting(self) -> int:
        """How many jobs no worker has taken yet."""
        query = select(func.count()).where(JOBS.c.state == "queued")
        with self._reader.connect() as connection:
            return connection.scalar(query) or 0

    def ahead_of(self, job: Row[Any]) -> int:
        """How many jobs come before a waiting one, running ones included."""
        earlier = (JOBS.c.state == "queued") & (JOBS.c.created_at < job.created_at)
        query = select(func.count()).where(earlier | (JOBS.c.state == "running"))
        with self._reader.connect() as connection:
            return connection.scalar(query) or 0

    def counters(self) -> dict[str, float]:
        """Totals since the database was made.

        Jobs ``accepted``, ``done``, ``cached`` and ``failed``, and ``seconds`` spent on those done.
        """
        with self._reader.connect() as connection:
            return {row.name: row.value for row in connection.execute(select(COUNTERS))}

    def mean_seconds(self) -> float:
        """How long a job takes, on average; one second until that is known."""
        totals = self.counters()
        return totals.get("seconds", 0.0) / totals["done"] if totals.get("done") else 1.0

    def greet(self, worker: str) -> None:
        """Notes that a worker, and so what it is doing, is alive."""
        with self._engine.begin() as connection:
            now = time.time()
            insert_once(connection, WORKERS, id=worker, seen_at=now)
            connection.execute(update(WORKERS).where(WORKERS.c.id == worker).values(seen_at=now))
            mine = (JOBS.c.worker == worker) & (JOBS.c.state == "running")
            connection.execute(update(JOBS).where(mine).values(heartbeat_at=now))

    def was_ready(self, worker: str) -> bool:
        """Whether a worker has ever said that it is alive."""
        query = select(func.count()).where(WORKERS.c.id == worker)
        with self._reader.connect() as connection:
            return bool(connection.scalar(query))

    def num_workers(self) -> int:
        """How many workers were seen lately."""
        query = select(func.count()).where(WORKERS.c.seen_at > time.time() - LEASE_SECONDS)
        with self._reader.connect() as connection:
            return connection.scalar(query) or 0


def _update_own(connection: Connection, job: Row[Any], values: dict[str, Any]) -> None:
    own = (JOBS.c.id == job.id) & (JOBS.c.state == "running")
    own &= (JOBS.c.worker == job.worker) & (JOBS.c.attempt == job.attempt)
    if not connection.execute(update(JOBS).where(own).values(**values)).rowcount:
        raise JobLostError(job.id)


def _answer_from_store(connection: Connection, job_id: str, sha256: str, options_key: str) -> bool:
    key, now = result_key(sha256, options_key), time.time()
    touched = update(RESULTS).where(RESULTS.c.key == key).values(touched_at=now)
    if not connection.execute(touched).rowcount:
        return False
    values = {"state": "done", "cached": True, "result_key": key, "percent": 100.0}
    connection.execute(
        update(JOBS).where(JOBS.c.id == job_id).values(**values, eta_seconds=0.0, finished_at=now)
    )
    _count(connection, "cached")
    return True


def _count(connection: Connection, name: str, by: float = 1.0) -> None:
    insert_once(connection, COUNTERS, name=name, value=0.0)
    counter = update(COUNTERS).where(COUNTERS.c.name == name)
    connection.execute(counter.values(value=COUNTERS.c.value + by))
