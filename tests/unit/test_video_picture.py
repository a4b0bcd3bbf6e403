"""Colours, transparency, depth, size and orientation of the pictures that come out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import BT601, BT709, SIZE, numbered, read_number, render
from vidkind.config import SamplingOptions
from vidkind.video import probe, sample_frames
from vidkind.video.picture import PictureMaker

RED = (200, 30, 40)


def plain(colour, size=(96, 128)) -> np.ndarray:
    return np.broadcast_to(np.array(colour, np.uint8), (*size, len(colour)))


def first(path: Path, height: int = 48, width: int = 64) -> np.ndarray:
    options = SamplingOptions(num_frames=1)
    return sample_frames(path, height=height, width=width, options=options).frames[0]


@pytest.mark.parametrize(
    ("codec", "settings", "size"),
    [
        ("libx264", {}, (96, 128)),
        ("libx264", {"matrix": BT709}, (96, 128)),
        ("libx264", {"matrix": BT601}, (720, 1280)),
        ("libx264", {"matrix": BT709, "tagged": False}, (720, 1280)),
        ("libx264", {"matrix": BT709, "full_range": True}, (96, 128)),
        ("libx264", {"pixel_format": "yuv444p", "matrix": BT709}, (96, 128)),
        ("libx264", {"pixel_format": "yuv420p10le", "matrix": BT709}, (96, 128)),
        ("libx264rgb", {"pixel_format": "rgb24"}, (96, 128)),
        ("mjpeg", {"pixel_format": "yuvj420p", "full_range": True}, (720, 1280)),
        ("rawvideo", {"pixel_format": "bgr24", "container": "avi"}, (48, 48)),
        ("ffv1", {"pixel_format": "yuv422p"}, (97, 131)),
    ],
)
def test_colours_survive(tmp_path: Path, codec: str, settings: dict, size):
    quality = {"qp": "0"} if codec.startswith("libx264") else {}
    path = render(tmp_path / "a.mkv", [plain(RED, size)] * 2, codec=codec, **settings, **quality)
    assert np.abs(first(path).astype(int) - RED).max() <= 3


@pytest.mark.parametrize("matrix", [8, 14])
def test_unusual_colour_tags_do_not_stop_anything(matrix: int):
    frame = av.VideoFrame.from_ndarray(plain(RED), format="rgb24").reformat(format="yuv444p")
    frame.colorspace = matrix
    picture = PictureMaker(height=20, width=30)(frame)
    assert np.abs(picture.astype(int) - RED).max() <= 3


@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [("qtrle", "argb"), ("png", "rgba"), ("prores_ks", "yuva444p10le")],
)
def test_transparent_pixels_are_white(tmp_path: Path, codec: str, pixel_format: str):
    picture = plain((*RED, 255)).copy()
    picture[48:, :, 3] = 0
    path = render(tmp_path / "a.mov", [picture] * 2, codec=codec, pixel_format=pixel_format)
    shown = first(path).astype(int)
    assert np.abs(shown[:20] - RED).max() <= 4
    assert shown[28:].min() == 255


def test_half_transparent_pixels_are_mixed_with_white():
    frame = av.VideoFrame.from_ndarray(plain((100, 0, 255, 128)).copy(), format="rgba")
    picture = PictureMaker(height=8, width=8)(frame)
    assert np.abs(picture.astype(int) - (177, 127, 255)).max() <= 1


def test_an_alpha_channel_never_filled_in_is_ignored():
    frame = av.VideoFrame.from_ndarray(plain((*RED, 0)).copy(), format="rgba")
    assert np.abs(PictureMaker(height=8, width=8)(frame).astype(int) - RED).max() <= 1


def test_gif_palette(tmp_path: Path):
    path = render(tmp_path / "a.gif", [plain((255, 0, 0))] * 3, codec="gif", pixel_format="rgb8")
    assert np.abs(first(path).astype(int) - (255, 0, 0)).max() <= 3


@pytest.mark.parametrize("size", [(48, 64), (51, 67), (270, 1776), (1, 1), (16, 500)])
def test_any_size_is_squashed_to_the_size_asked_for(tmp_path: Path, size):
    path = render(tmp_path / "a.mkv", [numbered(1, size)], codec="ffv1", pixel_format="yuv444p")
    assert first(path, 37, 53).shape == (37, 53, 3)


def test_down_scaling_averages_over_all_pixels():
    noise = np.random.default_rng(0).integers(0, 2, (512, 512, 1), np.uint8) * 255
    frame = av.VideoFrame.from_ndarray(np.repeat(noise, 3, axis=2), format="rgb24")
    picture = PictureMaker(height=32, width=32)(frame).astype(float)
    # A point sampler would keep the standard deviation of 127; a 16 x 16 mean has 8.
    assert picture.std() < 12
    assert picture.mean() == pytest.approx(127.5, abs=2)


def corner_marked() -> np.ndarray:
    picture = np.full((*SIZE, 3), 60, np.uint8)
    picture[:16, :16] = (230, 40, 40)
    return picture


def marked_corner(picture: np.ndarray) -> str:
    red = picture[..., 0].astype(int) - picture[..., 2]
    rows, columns = np.nonzero(red > 80)
    vertical = "top" if rows.mean() < picture.shape[0] / 2 else "bottom"
    return vertical + (" left" if columns.mean() < picture.shape[1] / 2 else " right")


@pytest.mark.parametrize(
    ("rotation", "corner"),
    [(0, "top left"), (90, "top right"), (180, "bottom right"), (270, "bottom left")],
)
@pytest.mark.parametrize("size", [(64, 48), (48, 64)])
def test_pictures_are_upright(tmp_path: Path, rotation: int, corner: str, size):
    path = render(tmp_path / "a.mp4", [corner_marked()] * 3, rotation=rotation)
    picture = first(path, *size)
    assert picture.shape == (*size, 3)
    assert marked_corner(picture) == corner


def test_rotated_pictures_are_not_distorted(tmp_path: Path):
    tall = np.rot90(numbered(0b10110010), -1)  # what a phone held upright stores lying down
    path = render(tmp_path / "a.mp4", [tall] * 3, rotation=270)
    assert read_number(first(path, 48, 64)) == 0b10110010


@pytest.mark.parametrize(
    ("hflip", "vflip", "corner"),
    [(True, False, "top right"), (False, True, "bottom left"), (True, True, "bottom right")],
)
def test_mirrored_display_matrix(tmp_path: Path, hflip: bool, vflip: bool, corner: str):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=Fraction(20))
        stream.height, stream.width = SIZE
        stream.set_display_rotation(0, hflip=hflip, vflip=vflip)
        output.mux(stream.encode(av.VideoFrame.from_ndarray(corner_marked(), format="rgb24")))
        output.mux(stream.encode(None))
    assert marked_corner(first(path)) == corner
    assert probe(path).rotation_degrees == (180 if hflip and vflip else 0)
