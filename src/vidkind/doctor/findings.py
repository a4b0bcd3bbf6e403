"""What the doctor says: findings by severity, each with the files it is about."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

Severity = Literal["leak", "error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One thing a finding rests on.

    Attributes:
        files: Keys of the videos, relative to the library; empty where it is about none.
        detail: What is the matter with them, in words.
        values: Further figures for machines.
    """

    files: tuple[str, ...] = ()
    detail: str = ""
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One kind of fault and every place it was found in.

    Attributes:
        severity: ``leak``: figures measured with the library will be too good. ``error``: files
            that cannot be used. ``warning``: likely to harm. ``note``: worth knowing.
        code: Stable name, e.g. ``group-in-two-splits``.
        message: One sentence, with the count.
        remedy: What to do about it.
        evidence: The places.
    """

    severity: Severity
    code: str
    message: str
    remedy: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ClassCount:
    """How much there is of one category.

    Attributes:
        videos: Number of videos.
        sources: Number of recordings they were cut from.
        groups: Number of groups.
        splits: Split -> number of sources; empty for a library without splits.
    """

    videos: int
    sources: int
    groups: int
    splits: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Everything one examination found.

    Attributes:
        library: The library, as given.
        num_files: Videos listed.
        findings: Worst first.
        classes: Category -> what there is of it.
        probe: The metadata-only probe as plain JSON types; None where it could not be run.
        seconds: Stage -> wall time.
        reused: Files whose scan was kept from an earlier run.
    """

    library: str
    num_files: int
    findings: tuple[Finding, ...]
    classes: dict[str, ClassCount]
    probe: dict[str, Any] | None
    seconds: dict[str, float]
    reused: int

    @property
    def counts(self) -> dict[Severity, int]:
        """Number of findings of each severity, worst first."""
        found = Counter(finding.severity for finding in self.findings)
        return {severity: found[severity] for severity in SEVERITIES}

    @property
    def leaks(self) -> bool:
        """Whether any figure measured with this library would be too good."""
        return self.counts["leak"] > 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "library": self.library,
            "num_files": self.num_files,
            "counts": self.counts,
            "findings": [asdict(finding) for finding in self.findings],
            "classes": {name: asdict(count) for name, count in self.classes.items()},
            "metadata_probe": self.probe,
            "seconds": self.seconds,
            "reused": self.reused,
        }
