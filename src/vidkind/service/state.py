"""What all requests of one application share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import cast

from flask import current_app

from vidkind.bundle import Bundle
from vidkind.service.jobs import JobStore
from vidkind.service.keys import OptionsKeys
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
        keys: Under which answers are kept.
        stopping: Set when the server is about to end: open streams close.
        held: One is taken by each request that stays open: streams, and callers who wait.
    """

    options: ServiceOptions
    store: JobStore
    notices: Notices
    bundle: Bundle
    keys: OptionsKeys
    stopping: threading.Event = field(default_factory=threading.Event)
    held: threading.Semaphore = field(default_factory=threading.Semaphore)


def service() -> Service:
    """The service that the current request belongs to."""
    return cast(Service, current_app.extensions["vidkind"])
