"""Two bundles on the same videos: figures against hand counts, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from tests.features import CATEGORIES
from tests.reports import failed, items, prediction, small_comparison
from vidkind.errors import BundleError, ConfigError, LibraryError
from vidkind.evaluation.answers import match_answers, read_answers
from vidkind.evaluation.compare import Answered, Cost, compare_answers
from vidkind.records import Prediction


def test_figures_agree_with_hand_counts() -> None:
    found = small_comparison(wrong_a=1, wrong_b=15, failures=1)
    test = found.comparison.test
    assert (test.only_a_right, test.only_b_right) == (15, 1)
    assert test.p_value == pytest.approx(binomtest(15, 16, 0.5).pvalue)
    # Seven sources with both clips and one with the one that is left, against one.
    assert test.p_value_sources == pytest.approx(binomtest(8, 9, 0.5).pvalue)
    assert found.num_videos == 23
    assert found.num_sources == 12
    assert [row.per_clip.accuracy.value for row in found.rows] == [
        pytest.approx(100 * 22 / 23),
        pytest.approx(100 * 8 / 23),
    ]
    assert np.sum(found.agreement_matrix) == 23
    assert np.trace(found.agreement_matrix) == 7
    assert len(found.flips) == 16
    only_a = [flip.a == flip.label for flip in found.flips]
    assert only_a == [True] * 15 + [False]
    assert [f.path for f in found.failures] == ["clip 15.mp4"]
    assert found.failures[0].name == "new"
    assert found.failures[0].error.type == "NotAVideoError"
    assert "is better than new" in found.summary[0]
    assert "only old <b> is right on 15, only new on 1, neither on 0" in found.summary[2]
    assert json.loads(json.dumps(found.to_json()))["flips"][0]["label"] == found.flips[0].label


def test_a_category_that_nobody_has_is_no_nan() -> None:
    videos = [video for video in items() if video.label != "Gaming"]
    said = tuple(prediction(v.path, v.label) for v in videos)
    both = [Answered(name=name, predictions=said) for name in "ab"]
    found = json.loads(json.dumps(compare_answers(videos, *both).to_json(), allow_nan=False))
    gaming = found["rows"][0]["classes"]["Gaming"]
    assert gaming["f1"] == gaming["f1_interval"]["high"] == 0
    assert found["rows"][0]["per_source"]["f1_macro"]["value"] == pytest.approx(100)


def test_agreement_weighs_every_source_alike() -> None:
    # Of twelve sources, four differ in both clips and one in one clip of two.
    found = small_comparison(wrong_a=0, wrong_b=9, failures=0)
    assert found.agreement.value == pytest.approx(100 * 7.5 / 12)


@settings(max_examples=15)
@given(st.lists(st.sampled_from(CATEGORIES), min_size=24, max_size=24))
def test_a_bundle_against_itself_never_differs(answers: list[str]) -> None:
    videos = items()
    said = tuple(prediction(v.path, a) for v, a in zip(videos, answers, strict=True))
    found = compare_answers(
        videos, Answered(name="a", predictions=said), Answered(name="b", predictions=said)
    )
    assert found.flips == ()
    assert found.comparison.test.p_value == 1
    assert found.agreement.value == pytest.approx(100)
    assert "cannot be told apart" in found.summary[0]


def test_swapping_the_two_mirrors_the_difference() -> None:
    videos = items()
    a = tuple(prediction(v.path, v.label) for v in videos)
    b = tuple(prediction(v.path, "Gaming") for v in videos)
    one = compare_answers(
        videos, Answered(name="a", predictions=a), Answered(name="b", predictions=b)
    )
    two = compare_answers(
        videos, Answered(name="b", predictions=b), Answered(name="a", predictions=a)
    )
    assert one.comparison.test.difference.value == -two.comparison.test.difference.value
    assert "is worse than" in two.summary[0]
    assert np.array_equal(one.agreement_matrix, np.transpose(two.agreement_matrix))


def test_costs_add_up() -> None:
    one = Cost(num_videos=2, seconds=3.0, num_frames=128)
    assert one + one == Cost(num_videos=4, seconds=6.0, num_frames=256)
    videos = items()
    said = tuple(prediction(v.path, v.label) for v in videos)
    both = [Answered(name=name, predictions=said, cost=one) for name in "ab"]
    assert "A video costs a 1500 ms and b 1500 ms here." in compare_answers(videos, *both).summary


def _answered(name: str, predictions: list[Prediction]) -> Answered:
    return Answered(name=name, predictions=tuple(predictions))


def test_other_categories_are_refused() -> None:
    videos = items()
    said = [prediction(v.path, v.label) for v in videos]
    others = [replace(p, scores={**p.scores, "Sport": 0.0}) for p in said]
    with pytest.raises(BundleError, match="expected two bundles of the same categories"):
        compare_answers(videos, _answered("a", said), _answered("b", others))


def test_the_order_of_categories_does_not_matter() -> None:
    videos = items()
    said = [prediction(v.path, v.label) for v in videos]
    turned = [replace(p, scores=dict(reversed(p.scores.items()))) for p in said]
    found = compare_answers(videos, _answered("a", said), _answered("b", turned))
    assert found.flips == ()


def test_a_label_that_is_no_category_is_refused() -> None:
    videos = [replace(v, label="Sport") for v in items()]
    said = [prediction(v.path, "Gaming") for v in videos]
    with pytest.raises(LibraryError, match="the library has the category 'Sport'"):
        compare_answers(videos, _answered("a", said), _answered("b", said))


def test_nothing_to_compare_is_refused() -> None:
    videos = items()
    none = [failed(v.path) for v in videos]
    with pytest.raises(LibraryError, match="none of 24 videos was answered by both"):
        compare_answers(videos, _answered("a", none), _answered("b", none))
    with pytest.raises(LibraryError, match="the library has no such videos"):
        compare_answers([], _answered("a", []), _answered("b", []))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.jsonl", '{"path": "a"}\n'),
        ("rows.jsonl", "not json\n"),
        ("rows.json", "[1]"),
        ("rows.json", '[{"path": "a", "error": null, "category": null, "confidence": 1}]'),
        ("rows.csv", "path,label\na,b\n"),
        ("rows.csv", "path,category,confidence,duration_seconds,error_type\na,b,c,d,\n"),
    ],
)
def test_a_file_without_rows_is_refused(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="holds no rows of vidkind classify"):
        read_answers(path)


def test_rows_that_went_through_other_programs_are_read(tmp_path: Path) -> None:
    row = {**prediction("a.mp4", "Gaming").to_row(), "duration_seconds": 1.0}
    (tmp_path / "rows.jsonl").write_text(f"\ufeff{json.dumps(row)}\n\n", encoding="utf-8")
    lines = "path,category,confidence,score_Gaming,duration_seconds,error_type,error_message"
    (tmp_path / "rows.csv").write_text(
        f"\ufeff{lines}\na.mp4,Gaming,0.7,0.7,1,,\n", encoding="utf-8"
    )
    for name in ("rows.jsonl", "rows.csv"):
        assert [(p.path, p.category) for p in read_answers(tmp_path / name)] == [
            ("a.mp4", "Gaming")
        ]


def test_a_row_of_the_very_file_goes_before_one_of_the_same_name() -> None:
    videos = [replace(items(1)[0], path="/library/clip.mp4", key="clip.mp4")]
    rows = [prediction("/other/clip.mp4", "Gaming"), prediction("/library/clip.mp4", "Animation")]
    assert match_answers(rows, videos)[0].category == "Animation"
    assert match_answers(rows[:1], videos)[0].category == "Gaming"


def test_rows_find_their_videos_by_path_or_ending() -> None:
    videos = items(6)
    rows = [
        prediction(videos[0].path, "Gaming"),
        prediction("/elsewhere/library/clip 1.mp4", "Animation"),
        prediction("clip 3.mp4", "Flat_Content"),
        prediction("another clip.mp4", "Gaming"),
        failed("clip 4.mp4"),
    ]
    found = match_answers(rows, videos)
    assert [p.category for p in found] == ["Gaming", "Animation", None, "Flat_Content", None, None]
    types = [p.error and p.error.type for p in found]
    assert types == [None, None, "NoAnswerError", None, "NotAVideoError", "NoAnswerError"]
