"""Which answers to withhold so that the others hold a wanted error rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidkind.errors import ConfigError

Floats = NDArray[np.float64]

# Of the bound that ``strict`` asks.
CONFIDENCE = 0.95
# Where its test begins: fewer answers are of little use, and more sources say more.
_FIRST_COVERAGE = 0.5


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """A threshold on trust and what it gave on validation data; shares are 0..1.

    Attributes:
        threshold: Answers with at least this trust are given.
        coverage: Share of the videos that are answered.
        error: Share of the given answers that are wrong.
        low: Lower end of the 95 % interval of ``error``.
        high: Upper end of it.
        bound: Upper 95 % bound of ``error``.
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

    A threshold chosen where few videos show no error has been lucky. So one wrong answer more
    than was seen is counted, that of the next video (conformal risk control: Angelopoulos et
    al., ICLR 2024, equation 4; they prove it for an error that falls as less is answered,
    which a share of the answered does nearly): asked for 2 %, 49 sources must be answered
    without an error, or 99 with one.

    Attributes:
        points: float64 [n, 6], columns in the order of ``OperatingPoint``.
        sources: How many validation sources they come from.
    """

    points: Floats
    sources: float

    def __post_init__(self) -> None:
        if self.points.ndim != 2 or self.points.shape[1] != 6 or len(self.points) == 0:
            raise ValueError(f"points is {list(self.points.shape)}; expected [n, 6] with n >= 1")

    def largest_coverage(self, max_error: float, *, strict: bool = False) -> OperatingPoint:
        """The point that answers most videos with at most ``max_error`` of them wrong.

        Args:
            max_error: Wanted share of wrong answers among those given, 0..1; held on average.
            strict: Hold it with 95 % confidence while half of the videos or more are answered.

        Raises:
            ConfigError: ``max_error`` lies outside 0..1, or the validation videos cannot
                promise it.
        """
        if not 0 <= max_error <= 1:
            raise ConfigError(f"max_error is {max_error}; expected a share from 0 to 1, e.g. 0.05")
        last = self._last(max_error, strict)
        if last < 0:
            least = self.least_error(strict=strict)
            raise ConfigError(
                f"max_error is {max_error:g}, but the {self.sources:.0f} validation sources of "
                f"this bundle can promise {least:.3g} at best"
                + (" with 95 % confidence" if strict else "")
                + f"; give {np.ceil(1000 * least) / 1000:.3f} or more, or validate on more sources"
                + (", or leave out strict" if strict else "")
            )
        return self._point(last)

    def least_error(self, *, strict: bool = False) -> float:
        """The least ``max_error`` that can be asked for; it takes what that takes."""
        errors = np.unique(self.points[:, 5] if strict else self._expected_errors())
        kept = (error for error in errors if self._last(float(error), strict) >= 0)
        return float(next(kept, 1.0))

    def _last(self, max_error: float, strict: bool) -> int:
        """Index of the loosest point that may be chosen; -1 where none may."""
        if not strict:
            kept = self._expected_errors() <= max_error
            return int(np.flatnonzero(kept)[-1]) if kept.any() else -1
        return self._last_in_sequence(max_error)

    def _expected_errors(self) -> Floats:
        """Share of wrong answers with one more answer, a wrong one: float64 [n]."""
        coverage, error = self.points[:, 1], self.points[:, 2]
        answered = coverage * self.sources
        expected: Floats = (error * answered + 1) / (answered + 1)
        return expected

    def _last_in_sequence(self, max_error: float) -> int:
        """The last point before the first whose bound is too large; -1 where that is the first.

        Fixed-sequence testing (Angelopoulos et al., "Learn then Test", 2021, section 2.3):
        points are tested in an order set beforehand, from the one that answers half of the
        videos on, and the first that fails ends it, so that no level is divided among them.
        """
        tested = np.flatnonzero(self.points[:, 1] >= _FIRST_COVERAGE)
        failed = np.flatnonzero(self.points[tested, 5] > max_error)
        passed = tested[: failed[0]] if len(failed) else tested
        return int(passed[-1]) if len(passed) else -1

    def _point(self, index: int) -> OperatingPoint:
        threshold, coverage, error, low, high, bound = map(float, self.points[index])
        return OperatingPoint(
            threshold=threshold, coverage=coverage, error=error, low=low, high=high, bound=bound
        )
