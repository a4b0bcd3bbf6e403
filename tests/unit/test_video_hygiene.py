from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidkind.video.hygiene import is_black, luma, sharpness, unsharp_mask


def checkerboard(cell: int, size: int = 32) -> np.ndarray:
    rows, columns = np.indices((size, size)) // cell
    return np.repeat((((rows + columns) % 2) * 200 + 20)[..., None], 3, axis=2).astype(np.uint8)


def blurred(picture: np.ndarray) -> np.ndarray:
    wide = np.pad(picture.astype(float), ((1, 1), (1, 1), (0, 0)), mode="edge")
    total = sum(wide[i : i + 32, j : j + 32] for i in range(3) for j in range(3))
    return (total / 9).astype(np.uint8)


def test_luma_weights_are_those_of_rec_601():
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    assert luma(colours)[0] == pytest.approx([76.2, 149.7, 29.1, 255], abs=0.05)
    assert luma(colours).dtype == np.float32


def test_sharpness_by_hand():
    dot = np.zeros((5, 5), np.float32)
    dot[2, 2] = 10
    # The Laplacian is -40 once, 10 four times, 0 elsewhere: mean 0, variance 2000 / 25.
    assert sharpness(dot) == pytest.approx(80)


@pytest.mark.parametrize("cell", [1, 3, 5])
def test_blur_lowers_sharpness(cell: int):
    board = checkerboard(cell)
    assert sharpness(luma(blurred(board))) < 0.6 * sharpness(luma(board))


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 2)])
def test_flat_pictures_of_any_size_have_no_sharpness(shape):
    assert sharpness(np.full(shape, 99, np.float32)) == 0


@pytest.mark.parametrize(("bright_share", "black"), [(0, True), (0.0009, True), (0.0012, False)])
def test_black_allows_for_a_thousandth_of_bright_pixels(bright_share: float, black: bool):
    grey = np.full(10_000, 5, np.float32)
    grey[: int(bright_share * grey.size)] = 255
    assert is_black(grey.reshape(100, 100), 16) is black


def test_nothing_is_darker_than_zero():
    assert not is_black(np.zeros((4, 4), np.float32), 0)


def test_unsharp_mask_sharpens_and_keeps_flat_areas():
    board = blurred(checkerboard(5))
    assert sharpness(luma(unsharp_mask(board))) > 1.2 * sharpness(luma(board))
    flat = np.full((9, 9, 3), 77, np.uint8)
    assert np.array_equal(unsharp_mask(flat), flat)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_unsharp_mask_of_nothing_changes_nothing(height: int, width: int, seed: int):
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    assert np.array_equal(unsharp_mask(picture, 0), picture)
    assert unsharp_mask(picture).shape == picture.shape
    assert unsharp_mask(picture).dtype == np.uint8
