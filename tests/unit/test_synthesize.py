"""Rendered libraries: same seed, same frames; nothing foreign is touched; real video files."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner

from vidkind.cli.synthesize import synthesize_command
from vidkind.config import DEFAULT_CATEGORIES, SynthesisOptions
from vidkind.dataset import read_library
from vidkind.dataset.synthesize import (
    NOTICE,
    Clip,
    clip_families,
    plan_clips,
    render_frames,
    synthesize_library,
)
from vidkind.errors import ConfigError, LibraryError, MissingExtraError
from vidkind.video.encode import write_video

pytest.importorskip("PIL", reason="rendering needs the train extra")

TINY = SynthesisOptions(seconds=0.3, size=64)
FAMILIES = [(c, family) for c, families in clip_families().items() for family in families]


def clip_of(category: str, family: str, *, index: int = 0, seconds: float = 0.4) -> Clip:
    return Clip(
        category=category,
        index=index,
        seed=5,
        family=family,
        width=96,
        height=64,
        fps=Fraction(10),
        seconds=seconds,
        crf=23,
    )


def digest(clip: Clip) -> str:
    return hashlib.sha256(b"".join(f.tobytes() for f in render_frames(clip))).hexdigest()


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("rendered") / "library"
    synthesize_library(root, per_category=2, seed=1, options=TINY)
    return root


@pytest.mark.parametrize(("category", "family"), FAMILIES)
def test_every_family_draws_moving_pictures_that_repeat(category: str, family: str) -> None:
    clip = clip_of(category, family, seconds=1.0)
    frames = list(islice(render_frames(clip), 10))
    for frame in frames:
        assert frame.shape == (64, 96, 3)
        assert frame.dtype == np.uint8
    assert max(frame.std() for frame in frames) > 5
    assert any(not np.array_equal(frames[0], frame) for frame in frames[1:])
    again = list(islice(render_frames(clip), 10))
    assert all(np.array_equal(a, b) for a, b in zip(frames, again, strict=True))


@pytest.mark.parametrize("category", DEFAULT_CATEGORIES)
def test_clips_of_one_family_differ(category: str) -> None:
    family = next(iter(clip_families()[category]))
    assert digest(clip_of(category, family)) != digest(clip_of(category, family, index=1))


def test_metadata_tell_nothing_about_the_category() -> None:
    clips = plan_clips(12, 3, SynthesisOptions())
    formats = {
        category: [
            (c.width, c.height, c.fps, c.seconds, c.crf) for c in clips if c.category == category
        ]
        for category in DEFAULT_CATEGORIES
    }
    assert all(found == formats["Animation"] for found in formats.values())
    assert len(set(formats["Animation"])) == 12


def test_plans_use_all_families_and_depend_on_the_seed() -> None:
    clips = plan_clips(14, 0, SynthesisOptions())
    assert {c.category: 0 for c in clips} == dict.fromkeys(DEFAULT_CATEGORIES, 0)
    assert {(c.category, c.family) for c in clips} == set(FAMILIES)
    assert len({c.key for c in clips}) == len(clips)
    assert clips != plan_clips(14, 1, SynthesisOptions())
    assert plan_clips(3, 0, SynthesisOptions()) == clips[:12]
    for clip in clips:
        assert clip.width % 2 == clip.height % 2 == 0
        assert 0.65 * 256 < min(clip.width, clip.height) <= 256


def test_above_thirty_frames_a_second_pictures_are_shown_twice() -> None:
    clip = Clip(**{**vars(clip_of("Gaming", "racing")), "fps": Fraction(50)})
    frames = list(render_frames(clip))
    assert len(frames) == clip.num_frames == 20
    assert np.array_equal(frames[0], frames[1])


def test_the_library_can_be_read(rendered: Path) -> None:
    library = read_library(rendered)
    assert Counter(item.label for item in library.items) == dict.fromkeys(DEFAULT_CATEGORIES, 2)
    assert not library.has_splits
    assert len({item.group for item in library.items}) == 8
    assert all(Path(item.path).is_file() for item in library.items)
    with (rendered / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert set(rows[0]) == {"path", "label", "subcategory", "source_id", "group", "seed"}
    assert {row["seed"] for row in rows} == {"1"}
    assert all((row["label"], row["subcategory"]) in FAMILIES for row in rows)
    assert NOTICE in (rendered / "README.txt").read_text(encoding="utf-8")


def test_the_files_hold_the_planned_frames(rendered: Path) -> None:
    for clip in plan_clips(2, 1, TINY):
        with av.open(str(rendered / clip.key)) as container:
            stream = container.streams.video[0]
            decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
            assert stream.average_rate == clip.fps
        drawn = list(render_frames(clip))
        assert len(decoded) == len(drawn) == clip.num_frames
        assert decoded[0].shape == drawn[0].shape
        assert np.abs(decoded[0].astype(int) - drawn[0]).mean() < 20


def test_only_what_is_missing_is_rendered(rendered: Path) -> None:
    kept, lost, *_ = plan_clips(2, 1, TINY)
    before = (rendered / kept.key).stat().st_mtime_ns
    content = (rendered / lost.key).read_bytes()
    (rendered / lost.key).unlink()
    calls = []
    paths = synthesize_library(
        rendered, per_category=2, seed=1, options=TINY, progress=lambda: calls.append(1)
    )
    assert len(calls) == len(paths) == 8
    assert (rendered / kept.key).stat().st_mtime_ns == before
    assert (rendered / lost.key).read_bytes() == content


def test_a_larger_number_adds_to_what_is_there(tmp_path: Path) -> None:
    first = synthesize_library(tmp_path, per_category=1, seed=2, options=TINY)
    times = [path.stat().st_mtime_ns for path in first]
    second = synthesize_library(tmp_path, per_category=2, seed=2, options=TINY)
    assert second[:4] == first
    assert [path.stat().st_mtime_ns for path in first] == times
    assert len(read_library(tmp_path).items) == 8


def test_foreign_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(LibraryError, match="not empty and holds no earlier synthesis"):
        synthesize_library(tmp_path, per_category=1, options=TINY)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(LibraryError, match="is a file"):
        synthesize_library(tmp_path / "mine.txt", per_category=1, options=TINY)


def test_another_synthesis_is_refused(rendered: Path) -> None:
    with pytest.raises(LibraryError, match=r"another synthesis .*seed 1, not 2"):
        synthesize_library(rendered, per_category=1, seed=2, options=TINY)


@pytest.mark.parametrize("content", ["", "[1]"])
def test_a_damaged_marker_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "synthesis.json").write_text(content)
    with pytest.raises(LibraryError, match="cannot be read"):
        synthesize_library(tmp_path, per_category=1, options=TINY)


def test_values_outside_their_domain(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="per_category is 0"):
        synthesize_library(tmp_path / "a", per_category=0)
    with pytest.raises(ConfigError, match="seed is -1"):
        synthesize_library(tmp_path / "a", per_category=1, seed=-1)
    with pytest.raises(ConfigError, match=r"seconds is 0\.0"):
        SynthesisOptions(seconds=0.0)
    with pytest.raises(ConfigError, match="size is 8"):
        SynthesisOptions(size=8)
    assert not (tmp_path / "a").exists()


def test_without_pillow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError, match=r"Pillow is not installed.*vidkind\[train\]"):
        synthesize_library(tmp_path / "a", per_category=1)
    assert not (tmp_path / "a").exists()


def test_the_command(tmp_path: Path) -> None:
    root = tmp_path / "library"
    options = ["--per-category", "1", "--seed", "3", "--seconds", "0.3", "--size", "64"]
    result = CliRunner().invoke(synthesize_command, [str(root), *options])
    assert result.exit_code == 0, result.output
    assert "4 clips in" in result.stdout
    assert NOTICE in result.stderr
    marker = json.loads((root / "synthesis.json").read_text(encoding="utf-8"))
    assert marker == {"recipe": 1, "seed": 3, "seconds": 0.3, "size": 64}


def grey(count: int, height: int = 32, width: int = 48) -> Iterator[np.ndarray]:
    return (np.full((height, width, 3), 20 * i, dtype=np.uint8) for i in range(count))


def test_written_videos_are_whole_and_repeat(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    assert write_video(path, grey(6), fps=29.97, options={"crf": "20"}) == 6
    first = path.read_bytes()
    write_video(path, grey(6), fps=29.97, options={"crf": "20"})
    assert path.read_bytes() == first
    with av.open(str(path)) as container:
        levels = [f.to_ndarray(format="rgb24").mean() for f in container.decode(video=0)]
    assert levels == pytest.approx([0, 20, 40, 60, 80, 100], abs=2)


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [("a.webm", "libvpx-vp9", "yuv420p"), ("a.gif", "gif", "rgb8"), ("a.avi", "mjpeg", "yuvj420p")],
)
def test_other_containers(tmp_path: Path, name: str, codec: str, pixel_format: str) -> None:
    path = tmp_path / name
    assert write_video(path, grey(4), fps=10, codec=codec, pixel_format=pixel_format) == 4
    with av.open(str(path)) as container:
        assert len(list(container.decode(video=0))) == 4


@pytest.mark.parametrize(
    ("name", "frames", "extra", "complaint"),
    [
        ("a.txt", grey(2), {}, "ends in '.txt'"),
        ("a.mp4", grey(0), {}, "no frames"),
        ("a.mp4", [*grey(1), *grey(1, 64)], {}, r"frame 2 is \[64, 48, 3\]"),
        ("a.mp4", grey(1, 33, 47), {}, "cannot encode 47x33"),
        ("a.mp4", grey(1), {"codec": "nothing"}, "codec is 'nothing'"),
        ("a.mp4", grey(1), {"codec": "aac"}, "codec is 'aac'"),
        ("a.mp4", grey(1), {"pixel_format": "nothing"}, "pixel format 'nothing'"),
    ],
)
def test_complaints_about_videos_to_write(
    tmp_path: Path, name: str, frames: object, extra: dict[str, str], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        write_video(tmp_path / name, frames, fps=25, **extra)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
