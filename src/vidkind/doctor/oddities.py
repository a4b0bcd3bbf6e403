"""Files that cannot be used, and files that are not what one would expect."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from vidkind.doctor.findings import Evidence, Finding, Severity
from vidkind.doctor.scan import FileScan, Look
from vidkind.records import VideoInfo, VideoItem

# Below this a picture is an icon; a fourth of the 256 pixels that backbones look at.
_TINY_PIXELS = 64
_SHORT_SECONDS, _SHORT_FRAMES = 0.5, 8
# Sampled frames of a still picture differ by coding noise only.
_STILL_LEVELS = 6.0
# A header may round; a file that lacks more than this was cut off.
_CUT_SHARE, _CUT_SECONDS = 0.1, 0.5

# First bytes of the containers, where they are, and the suffixes that go with them.
_ISO = frozenset({".mp4", ".mov", ".m4v", ".3gp", ".3g2", ".qt", ".f4v"})
_MAGIC: tuple[tuple[int, bytes, str, frozenset[str]], ...] = (
    (4, b"ftyp", "MP4 or MOV", _ISO),
    (4, b"moov", "MOV", _ISO),
    (0, b"\x1aE\xdf\xa3", "Matroska or WebM", frozenset({".mkv", ".webm"})),
    (8, b"AVI ", "AVI", frozenset({".avi", ".divx"})),
    (0, b"GIF8", "GIF", frozenset({".gif"})),
    (0, b"FLV", "FLV", frozenset({".flv", ".f4v"})),
    (0, b"OggS", "Ogg", frozenset({".ogv", ".ogm"})),
    (0, b"\x89PNG", "PNG", frozenset({".apng"})),
    (0, b"0&\xb2u", "ASF", frozenset({".asf", ".wmv"})),
)

_KINDS: dict[str, tuple[Severity, str, str]] = {
    "cut-off": (
        "warning",
        "{files}: the stream ends before the length in the header",
        "copy or export them again",
    ),
    "black": (
        "warning",
        "{files}: every sampled frame is black",
        "remove them: nothing can be learnt from them",
    ),
    "tiny": (
        "warning",
        f"{{files}}: short side below {_TINY_PIXELS} pixels",
        "take a larger version, or remove them",
    ),
    "too-short": (
        "warning",
        f"{{files}}: shorter than {_SHORT_SECONDS} s or {_SHORT_FRAMES} frames",
        "take a longer cut, or remove them",
    ),
    "static": (
        "note",
        "{files}: one still picture all the time",
        "right for slides; elsewhere check whether a still was taken for a video",
    ),
    "wrong-extension": (
        "note",
        "{files}: another container than the extension says",
        "rename them: other tools go by the name",
    ),
    "no-duration": (
        "note",
        "{files}: no length in the header",
        "rewrite the container: ffmpeg -i IN -c copy OUT",
    ),
    "variable-frame-rate": (
        "note",
        "{files}: variable frame rate",
        "nothing to do: frames are sampled in time, not by number",
    ),
}


def oddity_findings(items: Sequence[VideoItem], scans: Sequence[FileScan]) -> Iterator[Finding]:
    """Findings about single files: unreadable ones first."""
    yield from _unreadable(items, scans)
    found: dict[str, list[Evidence]] = defaultdict(list)
    for item, scan in zip(items, scans, strict=True):
        if scan.info is not None and scan.look is not None:
            for code, detail in _oddities(item, scan.info, scan.look, scan.magic):
                found[code].append(Evidence(files=(item.key,), detail=detail))
    for code, (severity, message, remedy) in _KINDS.items():
        if evidence := found.get(code):
            text = message.format(files=_files(len(evidence)))
            yield Finding(
                severity=severity, code=code, message=text, remedy=remedy, evidence=tuple(evidence)
            )


def _unreadable(items: Sequence[VideoItem], scans: Sequence[FileScan]) -> Iterator[Finding]:
    failed = [(i, s.error) for i, s in zip(items, scans, strict=True) if s.error is not None]
    if not failed:
        return
    kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(e.type for _, e in failed).most_common())
    yield Finding(
        severity="error",
        code="unreadable",
        message=f"{_files(len(failed))}: cannot be used ({kinds})",
        remedy="repair, replace or remove them; extraction would list them as failures",
        evidence=tuple(
            Evidence(files=(item.key,), detail=error.message, values={"type": error.type})
            for item, error in failed
        ),
    )


def _oddities(
    item: VideoItem, info: VideoInfo, look: Look, magic: bytes
) -> Iterator[tuple[str, str]]:
    """Code and detail of everything odd about one file."""
    declared, decoded = info.duration_seconds, look.duration_seconds
    if declared is None:
        yield "no-duration", f"{decoded:.2f} s of it decode"
    elif declared - decoded > max(_CUT_SECONDS, _CUT_SHARE * declared):
        yield "cut-off", f"{decoded:.1f} s of {declared:.1f} s decode"
    if min(info.width, info.height) < _TINY_PIXELS:
        yield "tiny", f"{info.width}x{info.height} pixels"
    few = info.num_frames is not None and info.num_frames < _SHORT_FRAMES
    if decoded < _SHORT_SECONDS or few:
        frames = "" if info.num_frames is None else f", {info.num_frames} frames"
        yield "too-short", f"{decoded:.2f} s{frames}"
    if look.black_share == 1:
        yield "black", "all sampled frames are black"
    elif look.motion < _STILL_LEVELS:
        yield "static", f"no pixel changes by more than {look.motion:.1f} of 255 levels"
    if info.frame_rate_kind == "variable":
        yield "variable-frame-rate", "" if info.fps is None else f"{info.fps:.2f} fps on average"
    if (truth := _other_container(item.path, magic)) is not None:
        yield "wrong-extension", f"is {truth}"


def _other_container(path: str, magic: bytes) -> str | None:
    """Name of the container, where the file name says another."""
    suffix = PurePath(path).suffix.lower()
    for offset, mark, name, suffixes in _MAGIC:
        if magic[offset : offset + len(mark)] == mark:
            return None if suffix in suffixes else name
    return None


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
