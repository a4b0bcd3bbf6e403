"""A worker process: does jobs, keeps the queue honest, tidies up, stops cleanly."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from vidkind.config import RuntimeOptions
from vidkind.errors import VidkindError
from vidkind.inference import SingleVideoClassifier
from vidkind.service.jobs import HEARTBEAT_SECONDS, JobStore
from vidkind.service.notices import Notices
from vidkind.service.options import ServiceOptions
from vidkind.service.pipeline import Pipeline
from vidkind.service.process import GRACE_SECONDS, new_worker_id, stop_on_signals
from vidkind.service.sandbox import preload

_log = logging.getLogger(__name__)

_TIDY_SECONDS = 60.0


def work(options: ServiceOptions, *, stop: threading.Event, worker_id: str | None = None) -> None:
    """Does jobs until told to stop; then ends the running ones or puts them back.

    Args:
        options: Where jobs are, and what is allowed.
        stop: Set from a signal handler or another thread.
        worker_id: Name under which it takes jobs; made up where none is given.

    Raises:
        BundleError: The bundle cannot be opened, or holds no trust statistics and ``max_error``
            or ``coverage`` asks for them.
        ConfigError: ``max_error``, ``coverage`` or ``precision`` cannot be kept.
        MissingExtraError: ``runtime`` names one that is not installed.
    """
    worker_id = worker_id or new_worker_id()
    options.make_folders()
    preload()
    store = JobStore(options.database_url, connections=options.workers + 2)
    classifier = SingleVideoClassifier(
        options.bundle,
        runtime=RuntimeOptions(runtime=options.runtime, precision=options.precision),
        max_error=options.max_error,
        coverage=options.coverage,
    )
    abort = threading.Event()
    pipeline = Pipeline(options, store, classifier, abort)

    def one() -> None:
        if not stop.is_set() and (job := store.claim(worker_id)) is not None:
            pipeline.run(job)

    notices = Notices(options, one)
    consumer = notices.huey.create_consumer(
        workers=max(1, options.workers),
        periodic=False,
        max_delay=0.3,
        health_check_interval=5,
        shutdown_timeout=GRACE_SECONDS + 10,
    )
    consumer.start()
    stop_on_signals(stop)
    try:
        _look_after(options, store, notices, worker_id, stop)
    finally:
        alarm = threading.Timer(GRACE_SECONDS, abort.set)
        alarm.start()
        consumer.stop(graceful=True)
        alarm.cancel()
        store.put_back(worker=worker_id)
        store.close()


def _look_after(
    options: ServiceOptions,
    store: JobStore,
    notices: Notices,
    worker_id: str,
    stop: threading.Event,
) -> None:
    tidied = 0.0
    while not stop.is_set():
        try:
            store.greet(worker_id)
            store.put_back()
            notices.top_up(store.num_waiting())
            if time.monotonic() - tidied > _TIDY_SECONDS:
                tidied = time.monotonic()
                tidy(options, store)
        except Exception:  # a database that is away for a moment must not end the worker
            _log.exception("the database or the queue cannot be reached")
        stop.wait(HEARTBEAT_SECONDS)


def tidy(options: ServiceOptions, store: JobStore) -> None:
    """Removes jobs, results and files whose time is over."""
    store.expire(job_seconds=options.job_hours * 3600)
    keep_seconds = options.upload_hours * 3600
    in_use = store.locations_in_use(upload_seconds=keep_seconds)
    # A file that is being written, or a download that is being read, is no job's upload.
    oldest = max(keep_seconds, options.fetch_seconds + options.decode_seconds)
    for file in options.uploads.iterdir():
        if file.name not in in_use and _age_seconds(file) > oldest:
            with suppress(PermissionError):  # Windows removes no file that is open
                file.unlink(missing_ok=True)


def _age_seconds(file: Path) -> float:
    try:
        return time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def main() -> None:
    """A worker of ``vidkind serve``: options on the first line of stdin, and stop at its end.

    The end of stdin is the end of the server, however that ended.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("huey").setLevel(logging.WARNING)
    order = json.loads(sys.stdin.readline())
    stop = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    try:
        work(ServiceOptions.from_json(order["options"]), stop=stop, worker_id=order["worker"])
    except VidkindError as error:
        _log.error("the worker cannot start: %s", error)
        raise SystemExit(1) from error
