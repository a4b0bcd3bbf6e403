"""The performance room: how fast this machine is, and what a long run on it will take.

In: videos or a library, and what a run puts together (backbone, temporal models, options).
Out: measured rates with their noise (``bench``), forecasts with their interval (``plan``).
Does not know: what an answer means, how its figures are shown.
"""

from vidkind.performance.bench_report import BenchReport, run_bench
from vidkind.performance.operations import GraphCost, count_operations
from vidkind.performance.peak import copy_gigabytes_per_second, peak_gflops
from vidkind.performance.plan import Forecast, forecast
from vidkind.performance.runs import Plan, Run, classify_run, extract_run, plan_run
from vidkind.performance.survey import Survey, survey

__all__ = [
    "BenchReport",
    "Forecast",
    "GraphCost",
    "Plan",
    "Run",
    "Survey",
    "classify_run",
    "copy_gigabytes_per_second",
    "count_operations",
    "extract_run",
    "forecast",
    "peak_gflops",
    "plan_run",
    "run_bench",
    "survey",
]
