"""What the labels, groups and splits of a library say, without a look at any picture."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from vidkind.doctor.findings import ClassCount, Evidence, Finding
from vidkind.errors import ConfigError
from vidkind.evaluation.intervals import wilson
from vidkind.records import VideoItem

# One category with this many times the sources of another.
_SKEW_RATIO = 3.0
# A category that is all but one thing under another name.
_DOMINANT_SHARE, _DOMINANT_SOURCES = 0.8, 5
# Where a figure is wanted before there is one: what a usable classifier reaches.
EXPECTED_ACCURACY = 0.9
_MOST_SOURCES = 1 << 24


def count_classes(items: Sequence[VideoItem]) -> dict[str, ClassCount]:
    """Videos, sources and groups of every category, by name."""
    by_label: dict[str, list[VideoItem]] = defaultdict(list)
    for item in items:
        by_label[item.label].append(item)
    return {
        label: ClassCount(
            videos=len(found),
            sources=len({i.source_id for i in found}),
            groups=len({i.group for i in found}),
            splits=dict(Counter(s for s, _ in {(i.split, i.source_id) for i in found} if s)),
        )
        for label, found in sorted(by_label.items())
    }


def balance_findings(
    items: Sequence[VideoItem], classes: dict[str, ClassCount], precision: float | None
) -> Iterator[Finding]:
    """Findings about groups, categories and numbers.

    Args:
        items: The videos.
        classes: What ``count_classes`` gave.
        precision: Wanted half-width of the 95 % interval of an accuracy, 0..1; None asks nothing.
    """
    yield from _parted(items, "group", lambda item: item.group)
    yield from _parted(items, "source", lambda item: item.source_id)
    yield from _sources_in_two_groups(items)
    yield from _missing_classes(items, classes)
    yield from _class_skew(classes)
    yield from _subcategories(items)
    if precision is not None:
        yield from _imprecise(classes, precision)


def needed_sources(half_width: float, *, accuracy: float = EXPECTED_ACCURACY) -> int:
    """How many sources it takes for a Wilson interval of at most plus or minus ``half_width``.

    Args:
        half_width: 0..1.
        accuracy: The accuracy that will be measured, 0..1.

    Raises:
        ConfigError: The half-width is not between 0.001 and 0.5.
    """
    if not 0.001 <= half_width <= 0.5:
        raise ConfigError(f"precision is {half_width}; expected 0.001 to 0.5, for example 0.05")
    low, high = 0, _MOST_SOURCES
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _half_width(middle, accuracy) <= half_width else (middle, high)
    return high


def _half_width(sources: int, accuracy: float) -> float:
    interval = wilson(accuracy * sources, sources)
    return (interval.high - interval.low) / 200


def _parted(
    items: Sequence[VideoItem], what: str, key: Callable[[VideoItem], str]
) -> Iterator[Finding]:
    """Groups, or sources, of which some videos are in one split and some in another."""
    members = _by(items, key)
    parted = {name: found for name, found in members.items() if len({i.split for i in found}) > 1}
    if not parted:
        return
    plural = f"{what}{'s' * (len(parted) != 1)}"
    yield Finding(
        severity="leak",
        code=f"{what}-in-two-splits",
        message=f"{len(parted)} {plural} in two splits: look-alikes of the test are trained on",
        remedy=f"put every video of a {what} into one split",
        evidence=tuple(
            Evidence(
                files=tuple(item.key for item in found),
                detail=f"{what} {name!r}: {_counted(str(i.split) for i in found)}",
                values={what: name},
            )
            for name, found in parted.items()
        ),
    )


def _by(items: Sequence[VideoItem], key: Callable[[VideoItem], str]) -> dict[str, list[VideoItem]]:
    members: dict[str, list[VideoItem]] = defaultdict(list)
    for item in items:
        members[key(item)].append(item)
    return members


def _sources_in_two_groups(items: Sequence[VideoItem]) -> Iterator[Finding]:
    """Sources whose groups do not hold them together; those in two splits are parted already."""
    found = {
        name: (videos, sorted({item.group for item in videos}))
        for name, videos in _by(items, lambda item: item.source_id).items()
        if name and len({item.split for item in videos}) == 1
    }
    found = {name: pair for name, pair in found.items() if len(pair[1]) > 1}
    if not found:
        return
    unsplit = any(videos[0].split is None for videos, _ in found.values())
    yield Finding(
        # Inside a split it harms cross-validation only.
        severity="leak" if unsplit else "warning",
        code="source-in-two-groups",
        message=f"{len(found)} source{'s' * (len(found) != 1)} in two or more groups: a division "
        "by group parts a recording",
        remedy="give every video of a source the same group; vidkind extract joins such groups",
        evidence=tuple(
            Evidence(
                files=tuple(item.key for item in videos),
                detail=f"source {name!r}: {len(groups)} groups, {groups[0]!r} and others",
                values={"source": name},
            )
            for name, (videos, groups) in found.items()
        ),
    )


def _missing_classes(
    items: Sequence[VideoItem], classes: dict[str, ClassCount]
) -> Iterator[Finding]:
    splits = sorted({item.split for item in items if item.split})
    missing = [(c, s) for c, count in classes.items() for s in splits if s not in count.splits]
    if missing:
        yield Finding(
            severity="warning",
            code="category-missing-in-split",
            message=f"{len(missing)} times a category has no video in a split",
            remedy="add videos, or divide the library anew: vidkind extract does so by group",
            evidence=tuple(Evidence(detail=f"no {c} in {s}") for c, s in missing),
        )


def _class_skew(classes: dict[str, ClassCount]) -> Iterator[Finding]:
    most = max(classes, key=lambda name: classes[name].sources)
    least = min(classes, key=lambda name: classes[name].sources)
    ratio = classes[most].sources / classes[least].sources
    if ratio >= _SKEW_RATIO:
        yield Finding(
            severity="warning",
            code="category-skew",
            message=f"{most} has {ratio:.1f} times the sources of {least}",
            remedy="add sources of the small categories; report macro F1 beside accuracy",
            evidence=tuple(
                Evidence(detail=f"{name}: {count.sources} sources")
                for name, count in classes.items()
            ),
        )


def _subcategories(items: Sequence[VideoItem]) -> Iterator[Finding]:
    """Sub-categories that a test asks for and training never shows, and those that are all."""
    sources: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    trained: set[tuple[str, str]] = set()
    tested: set[tuple[str, str]] = set()
    for item in items:
        if item.subcategory:
            sources[item.label][item.subcategory].add(item.source_id)
            (trained if item.split == "train" else tested).add((item.label, item.subcategory))
    unseen = sorted(tested - trained) if trained else []
    if unseen:
        yield Finding(
            severity="note",
            code="subcategory-never-trained-on",
            message=f"{len(unseen)} of {len(tested)} sub-categories outside train are not in it",
            remedy="right for a test of unknown material; otherwise add such videos to train",
            evidence=tuple(Evidence(detail=f"{label}: {name}") for label, name in unseen),
        )
    for label, found in sources.items():
        total = len(set().union(*found.values()))
        name, largest = max(found.items(), key=lambda pair: len(pair[1]))
        if total >= _DOMINANT_SOURCES and len(largest) > _DOMINANT_SHARE * total:
            yield Finding(
                severity="note",
                code="subcategory-skew",
                message=f"{label} is all but {name!r}: {len(largest)} of {total} sources",
                remedy="add other kinds of it, or expect the rest to be missed",
            )


def _imprecise(classes: dict[str, ClassCount], precision: float) -> Iterator[Finding]:
    """Categories with too few sources in what a figure is measured on."""
    needed = needed_sources(precision)
    short = [
        Evidence(
            detail=f"{name}: {count} sources {where}, good for "
            f"+-{100 * _half_width(count, EXPECTED_ACCURACY):.1f} points",
            values={"category": name, "sources": count, "needed": needed},
        )
        for where in ("in val", "in test", "in all")
        for name, found in classes.items()
        if 0 < (count := _sources(found, where)) < needed
    ]
    if short:
        yield Finding(
            severity="warning",
            code="too-few-videos",
            message=f"recall of a category to +-{100 * precision:g} points takes {needed} sources "
            f"of it (Wilson, at {100 * EXPECTED_ACCURACY:g} %; {_worst(precision)} at 50 %)",
            remedy="add sources to what is measured on, or cross-validate, which uses every source",
            evidence=tuple(short),
        )


def _worst(precision: float) -> int:
    return needed_sources(precision, accuracy=0.5)


def _sources(found: ClassCount, where: str) -> int:
    """Sources in a split; of all only where there are no splits."""
    if where == "in all":
        return 0 if found.splits else found.sources
    return found.splits.get(where.removeprefix("in "), 0)


def _counted(names: Iterator[str]) -> str:
    return ", ".join(f"{count} in {name}" for name, count in sorted(Counter(names).items()))
