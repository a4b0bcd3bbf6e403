"""What somebody meets who imports the package."""

from __future__ import annotations

import importlib.resources
from dataclasses import replace
from pathlib import Path

import pytest

import vidkind
from tests.clips import render
from tests.tiny import tiny_bundle
from vidkind import Prediction, SingleVideoClassifier
from vidkind.errors import ConfigError


@pytest.fixture(scope="module")
def classifier(tmp_path_factory) -> SingleVideoClassifier:
    return SingleVideoClassifier(tiny_bundle(tmp_path_factory.mktemp("bundle")).path)


def test_everything_public_is_listed_and_there() -> None:
    assert set(dir(vidkind)) == set(vidkind.__all__)
    assert all(getattr(vidkind, name) for name in vidkind.__all__)
    assert issubclass(vidkind.VideoError, vidkind.VidkindError)
    with pytest.raises(AttributeError, match="no attribute 'SingelVideo'"):
        _ = vidkind.SingelVideo


def test_its_types_are_there_for_those_who_use_it() -> None:
    assert importlib.resources.files("vidkind").joinpath("py.typed").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampler": "fast"}, "sampler is 'fast'; expected one of exact, keyframe"),
        ({"trust": "bogus"}, "trust is 'bogus'; expected one of learned, published"),
        ({"max_error": "a"}, "max_error is 'a'; expected a share from 0 to 1"),
        ({"coverage": "0.9"}, "coverage is '0.9'; expected a share from 0 to 1"),
    ],
)
def test_wrong_options_are_refused(classifier, options, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SingleVideoClassifier(classifier.bundle, **options)


def test_a_sampler_leaves_the_other_options_of_the_bundle(classifier) -> None:
    other = SingleVideoClassifier(classifier.bundle, sampler="keyframe")
    assert other.sampling == replace(classifier.sampling, sampler="keyframe")
    with pytest.raises(AttributeError):
        other.sampling = classifier.sampling


def test_an_effort_that_does_not_exist_is_refused(classifier, tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4", 4)
    message = "effort is 'quick'; expected one of fast, normal, full"
    with pytest.raises(ConfigError, match=message):
        classifier.classify_video(path, effort="quick")
    with pytest.raises(ConfigError, match=message):
        classifier.classify_videos([path], effort="quick")


def test_answers_and_classifiers_print_in_one_line(classifier, tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4", 4)
    answer = classifier.classify_video(path)
    assert isinstance(answer, Prediction)
    for text in (repr(answer), repr(classifier)):
        assert "\n" not in text and len(text) < 300
    assert repr(answer).startswith(f"Prediction({str(path)!r}: {answer.category}")
    (failed,) = classifier.classify_videos([tmp_path / "none.mp4"])
    assert "VideoNotFoundError" in repr(failed)
    assert classifier.categories[0] in repr(classifier)
