"""How much of a video is looked at: a quick look first, more only where that is not enough.

An early exit by confidence (Teerapittayanon et al., "BranchyNet", ICPR 2016), taken over frames
in place of layers: the temporal models answer from 6 frames about as well as from 64.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from vidkind.config import Effort, SamplingOptions, require_choice

# What thresholds are fitted on now; a bundle says what its own were fitted on.
QUICK_FRAMES = 6
# What ``fast`` takes where the quick look is not enough; key frames only, as before.
_SECOND_FRAMES = 24


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at a video.

    Attributes:
        sampling: Frames it takes.
        threshold: Trust from which its answer stands; None where it stands in any case.
    """

    sampling: SamplingOptions
    threshold: float | None = None

    def suffices(self, trust: float | None) -> bool:
        """Whether an answer of this trust stands."""
        return self.threshold is None or (trust is not None and trust >= self.threshold)


def plan_looks(
    effort: Effort,
    sampling: SamplingOptions,
    thresholds: Mapping[Effort, float],
    *,
    quick_frames: int = QUICK_FRAMES,
    least_trust: float = 0.0,
) -> tuple[Look, ...]:
    """The looks of an effort, in the order they are taken; the last always answers.

    Args:
        effort: ``fast``: a few key frames, then 24. ``normal``: those, then ``sampling``.
            ``full``: ``sampling`` at once.
        sampling: What the bundle was made with.
        thresholds: Effort -> trust at which the quick look is enough; without one there is no
            quick look.
        quick_frames: Frames of the quick look, those that the thresholds were fitted on.
        least_trust: A quick answer trusted less than this is not taken either.

    Raises:
        ConfigError: There is no such effort.
    """
    require_choice("effort", effort, Effort)
    last = sampling
    if effort == "fast":
        last = _fewer(sampling, _SECOND_FRAMES)
    if effort not in thresholds or last.num_frames <= quick_frames:
        return (Look(sampling=last),)
    threshold = max(thresholds[effort], least_trust)
    return Look(sampling=_fewer(sampling, quick_frames), threshold=threshold), Look(sampling=last)


def _fewer(sampling: SamplingOptions, num_frames: int) -> SamplingOptions:
    """At most so many frames, those that cost least to decode."""
    count = min(num_frames, sampling.num_frames)
    return replace(sampling, num_frames=count, sampler="keyframe")
