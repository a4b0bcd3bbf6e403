"""Dividing a library into train, val and test by group, stratified by category.

scikit-learn's ``StratifiedGroupKFold`` was considered: shares must be made up of whole folds
(ten for 70/20/10, so ten groups a category), and nothing keeps a small category in both train
and val. Iterative stratification takes any shares, needs numpy only, and is below.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from vidkind.config import SplitOptions
from vidkind.dataset.catalog import Library
from vidkind.dataset.groups import with_whole_sources
from vidkind.records import Split

SPLITS: tuple[Split, ...] = ("train", "val", "test")
NEEDED_SPLITS: tuple[Split, ...] = ("train", "val")

Counts = dict[str, Counter[str]]
"""Group name -> how many of its videos have each category."""


def assign_splits(library: Library, options: SplitOptions) -> Library:
    """Gives every video a split; videos of one group, and of one source, stay together.

    Source: Sechidis, Tsoumakas and Vlahavas, "On the Stratification of Multi-Label Data",
    ECML PKDD 2011, algorithm 1, with groups as examples and their videos per category as
    weighted labels; large groups go first (Graham 1969, longest processing time). Afterwards
    a category of two or more groups that is missing from train or val is given one.

    Args:
        library: Any library; one that has splits is returned as it is.
        options: Shares and seed. The same library and seed give the same splits, whatever the
            order of the items.

    Returns:
        The library with a split on every item, and groups that share a source joined.
    """
    if library.has_splits:
        return library
    library = replace(library, items=with_whole_sources(library.items))
    assignment = _Assignment(_group_counts(library), options)
    assignment.distribute()
    assignment.cover_categories()
    items = tuple(replace(i, split=assignment.split_of[i.group]) for i in library.items)
    return replace(library, items=items, has_splits=True)


def _group_counts(library: Library) -> Counts:
    counts: Counts = {}
    for item in library.items:
        counts.setdefault(item.group, Counter())[item.label] += 1
    return counts


class _Assignment:
    """The state of one division: which group is where, and what each split holds."""

    def __init__(self, counts: Counts, options: SplitOptions) -> None:
        self.counts = counts
        self.split_of: dict[str, Split] = {}
        self.shares = {s: share for s in SPLITS if (share := getattr(options, s)) > 0}
        self.held: dict[Split, Counter[str]] = {s: Counter() for s in SPLITS}
        rng = np.random.default_rng(options.seed)
        names = sorted(counts)
        shuffled = [names[i] for i in rng.permutation(len(names))]
        self.groups = sorted(shuffled, key=lambda name: -counts[name].total())
        self.totals: Counter[str] = Counter()
        for count in counts.values():
            self.totals.update(count)

    def distribute(self) -> None:
        """Rarest category first, its largest groups first."""
        num_groups = Counter(c for group in self.groups for c in self.counts[group])
        for category in sorted(self.totals, key=lambda c: (num_groups[c], c)):
            for group in self.groups:
                if category in self.counts[group] and group not in self.split_of:
                    self._put(group, self._neediest(category))

    def cover_categories(self) -> None:
        """Moves the smallest group that can be spared to where a category is missing."""
        for category in sorted(self.totals):
            for split in NEEDED_SPLITS:
                if split in self.shares and not self.held[split][category]:
                    spare = [g for g in self.groups if self._can_spare(g, category)]
                    if spare:
                        self._put(spare[-1], split)

    def _put(self, group: str, split: Split) -> None:
        if group in self.split_of:
            self.held[self.split_of[group]].subtract(self.counts[group])
        self.split_of[group] = split
        self.held[split].update(self.counts[group])

    def _neediest(self, category: str) -> Split:
        """The split that lacks most of a category; on a tie, most videos of any category."""

        def need(split: Split) -> tuple[float, float]:
            share, held = self.shares[split], self.held[split]
            of_category = share * self.totals[category] - held[category]
            overall = share * self.totals.total() - held.total()
            return (round(of_category, 6), overall)

        return max(self.shares, key=need)

    def _can_spare(self, group: str, category: str) -> bool:
        """Whether a group of the category can go without leaving its split short of any."""
        if category not in self.counts[group]:
            return False
        split = self.split_of[group]
        remaining = self.held[split]
        return split not in NEEDED_SPLITS or all(
            remaining[c] > n for c, n in self.counts[group].items()
        )
