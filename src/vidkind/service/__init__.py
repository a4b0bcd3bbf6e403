"""The service: videos in over HTTP, answers out, by jobs that outlive the process.

In: ``ServiceOptions``. Out: a Flask application, worker processes that classify, and the
server that runs both. Jobs, results and hashes live in a database, notices in a queue.
Does not know: how frames are picked, embedded or judged (the inference room does), training.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vidkind.errors import MissingExtraError
from vidkind.service.options import ServiceOptions

if TYPE_CHECKING:
    from vidkind.service.app import create_app
    from vidkind.service.server import serve
    from vidkind.service.worker import work

__all__ = ["ServiceOptions", "create_app", "serve", "work"]


_HOMES = {"create_app": "app", "serve": "server", "work": "worker"}


def __getattr__(name: str) -> Any:
    # Loaded on first use: the command line reads the options and must not load Flask for that.
    if name not in _HOMES:
        raise AttributeError(f"module 'vidkind.service' has no attribute {name!r}")
    try:
        return getattr(import_module(f"vidkind.service.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "flask", "serve") from error
