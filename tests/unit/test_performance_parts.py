"""Counting, measuring and forecasting, piece by piece."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from tests.clips import render
from tests.tiny import tiny_backbone
from vidkind.cli.plan import _opened
from vidkind.config import SamplingOptions
from vidkind.errors import BackboneError
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.performance import copy_gigabytes_per_second, count_operations, peak_gflops
from vidkind.performance.bench import Clock
from vidkind.performance.bench_report import EngineTime, _about_engines
from vidkind.performance.calibrate import draw_by_size
from vidkind.performance.dry_run import OPENINGS, Decoding, dry_run
from vidkind.performance.layout import layout_of
from vidkind.performance.patterns import ENCODERS, ClipShape, render_pattern
from vidkind.performance.plan import makespan
from vidkind.performance.rates import CodecRates, MachineRates, fit_codec, quantities
from vidkind.performance.survey import Survey
from vidkind.performance.under_load import seconds_under_load, spread_of
from vidkind.records import VideoInfo
from vidkind.video import probe, sample_frames

SHAPE = ClipShape(width=64, height=48, num_frames=12, key_frame_every=6)


def graph(path: Path, nodes, shapes: dict[str, list[int]], outputs: list[str], weights) -> Path:
    """Saves a graph of float32 tensors."""
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "counted",
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
            [numpy_helper.from_array(w.astype(np.float32), n) for n, w in weights.items()],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    onnx.save(model, str(path))
    return path


def test_operations_of_a_grouped_convolution_and_a_gemm(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["y"], group=2, pads=[1, 1, 1, 1]),
        helper.make_node("Flatten", ["y"], ["flat"]),
        helper.make_node("Gemm", ["flat", "g"], ["z"], transB=1),
    ]
    weights = {"w": np.ones((6, 2, 3, 3)), "g": np.ones((5, 6 * 8 * 8))}
    path = graph(tmp_path / "g.onnx", nodes, {"x": [1, 4, 8, 8]}, ["z"], weights)
    cost = count_operations(path, {"x": np.zeros((1, 4, 8, 8), np.float32)})
    assert cost.macs == 6 * 8 * 8 * 2 * 9 + 5 * 6 * 8 * 8
    assert cost.flops == 2 * cost.macs
    assert cost.parameter_bytes == path.stat().st_size
    # Each output once: convolution, its flat view, and the five sums.
    assert cost.activation_bytes >= 4 * (6 * 8 * 8 + 5)


def test_operations_of_matrix_products_and_an_lstm(tmp_path: Path) -> None:
    steps, batch, size, hidden = 7, 2, 5, 3
    nodes = [
        helper.make_node("MatMul", ["x", "m"], ["p"]),
        helper.make_node(
            "LSTM", ["p", "w", "r"], ["", "h"], hidden_size=hidden, direction="bidirectional"
        ),
    ]
    weights = {
        "m": np.ones((4, size)),
        "w": np.ones((2, 4 * hidden, size)),
        "r": np.ones((2, 4 * hidden, hidden)),
    }
    path = graph(tmp_path / "l.onnx", nodes, {"x": [steps, batch, 4]}, ["h"], weights)
    cost = count_operations(path, {"x": np.zeros((steps, batch, 4), np.float32)})
    recurrent = steps * batch * 2 * 4 * hidden * (size + hidden)
    assert cost.macs == steps * batch * 4 * size + recurrent


def test_what_cannot_be_run_cannot_be_counted(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(BackboneError, match=r"cannot be counted .* takes x \[1\]"):
        count_operations(path, {"x": np.zeros(1, np.float32)})


def test_peaks_are_positive() -> None:
    assert peak_gflops(1, repeats=1) > 0.1
    assert copy_gigabytes_per_second(repeats=1) > 0.01


@pytest.mark.parametrize("codec", sorted(ENCODERS))
def test_rendered_clips_are_what_was_asked_for(codec: str, tmp_path: Path) -> None:
    info = probe(render_pattern(tmp_path / "clip.mkv", SHAPE, codec=codec))
    assert (info.codec, info.width, info.height) == (codec, SHAPE.width, SHAPE.height)
    batch = sample_frames(
        tmp_path / "clip.mkv", height=48, width=64, options=SamplingOptions(num_frames=12)
    )
    assert not np.array_equal(batch.frames[0], batch.frames[6])


def test_rendered_key_frames_come_as_asked(tmp_path: Path) -> None:
    info = probe(render_pattern(tmp_path / "clip.mp4", SHAPE))
    assert info.keyframe_interval_seconds == pytest.approx(6 / 25)


@pytest.mark.parametrize("sampler", ["exact", "keyframe"])
@pytest.mark.parametrize("num_frames", [1, 4, 16, 64])
@pytest.mark.parametrize("gop", [5, 30, 250])
def test_a_dry_run_counts_what_is_decoded(tmp_path, sampler, num_frames: int, gop: int) -> None:
    # No B-frames: which frames may be left out is not known beforehand.
    path = render(tmp_path / "clip.mp4", 150, g=str(gop), x264_params="scenecut=0:bframes=0")
    options = SamplingOptions(num_frames=num_frames, sampler=sampler)
    found = dry_run(layout_of(path, probe(path)), options)
    batch = sample_frames(path, height=24, width=32, options=options, num_threads=1)
    # The reader stops at the end of a stretch; the dry one looks at the frame that follows.
    assert found.frames_decoded == pytest.approx(batch.frames_decoded, abs=2 + 2 * found.seeks)
    assert found.pictures == len(np.unique(batch.times))
    assert 0 < found.share_read <= 1


def test_frames_that_may_be_left_out_are_counted(tmp_path: Path) -> None:
    path = render(tmp_path / "clip.mp4", 150, g="150", bf="3")
    options = SamplingOptions(num_frames=16)
    found = dry_run(layout_of(path, probe(path)), options)
    batch = sample_frames(path, height=24, width=32, options=options, num_threads=1)
    assert batch.frames_decoded <= found.frames_decoded <= 150


def test_a_container_without_index_is_taken_to_be_regular(tmp_path: Path) -> None:
    path = render(tmp_path / "clip.ts", 100, g="20", x264_params="scenecut=0:bframes=0")
    info = probe(path)
    small, large = layout_of(path, info), layout_of(path, replace(info, size_bytes=1 << 40))
    assert len(small.timeline.key_times) == len(large.timeline.key_times) == 5
    unknown = layout_of(path, replace(_unknown(info), size_bytes=1 << 40))
    assert len(unknown.timeline.key_times) == 0


def packet_sizes(path: Path) -> tuple[list[int], list[int]]:
    """Sizes of all packets, and of those that are key frames."""
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(container.streams.video[0]) if p.size]
    return [p.size for p in packets], [p.size for p in packets if p.is_keyframe]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.avi"])
def test_sizes_of_stored_frames_are_known(tmp_path: Path, name: str) -> None:
    path = render(tmp_path / name, 100, g="20", x264_params="scenecut=0:bframes=0")
    sizes, keys = packet_sizes(path)
    found = layout_of(path, probe(path))
    assert found.key_bytes == pytest.approx(np.mean(keys))
    others = (sum(sizes) - sum(keys)) / (len(sizes) - len(keys))
    if len(found.timeline.key_times):
        assert found.other_bytes == pytest.approx(others)
    whole = dry_run(found, SamplingOptions(num_frames=100))
    assert whole.bytes_decoded == pytest.approx(sum(sizes) + OPENINGS * found.key_bytes)
    few = dry_run(found, SamplingOptions(num_frames=2, sampler="keyframe"))
    if few.seeks:
        assert few.bytes_decoded < whole.bytes_decoded / 2


def test_a_low_rate_has_fewer_bytes_of_the_same_pictures(tmp_path: Path) -> None:
    low, high = (
        render_pattern(tmp_path / f"{low_rate}.mp4", SHAPE, low_rate=low_rate)
        for low_rate in (True, False)
    )
    assert sum(packet_sizes(low)[0]) < 0.7 * sum(packet_sizes(high)[0])


@pytest.mark.parametrize(("files", "again"), [(1, 0), (9, 0), (62, 1), (200, 5)])
def test_as_many_second_looks_are_foreseen_as_are_likeliest(files: int, again: int) -> None:
    library = Survey(videos=(), failures=(), drawn_from=files)
    assert library.second_look_share * files == pytest.approx(again)


def _unknown(info: VideoInfo) -> VideoInfo:
    return replace(info, keyframe_interval_seconds=None, num_frames=None, duration_seconds=None)


rates = st.floats(1e-5, 0.1)


@given(st.builds(CodecRates, rates, rates, rates, rates, rates, rates), st.integers(0, 2**32 - 1))
def test_rates_are_found_again(true: CodecRates, seed: int) -> None:
    generator = np.random.default_rng(seed)
    trials = []
    for megapixels in (0.06, 0.9):
        for _ in range(6):
            frames, seeks, pictures, size = (int(n) for n in generator.integers(1, 60, 4))
            trials.append((Decoding(
                frames_decoded=frames, bytes_decoded=1e4 * size, seeks=seeks, pictures=pictures,
                share_read=1.0,
            ), megapixels))  # fmt: skip
    rows = [quantities(*trial) for trial in trials]
    seconds = [true.seconds(*trial) for trial in trials]
    found = fit_codec(rows, seconds)
    again = [found.seconds(*trial) for trial in trials]
    np.testing.assert_allclose(again, seconds, rtol=1e-3)


def test_rates_are_never_negative() -> None:
    rows = [
        np.array(row, float) for row in ([1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0], [2, 1, 1, 1, 1, 1])
    ]
    found = fit_codec(rows, [1.0, 0.5, 0.7])
    assert min(found.frame, found.megapixel, found.seek, found.picture) >= 0


def test_codecs_that_are_not_measured_cost_what_the_commonest_does() -> None:
    h264 = CodecRates(1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    measured = MachineRates(
        key="k", date="2026-01-01", open=0.5, embed=2.0, answer=0.1, answer_tta=0.2, spread=0.0,
        codecs={"h264": h264},
    )  # fmt: skip
    decoding = Decoding(frames_decoded=3, bytes_decoded=0.0, seeks=0, pictures=2, share_read=1.0)
    # Opening it twice decodes a frame each time.
    assert measured.decode_seconds(decoding, "theora", 1.0) == 3 + 2 + 0.5
    assert measured.embed_seconds(decoding) == 4.0
    assert MachineRates.from_json(measured.to_json()) == measured


@pytest.mark.parametrize(
    ("int8_gain", "half_gain", "expected"),
    [
        (1.18, 1.0, "runtime: onnxruntime in float32, the fastest here"),
        (2.5, 1.9, "--runtime onnxruntime --precision int8: embeds 2.5 times as fast as float32"),
        (1.18, 1.17, "--runtime openvino --precision bfloat16: embeds 1.2 times"),
        (1.5, 1.9, "--runtime openvino --precision bfloat16: embeds 1.9 times"),
    ],
)
def test_int8_is_suggested_where_it_is_faster_here(
    int8_gain: float, half_gain: float, expected: str
) -> None:
    gains = {
        ("onnxruntime", "float32"): 1.0,
        ("onnxruntime", "int8"): int8_gain,
        ("openvino", "bfloat16"): half_gain,
    }
    rounds = (1.0, 3.0, 1.1)  # of a noisy machine
    clock = Clock(
        seconds={f"{r} {p}": [s / gain for s in rounds] for (r, p), gain in gains.items()}
    )
    engines = [
        EngineTime(
            runtime=runtime,
            precision=precision,
            frames_per_second=gain,
            agreement=0.9925,
            share_of_peak=None,
        )
        for (runtime, precision), gain in gains.items()
    ]
    (said,) = _about_engines(clock, engines, "float32")
    assert said.startswith(expected)
    assert ("cosine of features 0.9925" in said) == ("--precision" in said)


def test_seconds_under_load_are_of_one_piece_of_work() -> None:
    calls = itertools.count()
    assert seconds_under_load(lambda: next(calls), 3) < 5
    assert next(calls) == 3


@given(st.floats(0.1, 10), st.floats(0, 1))
def test_spread_is_half_the_middle_half(middle: float, width: float) -> None:
    times = [middle * (1 + width * (i / 8 - 0.5)) for i in range(9)]
    assert spread_of(times) == pytest.approx(width / 4)
    assert spread_of(times[:1]) == 0


@given(st.lists(st.floats(0, 10), min_size=1, max_size=30), st.integers(1, 5))
def test_workers_end_neither_too_early_nor_too_late(seconds: list[float], workers: int) -> None:
    end = makespan(seconds, workers)
    least = max(max(seconds), sum(seconds) / workers)
    assert least - 1e-9 <= end <= sum(seconds) / workers + max(seconds) + 1e-9


def test_files_are_drawn_by_their_size() -> None:
    drawn = draw_by_size([1, 0, 3], 4000, seed=1)
    shares = np.bincount(drawn, minlength=3) / 4000
    np.testing.assert_allclose(shares, [0.25, 0, 0.75], atol=0.03)
    assert draw_by_size([0.0, 0.0], 5, seed=1) == []
    assert draw_by_size([], 5, seed=1) == []


@pytest.mark.parametrize("kind", ["onnx", "other"])
def test_what_opening_measures_once_is_no_part_of_a_run(tmp_path: Path, kind: str) -> None:
    backbone = OnnxBackbone(tiny_backbone(tmp_path)) if kind == "onnx" else object()
    delays = iter([1.5, 0.0])

    def opening() -> object:
        time.sleep(next(delays))
        return backbone

    opened, seconds = _opened(opening, time.perf_counter() - 10)
    assert opened is backbone
    assert 10 < seconds < 11.5 if kind == "onnx" else seconds > 11.5
    assert list(delays) == ([] if kind == "onnx" else [0.0])
