"""What the doctor calls a copy: hashes, pairs of them, and what features say of those pairs."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.fft import dctn

from tests.clips import numbered, render
from tests.doctor_library import cropped, scene
from vidkind.bundle.backbone import open_backbone
from vidkind.doctor import hashes, matches
from vidkind.doctor.confirm import confirmed
from vidkind.doctor.duplicates import duplicate_findings
from vidkind.doctor.matches import Candidate, candidate_pairs
from vidkind.records import VideoItem
from vidkind.video.hygiene import luma

SIDE = hashes.FRAME_SIZE


def frames_of(seed: int, count: int = 4) -> np.ndarray:
    return np.stack(scene(seed, size=(SIDE, SIDE), frames=count))


# Hashes


def test_a_hash_is_the_sign_of_the_dct() -> None:
    frames = frames_of(1)
    found = hashes.frame_hashes(frames)
    assert found.shape == (len(hashes.VIEWS), 4, hashes.NUM_BITS)
    for frame, signs in zip(frames, found[0], strict=True):
        grid = luma(frame).reshape(32, SIDE // 32, 32, SIDE // 32).mean(axis=(1, 3))
        values = dctn(grid, norm="ortho")[:8, :8].ravel()[1:]
        clear = np.abs(np.abs(values) - 4) > 0.01
        expected = np.where(np.abs(values) < 4, 0, np.sign(values))
        assert np.array_equal(signs[clear], expected[clear])


def test_the_hash_of_a_view_is_that_of_the_cropped_picture() -> None:
    frames = frames_of(2)
    views = hashes.frame_hashes(frames)
    for number, view in enumerate(hashes.VIEWS):
        alone = hashes.frame_hashes(hashes.cropped(frames, view))[0]
        assert np.mean(alone == views[number]) > 0.9


def test_a_mirrored_hash_is_that_of_the_mirrored_picture() -> None:
    frames = frames_of(3)
    turned = hashes.frame_hashes(frames[:, :, ::-1])
    assert np.mean(hashes.mirrored(hashes.frame_hashes(frames)) == turned) > 0.99


def test_one_colour_has_no_hash() -> None:
    assert not hashes.frame_hashes(np.full((2, SIDE, SIDE, 3), 77, np.uint8)).any()


# Pairs


@given(st.integers(0, 2**32 - 1))
def test_similarity_is_the_hamming_distance(seed: int) -> None:
    """Against a loop over pairs, with the bits of planted near copies flipped."""
    rng = np.random.default_rng(seed)
    signs = rng.choice(np.array([-1, 1], np.int8), (6, len(hashes.VIEWS), 3, hashes.NUM_BITS))
    flips = np.where(rng.random(signs[0, 0].shape) < 0.15, -1, 1)
    signs[4, 0] = signs[1, 2] * flips
    found = {(c.first, c.second): c for c in candidate_pairs(signs)}
    distance = int(np.sum(signs[4, 0] != signs[1, 2]))
    expected = 1 - 2 * distance / signs[0, 0].size
    assert (expected >= matches.ALIGNED_THRESHOLD) == ((4, 1) in found)
    if (4, 1) in found:
        assert found[4, 1].similarity == pytest.approx(expected, abs=1e-5)
        assert found[4, 1].second_view == hashes.VIEWS[2]
    assert set(found) <= {(4, 1)}


def test_blocks_do_not_change_the_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    videos = [scene(n, size=(SIDE, SIDE), frames=8) for n in range(5)]
    videos += [cropped(videos[1]), videos[2][3:], videos[3]]
    signs = np.stack([_hash(pictures) for pictures in videos])
    whole = candidate_pairs(signs, with_mirrored=True)
    monkeypatch.setattr(matches, "_BLOCK_CELLS", 1)
    parts = candidate_pairs(signs, with_mirrored=True)
    assert [(c.first, c.second, c.second_view, c.aligned, c.mirrored) for c in parts] == [
        (c.first, c.second, c.second_view, c.aligned, c.mirrored) for c in whole
    ]
    assert [c.similarity for c in parts] == pytest.approx([c.similarity for c in whole])
    pairs = {frozenset((c.first, c.second)) for c in whole if c.similarity > 0.7}
    assert pairs == {frozenset((1, 5)), frozenset((2, 6)), frozenset((3, 7))}


def test_what_a_large_library_is_not_searched_for(monkeypatch, caplog) -> None:
    video = scene(2, size=(SIDE, SIDE), frames=16)
    signs = np.stack([_hash(video), _hash(video[6:])])
    assert [c.aligned for c in candidate_pairs(signs)] == [False]
    monkeypatch.setattr(matches, "ANY_TIME_LIMIT", 1)
    with caplog.at_level(logging.WARNING):
        assert all(c.aligned for c in candidate_pairs(signs))
    assert "not looked for: 2 videos are more than 1" in caplog.text


def test_empty_pictures_are_no_copies_of_each_other() -> None:
    signs = hashes.frame_hashes(np.zeros((4, SIDE, SIDE, 3), np.uint8))
    assert candidate_pairs(np.stack([signs, signs])) == []


def _hash(pictures: list[np.ndarray]) -> np.ndarray:
    rows = np.arange(SIDE) * len(pictures[0]) // SIDE
    columns = np.arange(SIDE) * pictures[0].shape[1] // SIDE
    chosen = np.linspace(0, len(pictures) - 1, 4).astype(int)
    return hashes.frame_hashes(np.stack([pictures[i][rows][:, columns] for i in chosen]))


def test_features_refuse_what_the_hashes_propose(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shown = [(scene(0), "20"), (scene(0), "32"), ([numbered(n) for n in range(24)], "20")]
    paths = [
        str(render(tmp_path / f"{n}.mp4", pictures, crf=crf))
        for n, (pictures, crf) in enumerate(shown)
    ]
    proposed = [Candidate(first=0, second=n, similarity=0.9) for n in (1, 2)]
    found = confirmed(proposed, paths, open_backbone(None), num_frames=4)
    assert [(c.second, cosine > 0.95) for c, cosine in found] == [(1, True)]
    weak = [replace(c, similarity=0.3) for c in proposed]
    assert confirmed(weak, paths, open_backbone(None), num_frames=4) == []
    (tmp_path / "2.mp4").unlink()
    left = confirmed(proposed, paths, open_backbone(None), num_frames=4)
    assert left == found
    assert "'" + paths[2] + "' is not a file that exists" in caplog.text


# Identical files


def _listed(kinds: list[tuple[str, str | None, str]]) -> list[VideoItem]:
    return [
        VideoItem(path=f"/{n}", key=str(n), label=a, split=s, group=g, source_id=str(n))  # type: ignore[arg-type]
        for n, (a, s, g) in enumerate(kinds)
    ]


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.sampled_from(["train", "val", "test", None]),
            st.sampled_from(["g", "h", "i"]),
        ),
        min_size=2,
        max_size=20,
    )
)
def test_identical_files_show_every_fault_that_a_pair_of_them_has(kinds) -> None:
    items = _listed(kinds)
    findings = list(duplicate_findings(items, [list(range(len(items)))], []))
    pairs = [list(pair) for pair in combinations(range(len(items)), 2)]
    every = {f.code: f for f in duplicate_findings(items, pairs, [])}
    assert [f.code for f in findings] == list(every)
    listed = [evidence.files for finding in findings for evidence in finding.evidence]
    assert len(set(listed)) == len(listed) <= 4 * (len(items) - 1)
    assert {key for files in listed for key in files} == {item.key for item in items}
    for finding in findings:
        known = {evidence.files for evidence in every[finding.code].evidence}
        assert {evidence.files for evidence in finding.evidence} <= known


def test_thousands_of_identical_files_are_told_at_once() -> None:
    items = _listed([("ab"[n % 2], "train", "g") for n in range(3000)])
    start = time.perf_counter()
    labels, group = duplicate_findings(items, [list(range(3000))], [])
    assert time.perf_counter() - start < 5
    assert (labels.severity, len(labels.evidence)) == ("leak", 1500)
    assert (group.severity, len(group.evidence)) == ("warning", 2998)
    assert labels.message == (
        "1500 pairs of copies under two labels; of up to 3,000 identical files not every pair is "
        "listed"
    )
    first = labels.evidence[0]
    assert first.detail == "same bytes; a / b; one of 3,000 identical files; similarity 1.00"
    assert first.values["identical_files"] == 3000


def test_two_identical_files_are_one_pair() -> None:
    (finding,) = duplicate_findings(_listed([("a", "train", "g"), ("a", "val", "g")]), [[0, 1]], [])
    assert finding.message == ("1 pair of copies in two splits: the test has been seen in training")
    assert finding.evidence[0].detail == "same bytes; train / val; similarity 1.00"
