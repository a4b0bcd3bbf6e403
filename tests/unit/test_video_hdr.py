"""Videos of high dynamic range are seen as an ordinary display shows them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from vidkind.config import SamplingOptions
from vidkind.video import sample_frames
from vidkind.video.hdr import is_hdr, to_sdr

SIZE = 64
TRANSFERS = {"PQ": 16, "HLG": 18}
# To CIE XYZ, from the chromaticities that BT.709 and BT.2020 name.
XYZ_OF_BT709 = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)
XYZ_OF_BT2020 = np.array([[0.6370, 0.1446, 0.1689], [0.2627, 0.6780, 0.0593], [0, 0.0281, 1.0610]])
PATCHES = np.array([[20, 20, 20], [120, 120, 120], [190, 190, 190], [180, 40, 40], [40, 90, 170]])


def graded(codes: np.ndarray, transfer: str) -> np.ndarray:
    """BT.709 codes [N, 3] as a grader puts them into BT.2020, white at 203 cd/m2: 0..1."""
    linear = (codes / 255) ** 2.4 @ (np.linalg.inv(XYZ_OF_BT2020) @ XYZ_OF_BT709).T
    light = 203 * np.clip(linear, 0, None)
    if transfer == "PQ":
        powers = (light / 10000) ** (2610 / 16384)
        return ((3424 / 4096 + 2413 / 128 * powers) / (1 + 2392 / 128 * powers)) ** (2523 / 32)
    luma = (light / 1000) @ XYZ_OF_BT2020[1]
    scene = light / 1000 * luma[:, None] ** (1 / 1.2 - 1)
    high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), high)


def write(path: Path, coded: np.ndarray, transfer: int) -> Path:
    """A 10-bit video of patches side by side, each of one colour."""
    red, green, blue = np.repeat(coded, SIZE, axis=0).T
    luma = 0.2627 * red + 0.6780 * green + 0.0593 * blue
    planes = [
        64 + 876 * luma,
        512 + 896 * ((blue - luma) / 1.8814)[::2],
        512 + 896 * ((red - luma) / 1.4746)[::2],
    ]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"qp": "4"})
        stream.width, stream.height, stream.pix_fmt = len(luma), SIZE, "yuv420p10le"
        context = stream.codec_context
        context.color_trc, context.color_primaries, context.colorspace = transfer, 9, 9
        context.color_range = 1
        for number in range(8):
            frame = av.VideoFrame(stream.width, SIZE, "yuv420p10le")
            for plane, row in zip(frame.planes, planes, strict=True):
                whole = np.zeros((plane.height, plane.line_size // 2), np.uint16)
                whole[:, : len(row)] = np.round(row)
                plane.update(whole.tobytes())
            frame.pts, frame.time_base = number, Fraction(1, 10)
            frame.color_trc, frame.colorspace, frame.color_range = transfer, 9, 1
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("transfer", TRANSFERS)
def test_what_was_graded_for_hdr_looks_as_it_did_before(tmp_path: Path, transfer: str) -> None:
    coded = graded(PATCHES, transfer)
    assert np.abs(255 * coded - PATCHES).max() > 30
    path = write(tmp_path / "a.mp4", coded, TRANSFERS[transfer])
    options = SamplingOptions.untouched(1)
    batch = sample_frames(path, height=SIZE, width=SIZE * len(PATCHES), options=options)
    seen = batch.frames[0][SIZE // 2, SIZE // 2 :: SIZE]
    assert np.abs(seen.astype(int) - PATCHES).max() <= 6


@pytest.mark.parametrize("transfer", TRANSFERS.values())
def test_more_light_is_never_darker_and_highlights_are_not_cut_off(transfer: int) -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, axis=2)
    seen = to_sdr(ramp, transfer)[:, 0].astype(int)
    assert (np.diff(seen, axis=0) >= 0).all()
    assert seen[0].tolist() == [0, 0, 0]
    assert (seen[-1] >= 254).all()


def test_white_of_graphics_stays_nearly_white() -> None:
    white = graded(np.array([[255, 255, 255]]), "PQ")
    coded = np.round(255 * white).astype(np.uint8)[None]
    assert 240 <= to_sdr(coded, TRANSFERS["PQ"]).min() < 255


@pytest.mark.parametrize("transfer", [1, 2, 6, 13, 14, 15])
def test_other_transfer_functions_are_left_alone(transfer: int) -> None:
    assert not is_hdr(transfer)
