"""Groups that keep recordings whole: groups that share a source are one group.

Every figure counts a source once, so no division by group may part one.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from vidkind.records import VideoItem

logger = logging.getLogger(__name__)


def joined_groups(groups: Sequence[str], sources: Sequence[str]) -> list[str]:
    """Makes one group of all groups that share a source, directly or through others.

    Args:
        groups: Group of each of N videos.
        sources: Source of each; an empty one is unknown and joins nothing.

    Returns:
        Group of each video. Joined groups have the name of the first of them in the alphabet,
        whatever the order of the videos.
    """
    parent = {group: group for group in groups}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    first_group: dict[str, str] = {}
    for group, source in zip(groups, sources, strict=True):
        if source:
            low, high = sorted((root(first_group.setdefault(source, group)), root(group)))
            parent[high] = low
    return [root(group) for group in groups]


def with_whole_sources(items: Sequence[VideoItem]) -> tuple[VideoItem, ...]:
    """The videos, with groups that share a source joined; a warning says how many there were."""
    names = joined_groups([i.group for i in items], [i.source_id for i in items])
    joined = {item.group for item, name in zip(items, names, strict=True) if name != item.group}
    if not joined:
        return tuple(items)
    kept = {name for item, name in zip(items, names, strict=True) if item.group in joined}
    logger.warning(
        "%d groups share recordings (source_id) and are kept together as %d; the first is %r. "
        "vidkind doctor lists them",
        len(joined | kept),
        len(kept),
        min(kept),
    )
    return tuple(replace(item, group=name) for item, name in zip(items, names, strict=True))
