"""A job's progress as server-sent events (HTML standard, section 9.2)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from flask import Response
from sqlalchemy import Row

from vidkind.service.jobs import ENDED
from vidkind.service.problems import RequestError
from vidkind.service.state import Service
from vidkind.service.view import job_json

_POLL_SECONDS = 0.3
_QUIET_SECONDS = 10.0
# After this a client connects anew, so that no thread is held for ever.
_STREAM_SECONDS = 120.0
_RETRY_SECONDS = 3


def stream_job(service: Service, job: Row[Any]) -> Response:
    """A response that tells how a job goes on until it ends.

    ``progress`` events carry the job without its result, the last one, ``end``, with it.

    Raises:
        RequestError: ``TooManyStreamsError``.
    """
    if not service.held.acquire(blocking=False):
        raise RequestError(
            "TooManyStreamsError",
            "too many progress streams are open; try again later, or poll the job",
            retry_after=_RETRY_SECONDS,
        )
    response = Response(_events(service, job), content_type="text/event-stream; charset=utf-8")
    response.call_on_close(service.held.release)
    response.headers["X-Accel-Buffering"] = "no"  # a proxy must pass events on as they come
    return response


def _events(service: Service, first: Row[Any]) -> Iterator[str]:
    yield f"retry: {_RETRY_SECONDS * 1000}\n\n"
    end = time.monotonic() + _STREAM_SECONDS
    job: Row[Any] | None = first
    shown, written = "", time.monotonic()
    while time.monotonic() < end and not service.stopping.is_set():
        if job is None:
            yield 'event: gone\ndata: {"state": "deleted"}\n\n'
            return
        if job.state in ENDED:
            yield _event("end", job_json(service, job))
            return
        text = _event("progress", job_json(service, job, with_result=False))
        if text != shown:
            yield text
            shown, written = text, time.monotonic()
        elif time.monotonic() - written > _QUIET_SECONDS:
            yield ": still there\n\n"
            written = time.monotonic()
        service.stopping.wait(_POLL_SECONDS)
        job = service.store.get(first.id)


def _event(kind: str, content: dict[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps(content, ensure_ascii=False)}\n\n"
