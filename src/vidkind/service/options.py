"""Options of the service; each default written once, here. Standard library only."""

from __future__ import annotations

import ipaddress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from vidkind.config import Precision, Runtime, RuntimeOptions
from vidkind.errors import ConfigError

MEGABYTE = 1 << 20
_LIMITS = ("max_", "decode_", "fetch_", "upload_")
_PATHS = ("data", "bundle", "library", "api_keys")


@dataclass(frozen=True, kw_only=True)
class ServiceOptions:
    """Where the service keeps things, and what it allows.

    Attributes:
        data: Folder for uploads and, by default, database and queue.
        bundle: Bundle folder or zip; None takes the one shipped with the package.
        max_error: Withhold answers so that at most this share of the others is wrong; None
            withholds none.
        coverage: Give the categories among which the right one is with this probability.
        runtime: What runs the backbone; see ``RuntimeOptions``.
        precision: How it computes.
        library: Folder whose videos may be picked by name; None offers none.
        host: Address to listen on.
        port: Port to listen on.
        database: SQLAlchemy URL; None keeps an SQLite file in ``data``.
        queue: ``redis://`` URL; None keeps an SQLite file in ``data``.
        workers: Videos classified at once by one worker process; 0 starts no worker.
        threads: Requests answered at once.
        max_queue: Jobs that may wait; above it the answer is 503.
        max_upload_mb: Largest upload or download, in MiB.
        max_sync_mb: Largest upload that is answered while the caller waits, in MiB.
        max_sync_seconds: How long such a caller waits before it gets the job instead.
        max_duration_seconds: Longest video.
        max_side: Largest width and height in pixels.
        decode_seconds: Processor time and time in all that decoding one video may take.
        decode_memory_mb: Address space of the process that decodes, in MiB.
        upload_seconds: Longest time a request may take to arrive.
        fetch_seconds: Longest time a download may take.
        fetch_allow: Networks that may be fetched from although they are not public.
        page_urls: Take addresses of pages too, through yt-dlp.
        job_hours: How long finished jobs and their results are kept.
        upload_hours: How long uploads are kept after their job has ended.
        api_keys: File with one key a line; None asks for none.
        rate_limit: Such as ``60 per minute``, for each client and kind of posting; None sets none.
        proxies: Reverse proxies in front whose ``X-Forwarded-*`` headers are believed.
        public_hosts: Host names the service answers to; empty for any, except on loopback.
    """

    data: Path = Path("vidkind-data")
    bundle: Path | None = None
    max_error: float | None = None
    coverage: float | None = None
    runtime: Runtime = RuntimeOptions.runtime
    precision: Precision = RuntimeOptions.precision
    library: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    database: str | None = None
    queue: str | None = None
    workers: int = 1
    threads: int = 48
    max_queue: int = 200
    max_upload_mb: int = 512
    max_sync_mb: int = 32
    max_sync_seconds: int = 30
    max_duration_seconds: int = 4 * 3600
    max_side: int = 8192
    decode_seconds: int = 120
    decode_memory_mb: int = 2048
    upload_seconds: int = 300
    fetch_seconds: int = 120
    fetch_allow: tuple[str, ...] = ()
    page_urls: bool = False
    job_hours: float = 24.0
    upload_hours: float = 1.0
    api_keys: Path | None = None
    rate_limit: str | None = None
    proxies: int = 0
    public_hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("workers", "proxies"):
            _at_least(name, getattr(self, name), 0)
        for field in fields(self):
            if isinstance(field.default, int) and field.name.startswith(_LIMITS):
                _at_least(field.name, getattr(self, field.name), 1)
        for name in ("job_hours", "upload_hours"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} is {getattr(self, name)}; expected more than 0")
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"port is {self.port}; expected 0 to 65535")
        if self.threads < 4:
            raise ConfigError(f"threads is {self.threads}; expected at least 4")
        if self.library is not None and not self.library.is_dir():
            raise ConfigError(f"library {self.library} is no folder; expected one with videos")
        RuntimeOptions(runtime=self.runtime, precision=self.precision)
        for network in self.fetch_allow:
            _check_network(network)

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the database."""
        return self.database or f"sqlite:///{(self.data / 'jobs.db').absolute()}"

    @property
    def uploads(self) -> Path:
        """Folder of uploads and downloads."""
        return self.data / "uploads"

    @property
    def max_upload_bytes(self) -> int:
        """``max_upload_mb`` in bytes."""
        return self.max_upload_mb * MEGABYTE

    def make_folders(self) -> None:
        """Makes the data folder and what lies in it, for nobody else to read."""
        for folder in (self.data, self.uploads):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def to_json(self) -> dict[str, Any]:
        """As JSON types, for a worker process."""
        values = asdict(self)
        return {k: str(v) if isinstance(v, Path) else v for k, v in values.items()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> ServiceOptions:
        """The options that ``to_json`` wrote."""
        paths = {k: Path(values[k]) for k in _PATHS if values[k] is not None}
        tuples = {k: tuple(values[k]) for k in ("fetch_allow", "public_hosts")}
        return cls(**{**values, **paths, **tuples})


def _at_least(name: str, value: int, smallest: int) -> None:
    if value < smallest:
        raise ConfigError(f"{name} is {value}; expected a whole number >= {smallest}")


def _check_network(network: str) -> None:
    try:
        ipaddress.ip_network(network)
    except ValueError as error:
        raise ConfigError(
            f"fetch_allow is {network!r}; expected a network such as 10.20.0.0/16"
        ) from error
