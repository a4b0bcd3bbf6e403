"""``vidkind serve`` and ``vidkind worker``: the service, and more hands for it."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from vidkind.config import Precision, Runtime
from vidkind.service.options import ServiceOptions

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_DEFAULTS = {field.name: field.default for field in dataclasses.fields(ServiceOptions)}
_folder = click.Path(path_type=Path, file_okay=False)


def _option(name: str, kind: Any, text: str) -> Callable[[Decorated], Decorated]:
    """An option named after a field of ``ServiceOptions``, with its default."""
    default = _DEFAULTS[name]
    many = isinstance(default, tuple)
    flag = "--" + name.replace("_", "-")
    if kind is bool:
        return click.option(flag, name, is_flag=True, default=default, help=text)
    return click.option(
        flag,
        name,
        type=kind,
        default=None if many else default,
        multiple=many,
        show_default=default is not None and not many,
        help=text,
    )


def _options(*choices: tuple[str, Any, str]) -> Callable[[Decorated], Decorated]:
    def decorate(command: Decorated) -> Decorated:
        for choice in reversed(choices):
            command = _option(*choice)(command)
        return command

    return decorate


_PLACES = (
    ("data", _folder, "Folder for uploads, jobs and queue."),
    ("bundle", click.Path(path_type=Path), "Bundle. Default: the one shipped with vidkind."),
    ("max_error", float, "Withhold answers so that at most this share of the others is wrong."),
    ("coverage", float, "Give the categories that hold the right one with this probability."),
    ("runtime", click.Choice(get_args(Runtime)), "What runs the backbone."),
    ("precision", click.Choice(get_args(Precision)), "How it computes; see vidkind classify."),
    ("library", _folder, "Folder whose videos may be picked by name."),
    ("database", str, "postgresql://... Default: an SQLite file in --data."),
    ("queue", str, "redis://... Default: an SQLite file in --data."),
)
_LIMITS = (
    ("max_upload_mb", int, "Largest upload or download, MiB."),
    ("max_duration_seconds", int, "Longest video."),
    ("max_side", int, "Largest width and height in pixels."),
    ("decode_seconds", int, "Time that decoding one video may take."),
    ("decode_memory_mb", int, "Memory that decoding one video may take, MiB."),
    ("fetch_seconds", int, "Time that a download may take."),
    ("fetch_allow", str, "Network that may be fetched from although it is private. Repeatable."),
    ("page_urls", bool, "Take addresses of pages too, through yt-dlp ([pages] extra)."),
    ("job_hours", float, "How long answers are kept."),
    ("upload_hours", float, "How long uploads are kept after their answer."),
)


@click.command("serve", short_help="Answer over HTTP: a page and an API.")
@_options(
    ("host", str, "Address to listen on."),
    ("port", int, "Port to listen on; 0 takes a free one."),
    *_PLACES,
    ("workers", int, "Videos classified at once; 0 leaves the work to vidkind worker."),
    ("threads", int, "Requests answered at once."),
    ("max_queue", int, "Jobs that may wait; above it the answer is 503."),
    *_LIMITS,
    ("upload_seconds", int, "Time that a request may take to arrive."),
    ("api_keys", click.Path(path_type=Path, dir_okay=False), "File with one API key a line."),
    ("rate_limit", str, "Posts a client may send, such as '60 per minute'."),
    ("proxies", int, "Reverse proxies whose X-Forwarded headers are believed."),
    ("public_hosts", str, "Host name to answer to; others get 400. Repeatable."),
)
def serve_command(**values: Any) -> None:
    """Serve the page and the API until Ctrl-C or SIGTERM.

    Jobs outlive the server: what is accepted is answered once, after a restart too. On
    addresses other than loopback, put a reverse proxy with TLS in front and see docs/service.md.

    \b
    vidkind serve --library clips/
    vidkind serve --host 0.0.0.0 --proxies 1 --public-hosts kinds.example.org --api-keys keys.txt
    """
    from vidkind.service import serve

    _log_requests()
    serve(ServiceOptions(**values), on_ready=lambda url: click.echo(f"Serving on {url}", err=True))


@click.command("worker", short_help="Classify for a server, here or on another machine.")
@_options(*_PLACES, ("workers", int, "Videos classified at once."), *_LIMITS)
def worker_command(**values: Any) -> None:
    """Do the jobs of a server until Ctrl-C or SIGTERM.

    Database, queue and data folder must be those of the server; on another machine the folder
    is a shared one.

    \b
    vidkind worker --data /srv/vidkind --database postgresql://db/vidkind --queue redis://q/0
    """
    from vidkind.service import work

    _log_requests()
    work(ServiceOptions(**values), stop=threading.Event())


def _log_requests() -> None:
    logging.getLogger("vidkind.service").setLevel(logging.INFO)
    for chatty in ("huey", "waitress.queue"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
