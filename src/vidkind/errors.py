"""Every error that vidkind raises on purpose, in one tree.

In: nothing. Out: exception classes whose message says what was found, what was
expected and what to do next, in one line. Standard library only; knows no other room.
"""

from __future__ import annotations


class VidkindError(Exception):
    """Root of the tree: anything a caller may want to catch from vidkind.

    The message is one line. ``type`` is the stable name that appears in every
    machine-readable output (JSON, CSV, HTTP).
    """

    @property
    def type(self) -> str:
        """Stable machine-readable name of the error, e.g. ``"EmptyFileError"``."""
        return type(self).__name__


class ConfigError(VidkindError, ValueError):
    """An option has a value outside its domain."""


class MissingExtraError(VidkindError, ImportError):
    """An optional package is needed and not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"{package} is not installed; this command needs the [{extra}] extra: "
            f'pip install "vidkind[{extra}]"'
        )
        self.package = package
        self.extra = extra


class VideoError(VidkindError):
    """One video cannot be used; the others of a batch are not affected."""


class VideoNotFoundError(VideoError, FileNotFoundError):
    """The path does not exist or is not a file."""


class VideoPermissionError(VideoError, PermissionError):
    """The file exists but may not be read."""


class EmptyFileError(VideoError):
    """The file has zero bytes."""


class NotAVideoError(VideoError):
    """FFmpeg recognises no container in the file."""


class NoVideoStreamError(VideoError):
    """The container holds no video stream (audio only, data only)."""


class DecodeError(VideoError):
    """The stream is there but no frame of it can be decoded."""


class VideoLimitError(VideoError):
    """The video is larger, longer or slower to decode than is allowed where it was given."""


class LibraryError(VidkindError):
    """A labelled library (folders or manifest) is not laid out as expected."""


class FeatureFileError(VidkindError):
    """An HDF5 feature file is missing, damaged or does not fit what it is used with."""


class BackboneError(VidkindError):
    """A CNN backbone (weights or card) cannot be loaded or does not fit its card."""


class CheckpointError(VidkindError):
    """A training checkpoint or run folder is missing, damaged or does not fit."""


class TrainingError(VidkindError):
    """Training cannot start or cannot end with a usable ensemble."""


class BundleError(VidkindError):
    """A bundle is missing, damaged, of another format version, or does not fit together."""


class DownloadError(VidkindError):
    """Something had to be downloaded and could not be."""


class AddressError(DownloadError):
    """An address may not be fetched: not http(s), or not in a public network."""


def first_line(error: BaseException) -> str:
    """The first line of what an error of another library says; its type, where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
