"""What all requests of one application share."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from typing import cast

from flask import current_app

import vidkind
from vidkind.bundle import Bundle
from vidkind.features import file_sha256
from vidkind.service.jobs import JobStore
from vidkind.service.notices import Notices
from vidkind.service.options import ServiceOptions


@dataclass(frozen=True, kw_only=True)
class Service:
    """The parts of a running service.

    Attributes:
        options: Where things are, and what is allowed.
        store: Jobs and results.
        notices: How workers are woken.
        bundle: What answers are made with.
        stopping: Set when the server is about to end: open streams close.
        streams: One is taken by each request that stays open.
    """

    options: ServiceOptions
    store: JobStore
    notices: Notices
    bundle: Bundle
    stopping: threading.Event = field(default_factory=threading.Event)
    streams: threading.Semaphore = field(default_factory=threading.Semaphore)

    def options_key(self, *, use_tta: bool) -> str:
        """Hash of everything but the file that an answer depends on."""
        manifest = file_sha256(self.bundle.folder / "bundle.json")
        content = {
            "bundle": manifest,
            "max_error": self.options.max_error,
            "coverage": self.options.coverage,
            "tta": use_tta,
            "vidkind": vidkind.__version__,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def service() -> Service:
    """The service that the current request belongs to."""
    return cast(Service, current_app.extensions["vidkind"])
