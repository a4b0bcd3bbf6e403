"""Contrast of two colours, as WCAG 2.2 defines it."""

from __future__ import annotations

from collections.abc import Sequence


def contrast(a: Sequence[float], b: Sequence[float]) -> float:
    """Contrast ratio, 1 to 21, of colours in 0..255."""
    light, dark = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Sequence[float]) -> float:
    linear = [_linear(value / 255) for value in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
