"""The examination: scan every file once, then look for copies, faults and shortcuts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from vidkind.config import DoctorOptions
from vidkind.dataset import Library
from vidkind.doctor.balance import balance_findings, count_classes
from vidkind.doctor.cache import ScanCache
from vidkind.doctor.duplicates import duplicate_findings, exact_copies, near_copies
from vidkind.doctor.findings import SEVERITIES, Diagnosis, Finding
from vidkind.doctor.oddities import oddity_findings
from vidkind.doctor.scan import FileScan, fingerprint_or_error, in_threads, scan_file
from vidkind.errors import MissingExtraError
from vidkind.features import Backbone
from vidkind.machine import cache_folder
from vidkind.records import VideoItem

logger = logging.getLogger(__name__)


def examine(
    library: Library,
    *,
    open_backbone: Callable[[], Backbone],
    options: DoctorOptions | None = None,
    cache: Path | None = None,
    workers: int | None = None,
    progress: Callable[[], None] = lambda: None,
) -> Diagnosis:
    """Examines a labelled library before anything is trained on it.

    Args:
        library: Read with ``strict=False``, so that its faults are findings, not errors.
        open_backbone: Gives what confirms near copies; called only where there are candidates.
        options: What is asked.
        cache: Folder for scans of earlier runs; None takes the user's cache folder. Killed
            anywhere and run again, only what is missing is scanned.
        workers: Files decoded at once; None chooses by the number of cores.
        progress: Called once per file when it is scanned.

    Returns:
        Every finding, worst first.
    """
    options = options or DoctorOptions()
    clock: dict[str, float] = {}
    items = library.items
    with (
        _timed(clock, "scan"),
        ScanCache(cache or cache_folder(), num_frames=options.num_frames) as kept,
    ):
        scans, reused = _scan_all(items, kept, options.num_frames, workers, progress)
    with _timed(clock, "copies"):
        exact = exact_copies(items, scans)
        near = near_copies(items, scans, exact, open_backbone, options, workers=workers)
    classes = count_classes(items)
    with _timed(clock, "probe"):
        shortcut, probe = _shortcuts(items, scans, options.seed)
    found = [
        *duplicate_findings(items, exact, near),
        *balance_findings(items, classes, options.precision),
        *oddity_findings(items, scans),
        *shortcut,
    ]
    return Diagnosis(
        library=str(library.root),
        num_files=len(items),
        findings=tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))),
        classes=classes,
        probe=probe,
        seconds={name: round(seconds, 3) for name, seconds in clock.items()},
        reused=reused,
    )


def _scan_all(
    items: Sequence[VideoItem],
    kept: ScanCache,
    num_frames: int,
    workers: int | None,
    progress: Callable[[], None],
) -> tuple[list[FileScan], int]:
    """The scan of every item, and how many were kept from an earlier run."""
    paths = list(dict.fromkeys(item.path for item in items))
    scans: dict[str, FileScan] = {}
    fingerprints: dict[str, str] = {}
    for path, found in in_threads(fingerprint_or_error, paths, workers):
        known = kept.load(found, path) if isinstance(found, str) else found
        if isinstance(found, str):
            fingerprints[path] = found
        if known is not None:
            scans[path] = known
            progress()
    reused = len(scans) - (len(paths) - len(fingerprints))
    todo = [path for path in paths if path not in scans]
    for path, scan in in_threads(partial(scan_file, num_frames=num_frames), todo, workers):
        scans[path] = scan
        kept.save(fingerprints[path], scan)
        progress()
    return [scans[item.path] for item in items], reused


def _shortcuts(
    items: Sequence[VideoItem], scans: Sequence[FileScan], seed: int
) -> tuple[list[Finding], dict[str, object] | None]:
    """Findings of the metadata-only probe, and its figures."""
    try:
        from vidkind.doctor.shortcut import probe_metadata, shortcut_findings
    except MissingExtraError as error:
        logger.warning("metadata-only probe left out: %s", error)
        return [], None
    pairs = [(i, s.info) for i, s in zip(items, scans, strict=True) if s.info is not None]
    if len({item.label for item, _ in pairs}) < 2:
        return [], None
    probe = probe_metadata([i for i, _ in pairs], [info for _, info in pairs], seed=seed)
    if probe is None:
        logger.info("metadata-only probe left out: a category has fewer than three groups")
        return [], None
    return list(shortcut_findings(probe)), probe.to_json()


@contextmanager
def _timed(clock: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    clock[stage] = time.perf_counter() - start
