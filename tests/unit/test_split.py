"""Dividing a library: nothing is lost, groups stay whole, shares come out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidkind.config import SplitOptions
from vidkind.dataset import Library, assign_splits, read_library
from vidkind.dataset.groups import joined_groups
from vidkind.records import VideoItem

SHARES = {"train": 0.7, "val": 0.2, "test": 0.1}


def library_of(groups: list[tuple[str, int]]) -> Library:
    """A library with one group for each (category, number of videos)."""
    items = [
        VideoItem(path=key, key=key, label=label, split=None, group=f"g{g}", source_id=key)
        for g, (label, size) in enumerate(groups)
        for key in (f"{label}/{g}-{v}.mp4" for v in range(size))
    ]
    labels = tuple(sorted({label for label, _ in groups}))
    return Library(root=Path(), items=tuple(items), categories=labels, has_splits=False)


def splits(library: Library) -> dict[str, str | None]:
    return {item.key: item.split for item in library.items}


group_lists = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(1, 4)), min_size=4, max_size=80
)


@given(groups=group_lists, seed=st.integers(0, 1000))
def test_nothing_is_lost_and_groups_stay_whole(groups: list[tuple[str, int]], seed: int) -> None:
    before = library_of(groups)
    after = assign_splits(before, SplitOptions(seed=seed))
    assert after.has_splits
    assert [replace(item, split=None) for item in after.items] == list(before.items)
    of_group: dict[str, set[str | None]] = {}
    for item in after.items:
        of_group.setdefault(item.group, set()).add(item.split)
    assert all(len(found) == 1 and None not in found for found in of_group.values())


@given(groups=group_lists, seed=st.integers(0, 1000))
def test_shares_per_category_are_right_within_two_groups(
    groups: list[tuple[str, int]], seed: int
) -> None:
    after = assign_splits(library_of(groups), SplitOptions(seed=seed))
    for category in after.categories:
        sizes = [size for label, size in groups if label == category]
        found = Counter(item.split for item in after.items if item.label == category)
        for split, share in SHARES.items():
            assert abs(found[split] - share * sum(sizes)) <= 2 * max(sizes) + 1e-9


@given(
    groups=group_lists,
    shares=st.sampled_from([(0.7, 0.2, 0.1), (0.9, 0.05, 0.05), (0.05, 0.9, 0.05), (0.5, 0.5, 0)]),
    seed=st.integers(0, 1000),
)
def test_three_groups_are_enough_for_train_and_val(
    groups: list[tuple[str, int]], shares: tuple[float, float, float], seed: int
) -> None:
    train, val, test = shares
    options = SplitOptions(train=train, val=val, test=test, seed=seed)
    after = assign_splits(library_of(groups), options)
    number = Counter(label for label, _ in groups)
    for category in after.categories:
        found = {item.split for item in after.items if item.label == category}
        if number[category] >= 3:
            assert {"train", "val"} <= found


@given(groups=group_lists, seed=st.integers(0, 1000))
def test_the_order_of_items_does_not_matter(groups: list[tuple[str, int]], seed: int) -> None:
    library = library_of(groups)
    turned = replace(library, items=library.items[::-1])
    options = SplitOptions(seed=seed)
    assert splits(assign_splits(library, options)) == splits(assign_splits(turned, options))


@given(pairs=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=30))
def test_joined_groups_are_what_sources_connect(pairs: list[tuple[int, int]]) -> None:
    groups, sources = [f"g{g}" for g, _ in pairs], [f"s{s}" if s else "" for _, s in pairs]
    found = joined_groups(groups, sources)
    expected = list(groups)
    for _ in pairs:  # spread the lowest name until nothing changes any more
        for names in (groups, sources):
            for i, name in enumerate(names):
                same = [e for e, other in zip(expected, names, strict=True) if other == name]
                expected[i] = min(same) if name else expected[i]
    assert found == expected
    assert joined_groups(groups[::-1], sources[::-1]) == found[::-1]


@given(seed=st.integers(0, 1000), clips=st.integers(1, 6))
def test_no_source_is_parted_where_groups_are_finer(seed: int, clips: int) -> None:
    finer = library_of([(label, 1) for label in "ab" for _ in range(30)])
    items = [replace(i, source_id=f"film {n // clips}") for n, i in enumerate(finer.items)]
    after = assign_splits(replace(finer, items=tuple(items)), SplitOptions(seed=seed))
    places = {(i.source_id, i.split, i.group) for i in after.items}
    assert len(places) == len({i.source_id for i in items})


def test_seeds_differ() -> None:
    library = library_of([(label, 1) for label in "abcd" for _ in range(20)])
    first = splits(assign_splits(library, SplitOptions(seed=1)))
    assert first == splits(assign_splits(library, SplitOptions(seed=1)))
    assert first != splits(assign_splits(library, SplitOptions(seed=2)))


def test_a_large_library_comes_out_exactly() -> None:
    after = assign_splits(library_of([(c, 1) for c in "ab" for _ in range(1000)]), SplitOptions())
    for category in "ab":
        found = Counter(item.split for item in after.items if item.label == category)
        assert found == {"train": 700, "val": 200, "test": 100}


def test_a_share_of_zero_gets_nothing() -> None:
    options = SplitOptions(train=0.8, val=0.2, test=0.0)
    after = assign_splits(library_of([("a", 2), ("b", 3)] * 10), options)
    assert {item.split for item in after.items} == {"train", "val"}


def test_groups_of_several_categories_stay_whole_and_spread() -> None:
    rng = np.random.default_rng(0)
    items = [
        VideoItem(path=str(i), key=str(i), label=str(label), split=None, group=str(g), source_id="")
        for i, (label, g) in enumerate(
            zip(rng.choice(list("abc"), 300), rng.integers(0, 60, 300), strict=True)
        )
    ]
    library = Library(root=Path(), items=tuple(items), categories=("a", "b", "c"), has_splits=False)
    after = assign_splits(library, SplitOptions())
    assert len({(i.group, i.split) for i in after.items}) == len({i.group for i in after.items})
    found = Counter(item.split for item in after.items)
    assert {split: round(found[split] / 300, 1) for split in SHARES} == SHARES


def test_a_missing_category_is_moved_out_of_train() -> None:
    groups = {"g0": "aab", "g1": "abb", "g2": "ab", "g3": "c", "g4": "c", "g5": "c"}
    items = tuple(
        VideoItem(path=f"{g}{i}", key=f"{g}{i}", label=c, split=None, group=g, source_id=g)
        for g, labels in groups.items()
        for i, c in enumerate(labels)
    )
    library = Library(root=Path(), items=items, categories=("a", "b", "c"), has_splits=False)
    after = assign_splits(library, SplitOptions(train=0.9, val=0.05, test=0.05))
    for category in "abc":
        assert {i.split for i in after.items if i.label == category} >= {"train", "val"}


def test_a_library_with_splits_is_left_alone() -> None:
    done = assign_splits(library_of([("a", 1), ("b", 1)] * 5), SplitOptions())
    assert assign_splits(done, SplitOptions(seed=7)) is done


@pytest.mark.shared
def test_the_real_groups(shared_dir: Path) -> None:
    library = read_library(shared_dir / "clips")
    bare = replace(
        library,
        items=tuple(replace(item, split=None) for item in library.items),
        has_splits=False,
    )
    after = assign_splits(bare, SplitOptions())
    found = Counter(item.split for item in after.items)
    for split, share in SHARES.items():
        assert abs(found[split] / len(after.items) - share) < 0.03
