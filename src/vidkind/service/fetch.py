"""Downloads a video from an address that somebody else chose."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import httpcore

from vidkind.errors import AddressError, DownloadError, VideoLimitError
from vidkind.service.addresses import CheckedBackend
from vidkind.service.fetch_page import download_from_page
from vidkind.service.options import ServiceOptions

MAX_URL = 2048
_MAX_REDIRECTS = 5
_STALL_SECONDS = 15.0
_HEADERS: dict[bytes | str, bytes | str] = {
    "User-Agent": "vidkind",
    "Accept": "video/*, */*;q=0.5",
    "Accept-Encoding": "identity",
}
_PAGE_TYPES = ("text/html", "application/xhtml+xml")


class PageError(DownloadError):
    """The address is a page, not a file."""


def check_url(url: str) -> str:
    """Checks the form of an address, before anything is resolved; the name of its file.

    Raises:
        AddressError: Not http or https, without a host, with a password, or too long.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise AddressError(f"the address is not one ({error}); expected https://...") from error
    plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not host or not plain or len(url) > MAX_URL:
        raise AddressError(
            f"the address is not one of http or https, in ASCII, of at most {MAX_URL} characters; "
            "expected https://... of a video file"
        )
    if parts.username is not None or parts.password is not None:
        raise AddressError("the address holds a user name; expected one without")
    return unquote(parts.path.rpartition("/")[2])[:200] or host


def download(
    url: str, target: Path, options: ServiceOptions, on_progress: Callable[[float | None], None]
) -> None:
    """Fetches a video file over http or https, within the limits of the options.

    Args:
        url: Where it is.
        target: File to write.
        options: Limits of size and time, and networks that are allowed.
        on_progress: Called with the share done, or None where the length is not known.

    Raises:
        AddressError: The address, or one it redirects to, may not be fetched.
        DownloadError: It does not answer with a video in time.
        VideoLimitError: The file is larger than allowed.
    """
    try:
        _download_file(url, target, options, on_progress)
    except PageError:
        if not options.page_urls:
            raise
        download_from_page(url, target, options, on_progress)


def _download_file(
    url: str, target: Path, options: ServiceOptions, on_progress: Callable[[float | None], None]
) -> None:
    deadline = time.monotonic() + options.fetch_seconds
    backend = CheckedBackend(deadline=deadline, allowed=options.fetch_allow)
    try:
        with httpcore.ConnectionPool(network_backend=backend, max_connections=2) as pool:
            for _ in range(_MAX_REDIRECTS + 1):
                check_url(url)
                with _get(pool, url) as response:
                    if response.status not in (301, 302, 303, 307, 308):
                        return _save(response, target, options, on_progress)
                    url = urljoin(url, _header(response, "location"))
    except OSError as error:
        raise DownloadError(
            f"the download cannot be kept ({error.strerror}); free some room and try again"
        ) from error
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise DownloadError(
            f"the download failed ({type(error).__name__}: {error}); expected a server that sends "
            f"the whole file within {options.fetch_seconds} s"
        ) from error
    raise DownloadError(
        f"the address redirects more than {_MAX_REDIRECTS} times; expected that of a video file"
    )


@contextmanager
def _get(pool: httpcore.ConnectionPool, url: str) -> Iterator[httpcore.Response]:
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), _STALL_SECONDS)
    # The part after "#" is the browser's own affair.
    with pool.stream(
        "GET", url.partition("#")[0], headers=_HEADERS, extensions={"timeout": timeout}
    ) as response:
        yield response


def _header(response: httpcore.Response, name: str) -> str:
    for key, value in response.headers:
        if key.lower() == name.encode():
            return value.decode("latin-1").strip()
    return ""


def _save(
    response: httpcore.Response,
    target: Path,
    options: ServiceOptions,
    on_progress: Callable[[float | None], None],
) -> None:
    if response.status != 200:
        raise DownloadError(
            f"the address answers with status {response.status}; expected 200: open it in a browser"
        )
    if _header(response, "content-type").partition(";")[0].strip().lower() in _PAGE_TYPES:
        raise PageError("the address is a page, not a video; expected the address of a video file")
    length = _header(response, "content-length")
    total = int(length) if length.isdecimal() else None
    _check_size(total or 0, options)
    received = 0
    with target.open("wb") as file:
        for chunk in response.iter_stream():
            received += len(chunk)
            _check_size(received, options)
            file.write(chunk)
            on_progress(received / total if total else None)


def _check_size(size: int, options: ServiceOptions) -> None:
    if size > options.max_upload_bytes:
        raise VideoLimitError(
            f"the file is larger than {options.max_upload_mb} MiB; expected a smaller one: cut it "
            "or scale it down"
        )
