"""The doctor as a user meets it: planted faults are found and named, a clean library is not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clips import render
from tests.doctor_library import FPS, clean_rows, cropped, resized, row, scene, write_manifest

PLANTED = [f"cats/{n}.mp4" for n in (0, 1, 2, 4, 5)] + ["dogs/3.mp4", "dogs/5.mp4"]

# The process kills itself while it keeps the sixth scan.
KILLED = """
import os, signal
from vidkind.cli import main
from vidkind.doctor.cache import ScanCache
save, count = ScanCache.save, 0
def dying(self, fingerprint, scan):
    global count
    count += 1
    if count == 6:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    save(self, fingerprint, scan)
ScanCache.save = dying
main()
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    """One cache for all tests here: a clip is scanned once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> tuple[Path, list[dict[str, str]]]:
    folder = tmp_path_factory.mktemp("clean") / "library"
    rows = clean_rows(folder)
    write_manifest(folder / "list.csv", rows)
    return folder, rows


@pytest.fixture
def planted(clean, tmp_path: Path) -> tuple[Path, list[dict[str, str]]]:
    """Part of the clean library, to put faults into; too small for the metadata-only probe."""
    folder = tmp_path / "planted"
    rows = [dict(r) for r in clean[1] if r["path"] in PLANTED]
    for name in PLANTED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(clean[0] / name, folder / name)
    return folder, rows


def _findings(vidkind, manifest: Path, cache: Path, *options: object, check: int) -> dict:
    done = vidkind("doctor", manifest, "--json", "--cache", cache, *options, check=check)
    return {f["code"]: f for f in json.loads(done.stdout)["findings"]}


def _files(finding: dict) -> list[set[str]]:
    return [set(evidence["files"]) for evidence in finding["evidence"]]


def test_silence_on_a_clean_library(vidkind, clean, cache: Path) -> None:
    folder, _ = clean
    done = vidkind("doctor", folder / "list.csv", "--cache", cache, "--mirrored")
    assert done.stdout.startswith("16 videos: nothing found")
    assert done.stderr == ""
    assert "The header alone gives the label of" in done.stdout


def test_a_re_encoded_copy_in_another_split(vidkind, planted, cache: Path) -> None:
    folder, rows = planted
    copy = resized(scene(103)[::2], (72, 96))
    render(folder / "dogs/copy.mp4", copy, codec="mpeg4", fps=FPS // 2)
    manifest = write_manifest(folder / "list.csv", [*rows, row("dogs/copy.mp4", "dogs", "val")])
    found = _findings(vidkind, manifest, cache, check=1)
    assert list(found) == ["copy-in-another-split"]
    assert found["copy-in-another-split"]["severity"] == "leak"
    assert _files(found["copy-in-another-split"]) == [{"dogs/3.mp4", "dogs/copy.mp4"}]
    (evidence,) = found["copy-in-another-split"]["evidence"]
    assert evidence["values"]["how"] == "re-encoded or rescaled"
    assert 0.8 < evidence["values"]["similarity"] <= 1


def test_a_cropped_and_rescaled_copy_in_another_split(vidkind, planted, cache: Path) -> None:
    folder, rows = planted
    render(folder / "dogs/crop.mp4", cropped(scene(103)), fps=FPS, crf="30")
    manifest = write_manifest(folder / "list.csv", [*rows, row("dogs/crop.mp4", "dogs", "val")])
    found = _findings(vidkind, manifest, cache, check=1)
    assert list(found) == ["copy-in-another-split"]
    assert _files(found["copy-in-another-split"]) == [{"dogs/3.mp4", "dogs/crop.mp4"}]
    assert found["copy-in-another-split"]["evidence"][0]["values"]["how"] == "cropped"


def test_a_file_under_two_labels(vidkind, planted, cache: Path) -> None:
    folder, rows = planted
    shutil.copy(folder / "cats/1.mp4", folder / "dogs/same.mp4")
    rows += [row("dogs/same.mp4", "dogs", "train"), row("cats/2.mp4", "dogs", "train")]
    found = _findings(vidkind, write_manifest(folder / "list.csv", rows), cache, check=1)
    assert list(found) == ["one-content-two-labels"]
    assert _files(found["one-content-two-labels"]) == [
        {"cats/1.mp4", "dogs/same.mp4"},
        {"cats/2.mp4"},
    ]
    hows = [e["values"]["how"] for e in found["one-content-two-labels"]["evidence"]]
    assert hows == ["same bytes", "one file listed twice"]


def test_a_group_in_two_splits(vidkind, planted, cache: Path) -> None:
    folder, rows = planted
    for listed in rows:
        if listed["path"] in ("cats/4.mp4", "cats/5.mp4"):
            listed["group"] = "holiday"
    manifest = write_manifest(folder / "list.csv", rows)
    done = vidkind("doctor", manifest, "--cache", cache, check=1)
    assert "leak group-in-two-splits" in done.stdout
    assert "group 'holiday': 1 in train, 1 in val" in done.stdout
    assert "leaks: figures measured with it would be too good" in done.stderr
    found = _findings(vidkind, manifest, cache, check=1)
    assert list(found) == ["group-in-two-splits"]
    assert _files(found["group-in-two-splits"]) == [{"cats/4.mp4", "cats/5.mp4"}]


def test_a_class_told_apart_by_its_frame_rate_alone(vidkind, tmp_path: Path, cache: Path) -> None:
    for k, (label, fps) in enumerate((("charts", 12), ("plants", 25), ("games", 25))):
        (tmp_path / "library" / label).mkdir(parents=True)
        for number in range(8):
            pictures = scene(1000 + 10 * k + number, frames=fps)  # one second each
            render(tmp_path / "library" / label / f"{number}.mp4", pictures, fps=fps)
    found = _findings(vidkind, tmp_path / "library", cache, check=0)
    assert list(found) == ["metadata-predicts-label"]
    assert found["metadata-predicts-label"]["severity"] == "warning"
    assert "it tells apart charts" in found["metadata-predicts-label"]["message"]
    assert "ffmpeg" in found["metadata-predicts-label"]["remedy"]
    first = found["metadata-predicts-label"]["evidence"][0]["values"]
    assert (first["category"], first["field"]) == ("charts", "frame rate")


def test_broken_and_odd_files_are_named_with_their_reason(vidkind, planted, cache: Path) -> None:
    folder, rows = planted
    (folder / "dogs/text.mp4").write_text("no video")
    render(folder / "dogs/icon.mp4", scene(50, size=(32, 32)), fps=FPS)
    rows += [row(f"dogs/{n}.mp4", "dogs", "train") for n in ("text", "icon", "gone")]
    manifest = write_manifest(folder / "list.csv", rows)
    output = folder / "findings.json"
    done = vidkind("doctor", manifest, "--cache", cache, "--list", 1, "--output", output)
    assert "1 error, 1 warning" in done.stdout.splitlines()[0]
    assert "2 files: cannot be used (1 NotAVideoError, 1 VideoNotFoundError)" in done.stdout
    assert "and 1 more" in done.stdout
    found = {f["code"]: f for f in json.loads(output.read_text(encoding="utf-8"))["findings"]}
    assert _files(found["unreadable"]) == [{"dogs/text.mp4"}, {"dogs/gone.mp4"}]
    assert found["tiny"]["evidence"][0]["detail"] == "32x32 pixels"


def test_wanted_precision(vidkind, clean, cache: Path) -> None:
    folder, _ = clean
    found = _findings(vidkind, folder / "list.csv", cache, "--precision", 0.05, check=0)
    assert list(found) == ["too-few-videos"]
    details = [evidence["detail"] for evidence in found["too-few-videos"]["evidence"]]
    assert [detail.split(",")[0] for detail in details] == [
        "cats: 3 sources in val",
        "dogs: 3 sources in val",
    ]
    done = vidkind("doctor", folder, "--precision", 5, "--cache", cache, check=2)
    assert "precision is 5.0; expected 0.001 to 0.5" in done.stderr


def test_copies_in_a_library_without_splits_are_warned_of(vidkind, planted, cache: Path) -> None:
    folder, _ = planted
    render(folder / "dogs/turned.mp4", [p[:, ::-1] for p in scene(103)], fps=FPS)
    shutil.copy(folder / "cats/1.mp4", folder / "cats/again.mp4")
    found = _findings(vidkind, folder, cache, "--mirrored", check=0)
    assert list(found) == ["copy-in-another-group"]
    assert _files(found["copy-in-another-group"]) == [
        {"cats/1.mp4", "cats/again.mp4"},
        {"dogs/3.mp4", "dogs/turned.mp4"},
    ]
    assert found["copy-in-another-group"]["evidence"][1]["values"]["how"] == "mirrored"


def test_killed_and_run_again_it_goes_on(vidkind, clean, tmp_path: Path) -> None:
    folder, _ = clean
    words = ["doctor", str(folder / "list.csv"), "--json", "--cache", str(tmp_path)]
    dead = subprocess.run([sys.executable, "-c", KILLED, *words], check=False, timeout=300)
    assert dead.returncode != 0
    again = json.loads(vidkind(*words).stdout)
    assert again["reused"] == 5
    once_more = json.loads(vidkind(*words).stdout)
    assert once_more["reused"] == once_more["num_files"] == 16
    same = ("findings", "classes", "metadata_probe")
    assert [again[key] for key in same] == [once_more[key] for key in same]


@pytest.mark.shared
@pytest.mark.slow
def test_copies_of_real_clips(vidkind, shared_dir: Path, tmp_path: Path, cache: Path) -> None:
    """Two planted copies among forty real clips are found, and nothing else is called a copy."""
    from tests.clips import decode_all

    clips = shared_dir / "clips"
    chosen = [sorted((clips / label).glob("*.mp4"))[::25][:4] for label in sorted(
        path.name for path in clips.iterdir() if path.is_dir())]  # fmt: skip
    rows = [row(str(p), p.parent.name, "train") for found in chosen for p in found]
    for number, found in enumerate(chosen[1:3]):
        frames = [frame.to_ndarray(format="rgb24") for _, frame in decode_all(found[0])]
        height, width = frames[0].shape[:2]
        pictures = resized(frames, (height * 3 // 8 * 2, width * 3 // 8 * 2))
        copy = tmp_path / f"{number}.mp4"
        render(copy, cropped(pictures) if number else pictures, fps=25, crf="32")
        rows.append(row(copy.name, found[0].parent.name, "val"))
    manifest = write_manifest(tmp_path / "list.csv", rows)
    found = _findings(vidkind, manifest, cache, check=1)
    assert _files(found["copy-in-another-split"]) == [
        {str(chosen[1][0]), "0.mp4"},
        {str(chosen[2][0]), "1.mp4"},
    ]
