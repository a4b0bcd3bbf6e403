"""Downloads the video of a page through yt-dlp, in a child process that is watched.

yt-dlp opens connections in many ways. So they are checked where they all pass: Python's audit
hooks (PEP 578) see every address a socket is about to connect to, and every program about to
be started, and cannot be removed again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vidkind.errors import AddressError, DownloadError, MissingExtraError
from vidkind.service.addresses import check_address
from vidkind.service.options import ServiceOptions
from vidkind.service.sandbox import Limits, Outbox, run_limited

_PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn")
_MEMORY_MB = 2048


def download_from_page(
    url: str, target: Path, options: ServiceOptions, on_progress: Callable[[float | None], None]
) -> None:
    """Fetches the video that a page shows.

    Args:
        url: Address of the page.
        target: File to write.
        options: Limits of size and time, and networks that are allowed.
        on_progress: Called with the share done, or None where the length is not known.

    Raises:
        ChildError: yt-dlp finds no video there, it is too large, or an address may not be
            fetched.
        VideoLimitError: It takes too long.
    """
    limits = Limits(
        seconds=options.fetch_seconds, memory_mb=_MEMORY_MB, file_mb=options.max_upload_mb
    )
    arguments = url, str(target), options.max_upload_bytes, options.fetch_allow
    run_limited(fetch_in_child, *arguments, limits=limits, on_progress=on_progress)


def fetch_in_child(
    outbox: Outbox, url: str, target: str, max_bytes: int, allowed: tuple[str, ...]
) -> None:
    """What the child does.

    Raises:
        AddressError: An address may not be fetched.
        DownloadError: There is no video, or it is too large.
        MissingExtraError: yt-dlp is not installed.
    """
    # Its sockets would not be Python's.
    sys.modules["curl_cffi"] = None  # type: ignore[assignment]
    try:
        import yt_dlp
    except ImportError as error:
        raise MissingExtraError("yt-dlp", "pages") from error
    refused: list[AddressError] = []
    sys.addaudithook(lambda event, arguments: _watch(event, arguments, allowed, refused))
    try:
        with yt_dlp.YoutubeDL(_settings(outbox, target, max_bytes)) as downloader:
            downloader.download([url])
    except Exception as error:  # yt-dlp's extractors raise whatever their pages bring about
        if refused:
            raise refused[0] from error
        raise DownloadError(
            "no video was found on the page; expected the address of a video file, or of a page "
            "that yt-dlp knows"
        ) from error
    if refused and not Path(target).is_file():
        raise refused[0]
    if not Path(target).is_file():
        raise DownloadError(
            f"the page gives no video of at most {max_bytes >> 20} MiB; expected a smaller one"
        )
    outbox.answer({}, b"")


def _watch(
    event: str, arguments: tuple[Any, ...], allowed: tuple[str, ...], refused: list[AddressError]
) -> None:
    if event in _PROGRAMS:
        raise PermissionError("no program is started from here")
    if event not in ("socket.connect", "socket.sendto"):
        return
    address = arguments[1]
    try:
        check_address(str(address[0]), allowed)
    except (AddressError, ValueError, TypeError) as error:
        # Names are refused too: what they resolve to would be nobody's to check.
        refused.append(
            error
            if isinstance(error, AddressError)
            else AddressError("an address is not a numeric one; expected that of a video file")
        )
        raise PermissionError("the address may not be fetched") from error


def _settings(outbox: Outbox, target: str, max_bytes: int) -> dict[str, Any]:
    def report(state: dict[str, Any]) -> None:
        total = state.get("total_bytes") or state.get("total_bytes_estimate")
        if total:
            outbox.progress(min(1.0, state.get("downloaded_bytes", 0) / total))

    return {
        # One file over plain http(s): nothing has to be joined by a program afterwards.
        "format": "best[protocol^=http][height<=720]/best[protocol^=http]",
        "outtmpl": {"default": target.replace("%", "%%")},
        "max_filesize": max_bytes,
        "noplaylist": True,
        "playlist_items": "1",
        "nopart": True,
        "cachedir": False,
        "quiet": True,
        "no_warnings": True,
        "noprogress": True,
        "socket_timeout": 15,
        "retries": 1,
        "fixup": "never",
        "color": "never",
        "progress_hooks": [report],
    }
