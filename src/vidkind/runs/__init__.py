"""Whole steps on folders: features become a run, a run its figures, its page and its bundle.

In: folders that ``vidkind extract`` and ``vidkind train`` write, or labelled pictures. Out: a run
folder, ``ScoredRun``, a report, a bundle; a ``PictureHead``. Decides which videos a run may be
scored on, what answers them, and what of the findings goes into the run and its bundle.
Does not know: models and statistics themselves, the command line.
"""

from vidkind.errors import MissingExtraError

try:
    from vidkind.runs.bundle import bundle_run
    from vidkind.runs.head import learn_head
    from vidkind.runs.report import report_run
    from vidkind.runs.score import ScoredRun, score_run
    from vidkind.runs.train import TrainedRun, train_run
except ModuleNotFoundError as error:
    raise MissingExtraError(error.name or "torch", "train") from error

__all__ = [
    "ScoredRun",
    "TrainedRun",
    "bundle_run",
    "learn_head",
    "report_run",
    "score_run",
    "train_run",
]
