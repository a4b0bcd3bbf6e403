"""Which videos show the same, and what that means: exact copies, near copies, kept apart or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vidkind.config import DoctorOptions
from vidkind.doctor.confirm import confirmed
from vidkind.doctor.findings import Evidence, Finding, Severity
from vidkind.doctor.matches import Candidate, candidate_pairs
from vidkind.doctor.scan import FileScan
from vidkind.features import Backbone, file_sha256
from vidkind.records import VideoItem

# Clips of one group are expected to be alike, so only the hash is asked, and more is asked of it.
_ALIKE_IN_GROUP = 0.7


@dataclass(frozen=True, kw_only=True)
class Copy:
    """Two videos that show the same.

    Attributes:
        first: Index of a video.
        second: Index of the other.
        how: What the second is of the first, in words.
        similarity: Mean cosine of the features; 1 for files with the same bytes, agreement of
            the hashes where no features were asked.
        identical: How many files of the library have the bytes of these two; 0 where the two
            differ in theirs.
    """

    first: int
    second: int
    how: str
    similarity: float
    identical: int = 0


def exact_copies(items: Sequence[VideoItem], scans: Sequence[FileScan]) -> list[list[int]]:
    """Sets of indices of videos with the same bytes; only files of equal size are read.

    A file that is listed twice is a copy of itself.
    """
    by_size: dict[int, list[int]] = defaultdict(list)
    for index, scan in enumerate(scans):
        if scan.info is not None:
            by_size[scan.info.size_bytes].append(index)
    by_hash: dict[str, list[int]] = defaultdict(list)
    for same in by_size.values():
        if len(same) > 1:
            for index in same:
                by_hash[file_sha256(Path(items[index].path))].append(index)
    return [same for same in by_hash.values() if len(same) > 1]


def near_copies(
    items: Sequence[VideoItem],
    scans: Sequence[FileScan],
    exact: Sequence[Sequence[int]],
    open_backbone: Callable[[], Backbone],
    options: DoctorOptions,
    *,
    workers: int | None = None,
) -> list[Copy]:
    """Pairs that show the same in other files; of exact copies, the first stands for all.

    Args:
        items: The videos.
        scans: Their scans, in the same order.
        exact: What ``exact_copies`` gave.
        open_backbone: Called only where pairs are to be confirmed.
        options: Frames per video, mirrored copies.
        workers: Files decoded at once.
    """
    spare = {index for same in exact for index in same[1:]}
    usable = [i for i, s in enumerate(scans) if s.hashes is not None and i not in spare]
    if len(usable) < 2:
        return []
    hashes = np.stack([s.hashes for s in (scans[i] for i in usable) if s.hashes is not None])
    found = [
        replace(c, first=usable[c.first], second=usable[c.second])
        for c in candidate_pairs(hashes, with_mirrored=options.mirrored)
    ]
    expected = [c for c in found if _expected(items[c.first], items[c.second])]
    doubtful = [c for c in found if not _expected(items[c.first], items[c.second])]
    copies = [_copy(c, c.similarity) for c in expected if c.similarity >= _ALIKE_IN_GROUP]
    if doubtful:
        paths = [item.path for item in items]
        sure = confirmed(
            doubtful, paths, open_backbone(), num_frames=options.num_frames, workers=workers
        )
        copies += [_copy(candidate, cosine) for candidate, cosine in sure]
    return sorted(copies, key=lambda copy: -copy.similarity)


def duplicate_findings(
    items: Sequence[VideoItem], exact: Sequence[Sequence[int]], near: Sequence[Copy]
) -> Iterator[Finding]:
    """Findings about copies, by what they do to a figure.

    Of identical files not every pair is listed, which would be millions for thousands of them,
    but every fault that any pair of them has.
    """
    same = [
        Copy(
            first=a,
            second=b,
            how=_same_bytes(items[a], items[b]),
            similarity=1.0,
            identical=len(indices),
        )
        for indices in exact
        for a, b in _telling_pairs(indices, items)
    ]
    sorted_out: dict[str, list[Copy]] = defaultdict(list)
    for number, copy in enumerate([*same, *near]):
        code = _meaning(items[copy.first], items[copy.second])
        if code == "alike-in-group" and number < len(same):
            code = "exact-copy-in-group"
        sorted_out[code].append(copy)
    for code, (severity, message, remedy) in _MEANINGS.items():
        if copies := sorted_out.get(code):
            evidence = tuple(_evidence(copy, items) for copy in copies)
            text = message.format(pairs=f"{len(copies)} pair{'s' * (len(copies) != 1)}")
            if (most := max(copy.identical for copy in copies)) > 2:
                text += f"; of up to {most:,} identical files not every pair is listed"
            yield Finding(
                severity=severity, code=code, message=text, remedy=remedy, evidence=evidence
            )


def _telling_pairs(indices: Sequence[int], items: Sequence[VideoItem]) -> Iterator[tuple[int, int]]:
    """Pairs of identical files that show every fault there is among them: at most 4 a file.

    A file is paired with the first of all, with the first of its label, with the first of its
    label and split, where label, split or group differ, and with the first of its own kind.
    """
    first: dict[tuple[str | None, ...], int] = {}
    for index in indices:
        kind = _kind(items[index])
        for depth in range(len(kind) + 1):
            other = first.setdefault(kind[:depth], index)
            fellow = _kind(items[other])
            if other != index and (depth == len(kind) or kind[depth] != fellow[depth]):
                yield other, index


def _kind(item: VideoItem) -> tuple[str | None, ...]:
    return item.label, item.split, item.group


_MEANINGS: dict[str, tuple[Severity, str, str]] = {
    "one-content-two-labels": (
        "leak",
        "{pairs} of copies under two labels",
        "keep the right label and remove the other video",
    ),
    "copy-in-another-split": (
        "leak",
        "{pairs} of copies in two splits: the test has been seen in training",
        "remove one of each pair, or put both into one split",
    ),
    "copy-in-another-group": (
        "warning",
        "{pairs} of copies in different groups: a split would part them",
        "remove one of each pair, or give both the same group in a manifest",
    ),
    "copy-in-the-same-split": (
        "warning",
        "{pairs} of copies in one split: they count twice",
        "remove one of each pair, or give both the same group and source_id in a manifest",
    ),
    "exact-copy-in-group": (
        "warning",
        "{pairs} of identical files in one group: they count twice",
        "remove one of each pair",
    ),
    "alike-in-group": (
        "note",
        "{pairs} of look-alikes in one group, as groups are meant for",
        "nothing to do",
    ),
}


def _meaning(first: VideoItem, second: VideoItem) -> str:
    if first.label != second.label:
        return "one-content-two-labels"
    if first.split != second.split:
        return "copy-in-another-split"
    if first.group != second.group:
        return "copy-in-another-group" if first.split is None else "copy-in-the-same-split"
    return "alike-in-group"


def _expected(first: VideoItem, second: VideoItem) -> bool:
    """Whether two videos may look alike without harm."""
    return _meaning(first, second) == "alike-in-group"


def _copy(candidate: Candidate, similarity: float) -> Copy:
    parts = ["mirrored"] if candidate.mirrored else []
    if not (candidate.first_view.whole and candidate.second_view.whole):
        parts.append("cropped")
    if not candidate.aligned:
        parts.append("cut or shifted in time")
    return Copy(
        first=candidate.first,
        second=candidate.second,
        how=", ".join(parts) or "re-encoded or rescaled",
        similarity=similarity,
    )


def _same_bytes(first: VideoItem, second: VideoItem) -> str:
    return "one file listed twice" if first.path == second.path else "same bytes"


def _evidence(copy: Copy, items: Sequence[VideoItem]) -> Evidence:
    first, second = items[copy.first], items[copy.second]
    places = [_differing(first, second)] if _differing(first, second) else []
    values: dict[str, object] = {"similarity": round(copy.similarity, 4), "how": copy.how}
    if copy.identical > 2:
        places.append(f"one of {copy.identical:,} identical files")
    if copy.identical:
        values["identical_files"] = copy.identical
    return Evidence(
        files=(first.key, second.key),
        detail="; ".join([copy.how, *places, f"similarity {copy.similarity:.2f}"]),
        values=values,
    )


def _differing(first: VideoItem, second: VideoItem) -> str:
    pairs: Iterable[tuple[str | None, str | None]] = (
        (first.label, second.label),
        (first.split, second.split),
    )
    return ", ".join(f"{a} / {b}" for a, b in pairs if a != b)
