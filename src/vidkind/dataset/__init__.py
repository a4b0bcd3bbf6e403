"""The dataset room: a labelled library becomes items with categories, groups and splits.

In: a folder of category folders, of split folders, or a manifest CSV. Out: ``Library``
(``read_library``), the same with a split per item (``assign_splits``), and rendered libraries
(``vidkind.dataset.synthesize``). Knows file names and labels only: nothing of what is in a
video, of features, models or bundles.
"""

from __future__ import annotations

from vidkind.dataset.catalog import Library, read_library
from vidkind.dataset.split import assign_splits

__all__ = ["Library", "assign_splits", "read_library"]
