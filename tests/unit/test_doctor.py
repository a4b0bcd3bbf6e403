"""The doctor's parts: kept scans, odd files, numbers and the metadata-only probe."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from tests.clips import render, truncate
from tests.doctor_library import FPS, row, scene, write_manifest
from vidkind.bundle.backbone import open_backbone
from vidkind.config import DoctorOptions
from vidkind.dataset import read_library
from vidkind.doctor import examine, needed_sources
from vidkind.doctor.balance import balance_findings, count_classes
from vidkind.doctor.cache import ScanCache
from vidkind.doctor.oddities import oddity_findings
from vidkind.doctor.scan import FileScan, fingerprint_or_error, scan_file
from vidkind.doctor.shortcut import header_fields, probe_metadata, shortcut_findings
from vidkind.errors import ConfigError, LibraryError
from vidkind.records import VideoInfo, VideoItem
from vidkind.video import probe


def item(key: str, label: str = "a", **changes: str | None) -> VideoItem:
    plain = VideoItem(path=key, key=key, label=label, split=None, group=key, source_id=key)
    return replace(plain, **changes)


def info(**changes: object) -> VideoInfo:
    plain = VideoInfo(
        path="clip.mp4", codec="h264", pixel_format="yuv420p", width=640, height=360,
        rotation_degrees=0, duration_seconds=4.0, fps=25.0, frame_rate_kind="constant",
        num_frames=100, keyframe_interval_seconds=2.0, size_bytes=100_000,
    )  # fmt: skip
    return replace(plain, **changes)


# Scans


def test_kept_scans_are_the_scans(tmp_path: Path) -> None:
    path = str(render(tmp_path / "a.mp4", scene(1)))
    scan = scan_file(path, num_frames=4)
    with ScanCache(tmp_path / "cache", num_frames=4) as cache:
        assert cache.load("content", path) is None
        cache.save("content", scan)
        cache.save("broken", scan_file("absent.mp4", num_frames=4))
        assert cache.load("broken", path) is None
    with ScanCache(tmp_path / "cache", num_frames=4) as cache:
        kept = cache.load("content", "moved.mp4")
    assert kept is not None
    assert kept.info == replace(scan.info, path="moved.mp4")
    assert (kept.look, kept.magic) == (scan.look, scan.magic)
    assert np.array_equal(kept.hashes, scan.hashes)
    with ScanCache(tmp_path / "cache", num_frames=5) as cache:
        assert cache.load("content", path) is None


def test_a_damaged_cache_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "doctor.sqlite").write_bytes(b"no database at all" * 100)
    with ScanCache(tmp_path, num_frames=4) as cache:
        assert cache.load("content", "a.mp4") is None


def test_a_cache_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "doctor.sqlite").mkdir()
    with pytest.raises(OSError, match="unable to open database file"):
        ScanCache(tmp_path, num_frames=4)
    scan = scan_file(str(render(tmp_path / "a.mp4", scene(1))), num_frames=4)
    cache = ScanCache(tmp_path / "other", num_frames=4)
    cache._database.execute("DROP TABLE scans")
    for use in (lambda: cache.load("content", "a.mp4"), lambda: cache.save("content", scan)):
        with pytest.raises(OSError, match="no such table"):
            use()


# Odd files


def _codes(path: Path) -> dict[str, str]:
    scan = scan_file(str(path), num_frames=8)
    found = oddity_findings([item(path.name, path=str(path))], [scan])
    return {finding.code: finding.evidence[0].detail for finding in found}


def test_odd_files_are_told_by_what_is_odd(tmp_path: Path) -> None:
    pictures = scene(1)
    still = [pictures[0]] * 24
    assert _codes(render(tmp_path / "fine.mp4", pictures, fps=FPS)) == {}
    assert set(_codes(render(tmp_path / "still.mp4", still, fps=FPS))) == {"static"}
    black = [np.zeros_like(pictures[0])] * 24
    assert set(_codes(render(tmp_path / "black.mp4", black, fps=FPS))) == {"black"}
    assert _codes(render(tmp_path / "few.mp4", pictures[:6], fps=6)) == {
        "too-short": "1.00 s, 6 frames"
    }
    assert _codes(render(tmp_path / "brief.mp4", pictures[:12], fps=30)) == {
        "too-short": "0.40 s, 12 frames"
    }
    small = [picture[:48, :64] for picture in pictures]
    assert _codes(render(tmp_path / "tiny.mp4", small, fps=FPS))["tiny"] == "64x48 pixels"
    lying = render(tmp_path / "lies.mp4", pictures, fps=FPS, container="matroska")
    assert _codes(lying) == {"wrong-extension": "is Matroska or WebM"}
    times = [40 * n + 15 * (n % 3) for n in range(24)]
    uneven = render(tmp_path / "uneven.mkv", pictures, times=times)
    assert set(_codes(uneven)) == {"variable-frame-rate"}


def test_a_file_that_was_cut_off(tmp_path: Path) -> None:
    whole = render(tmp_path / "whole.mkv", scene(1, frames=80), fps=FPS, g="10", bf="0")
    detail = _codes(truncate(whole, tmp_path / "cut.mkv"))["cut-off"]
    assert detail.endswith("s of 4.0 s decode")


def test_a_file_without_a_length(tmp_path: Path) -> None:
    path = tmp_path / "raw.h264"
    render(path, scene(1), fps=FPS, container="h264")
    assert "no-duration" in _codes(path)


def test_unreadable_files_have_their_reason(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("words")
    paths = [tmp_path / name for name in ("empty.mp4", "text.mp4", "gone.mp4")]
    scans = [scan_file(str(path), num_frames=2) for path in paths]
    (found,) = oddity_findings([item(path.name) for path in paths], scans)
    assert (found.severity, found.code) == ("error", "unreadable")
    types = [evidence.values["type"] for evidence in found.evidence]
    assert types == ["EmptyFileError", "NotAVideoError", "VideoNotFoundError"]


# Numbers


@given(st.floats(0.01, 0.3), st.floats(0.5, 0.99))
def test_needed_sources_are_the_fewest_that_do(half_width: float, accuracy: float) -> None:
    def width(sources: int) -> float:  # scipy's interval of the two nearest whole counts
        low, high = int(accuracy * sources), int(accuracy * sources) + 1
        ends = [
            binomtest(min(k, sources), sources).proportion_ci(method="wilson") for k in (low, high)
        ]
        share = accuracy * sources - low
        halves = [(end.high - end.low) / 2 for end in ends]
        return halves[0] + share * (halves[1] - halves[0])

    needed = needed_sources(half_width, accuracy=accuracy)
    assert width(needed) <= half_width * 1.03
    if needed > 20:
        assert width(needed * 9 // 10) > half_width


@pytest.mark.parametrize("half_width", [0, -0.1, 0.51, 5, float("nan")])
def test_a_precision_out_of_range(half_width: float) -> None:
    with pytest.raises(ConfigError, match=r"expected 0\.001 to 0\.5, for example 0\.05"):
        needed_sources(half_width)
    with pytest.raises(ConfigError, match=r"expected 0\.001 to 0\.5, for example 0\.05"):
        DoctorOptions(precision=half_width)


@pytest.mark.parametrize("num_frames", [0, 65])
def test_a_number_of_frames_out_of_range(num_frames: int) -> None:
    with pytest.raises(ConfigError, match="expected 1 to 64"):
        DoctorOptions(num_frames=num_frames)


def _balance(items: list[VideoItem]) -> dict[str, str]:
    found = balance_findings(items, count_classes(items), None)
    return {finding.code: finding.message for finding in found}


def test_skew_and_gaps_are_told() -> None:
    items = [item(f"a{n}", "a", split="train", subcategory="slides") for n in range(9)]
    items += [item("a9", "a", split="train", subcategory="maps")]
    items += [item(f"b{n}", "b", split="train", subcategory=f"kind {n}") for n in range(3)]
    items += [item("b9", "b", split="val", subcategory="new kind")]
    found = _balance(items)
    assert set(found) == {
        "category-missing-in-split", "subcategory-never-trained-on", "subcategory-skew",
    }  # fmt: skip
    assert found["subcategory-skew"] == "a is all but 'slides': 9 of 10 sources"
    assert (
        _balance(items + [item(f"a1{n}", "a", split="val") for n in range(2)])["category-skew"]
        == "a has 3.0 times the sources of b"
    )


def test_a_source_whose_groups_are_in_two_splits() -> None:
    items = [
        item("a", split="train", source_id="film"),
        item("b", split="val", source_id="film"),
        item("c", "b", split="train"),
        item("d", "b", split="val"),
    ]
    assert set(_balance(items)) == {"source-in-two-splits"}


def test_a_source_in_two_groups_leaks_where_groups_are_to_be_divided() -> None:
    items = [item("a", source_id="film"), item("b", source_id="film")]
    items += [item("c", "b"), item("d", "b")]
    (found,) = balance_findings(items, count_classes(items), None)
    assert (found.severity, found.code) == ("leak", "source-in-two-groups")
    assert found.message == (
        "1 source in two or more groups: a division by group parts a recording"
    )
    assert found.evidence[0].files == ("a", "b")
    assert found.evidence[0].detail == "source 'film': 2 groups, 'a' and others"
    parted = [replace(i, split="train") for i in items]
    parted += [replace(i, split="val", source_id=i.key + "2", group=i.key + "2") for i in items]
    (found,) = balance_findings(parted, count_classes(parted), None)
    assert (found.severity, found.code) == ("warning", "source-in-two-groups")


def test_a_faulty_manifest_is_read_where_faults_are_wanted(tmp_path: Path) -> None:
    rows = [row("1.mp4", "a", "train", "g"), row("2.mp4", "b", "val", "g")]
    manifest = write_manifest(tmp_path / "list.csv", [*rows, row("1.mp4", "b", "train")])
    with pytest.raises(LibraryError, match="twice"):
        read_library(manifest)
    library = read_library(manifest, strict=False)
    assert [found.key for found in library.items] == ["1.mp4", "2.mp4", "1.mp4"]


# The metadata-only probe


def _library(count: int, labels: str = "ab") -> list[VideoItem]:
    return [item(f"{label}{n}", label) for label in labels for n in range(count)]


def test_the_field_that_gives_a_class_away_is_named() -> None:
    items = _library(12, "abc")
    rng = np.random.default_rng(0)
    infos = [
        info(fps=12.0 if i.label == "b" else 25.0, size_bytes=int(rng.integers(1e5, 2e5)))
        for i in items
    ]
    found = probe_metadata(items, infos)
    assert found is not None
    assert found.told_apart == ("b",)
    assert next(iter(found.fields)) == "frame rate"
    (finding,) = shortcut_findings(found)
    assert finding.evidence[0].values["field"] == "frame rate"
    assert found.to_json()["fields"]["frame rate"]["f1"]["b"] == 100


def test_headers_that_say_nothing_are_no_finding() -> None:
    items = _library(30)
    rng = np.random.default_rng(0)
    sizes = [(640, 360), (480, 270), (320, 240)]
    infos = [
        info(width=w, height=h, size_bytes=int(rng.integers(1e5, 2e5)), fps=None)
        for w, h in (sizes[n] for n in rng.integers(0, 3, len(items)))
    ]
    found = probe_metadata(items, infos)
    assert found is not None
    assert list(shortcut_findings(found)) == []
    assert found.accuracy.low < found.chance


def test_a_header_shared_by_a_group_only_is_no_shortcut() -> None:
    """Each group has a size of its own: by clip that gives the label away, by group it cannot."""
    items = [
        item(f"{n} {k}", "ab"[n % 2], group=str(n), source_id=f"{n} {k}")
        for n in range(16)
        for k in range(4)
    ]
    widths = np.random.default_rng(2).permutation(16)
    infos = [info(width=200 + 20 * int(widths[int(i.group)])) for i in items]
    found = probe_metadata(items, infos)
    assert found is not None
    assert not found.far_above_chance


def test_a_header_shared_by_a_source_only_is_no_shortcut() -> None:
    items = [item(f"{n} {k}", "ab"[n % 2], source_id=str(n)) for n in range(16) for k in range(4)]
    widths = np.random.default_rng(2).permutation(16)
    found = probe_metadata(
        items, [info(width=200 + 20 * int(widths[int(i.source_id)])) for i in items]
    )
    assert found is not None
    assert not found.far_above_chance


def test_too_few_groups_to_probe() -> None:
    items = _library(8)
    parted = [
        replace(i, group=i.group if i.label == "a" else f"g{i.key[1] in '01'}") for i in items
    ]
    assert probe_metadata(parted, [info()] * 16) is None


def test_header_fields_leave_unknowns_open() -> None:
    fields = header_fields([info(), info(duration_seconds=None, codec="vp9"), info(fps=None)])
    assert fields["bit rate"][0] == 200_000
    assert np.isnan(fields["bit rate"][1]) and np.isnan(fields["frame rate"][2])
    assert fields["codec"].tolist() == [[1, 0], [0, 1], [1, 0]]


def test_without_scikit_learn_the_rest_is_done(tmp_path, monkeypatch, caplog) -> None:
    monkeypatch.delitem(sys.modules, "vidkind.doctor.shortcut", raising=False)
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    rows = []
    for number, label in enumerate("aabb"):
        render(tmp_path / f"{number}.mp4", scene(number % 3), fps=FPS)
        rows.append(row(f"{number}.mp4", label, "train" if number % 2 else "val"))
    library = read_library(write_manifest(tmp_path / "list.csv", rows))
    with caplog.at_level(logging.WARNING):
        found = examine(library, open_backbone=lambda: open_backbone(None), cache=tmp_path / "c")
    assert 'pip install "vidkind[train]"' in caplog.text
    assert found.probe is None
    assert [finding.code for finding in found.findings] == ["one-content-two-labels"]


@pytest.mark.shared
@pytest.mark.slow
def test_the_known_bias_of_the_real_clips(shared_dir: Path) -> None:
    library = read_library(shared_dir / "clips", strict=False)
    found = probe_metadata(library.items, [probe(i.path) for i in library.items])
    assert found is not None
    assert found.num_sources == 373
    assert 66 < found.accuracy.value < 78
    assert found.far_above_chance
    assert "Flat_Content" in found.told_apart
    assert [finding.code for finding in shortcut_findings(found)] == ["metadata-predicts-label"]


def test_a_scan_never_ends_in_an_exception() -> None:
    scan = scan_file("\0", num_frames=2)
    assert isinstance(scan, FileScan)
    assert scan.error is not None


def test_a_file_that_vanishes_is_a_finding_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanishing(path: str) -> int:
        size = Path(path).stat().st_size
        Path(path).unlink()
        return size

    path = str(render(tmp_path / "a.mp4", 4))
    monkeypatch.setattr("vidkind.features.shards.check_file", vanishing)
    scan = fingerprint_or_error(path)
    assert isinstance(scan, FileScan)
    assert scan.error is not None
    assert "No such file" in scan.error.message
