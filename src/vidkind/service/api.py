"""Version 1 of the API; ``openapi.json`` describes it."""

from __future__ import annotations

import json
import math
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Row
from werkzeug.exceptions import BadRequest

from vidkind.service.events import stream_job
from vidkind.service.intake import job_from_json, job_from_upload
from vidkind.service.jobs import ENDED
from vidkind.service.library import library_names
from vidkind.service.options import MEGABYTE
from vidkind.service.problems import RequestError, answer
from vidkind.service.state import Service, service
from vidkind.service.view import job_json

api = Blueprint("api", __name__, url_prefix="/api/v1")

_OPENAPI = Path(__file__).with_name("openapi.json")
_POLL_SECONDS = 0.1


@api.get("/openapi.json")
def openapi() -> ResponseReturnValue:
    """The description of this API."""
    return Response(_OPENAPI.read_bytes(), content_type="application/json")


@api.get("/categories")
def categories() -> ResponseReturnValue:
    """The names answers are chosen from, and what answers."""
    manifest = service().bundle.manifest
    return jsonify(
        categories=list(manifest.categories),
        backbone=manifest.backbone.name,
        members=manifest.temporal.num_members,
    )


@api.get("/library")
def library() -> ResponseReturnValue:
    """The videos that can be picked by name."""
    return jsonify(videos=library_names(service().options.library))


@api.post("/jobs")
def post_job() -> ResponseReturnValue:
    """Takes a job in."""
    current = service()
    job = job_from_upload(current, request) if _is_form() else job_from_json(current, _body())
    return _posted(current, job)


@api.get("/jobs/<job_id>")
def get_job(job_id: str) -> ResponseReturnValue:
    """How far a job is, and its answer."""
    current = service()
    return jsonify(job_json(current, known_job(current, job_id)))


@api.get("/jobs/<job_id>/events")
def get_events(job_id: str) -> ResponseReturnValue:
    """The same, as it happens."""
    current = service()
    return stream_job(current, known_job(current, job_id))


@api.delete("/jobs/<job_id>")
def delete_job(job_id: str) -> ResponseReturnValue:
    """Removes a job and its upload, running or not."""
    current = service()
    job = current.store.delete(job_id)
    if job is None:
        raise _unknown(job_id)
    if job.kind == "upload":
        # Windows removes no file that a worker reads; the worker tidies it up later.
        with suppress(PermissionError):
            (current.options.uploads / job.location).unlink(missing_ok=True)
    return Response(status=204)


@api.post("/classify")
def classify() -> ResponseReturnValue:
    """Answers for a small file while the caller waits."""
    current = service()
    if not _is_form():
        raise RequestError("UnsupportedMediaType", "expected multipart/form-data with a file")
    check_small(current)
    job = wait_for(current, job_from_upload(current, request))
    return answered(current, job)


def check_small(current: Service) -> None:
    """Refuses what is too large to wait for.

    Raises:
        RequestError: ``RequestEntityTooLarge``.
    """
    if (request.content_length or 0) > current.options.max_sync_mb * MEGABYTE:
        raise RequestError(
            "RequestEntityTooLarge",
            f"the request is larger than {current.options.max_sync_mb} MiB, the limit for waiting; "
            "send it as a job: POST /api/v1/jobs",
        )


def wait_for(current: Service, job: Row[Any]) -> Row[Any]:
    """The job when it has ended, or as it is when that takes too long or too many wait.

    Raises:
        RequestError: ``JobNotFoundError``: it was deleted meanwhile.
    """
    if not current.held.acquire(blocking=False):
        return job
    try:
        end = time.monotonic() + current.options.max_sync_seconds
        while job.state not in ENDED and time.monotonic() < end:
            if current.stopping.wait(_POLL_SECONDS):
                break
            job = known_job(current, job.id)
        return job
    finally:
        current.held.release()


def answered(current: Service, job: Row[Any]) -> Response:
    """The answer of a job that was waited for: 200, a problem, or 202 where it goes on."""
    if job.state == "failed":
        error = json.loads(job.error)
        return answer(422, error["type"], error["message"])
    return _posted(current, job)


def known_job(current: Service, job_id: str) -> Row[Any]:
    """A job by its id.

    Raises:
        RequestError: ``JobNotFoundError``.
    """
    job = current.store.get(job_id)
    if job is None:
        raise _unknown(job_id)
    return job


def _unknown(job_id: str) -> RequestError:
    return RequestError(
        "JobNotFoundError", f"no job {job_id[:40]!r}; it may have expired: post the video again"
    )


def _posted(current: Service, job: Row[Any]) -> Response:
    content = job_json(current, job)
    response = jsonify(content)
    response.status_code = 200 if job.state == "done" else 202
    response.headers["Location"] = content["links"]["self"]
    if job.state != "done":
        response.headers["Retry-After"] = str(max(1, math.ceil(content["eta_seconds"] or 1)))
    return response


def _is_form() -> bool:
    return request.mimetype == "multipart/form-data"


def _body() -> object:
    if not request.is_json:
        raise RequestError(
            "UnsupportedMediaType", "expected application/json or multipart/form-data"
        )
    try:
        return request.get_json()
    except BadRequest as error:
        raise RequestError("BadRequest", "the body is not JSON") from error
