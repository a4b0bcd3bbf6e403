"""Black bars are found and left out, and nothing else is."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest

from tests.clips import numbered, render, truncate
from tests.unit.test_video_skipping import assert_same, read
from vidkind.config import SamplingOptions
from vidkind.records import WHOLE, Content, FrameBatch
from vidkind.video import sample_frames
from vidkind.video.bars import find_bars, may_have_bars
from vidkind.video.picture import PictureMaker, _cut

SIZE = (96, 160)
LETTERBOX = (32, 32, 0, 0)  # top, bottom, left, right: 96 + 64 rows are 1:1
PILLARBOX = (0, 0, 24, 24)
WINDOWBOX = (14, 14, 24, 24)


def scene(number: int) -> np.ndarray:
    """A gradient in which a block moves: lit everywhere, different in every frame."""
    height, width = SIZE
    picture = np.empty((height, width, 3), np.uint8)
    picture[..., 0] = np.linspace(60, 220, width)
    picture[..., 1] = np.linspace(200, 70, height)[:, None]
    picture[..., 2] = 120
    left = number * 3 % (width - 30)
    picture[30:60, left : left + 30] = (240, 240, 40)
    return picture


def boxed(picture: np.ndarray, bars: tuple[int, int, int, int], colour: int = 0) -> np.ndarray:
    top, bottom, left, right = bars
    sides = ((top, bottom), (left, right), (0, 0))
    return np.pad(picture, sides, constant_values=colour)


def share(bars: tuple[int, int, int, int], size: tuple[int, int] = SIZE) -> Content:
    top, bottom, left, right = bars
    height, width = size[0] + top + bottom, size[1] + left + right
    return Content(
        top=top / height, bottom=1 - bottom / height, left=left / width, right=1 - right / width
    )


def sample(path: Path, num_frames: int = 8, **options) -> FrameBatch:
    chosen = SamplingOptions(num_frames=num_frames, **options)
    return sample_frames(path, height=96, width=96, options=chosen)


def scenes(bars: tuple[int, int, int, int], count: int = 24) -> list[np.ndarray]:
    return [boxed(scene(i), bars) for i in range(count)]


def difference(one: FrameBatch, two: FrameBatch) -> float:
    return float(np.abs(one.frames.astype(int) - two.frames).mean())


@pytest.mark.parametrize("bars", [LETTERBOX, PILLARBOX, WINDOWBOX, (4, 4, 0, 0)])
@pytest.mark.parametrize("crf", ["20", "38"])
def test_pictures_are_those_of_the_clip_without_bars(tmp_path: Path, bars, crf: str):
    clip = render(tmp_path / "a.mp4", scenes((0, 0, 0, 0)), crf=crf)
    barred = sample(render(tmp_path / "b.mp4", scenes(bars), crf=crf))
    assert astuple(barred.content) == pytest.approx(astuple(share(bars)), abs=0.006)
    assert barred.frames.shape == (8, 96, 96, 3)
    assert difference(barred, sample(clip)) < (4 if crf == "20" else 6)


@pytest.mark.parametrize(
    ("codec", "pixel_format", "suffix"),
    [
        ("libx264", "yuv420p10le", ".mkv"),
        ("mjpeg", "yuvj420p", ".avi"),
        ("gif", "rgb8", ".gif"),
        ("libvpx-vp9", "yuv420p", ".webm"),
    ],
)
def test_bars_are_found_in_every_pixel_format(tmp_path, codec, pixel_format, suffix):
    path = render(
        tmp_path / f"a{suffix}", scenes(LETTERBOX, 12), codec=codec, pixel_format=pixel_format
    )
    assert astuple(sample(path).content) == pytest.approx(astuple(share(LETTERBOX)), abs=0.006)


@pytest.mark.parametrize("rotation", [90, 180, 270])
@pytest.mark.parametrize("sampler", ["exact", "keyframe"])
def test_bars_of_a_rotated_video_are_those_that_are_seen(tmp_path, rotation: int, sampler: str):
    turned = [np.rot90(picture, rotation // 90) for picture in scenes(WINDOWBOX)]
    path = render(tmp_path / "a.mp4", turned, rotation=rotation, g="8", crf="18")
    batch = sample(path, sampler=sampler)
    assert astuple(batch.content) == pytest.approx(astuple(share(WINDOWBOX)), abs=0.006)
    plain = render(tmp_path / "b.mp4", scenes((0, 0, 0, 0)), g="8", crf="18")
    assert difference(batch, sample(plain, sampler=sampler)) < 4


@pytest.mark.parametrize("sampler", ["exact", "keyframe"])
@pytest.mark.parametrize("num_frames", [1, 8, 64])
def test_without_bars_pictures_are_the_same_to_the_bit(tmp_path, sampler: str, num_frames: int):
    path = render(tmp_path / "a.mp4", 120, g="10")
    how = {"sampler": sampler, "num_frames": num_frames}
    kept, cut = (read(path, crop_bars=on, **how) for on in (False, True))
    assert_same(cut, kept)
    assert cut.content == WHOLE and cut.frames_decoded == kept.frames_decoded


def test_bars_can_be_kept(tmp_path: Path):
    batch = sample(render(tmp_path / "a.mp4", scenes(LETTERBOX)), crop_bars=False)
    assert batch.content == WHOLE and batch.frames[:, :18].max() < 24


@pytest.mark.parametrize("sampler", ["exact", "keyframe"])
def test_reading_side_by_side_cuts_alike(tmp_path: Path, sampler: str):
    path = render(tmp_path / "a.mp4", scenes(LETTERBOX, 120), g="20", bf="2")
    one, four = (read(path, num_threads=n, sampler=sampler, num_frames=16) for n in (1, 4))
    assert_same(four, one)
    assert four.content == one.content != WHOLE
    assert_same(read(path, plainly=True, sampler=sampler, num_frames=16), one)


def test_quick_and_full_looks_cut_alike(tmp_path: Path):
    path = render(tmp_path / "a.mp4", scenes(PILLARBOX, 60), g="10")
    quick, full = sample(path, 8, sampler="keyframe"), sample(path, 64)
    assert quick.content == full.content != WHOLE


def test_a_truncated_file_is_cut_too(tmp_path: Path):
    whole = render(
        tmp_path / "a.mp4", scenes(LETTERBOX, 100), container_options={"movflags": "faststart"}
    )
    batch = sample(truncate(whole, tmp_path / "b.mp4", 0.6))
    assert astuple(batch.content) == pytest.approx(astuple(share(LETTERBOX)), abs=0.006)


def faded_in(pictures: list[np.ndarray], length: int = 20) -> list[np.ndarray]:
    return [(p * min(1, i / length)).astype(np.uint8) for i, p in enumerate(pictures)]


@pytest.mark.parametrize("bars", [LETTERBOX, (0, 0, 0, 0)])
def test_a_black_beginning_says_nothing(tmp_path: Path, bars):
    batch = sample(render(tmp_path / "a.mp4", faded_in(scenes(bars, 60))))
    assert astuple(batch.content) == pytest.approx(astuple(share(bars)), abs=0.006)


def test_a_black_video_is_whole(tmp_path: Path):
    batch = sample(render(tmp_path / "a.mp4", [boxed(scene(0) * 0, LETTERBOX)] * 12))
    assert batch.content == WHOLE and len(batch.frames) == 8


@pytest.mark.parametrize("barred", [1, 20])
def test_bars_that_do_not_last_are_content(tmp_path: Path, barred: int):
    pictures = scenes(LETTERBOX)
    whole = [np.resize(scene(i), pictures[0].shape) for i in range(24)]
    path = render(tmp_path / "a.mp4", pictures[:barred] + whole[barred:])
    assert_same(sample(path), sample(path, crop_bars=False))


@pytest.mark.parametrize(
    "bars",
    [(32, 0, 0, 0), (0, 32, 0, 0), (0, 0, 40, 0), (40, 24, 0, 0), (1, 1, 0, 0), (240, 240, 0, 0)],
)
def test_what_does_not_come_in_pairs_or_is_too_thin_or_thick_is_content(tmp_path: Path, bars):
    assert sample(render(tmp_path / "a.mp4", scenes(bars, 12))).content == WHOLE


def terminal(lines: int, status: bool = False, frame: bool = False) -> np.ndarray:
    """Lines of text on black, at the top left, with a status bar or a frame around all of it."""
    picture = np.full((360, 640, 3), 12, np.uint8)
    letters = np.random.default_rng(0)
    for line in range(lines):
        y, length = 16 + 16 * line, int(letters.integers(10, 70))
        for letter in range(length):
            glyph = letters.random((10, 6)) < 0.4
            picture[y : y + 10, 16 + 8 * letter : 22 + 8 * letter][glyph] = 210
    if status:
        picture[344:] = (40, 120, 60)
    if frame:
        picture[30:330, 60:580][[0, -1]] = picture[30:330, 60:580][:, [0, -1]] = 200
    return picture


@pytest.mark.parametrize(
    "look", [{}, {"status": True}, {"frame": True}, {"status": True, "frame": True}]
)
@pytest.mark.parametrize("most", [3, 20])
def test_a_dark_terminal_is_content(tmp_path: Path, look: dict, most: int):
    pictures = [terminal(1 + i * most // 12, **look) for i in range(12)]
    path = render(tmp_path / "a.mp4", pictures)
    assert_same(sample(path), sample(path, crop_bars=False))


def test_a_spot_on_black_is_content(tmp_path: Path):
    rows, columns = np.mgrid[-48:48, -80:80]
    spot = (200 * np.exp(-(rows**2 + columns**2) / 400)).astype(np.uint8)
    path = render(tmp_path / "a.mp4", [np.repeat(spot[..., None], 3, axis=2)] * 12)
    assert sample(path).content == WHOLE


def test_a_dark_side_of_the_content_is_not_bars(tmp_path: Path):
    # Its left half is black: the bars are the rows, and that half is content.
    pictures = scenes(LETTERBOX, 12)
    for picture in pictures:
        picture[:, :80] = 0
    content = sample(render(tmp_path / "a.mp4", pictures)).content
    assert astuple(content) == pytest.approx(astuple(share(LETTERBOX)), abs=0.006)


def test_noise_in_bars_does_not_matter():
    noise = np.random.default_rng(0).integers(0, 16, (4, 160, 160, 3), np.uint8)
    pictures = np.maximum(noise, np.stack(scenes(LETTERBOX, 4)))
    pictures[:, 0, 0] = 255
    assert all(may_have_bars(picture) for picture in pictures)
    assert astuple(find_bars(pictures)) == pytest.approx(astuple(share(LETTERBOX)), abs=0.007)


def test_nothing_is_asked_of_a_picture_lit_at_its_edges():
    assert not may_have_bars(numbered(255)) and find_bars(numbered(255)[None]) == WHOLE


@pytest.mark.parametrize("size", [1, 2, 31, 224, 1000])
def test_what_is_kept_lies_inside_the_resized_side(size: int):
    for begin in np.linspace(0, 0.4, 17):
        for end in np.linspace(0.6, 1, 17):
            cut = _cut(size, begin, end)
            assert cut.kept.start >= 0 and cut.kept.stop <= cut.whole
            assert cut.kept.stop - cut.kept.start == size
    assert _cut(size, 0.0, 1.0).kept == slice(0, size)


def test_a_picture_maker_keeps_everything_by_default():
    assert PictureMaker(height=8, width=8).content == WHOLE == Content()


@pytest.mark.parametrize("wrong", [{"top": 1.0}, {"left": -0.1}, {"right": 1.1}, {"bottom": 0.0}])
def test_contents_check_themselves(wrong: dict):
    with pytest.raises(ValueError, match="is no part of a picture"):
        Content(**wrong)
