"""Which answers to withhold so that the others hold a wanted error rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidkind.errors import ConfigError

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """A threshold on trust and what it gave on validation data; shares are 0..1.

    Attributes:
        threshold: Answers with at least this trust are given.
        coverage: Share of the videos that are answered.
        error: Share of the given answers that are wrong.
        low: Lower end of the 95 % interval of ``error``.
        high: Upper end of it.
        bound: Upper bound of ``error`` that holds for all thresholds at once, 95 %.
    """

    threshold: float
    coverage: float
    error: float
    low: float
    high: float
    bound: float

    def __str__(self) -> str:
        return (
            f"trust {self.threshold:.3f}: on validation data {self.coverage:.1%} of the videos "
            f"are answered, {self.error:.1%} of them wrongly "
            f"[{self.low:.1%}, {self.high:.1%}]"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class OperatingTable:
    """Operating points from the strictest threshold to the one that answers everything.

    Attributes:
        points: float64 [n, 6], columns in the order of ``OperatingPoint``.
    """

    points: Floats

    def __post_init__(self) -> None:
        if self.points.ndim != 2 or self.points.shape[1] != 6 or len(self.points) == 0:
            raise ValueError(f"points is {list(self.points.shape)}; expected [n, 6] with n >= 1")

    def largest_coverage(self, max_error: float, *, strict: bool = False) -> OperatingPoint:
        """The point that answers most videos with at most ``max_error`` of them wrong.

        Args:
            max_error: Wanted share of wrong answers among those given, 0..1.
            strict: Ask it of the upper bound rather than of the share itself.

        Raises:
            ConfigError: ``max_error`` lies outside 0..1, or no threshold reaches it.
        """
        if not 0 <= max_error <= 1:
            raise ConfigError(f"max_error is {max_error}; expected a share from 0 to 1, e.g. 0.02")
        column = 5 if strict else 2
        reached = np.flatnonzero(self.points[:, column] <= max_error)
        if not len(reached):
            least = self.points[:, column].min()
            what = "the upper bound of the error" if strict else "the error"
            raise ConfigError(
                f"max_error is {max_error:g}, but {what} on the validation videos of this bundle "
                f"is {least:.3g} at best; give {np.ceil(1000 * least) / 1000:.3f} or more"
                + (", or leave out strict" if strict else "")
            )
        return self._point(int(reached[-1]))

    def _point(self, index: int) -> OperatingPoint:
        threshold, coverage, error, low, high, bound = map(float, self.points[index])
        return OperatingPoint(
            threshold=threshold, coverage=coverage, error=error, low=low, high=high, bound=bound
        )
