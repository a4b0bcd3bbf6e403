"""Errors as problem documents (RFC 9457); no stack trace leaves the server."""

from __future__ import annotations

import errno
import json
import logging
from http import HTTPStatus
from typing import Any

from flask import Flask, Response
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from vidkind.errors import VidkindError

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
# Stable name of each error that a request may be answered with, and its status. Clients branch
# on these names. Refusals that HTTP defines carry HTTP's name, whichever part of the service
# (this API, Flask, Waitress, a proxy) refuses.
KINDS = {
    "BadRequest": 400,
    "InvalidFieldError": 400,
    "Unauthorized": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "JobNotFoundError": 404,
    "VideoNotFoundError": 404,
    "MethodNotAllowed": 405,
    "RequestEntityTooLarge": 413,
    "UnsupportedMediaType": 415,
    "AddressError": 422,
    "EmptyFileError": 422,
    "RateLimitExceeded": 429,
    "InternalError": 500,
    "DatabaseError": 503,
    "DiskFullError": 503,
    "QueueFullError": 503,
    "TooManyStreamsError": 503,
}
# The name that Flask's own refusals get; its class names are not ours to keep stable.
_OF_STATUS = {status: kind for kind, status in KINDS.items() if not kind.endswith("Error")}
_UNKNOWN_STATUS = 422
_WAIT_SECONDS = 5
_FULL_SECONDS = 30


class RequestError(VidkindError):
    """A request that is refused.

    Attributes:
        kind: Stable name of the error, one of ``KINDS``, which also gives its HTTP status.
        retry_after: Seconds after which to try again, or None.
    """

    def __init__(self, kind: str, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = KINDS[kind]
        self.retry_after = retry_after

    @property
    def type(self) -> str:
        """Stable name of the error."""
        return self.kind


def document(status: int, kind: str, detail: str) -> dict[str, Any]:
    """A problem document.

    Args:
        status: HTTP status.
        kind: Stable name of the error.
        detail: What was found, what was expected, what to do next.
    """
    title = HTTPStatus(status).phrase
    return {"type": f"urn:vidkind:{kind}", "title": title, "status": status, "detail": detail}


def answer(status: int, kind: str, detail: str, *, retry_after: int | None = None) -> Response:
    """A problem document as a response."""
    body = json.dumps(document(status, kind, detail), ensure_ascii=False)
    response = Response(body + "\n", status, content_type=MEDIA_TYPE)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def register(app: Flask) -> None:
    """Makes every error of an application a problem document."""
    app.register_error_handler(VidkindError, _from_vidkind)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(Exception, _from_anything)


def _from_vidkind(error: VidkindError) -> Response:
    if isinstance(error, RequestError):
        return answer(error.status, error.type, str(error), retry_after=error.retry_after)
    return answer(KINDS.get(error.type, _UNKNOWN_STATUS), error.type, str(error))


def _from_http(error: HTTPException) -> Response:
    status = error.code or 500
    kind = _OF_STATUS.get(status, type(error).__name__)
    response = answer(status, kind, " ".join((error.description or "").split()))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "Location", "WWW-Authenticate"):
            response.headers[name] = value
    return response


def _from_anything(error: Exception) -> Response:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        _log.error("the disk is full: %s", error)
        detail = "there is no room for more files; try again later"
        return answer(KINDS["DiskFullError"], "DiskFullError", detail, retry_after=_FULL_SECONDS)
    if isinstance(error, OperationalError):
        _log.error("the database cannot be reached: %s", error.orig)
        detail = "the database cannot be reached; try again later"
        return answer(KINDS["DatabaseError"], "DatabaseError", detail, retry_after=_WAIT_SECONDS)
    _log.error("a request failed unexpectedly", exc_info=error)
    detail = "something went wrong here and was logged; try again, and report it if it stays"
    return answer(KINDS["InternalError"], "InternalError", detail, retry_after=_WAIT_SECONDS)
