"""From a request to a job: what is asked for is checked, stored and put in the queue."""

from __future__ import annotations

import hashlib
import math
import secrets
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

from flask import Request
from sqlalchemy import Row
from werkzeug.datastructures import FileStorage

from vidkind.config import Effort
from vidkind.errors import EmptyFileError
from vidkind.service.fetch import check_url
from vidkind.service.jobs import NewJob
from vidkind.service.keys import EFFORTS, Choices
from vidkind.service.library import library_file
from vidkind.service.options import MEGABYTE
from vidkind.service.problems import RequestError
from vidkind.service.state import Service
from vidkind.video import is_video_name

_CHUNK_BYTES = 1 << 20
_MAX_NAME = 200
_LONGEST_WAIT = 30
_MIN_FREE_BYTES = 256 * MEGABYTE
_SOURCES = ("url", "library_path")
_CHOICES = tuple(field.name for field in fields(Choices))
_TRUTH = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False, "": False}


def check_room(service: Service) -> None:
    """Refuses while the queue or the disk is full.

    Raises:
        RequestError: ``QueueFullError`` or ``DiskFullError``, with the time after which to try
            again.
    """
    waiting = service.store.num_waiting()
    if waiting >= service.options.max_queue:
        # By then about half of them have ended.
        seconds = service.store.mean_seconds() * waiting / (2 * max(1, service.options.workers))
        wait = min(_LONGEST_WAIT, max(1, math.ceil(seconds)))
        raise RequestError(
            "QueueFullError", f"{waiting} jobs are waiting; try again later", retry_after=wait
        )
    if shutil.disk_usage(service.options.data).free < _MIN_FREE_BYTES:
        raise RequestError(
            "DiskFullError",
            "there is no room for more files; try again later",
            retry_after=_LONGEST_WAIT,
        )


def job_from_upload(service: Service, request: Request) -> Row[Any]:
    """Takes the one file of a form, and what is chosen for it.

    Raises:
        RequestError: Not one file under ``file``, other fields, or no video's name.
        EmptyFileError: The file has no bytes.
    """
    if set(request.files) != {"file"} or len(request.files.getlist("file")) != 1:
        raise RequestError(
            "InvalidFieldError", "the form has no field 'file' with one file; expected one video"
        )
    unknown = set(request.form) - set(_CHOICES)
    if unknown:
        raise _unknown_field(min(unknown), ("file", *_CHOICES))
    return add_upload(service, request.files["file"], form_choices(request))


def add_upload(service: Service, file: FileStorage, choices: Choices) -> Row[Any]:
    """Stores an upload under a random name and makes a job of it; see ``job_from_upload``."""
    check_room(service)
    name = display_name(file.filename or "")
    if not is_video_name(name):
        raise RequestError(
            "UnsupportedMediaType",
            f"{name!r} does not end like a video; expected .mp4, .webm, .mkv, .mov, .gif, ...",
        )
    location = secrets.token_hex(16) + Path(name).suffix.lower()
    target = service.options.uploads / location
    try:
        sha256 = _store(file, target)
        return _add(service, "upload", name, location, choices, sha256=sha256)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def job_from_json(service: Service, body: object) -> Row[Any]:
    """Takes ``{"url": ...}`` or ``{"library_path": ...}``, and what is chosen for it.

    Raises:
        RequestError: Not such an object.
        AddressError: The form of the address is not allowed.
        VideoNotFoundError: The library has no such video.
    """
    if not isinstance(body, dict):
        raise RequestError("BadRequest", 'the body is not an object; expected {"url": ...}')
    if unknown := set(body) - {*_SOURCES, *_CHOICES}:
        raise _unknown_field(min(unknown), (*_SOURCES, *_CHOICES))
    given = [key for key in _SOURCES if key in body]
    if len(given) != 1 or not isinstance(body[given[0]], str):
        raise RequestError("InvalidFieldError", "expected one of url and library_path, as text")
    use_tta = body.get("use_tta", False)
    if not isinstance(use_tta, bool):
        raise _not_truth(str(use_tta))
    choices = Choices(use_tta=use_tta, effort=_effort(body.get("effort", "normal")))
    if given == ["url"]:
        return add_url(service, body["url"], choices)
    return add_library(service, body["library_path"], choices)


def add_url(service: Service, url: str, choices: Choices) -> Row[Any]:
    """Makes a job of an address; see ``job_from_json``."""
    name = display_name(check_url(url))
    check_room(service)
    return _add(service, "url", name, url, choices)


def add_library(service: Service, name: str, choices: Choices) -> Row[Any]:
    """Makes a job of a video of the library; see ``job_from_json``."""
    library_file(service.options.library, name)
    check_room(service)
    return _add(service, "library", name, name, choices)


def form_choices(request: Request) -> Choices:
    """The fields of a form that are chosen for each video.

    Raises:
        RequestError: ``use_tta`` is neither true nor false, or ``effort`` none of its words.
    """
    text = request.form.get("use_tta", "")
    if text.lower() not in _TRUTH:
        raise _not_truth(text)
    effort = _effort(request.form.get("effort") or "normal")
    return Choices(use_tta=_TRUTH[text.lower()], effort=effort)


def _effort(given: object) -> Effort:
    for effort in EFFORTS:
        if effort == given:
            return effort
    raise RequestError(
        "InvalidFieldError", f"effort is {str(given)[:40]!r}; expected {' or '.join(EFFORTS)}"
    )


def _not_truth(given: str) -> RequestError:
    return RequestError("InvalidFieldError", f"use_tta is {given[:40]!r}; expected true or false")


def _unknown_field(name: str, known: tuple[str, ...]) -> RequestError:
    return RequestError(
        "InvalidFieldError", f"field {name[:40]!r} is not known; expected {', '.join(known)}"
    )


def display_name(name: str) -> str:
    """What to call a file: the last part of its name, without control characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(c if c.isprintable() else "_" for c in last)
    if len(clean) > _MAX_NAME:
        suffix = Path(clean).suffix[:16]
        clean = clean[: _MAX_NAME - len(suffix)] + suffix
    return clean or "video"


def _store(file: FileStorage, target: Path) -> str:
    digest = hashlib.sha256()
    with target.open("xb") as copy:
        while chunk := file.stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            copy.write(chunk)
        size = copy.tell()
    if size == 0:
        raise EmptyFileError("the file has zero bytes; expected a video: choose it again")
    return digest.hexdigest()


def _add(
    service: Service,
    kind: str,
    name: str,
    location: str,
    choices: Choices,
    *,
    sha256: str | None = None,
) -> Row[Any]:
    new = NewJob(
        kind=kind,
        name=name,
        location=location,
        options_key=service.keys.of(choices),
        use_tta=choices.use_tta,
        effort=choices.effort,
        sha256=sha256,
    )
    job_id = service.store.add(new)
    job = service.store.get(job_id)
    assert job is not None, "it was just added"
    if job.state == "queued":
        service.notices.put()
    return job
