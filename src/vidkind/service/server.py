"""The server: Waitress in front of the application, and a worker process beside it."""

from __future__ import annotations

import errno
import json
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import waitress.channel
import waitress.server
import waitress.task
from flask import Flask

from vidkind.errors import VidkindError
from vidkind.service.app import FORM_BYTES, create_app
from vidkind.service.jobs import JobStore
from vidkind.service.options import ServiceOptions
from vidkind.service.problems import MEDIA_TYPE, document
from vidkind.service.process import GRACE_SECONDS, new_worker_id, stop_on_signals
from vidkind.service.state import Service

_log = logging.getLogger(__name__)

_IDLE_SECONDS = 60
_MAX_CONNECTIONS = 1000
_RESTART_SECONDS = 1.0
# A worker that has never been ready and dies this often will not become ready by itself.
_MAX_EARLY_DEATHS = 3
_LAST_ANSWERS_SECONDS = 5


class ServerError(VidkindError):
    """The server cannot start, or cannot go on."""


class _ProblemTask(waitress.task.ErrorTask):  # type: ignore[misc]
    """What Waitress itself refuses, such as too large a body, is a problem document too."""

    def execute(self) -> None:
        error = self.request.error
        kind = type(error).__name__
        body = json.dumps(document(error.code, kind, str(error.body))).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", MEDIA_TYPE))
        self.response_headers.append(("Connection", "close"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(waitress.channel.HTTPChannel):  # type: ignore[misc]
    """A connection that gives up on a request that takes too long to arrive.

    Waitress' own time limit is one of silence: a byte now and then keeps a connection open.
    """

    error_task_class = _ProblemTask
    upload_seconds = 300
    _began: float | None = None

    def received(self, data: bytes) -> bool:
        now = time.monotonic()
        self._began = now if self._began is None or self.request is None else self._began
        if now - self._began > self.upload_seconds:
            self.will_close = True
            return False
        return bool(super().received(data))


class WorkerKeeper:
    """Keeps one worker process running, and puts its jobs back where it dies.

    Attributes:
        gave_up: Whether the worker died again and again without ever having been ready.
    """

    def __init__(
        self, options: ServiceOptions, store: JobStore, on_giving_up: Callable[[], None]
    ) -> None:
        """Prepares the worker.

        Args:
            options: Handed to the worker.
            store: Where its jobs are.
            on_giving_up: Called once where ``gave_up`` becomes true.
        """
        self._options, self._store, self._on_giving_up = options, store, on_giving_up
        self.gave_up = False
        self._stop = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._keep, name="worker-keeper", daemon=True)

    def start(self) -> None:
        """Starts the worker."""
        self._thread.start()

    def stop(self) -> None:
        """Tells the worker to stop and waits until its jobs are ended or put back."""
        self._stop.set()
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._thread.join(GRACE_SECONDS + 20)

    def _keep(self) -> None:
        ever_ready, deaths = False, 0
        while not self._stop.is_set():
            worker_id = new_worker_id()
            try:
                self._run(worker_id)
                self._store.put_back(worker=worker_id)
                ever_ready = ever_ready or self._store.was_ready(worker_id)
            except Exception:  # the next try may find the disk or the database again
                _log.exception("the worker could not be looked after")
            deaths += 1
            if not ever_ready and deaths >= _MAX_EARLY_DEATHS and not self._stop.is_set():
                self.gave_up = True
                self._on_giving_up()
                return
            if not self._stop.wait(_RESTART_SECONDS):
                _log.error("the worker ended; starting another")

    def _run(self, worker_id: str) -> None:
        # Of its own group, so that Ctrl-C reaches it through the server, in order.
        with subprocess.Popen(
            [sys.executable, "-m", "vidkind.service"],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as self._process:
            assert self._process.stdin is not None, "it is a pipe"
            order = {"options": self._options.to_json(), "worker": worker_id}
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            self._process.wait()


def serve(options: ServiceOptions, *, on_ready: Callable[[str], None]) -> None:
    """Answers until SIGTERM or Ctrl-C; then ends what runs, or puts it back.

    Args:
        options: Where things are, and what is allowed.
        on_ready: Called with the address once requests are taken.

    Raises:
        BundleError: The bundle cannot be opened, or lacks what an option needs.
        ConfigError: An option cannot be kept.
        ServerError: The address cannot be listened on, or no worker gets ready.
    """
    app = create_app(options)
    current: Service = app.extensions["vidkind"]
    server = _listen(app, options)
    stop = threading.Event()
    stop_on_signals(stop)
    keeper = WorkerKeeper(options, current.store, on_giving_up=stop.set)
    if options.workers:
        keeper.start()
    thread = threading.Thread(target=server.run, name="server", daemon=True)
    thread.start()
    on_ready(f"http://{_name(options.host)}:{server.effective_port}")
    while not stop.wait(0.5) and thread.is_alive():
        pass
    _log.info("stopping: running jobs are ended or put back")
    server.accepting = False
    current.stopping.set()
    if options.workers:
        keeper.stop()
    server.task_dispatcher.shutdown(timeout=_LAST_ANSWERS_SECONDS)
    current.store.close()
    if keeper.gave_up:
        raise ServerError(
            f"the worker ended {_MAX_EARLY_DEATHS} times before it was ready; its messages above "
            "say why: correct the options or the bundle and start again"
        )


def _listen(app: Flask, options: ServiceOptions) -> Any:
    server = waitress.server.create_server(
        app,
        sockets=[_bound_socket(options)],
        threads=options.threads,
        connection_limit=_MAX_CONNECTIONS,
        asyncore_use_poll=True,  # select() ends at 1024 files
        channel_timeout=_IDLE_SECONDS,
        cleanup_interval=5,
        max_request_body_size=options.max_upload_bytes + FORM_BYTES,
        send_bytes=1,  # events must leave as they come
        ident=None,
        # Forwarded headers are the application's to judge (``proxies``).
        clear_untrusted_proxy_headers=False,
    )
    server.channel_class = type("Channel", (_Channel,), {"upload_seconds": options.upload_seconds})
    return server


def _bound_socket(options: ServiceOptions) -> socket.socket:
    try:
        found = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (socket.gaierror, UnicodeError) as error:
        raise ServerError(
            f"host {options.host!r} is not known; give --host an address of this machine"
        ) from error
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":  # there it would let two servers share the port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise ServerError(_why_not_bound(error, options)) from error
    return bound


def _why_not_bound(error: OSError, options: ServiceOptions) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {options.port} is in use; stop that process or give --port"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{options.host} is not an address of this machine; give --host one that is"
    if error.errno == errno.EACCES:
        return f"port {options.port} is not open to this user; give --port one above 1023"
    return f"{options.host}, port {options.port}: {error.strerror}; give other --host and --port"


def _name(host: str) -> str:
    return f"[{host}]" if ":" in host else host
