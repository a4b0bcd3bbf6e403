"""From files to feature sequences: one video or many, each frame embedded once."""

from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clips import numbered, render, truncate
from tests.tiny import SIZE, tiny_backbone
from vidkind.config import MultiScaleOptions, SamplingOptions
from vidkind.errors import BackboneError, DecodeError, VidkindError
from vidkind.features import embed_frames, embed_video, embed_videos
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.features.embed import embed_distinct
from vidkind.features.stream import EmbeddingStream
from vidkind.video import sample_frames

SAMPLING, SCALES = SamplingOptions(num_frames=12), MultiScaleOptions()


@pytest.fixture(scope="module")
def backbone(tmp_path_factory) -> OnnxBackbone:
    return OnnxBackbone(tiny_backbone(tmp_path_factory.mktemp("backbone")), num_threads=2)


class Counting:
    """A backbone that counts what it is given and which threads ask."""

    def __init__(self, inner: OnnxBackbone) -> None:
        self.inner, self.card = inner, inner.card
        self.parallel_calls, self.batch_size = inner.parallel_calls, inner.batch_size
        self.precision = inner.precision
        self.num_frames, self.threads, self.lock = 0, set(), threading.Lock()

    def embed(self, frames: np.ndarray) -> np.ndarray:
        with self.lock:
            self.num_frames += len(frames)
            self.threads.add(threading.current_thread().name)
        return self.inner.embed(frames)


orders = st.lists(st.integers(0, 3), min_size=1, max_size=40)
PICTURES = np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3), dtype=np.uint8)


@given(order=orders, calls=st.integers(1, 2))
def test_only_frames_that_differ_from_the_one_before_are_embedded(backbone, order, calls) -> None:
    counting = Counting(backbone)
    found = embed_distinct(PICTURES[order], counting, calls=calls)
    np.testing.assert_array_equal(found, backbone.embed(PICTURES[order]))
    assert counting.num_frames == 1 + sum(a != b for a, b in pairwise(order))


@given(before=orders, order=orders, calls=st.integers(1, 3))
def test_a_stream_gives_what_one_call_gives(backbone, before, order, calls: int) -> None:
    counting = Counting(backbone)
    with EmbeddingStream(counting, calls=calls) as stream:
        for start in (before, order):  # number 0 again: the first start was in vain
            for number, which in enumerate(start):
                stream.add(number, PICTURES[which])
        found = stream.features()
    np.testing.assert_array_equal(found, backbone.embed(PICTURES[order]))
    wanted = 1 + sum(a != b for a, b in pairwise(order))
    assert wanted <= counting.num_frames <= wanted + len(before)


def test_a_stream_passes_on_what_the_backbone_raises(backbone) -> None:
    with EmbeddingStream(backbone) as stream, pytest.raises(BackboneError, match="expects uint8"):
        stream.add(0, np.zeros((8, 8, 3), np.uint8))
        stream.features()


def test_embedding_goes_on_while_frames_are_decoded(backbone, tmp_path: Path) -> None:
    clip = render(tmp_path / "long.mp4", 120)
    begun = threading.Event()

    class Waiting(Counting):
        def embed(self, frames: np.ndarray) -> np.ndarray:
            begun.set()
            return super().embed(frames)

    with EmbeddingStream(Waiting(backbone)) as stream:

        def add(number: int, picture: np.ndarray) -> None:
            stream.add(number, picture)
            assert number < 60 or begun.wait(30)  # before the last frame has come

        options = SamplingOptions(num_frames=64)
        frames = sample_frames(clip, height=SIZE, width=SIZE, options=options, on_frame=add)
        features = stream.features()[frames.numbers]
    np.testing.assert_array_equal(features, backbone.embed(frames.frames))


