"""One answer, however it is asked for: command line, Python, HTTP waited for and HTTP as a job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Run
from tests.service import Running, service
from vidkind import SingleVideoClassifier
from vidkind.config import Effort

pytestmark = pytest.mark.shared
CLIPS = ("Animation", "Flat_Content", "Gaming", "Natural_Content")
# Frames go through the backbone in batches of other sizes, which rounds float32 differently.
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with service(tmp_path_factory.mktemp("agrees") / "data") as started:
        yield started


@pytest.fixture(scope="module")
def classifier() -> SingleVideoClassifier:
    return SingleVideoClassifier()


@pytest.mark.parametrize("effort", ["fast", "normal", "full"])
@pytest.mark.parametrize("label", CLIPS)
def test_every_way_of_asking_gives_the_same_answer(
    running: Running,
    classifier: SingleVideoClassifier,
    vidkind: Run,
    shared_dir: Path,
    label: str,
    effort: Effort,
) -> None:
    path = sorted((shared_dir / "clips" / label).glob("*.mp4"))[7]
    python = classifier.classify_video(path, effort=effort)
    [command] = json.loads(vidkind("classify", path, "--effort", effort, "--format", "json").stdout)
    waited = running.post_file("/api/v1/classify", path, effort=effort).json
    job = running.get(waited["links"]["self"]).json
    assert job["result"] == waited["result"]
    assert job["effort"] == effort
    result = job["result"]
    row = json.loads(json.dumps(python.to_row()))
    # A cost, not an answer: it depends on how many threads decode.
    assert result["frames_decoded"] > 0 < row.pop("frames_decoded")
    for key, value in row.items():
        expected = path.name if key == "path" else value
        assert result[key] == pytest.approx(expected, abs=TOLERANCE), key
        if key != "path":
            assert command[key] == pytest.approx(value, abs=TOLERANCE), key
    # In whole milliseconds.
    assert result["frame_times"] == pytest.approx(python.frame_times.tolist(), abs=6e-4)
    assert result["attention"] == pytest.approx(python.attention.tolist(), abs=TOLERANCE)
    assert len(result["member_scores"]) == len(python.member_scores)
    for ours, theirs in zip(result["member_scores"], python.member_scores, strict=True):
        assert ours == pytest.approx(theirs, abs=TOLERANCE)
