"""The page: one document; a small script does the rest through the API."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from vidkind.service.library import library_names
from vidkind.service.state import service
from vidkind.video import VIDEO_EXTENSIONS

pages = Blueprint("pages", __name__)


@pages.get("/")
def index() -> ResponseReturnValue:
    """The page, with what it needs to know about this service."""
    current = service()
    return render_template(
        "index.html",
        categories=current.bundle.manifest.categories,
        members=current.bundle.manifest.temporal.num_members,
        extensions=sorted(VIDEO_EXTENSIONS),
        has_library=current.options.library is not None,
        videos=[] if current.options.api_keys else library_names(current.options.library),
        needs_key=current.options.api_keys is not None,
        upload_hours=f"{current.options.upload_hours:g}",
        max_upload_mb=current.options.max_upload_mb,
    )