def test_black_frames_and_damage_leave_the_same_features(backbone, tmp_path: Path) -> None:
    pictures = [numbered(n) if n % 3 else np.zeros((48, 64, 3), np.uint8) for n in range(60)]
    clip = render(tmp_path / "dark.mp4", pictures)
    damaged = tmp_path / "damaged.mkv"
    truncate(render(tmp_path / "whole.mkv", 200), damaged, 0.6)
    for path in (clip, damaged):
        one = embed_video(path, backbone, sampling=SAMPLING, multi_scale=SCALES)
        assert one.frames.num_black == (4 if path == clip else 0)
        after = embed_frames(one.frames, backbone, SCALES)
        np.testing.assert_array_equal(one.sequence.features, after.sequence.features)
        (many,) = embed_videos([path], backbone, sampling=SAMPLING, multi_scale=SCALES)
        np.testing.assert_array_equal(one.sequence.features, many.sequence.features)


def test_many_videos_equal_each_alone_whatever_the_workers(backbone, tmp_path: Path) -> None:
    paths = [render(tmp_path / f"{n}.mp4", 3 + 5 * n) for n in range(5)]
    how = {"sampling": SAMPLING, "multi_scale": SCALES}
    alone = [embed_video(path, backbone, **how) for path in paths]
    for together in (
        *(list(embed_videos(paths, backbone, **how, workers=n)) for n in (1, 2, 3)),
        *([embed_video(path, backbone, **how, cores=n) for path in paths] for n in (1, 2)),
    ):
        for one, other in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one.sequence.features, other.sequence.features)
            np.testing.assert_array_equal(one.sequence.times, other.sequence.times)
            np.testing.assert_array_equal(one.frames.frames, other.frames.frames)


def test_a_thread_does_a_whole_video(backbone, tmp_path: Path) -> None:
    counting = Counting(backbone)
    paths = [render(tmp_path / f"{n}.mp4", 12) for n in range(6)]
    list(embed_videos(paths, counting, sampling=SAMPLING, multi_scale=SCALES, workers=2))
    assert counting.threads == {"video_0", "video_1"}
    assert counting.num_frames == 6 * 12


def test_a_short_video_is_embedded_only_as_far_as_it_goes(backbone, tmp_path: Path) -> None:
    clip = render(tmp_path / "short.mp4", 3)
    counting = Counting(backbone)
    embed_video(clip, counting, sampling=SAMPLING, multi_scale=SCALES)
    assert counting.num_frames == 3
    list(embed_videos([clip], counting, sampling=SAMPLING, multi_scale=SCALES))
    assert counting.num_frames == 6


def test_errors_and_versions_keep_their_places(backbone, tmp_path: Path) -> None:
    good = render(tmp_path / "good.mp4", 20)
    found = list(
        embed_videos(
            [good, tmp_path / "none.mp4", good],
            backbone,
            sampling=SAMPLING,
            multi_scale=SCALES,
            workers=2,
            versions=lambda path, frames: [frames, 255 - frames],
        )
    )
    assert [isinstance(each, VidkindError) for each in found] == [False, True, False]
    for each in (found[0], found[2]):
        same, inverted = (version.features for version in each.versions)
        np.testing.assert_array_equal(same, each.sequence.features)
        np.testing.assert_allclose(inverted, 1 - same, atol=1e-6)


def test_an_unexpected_fault_of_a_file_is_a_decode_error(backbone) -> None:
    with pytest.raises(DecodeError, match=r"could not be decoded \(TypeError: .*report it"):
        embed_video(7, backbone, sampling=SAMPLING, multi_scale=SCALES)
    (found,) = embed_videos([7], backbone, sampling=SAMPLING, multi_scale=SCALES)
    assert isinstance(found, DecodeError)


def test_a_fault_of_the_backbone_is_no_fault_of_a_video(backbone, tmp_path: Path) -> None:
    class Broken(Counting):
        def embed(self, frames: np.ndarray) -> np.ndarray:
            raise MemoryError("no room")

    clip = render(tmp_path / "a.mp4", list(map(numbered, range(4))))
    with pytest.raises(MemoryError, match="no room"):
        list(embed_videos([clip], Broken(backbone), sampling=SAMPLING, multi_scale=SCALES))
