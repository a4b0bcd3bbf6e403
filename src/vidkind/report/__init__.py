"""Reports for people: one self-contained HTML page, and its plots as PNG files.

In: an ``Evaluation`` or a ``BundleComparison``, the features or answers behind it, and the videos
where they are at hand. Out: a folder with ``report.html`` and ``plots/``. Plots, pictures and
words are made here, from figures that come from elsewhere.
Does not know: how a figure is measured, the command line.
"""

from vidkind.report.comparison import write_comparison_report
from vidkind.report.evaluation import EvaluationMaterial, write_evaluation_report

__all__ = ["EvaluationMaterial", "write_comparison_report", "write_evaluation_report"]
