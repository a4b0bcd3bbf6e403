"""The routes the published system had, as thin adapters over the same jobs."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from vidkind.service.api import answered, check_small, known_job, wait_for
from vidkind.service.events import stream_job
from vidkind.service.intake import add_library, add_upload, add_url, form_choices
from vidkind.service.library import library_names
from vidkind.service.problems import RequestError
from vidkind.service.state import service

published = Blueprint("published", __name__, url_prefix="/api")


@published.get("/videos")
def videos() -> ResponseReturnValue:
    """The videos of the library."""
    return jsonify(videos=library_names(service().options.library))


@published.post("/classify")
def classify() -> ResponseReturnValue:
    """Form field ``selected_video``, a name of the library, and ``use_tta``."""
    current = service()
    name = _field("selected_video")
    job = add_library(current, name, form_choices(request))
    return answered(current, wait_for(current, job))


@published.post("/classify_external")
def classify_external() -> ResponseReturnValue:
    """A file under any field name, or an address under ``url``, and ``use_tta``."""
    current = service()
    choices = form_choices(request)
    files = list(request.files.values())
    if files:
        check_small(current)
        job = add_upload(current, files[0], choices)
    else:
        job = add_url(current, _field("url"), choices)
    return answered(current, wait_for(current, job))


@published.post("/download_url")
def download_url() -> ResponseReturnValue:
    """An address under ``url``, in a form or JSON; answers with the job at once."""
    current = service()
    body = request.get_json(silent=True) if request.is_json else None
    url = body.get("url") if isinstance(body, dict) else request.form.get("url")
    if not isinstance(url, str) or not url:
        raise _missing("url")
    return answered(current, add_url(current, url, form_choices(request)))


@published.get("/progress/<job_id>")
def progress(job_id: str) -> ResponseReturnValue:
    """Server-sent events of a job."""
    current = service()
    return stream_job(current, known_job(current, job_id))


def _field(name: str) -> str:
    value = request.form.get(name)
    if not value:
        raise _missing(name)
    return value


def _missing(name: str) -> RequestError:
    return RequestError("InvalidFieldError", f"field {name!r} is missing; expected a text")
