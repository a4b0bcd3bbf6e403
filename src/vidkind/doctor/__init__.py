"""The doctor: what is wrong with a labelled library, before anything is trained on it.

In: a ``Library`` read with ``strict=False``, and a backbone that confirms near copies. Out: a
``Diagnosis``: findings by severity (copies, leaks, odd files, skew, a header that gives the label
away), with the files they are about. Scans are kept between runs.
Does not know: temporal models, bundles, training, how a finding is shown.
"""

from vidkind.doctor.balance import needed_sources
from vidkind.doctor.examine import examine
from vidkind.doctor.findings import SEVERITIES, ClassCount, Diagnosis, Evidence, Finding, Severity

__all__ = [
    "SEVERITIES",
    "ClassCount",
    "Diagnosis",
    "Evidence",
    "Finding",
    "Severity",
    "examine",
    "needed_sources",
]
