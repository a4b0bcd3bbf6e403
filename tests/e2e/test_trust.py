"""Withholding answers and giving label sets, as a user meets them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from tests.clips import render
from tests.tiny import tiny_bundle
from tests.trust import drawn_trust
from vidkind import SingleVideoClassifier

COLOURS = [(220, 40, 30), (30, 200, 60), (60, 30, 200), (128, 128, 128), (10, 12, 60)]


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("clips")
    return [
        render(folder / f"{number}.mp4", [np.full((48, 64, 3), colour, np.uint8)] * 12)
        for number, colour in enumerate(COLOURS)
    ]


@pytest.fixture(scope="module")
def trusted(tmp_path_factory, clips) -> Path:
    """A bundle whose stricter threshold lies amid the trust of the clips."""
    folder = tmp_path_factory.mktemp("trusted")
    plain = SingleVideoClassifier(tiny_bundle(folder, trust=drawn_trust()))
    middle = float(np.median([answer.trust for answer in plain.classify_videos(clips)]))
    return tiny_bundle(folder, trust=drawn_trust(threshold=middle)).path


def rows(vidkind, *arguments: object) -> list[dict]:
    return json.loads(vidkind("classify", *arguments, "--format", "json").stdout)


def test_nothing_is_withheld_unless_asked(vidkind, trusted: Path, clips) -> None:
    found = rows(vidkind, *clips, "--bundle", trusted)
    assert all(0 <= row["trust"] <= 1 for row in found)
    assert all(row["category"] in row["scores"] for row in found)
    assert all(row["label_set"] is None for row in found)


def test_answers_below_the_threshold_are_withheld(vidkind, trusted: Path, clips) -> None:
    plain = rows(vidkind, *clips, "--bundle", trusted)
    done = vidkind("classify", *clips, "--bundle", trusted, "--max-error", "0.02", "--format",
                   "json")  # fmt: skip
    found = json.loads(done.stdout)
    threshold = float(np.median([row["trust"] for row in plain]))
    assert 0 < sum(row["category"] == "Unclassified" for row in found) < len(found)
    for row, before in zip(found, plain, strict=True):
        expected = before["category"] if before["trust"] >= threshold - 1e-9 else "Unclassified"
        assert row == {**before, "category": expected}
    assert f"answers withheld below trust {threshold:.3f}" in done.stderr
    assert "50.0% of the videos are answered, 0.0% of them wrongly [0.0%, 7.0%]" in done.stderr


def test_a_looser_error_withholds_nothing_and_strict_asks_the_bound(
    vidkind, trusted: Path, clips
) -> None:
    loose = rows(vidkind, *clips, "--bundle", trusted, "--max-error", "0.25")
    assert "Unclassified" not in {row["category"] for row in loose}
    strict = rows(vidkind, *clips, "--bundle", trusted, "--max-error", "0.25", "--strict")
    assert "Unclassified" in {row["category"] for row in strict}


def test_label_sets_come_with_the_row_in_every_format(vidkind, trusted: Path, clips) -> None:
    arguments = (*clips, "--bundle", trusted, "--coverage", "0.9")
    found = rows(vidkind, *arguments)
    for row in found:
        ranked = sorted(row["scores"], key=lambda name: -row["scores"][name])
        assert row["label_set"] == ranked[: len(row["label_set"])]
        assert row["category"] == row["label_set"][0]
    assert max(len(row["label_set"]) for row in found) > 1
    text = vidkind("classify", *arguments, "--format", "csv").stdout
    for flat, row in zip(csv.DictReader(io.StringIO(text)), found, strict=True):
        assert flat["label_set"] == "|".join(row["label_set"])
        assert float(flat["trust"]) == row["trust"]
    table = vidkind("classify", *arguments).stdout
    assert " or " in table
    assert "trust" in table.splitlines()[0]


def test_published_trust_is_there_for_comparison(vidkind, trusted: Path, clips) -> None:
    learned = rows(vidkind, *clips, "--bundle", trusted)
    published = rows(vidkind, *clips, "--bundle", trusted, "--trust", "published")
    assert [row["scores"] for row in learned] == [row["scores"] for row in published]
    assert [row["trust"] for row in learned] != [row["trust"] for row in published]


def test_python_answers_as_the_command_does(vidkind, trusted: Path, clips) -> None:
    classifier = SingleVideoClassifier(trusted, max_error=0.02, coverage=0.9)
    done = rows(vidkind, clips[0], "--bundle", trusted, "--max-error", 0.02, "--coverage", 0.9)
    assert done == [classifier.classify_video(clips[0]).to_row()]
    assert classifier.operating_point is not None


def test_rows_of_a_bundle_without_trust_say_null(vidkind, bundle: Path, clips) -> None:
    assert rows(vidkind, clips[0], "--bundle", bundle)[0]["trust"] is None
    assert "-" in vidkind("classify", clips[0], "--bundle", bundle).stdout


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--max-error", "1.5"), 2, "max_error is 1.5; expected a share"),
        (
            ("--max-error", "0.01", "--strict"),
            2,
            "0.1 at best with 95 % confidence; give 0.100 or more",
        ),
        (
            ("--max-error", "0.01"),
            2,
            "the 100 validation sources of this bundle can promise 0.0196",
        ),
        (("--strict",), 2, "strict needs max_error; give one (--max-error)"),
        (("--coverage", "0"), 2, "coverage is 0.0; expected a share"),
        (("--coverage", "0.99"), 2, "the 20 validation sources of this bundle carry at most"),
        (("--trust", "blind"), 2, "'blind' is not one of"),
    ],
)
def test_what_cannot_be_kept_is_wrong_usage(
    vidkind, trusted, clips, options, code, message
) -> None:
    done = vidkind("classify", clips[0], "--bundle", trusted, *options, check=code)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", ["--max-error", "--coverage"])
def test_a_bundle_without_trust_is_a_failure_with_advice(vidkind, bundle, clips, option) -> None:
    done = vidkind("classify", clips[0], "--bundle", bundle, option, "0.5", check=1)
    assert "holds no trust statistics" in done.stderr
    assert "vidkind evaluate RUN FEATURES" in done.stderr
