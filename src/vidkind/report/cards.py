"""The pieces of a page that stand for one video."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vidkind.evaluation.compare import Flip
from vidkind.evaluation.suspects import LabelSuspect
from vidkind.report.thumbnails import Thumbnail

_LONGEST_NAME = 58


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One line of a card.

    Attributes:
        name: What it is, e.g. ``label``.
        value: A category or another name.
        share: Its probability, 0..1; None where it has none.
        mark: Whether it is right; empty where that is plain.
    """

    name: str
    value: str
    share: float | None = None
    mark: Literal["", "right", "wrong"] = ""


@dataclass(frozen=True, kw_only=True)
class VideoCard:
    """One video with its frames.

    Attributes:
        path: Its key in the library.
        facts: What is said of it.
        thumbnail: Its frames; None where the videos are not at hand.
    """

    path: str
    facts: tuple[Fact, ...]
    thumbnail: Thumbnail | None

    @property
    def words(self) -> str:
        """The facts in one line."""
        return ", ".join(
            f"{fact.name} {fact.value}" + ("" if fact.share is None else f" {fact.share:.0%}")
            for fact in self.facts
        )

    @property
    def alt(self) -> str:
        """What the frames are of."""
        return f"Four frames of {self.path}, in time order: {self.words}"


Pictures = Mapping[str, Thumbnail]


def answer_card(
    path: str, label: str, scores: Mapping[str, float], pictures: Pictures
) -> VideoCard:
    """The card of one answer; ``scores`` maps category to probability."""
    best = max(scores, key=scores.__getitem__)
    facts = (
        Fact(name="label", value=label, share=scores[label]),
        Fact(name="answer", value=best, share=scores[best]),
    )
    return VideoCard(path=path, facts=facts, thumbnail=pictures.get(path))


def suspect_card(suspect: LabelSuspect, pictures: Pictures) -> VideoCard:
    """The card of a video whose label is probably wrong."""
    facts = (
        Fact(name="given", value=suspect.given, share=suspect.score),
        Fact(name="suggested", value=suspect.suggested, share=suspect.suggested_probability),
        Fact(name="split", value=suspect.split),
    )
    return VideoCard(path=suspect.path, facts=facts, thumbnail=pictures.get(suspect.path))


def flip_card(flip: Flip, names: Sequence[str], pictures: Pictures) -> VideoCard:
    """The card of a video that two bundles answer differently."""
    said = ((flip.a, flip.a_confidence), (flip.b, flip.b_confidence))
    answers = [
        Fact(name=name, value=found, share=share, mark="right" if found == flip.label else "wrong")
        for name, (found, share) in zip(names, said, strict=True)
    ]
    facts = (Fact(name="label", value=flip.label), *answers)
    return VideoCard(path=flip.path, facts=facts, thumbnail=pictures.get(flip.path))


def title_of(path: str, more: str) -> str:
    """A path and a remark in one line of a plot; the path loses its beginning where it is long."""
    plain = "".join(" " if unicodedata.category(c).startswith("C") else c for c in path)
    room = _LONGEST_NAME - len(more)
    return f"{plain if len(plain) <= room else '…' + plain[1 - room :]} {more}"
