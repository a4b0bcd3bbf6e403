"""High dynamic range shown on an ordinary display: light, tone curve, BT.709.

In: an RGB picture as coded, with primaries of BT.2020, and its transfer function (SMPTE ST 2084,
"PQ", or ARIB STD-B67, "HLG"). Out: the picture as coded for BT.709, as backbones have learned it.
Without this, PQ looks grey and flat. Done to the small picture, after the resize.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.float32]

# FFmpeg's numbers of transfer functions.
_PQ, _HLG = 16, 18
# Light of white in graphics and of most of a picture, cd/m2 (Report ITU-R BT.2408).
_WHITE, _HLG_PEAK = 203.0, 1000.0
# Light up to this share of white stays as it is; what is above is pressed into the rest.
_SHOULDER = 0.75
_GAMMA = 2.4  # Recommendation ITU-R BT.1886
_BT2020_LUMA = np.array([0.2627, 0.6780, 0.0593], np.float32)
# Report ITU-R BT.2087, the inverse of its equation for BT.709 in BT.2020.
_BT2020_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)
_CODES = np.arange(256) / 255
_STEPS = 65535


def is_hdr(transfer: int) -> bool:
    """Whether pictures coded with this transfer function (FFmpeg's number) are to be converted."""
    return transfer in _LIGHT_OF


def to_sdr(picture: NDArray[np.uint8], transfer: int) -> NDArray[np.uint8]:
    """What an ordinary display shows of a picture of high dynamic range.

    Args:
        picture: uint8 [H, W, 3] RGB as coded, full range.
        transfer: FFmpeg's number of its transfer function, one for which ``is_hdr`` holds.

    Returns:
        uint8 [H, W, 3] RGB, coded for BT.709 primaries and a gamma of 2.4.
    """
    light = _pressed(_LIGHT_OF[transfer](picture)) @ _BT2020_TO_BT709.T
    steps = (np.clip(light, 0, 1) * _STEPS + 0.5).astype(np.int32)
    return np.asarray(_gamma_codes()[steps])


def _pressed(light: Light) -> Light:
    above = np.maximum(light - _SHOULDER, 0)
    rest = 1 - _SHOULDER
    return np.asarray(np.minimum(light, _SHOULDER) + rest * (1 - np.exp(-above / rest)))


def _pq_light(picture: NDArray[np.uint8]) -> Light:
    """Light in shares of white (Recommendation ITU-R BT.2100, table 4)."""
    return _pq_table()[picture]


def _hlg_light(picture: NDArray[np.uint8]) -> Light:
    """Light in shares of white on a display of 1,000 cd/m2 (BT.2100, table 5)."""
    scene = _hlg_table()[picture]
    luma = np.maximum(scene @ _BT2020_LUMA, 1e-6)[..., None]
    return np.asarray(_HLG_PEAK / _WHITE * luma**0.2 * scene)


@cache
def _pq_table() -> Light:
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    powers = _CODES ** (1 / m2)
    relative = (np.maximum(powers - c1, 0) / (c2 - c3 * powers)) ** (1 / m1)
    return (10000 / _WHITE * relative).astype(np.float32)


@cache
def _hlg_table() -> Light:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    low, high = _CODES**2 / 3, (np.exp((_CODES - c) / a) + b) / 12
    return np.where(_CODES <= 0.5, low, high).astype(np.float32)


@cache
def _gamma_codes() -> NDArray[np.uint8]:
    shares = np.arange(_STEPS + 1) / _STEPS
    return np.asarray(np.round(255 * shares ** (1 / _GAMMA)), np.uint8)


_LIGHT_OF: dict[int, Callable[[NDArray[np.uint8]], Light]] = {_PQ: _pq_light, _HLG: _hlg_light}
