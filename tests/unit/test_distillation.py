"""The distillation room on rendered pictures: small, but the real thing."""

from __future__ import annotations

import dataclasses
import json
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from vidkind.dataset.degrade import STEPS, degrade, overlay, random_crop, random_size
from vidkind.distillation.batches import (
    BatchMaker,
    crops,
    from_disk,
    from_memory,
    group_weights,
)
from vidkind.distillation.corpus import Corpus, Round, Source, build_corpus, list_sources
from vidkind.distillation.export import (
    Backbone,
    export_backbone,
    fit_projection,
    pooled_features,
    store_as_half,
)
from vidkind.distillation.known_teachers import MOBILENET_V2, TEACHERS, Teacher, known_teacher
from vidkind.distillation.loss import distillation_loss
from vidkind.distillation.monitor import build_monitor
from vidkind.distillation.options import CorpusOptions, DistillOptions, StudentOptions
from vidkind.distillation.student import Student, normalise
from vidkind.distillation.teacher import TeacherMaps, graph_with_maps, measure, on_cpu, on_gpu
from vidkind.distillation.trainer import Distiller
from vidkind.errors import BackboneError, CheckpointError, ConfigError, LibraryError
from vidkind.features import BackboneCard, InputSpec, file_sha256, load_backbone, read_card
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.records import VideoItem
from vidkind.video.encode import write_video

TINY = StudentOptions(
    stem_width=8,
    channels=(6, 10, 10),
    strides=(2, 2, 1),
    hidden=(8, 16, 16),
    kernels=(3, 3, 3),
    pooled_dim=12,
)
MAPS = ("first", "second", "third")
KNOWN = Teacher(maps=MAPS, student=TINY)
CATEGORIES = ("Animation", "Flat_Content", "Gaming", "Natural_Content")


def picture(seed: int, width: int = 96, height: int = 64) -> Image.Image:
    """A smooth picture with some flat boxes."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    image.paste(tuple(int(v) for v in rng.integers(0, 256, 3)), (8, 8, 30, 30))
    return image


def random_corpus(num: int = 40, size: int = 48) -> Corpus:
    """Pictures whose brightness is their category."""
    rng = np.random.default_rng(3)
    sources = tuple(
        Source(
            path=f"{i}",
            is_clip=i % 3 == 0,
            label=CATEGORIES[i % 4],
            group=f"{'clip' if i % 3 == 0 else 'still'}:{i // 2}",
        )
        for i in range(num)
    )
    level = np.array([60 * (i % 4) for i in range(num)])
    rounds = []
    for versions in (2, 3):
        noise = rng.integers(0, 60, (num, versions, size, size, 3))
        pixels = (noise + level[:, None, None, None, None]).astype(np.uint8)
        rounds.append(Round(pixels, np.zeros((num, versions, len(STEPS)), np.uint8)))
    options = CorpusOptions(picture_size=size, frames_per_clip=1)
    return Corpus(sources, tuple(rounds), CATEGORIES, options)


def write_teacher(path: Path) -> Path:
    """A tiny convolutional teacher with two named maps, and its card."""
    torch.manual_seed(2)

    class Teacher(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = torch.nn.Conv2d(3, 6, 3, 4, 1)
            self.b = torch.nn.Conv2d(6, 10, 3, 2, 1)
            self.c = torch.nn.Conv2d(10, 10, 3, 1, 1)
            self.d = torch.nn.Conv2d(10, 12, 1)

        def forward(self, x):
            return self.d(self.c(self.b(self.a(x)))).relu().mean((2, 3))

    torch.onnx.export(
        Teacher(), (torch.zeros(2, 3, 32, 32),), str(path), dynamo=False,
        input_names=["frames"], output_names=["features"], opset_version=17,
        dynamic_axes={"frames": {0: "B"}, "features": {0: "B"}},
    )  # fmt: skip
    model = onnx.load(str(path))
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    for node, name in zip(convolutions, MAPS, strict=False):
        old = node.output[0]
        node.output[0] = name
        for other in model.graph.node:
            other.input[:] = [name if value == old else value for value in other.input]
    onnx.save(model, str(path))
    spec = InputSpec(
        layout="NCHW", dtype="float32", height=32, width=32, scale=2 / 255, offset=-1.0
    )
    card = BackboneCard(
        name="tiny", feature_dim=12, input=spec, sha256=file_sha256(path), file=path.name
    )
    path.with_suffix(".json").write_text(json.dumps(card.to_json()))
    return path


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_teacher(tmp_path_factory.mktemp("teacher") / "tiny.onnx")


def run_options(**changes: object) -> DistillOptions:
    values: dict[str, object] = {
        "steps": 20, "forced_steps": 8, "batch_size": 16, "warmup_steps": 4, "crop_size": 32,
        "teacher_crop_size": 32, "working_size": 32, "probe_every": 10,
    }  # fmt: skip
    return DistillOptions(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_degradation_gives_rgb_and_follows_its_seed(step) -> None:
    results = [step.apply(picture(1), np.random.default_rng(5)) for _ in range(2)]
    assert results[0].mode == "RGB"
    if step.name != "letterbox":
        assert results[0].size == (96, 64)
    assert np.array_equal(np.asarray(results[0]), np.asarray(results[1]))


def test_degrade_applies_at_least_one_step_and_says_which() -> None:
    for seed in range(30):
        first, applied = degrade(picture(seed), np.random.default_rng(seed), picture(99))
        again, _ = degrade(picture(seed), np.random.default_rng(seed), picture(99))
        assert applied.shape == (len(STEPS),)
        assert applied.any()
        assert np.array_equal(np.asarray(first), np.asarray(again))


def test_overlay_changes_at_most_a_fifth_of_the_picture() -> None:
    for seed in range(20):
        before = picture(2, 120, 120)
        after = overlay(before, np.random.default_rng(seed), picture(7))
        changed = (np.asarray(before) != np.asarray(after)).any(axis=2)
        assert 0 < changed.mean() <= 0.21


def test_crop_and_size_stay_within_the_picture() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        cropped = random_crop(picture(1, 200, 100), rng, whole_share=0.2)
        scaled = random_size(cropped, rng, low=40, high=80)
        assert cropped.width <= 200 and cropped.height <= 100
        assert min(scaled.size) <= 80


@pytest.mark.parametrize(
    ("name", "million", "expected"),
    [
        ("mobilenet_v2_1.0", 2.5, [32] * 2 + [16] * 3 + [8] * 7 + [4] * 4),
        ("efficientnet_lite0", 2.9, [32] * 2 + [16] * 2 + [8] * 6 + [4] * 5),
    ],
)
def test_student_has_the_documented_size_and_shape(
    name: str, million: float, expected: list[int]
) -> None:
    student = Student(TEACHERS[name].student).eval()
    count = sum(p.numel() for p in student.parameters())
    assert round(count / 1e6, 1) == million
    with torch.inference_mode():
        assert student(torch.zeros(1, 3, 96, 128)).shape == (1, 1280)
        x, sides = torch.zeros(1, 3, 128, 128), []
        for number, channels in enumerate(student.options.channels):
            x = student.block(number, x)
            assert x.shape[1] == channels
            sides.append(x.shape[-1])
    assert sides == expected
    assert len(TEACHERS[name].maps) == len(sides)


def test_unknown_teachers_are_refused(teacher: Path) -> None:
    with pytest.raises(BackboneError, match="'tiny' are not known; expected one of mobilenet_v2"):
        known_teacher(read_card(teacher))


def test_blocks_with_a_shortcut_learn_what_the_teacher_adds() -> None:
    assert TINY.has_shortcut == (False, False, True)
    assert sum(MOBILENET_V2.student.has_shortcut) == 10
    first, second = torch.randn(2, 16, 4, 3, 3)
    answers = [[first, first + 0.1 * second, first.mean((2, 3))]]
    found = measure(answers, (False, True))
    torch.testing.assert_close(found.changes[0], found.maps[0])
    torch.testing.assert_close(found.changes[1], 0.1 * second.std((0, 2, 3)))


def test_large_maps_are_learnt_from_a_part_of_the_batch_while_forced(teacher: Path) -> None:
    batch = BatchMaker(random_corpus(), run_options(), size=16)(3, 0)
    shown, taught = crops(batch, run_options(), torch.device("cpu"))
    answers = TeacherMaps(teacher, MAPS, side=32)(taught)
    head = torch.nn.Linear(12, 4)
    seen: list[list[int]] = []
    for forced in (True, False):
        student = Student(TINY)
        counts: list[int] = []
        for block in student.blocks:
            block.register_forward_hook(lambda _m, x, _y, c=counts: c.append(len(x[0])))
        statistics = measure([answers], TINY.has_shortcut)
        distillation_loss(
            student, head, shown, answers, statistics, batch, forced=forced, label_weight=0.0
        )["loss"].backward()
        assert all(p.grad is not None for p in student.parameters())
        seen.append(counts)
    assert seen == [[4, 16, 16], [16, 16, 16]]


def test_export_gives_the_same_features_as_torch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    student, corpus = Student(MOBILENET_V2.student), random_corpus()
    frames = np.stack([np.asarray(picture(i, 64, 64)) for i in range(9)])
    student(normalise(torch.from_numpy(frames)))  # running statistics that are not the start's
    student.eval()
    backbone = Backbone(student, fit_projection(student, corpus, size=64, dim=16))
    card = export_backbone(backbone, tmp_path / "small.onnx", size=64, pretrained_on="nothing")
    loaded = OnnxBackbone(tmp_path / "small.onnx")
    found = loaded.embed(frames)
    assert card.feature_dim == found.shape[1] == 16
    assert loaded.card == card
    halve(student)  # the file holds float16 weights
    with torch.inference_mode():
        expected = backbone(torch.from_numpy(frames)).numpy()
    assert np.abs(found - expected).max() <= 1e-3 * max(1.0, float(np.abs(expected).max()))
    assert (tmp_path / "small.onnx").stat().st_size < 6e6


def test_projection_keeps_what_varies_most_and_lets_no_direction_blow_up() -> None:
    torch.manual_seed(0)
    student, corpus = Student(TINY), random_corpus(160)
    student(normalise(torch.from_numpy(np.array(corpus.rounds[0].pictures[:, 0]))))
    student.eval()
    pictures = np.concatenate([corpus.rounds[0].pictures[:, k] for k in (0, 1)])
    whole, half = (fit_projection(student, corpus, size=48, dim=dim) for dim in (12, 6))
    pooled = torch.from_numpy(pooled_features(student, pictures, 48)).float()
    with torch.inference_mode():
        found, kept = whole(pooled).numpy(), half(pooled).numpy()
    assert np.isclose(found.var(0).mean(), 1, atol=0.1)
    assert np.abs(found.mean(0)).max() < 0.2
    # Rotated back, the components have their own deviations; half of them keep the most of it.
    values = np.linalg.svd(found - found.mean(0), compute_uv=False)
    shares = np.sort(values**2)[::-1] / (values**2).sum()
    spread = found.std(0).max() / found.std(0).min()
    assert spread < 0.5 * values[0] / values[-1]
    fitted = np.linalg.lstsq(kept - kept.mean(0), found - found.mean(0), rcond=None)[0]
    left = found - found.mean(0) - (kept - kept.mean(0)) @ fitted
    assert np.isclose((left**2).sum() / (found - found.mean(0)).var(0).sum() / len(found),
                      shares[6:].sum(), atol=0.05)  # fmt: skip


def halve(student: Student) -> None:
    """Folds each batch normalisation into its convolution and rounds as the export does."""
    for sequence in [m for m in student.modules() if isinstance(m, torch.nn.Sequential)]:
        layers = list(sequence)
        for k in range(len(layers) - 1):
            conv, norm = layers[k], layers[k + 1]
            if isinstance(conv, torch.nn.Conv2d) and isinstance(norm, torch.nn.BatchNorm2d):
                sequence[k] = torch.nn.utils.fuse_conv_bn_eval(conv, norm)
                sequence[k + 1] = torch.nn.Identity()
    for parameter in student.parameters():
        if parameter.numel() >= 256:
            parameter.data = parameter.data.half().float()


def test_half_storage_keeps_names_and_small_tensors() -> None:
    values = np.linspace(-1, 1, 300, dtype=np.float32)
    small = np.ones(3, np.float32)
    node = onnx.helper.make_node("Add", ["x", "large"], ["y"])
    graph = onnx.helper.make_graph(
        [node],
        "g",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [300])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [300])],
        [
            onnx.numpy_helper.from_array(values, "large"),
            onnx.numpy_helper.from_array(small, "small"),
        ],
    )
    model = onnx.helper.make_model(graph)
    store_as_half(model)
    stored = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert stored == {"small": onnx.TensorProto.FLOAT, "large_half": onnx.TensorProto.FLOAT16}
    assert model.graph.node[0].op_type == "Cast"


def test_teacher_shows_its_maps_at_any_size(teacher: Path) -> None:
    answers = TeacherMaps(teacher, MAPS, side=64)(torch.zeros(5, 3, 64, 64))
    maps = [(5, 6, 16, 16), (5, 10, 8, 8), (5, 10, 8, 8)]
    assert [tuple(a.shape) for a in answers] == [*maps, (5, 12)]
    with pytest.raises(BackboneError, match="no tensor 'fourth'"):
        TeacherMaps(teacher, ("fourth",), side=64)


def test_teacher_of_a_larger_picture_answers_at_the_size_the_student_sees(teacher: Path) -> None:
    options = run_options(crop_size=32, teacher_crop_size=64)
    batch = BatchMaker(random_corpus(), options, size=16)(3, 0)
    shown, taught = crops(batch, options, torch.device("cpu"))
    assert shown.shape[2:] == (32, 32) and taught.shape[2:] == (64, 64)
    halved = TeacherMaps(teacher, MAPS, side=64, scale=32 / 64)(taught)
    whole = TeacherMaps(teacher, MAPS, side=64)(taught)
    assert [a.shape[-1] for a in halved[:3]] == [8, 4, 4]
    for small, large in zip(halved[:3], whole[:3], strict=True):
        torch.testing.assert_close(small.mean((2, 3)), large.mean((2, 3)), atol=0.2, rtol=0.2)
    assert torch.equal(halved[-1], whole[-1])


def test_the_graph_a_gpu_would_run_answers_as_onnx_runtime_does(teacher: Path) -> None:
    torch.manual_seed(0)
    x = torch.rand(6, 3, 64, 64) * 2 - 1
    graph = graph_with_maps(teacher, MAPS, "features", 64)
    for ours, theirs in zip(on_gpu(graph, x.device)(x), on_cpu(graph)(x), strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-2 * float(theirs.abs().max()), rtol=0)


def test_pictures_in_memory_are_those_on_disk() -> None:
    corpus = random_corpus()
    rng = np.random.default_rng(0)
    rounds, rows = rng.integers(2, size=30), rng.integers(40, size=30)
    versions = rng.integers(np.where(rounds == 0, 2, 3))
    held = from_memory(corpus, torch.device("cpu"))(rounds, rows, versions)
    assert torch.equal(held, from_disk(corpus)(rounds, rows, versions))
    assert np.array_equal(held[7], corpus.rounds[rounds[7]].pictures[rows[7], versions[7]])


def test_batches_follow_their_seed_and_labels_of_clips_are_left_out() -> None:
    corpus = random_corpus()
    maker = BatchMaker(corpus, run_options(), size=16)
    first, again, other = maker(3, 0), maker(3, 0), maker(3, 1)
    assert np.array_equal(first.shown, again.shown)
    assert not np.array_equal(first.shown, other.shown)
    assert first.has_label.sum() == 10  # six of sixteen are frames of clips
    assert not first.is_cross.any()  # not while forced
    late = maker(15, 0)
    assert late.is_cross.any()
    shown, taught = crops(late, run_options(), torch.device("cpu"))
    assert shown.shape == (16, 3, 32, 32) and shown.dtype == torch.float32
    differs = (shown != taught).flatten(1).any(1).numpy()
    assert np.array_equal(differs, late.is_cross > 0)


def test_group_weights_count_groups_and_categories() -> None:
    groups, labels = np.array(["a"] * 9 + ["b", "c", "c"]), np.array([0] * 10 + [1, 1])
    weights = group_weights(groups, labels)
    assert np.isclose(weights[labels == 0].sum(), weights[labels == 1].sum())
    assert np.isclose(weights[:9].sum() / weights[9], 3)  # nine pictures count like three


def test_twenty_steps_resume_to_the_same_weights(tmp_path: Path, teacher: Path) -> None:
    corpus, options = random_corpus(), run_options()
    whole = Distiller(corpus, teacher, KNOWN, tmp_path / "a", options=options).run()
    Distiller(corpus, teacher, KNOWN, tmp_path / "b", options=options).run(stop=7)
    resumed = Distiller(corpus, teacher, KNOWN, tmp_path / "b", options=options)
    assert resumed.step == 7
    again = resumed.run()
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    assert (tmp_path / "a" / "dashboard.png").stat().st_size > 1000
    with pytest.raises(CheckpointError, match="another lr"):
        changed = run_options(lr=1e-4)
        Distiller(corpus, teacher, KNOWN, tmp_path / "b", options=changed)


def test_what_was_logged_after_the_checkpoint_is_logged_once(tmp_path: Path, teacher: Path) -> None:
    corpus, options, log = random_corpus(), run_options(), tmp_path / "log.jsonl"
    Distiller(corpus, teacher, KNOWN, tmp_path, options=options).run(stop=7)
    # As it is after a kill: rows beyond the last checkpoint, the last one cut short.
    log.write_text('{"step": 5, "loss": 3.0}\n{"step": 9, "loss": 2.0}\n{"step": 12, "lo')
    resumed = Distiller(corpus, teacher, KNOWN, tmp_path, options=options)
    assert log.read_text() == '{"step": 5, "loss": 3.0}\n'
    resumed.run()
    assert (tmp_path / "dashboard.png").is_file()


def test_a_batch_that_cannot_be_made_ends_the_run(
    tmp_path: Path, teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distiller = Distiller(random_corpus(), teacher, KNOWN, tmp_path, options=run_options())

    def broken(step: int, part: int) -> object:
        raise OSError("the corpus is gone")

    monkeypatch.setattr(distiller, "_maker", broken)
    caught: list[OSError] = []

    def run() -> None:
        try:
            distiller.run()
        except OSError as error:
            caught.append(error)

    thread = threading.Thread(target=run, daemon=True)  # a run that waits for ever fails, too
    thread.start()
    thread.join(timeout=30)
    assert [str(error) for error in caught] == ["the corpus is gone"]


def test_a_run_starts_with_the_weights_of_another(tmp_path: Path, teacher: Path) -> None:
    corpus, finished = random_corpus(), tmp_path / "first" / "last.pt"
    first = Distiller(corpus, teacher, KNOWN, finished.parent, options=run_options()).run()
    options = run_options(seed=8, forced_steps=0)

    def second(start_from: Path, known: Teacher = KNOWN) -> Distiller:
        folder = tmp_path / "second"
        return Distiller(corpus, teacher, known, folder, options=options, start_from=start_from)

    begun = second(finished)
    assert begun.step == 0
    for name, value in first.state_dict().items():
        assert torch.equal(value, begun.averaged.state_dict()[name]), name
    begun.run(stop=3)
    assert second(finished).step == 3  # its own checkpoint goes before
    (tmp_path / "second" / "last.pt").unlink()
    other = Teacher(maps=MAPS, student=dataclasses.replace(TINY, hidden=(8, 8, 8)))
    with pytest.raises(CheckpointError, match="holds another student"):
        second(finished, other)
    (tmp_path / "notes.pt").write_text("no weights")
    with pytest.raises(CheckpointError, match="expected the last"):
        second(tmp_path / "notes.pt")


def test_training_comes_closer_to_the_teacher(tmp_path: Path, teacher: Path) -> None:
    options = run_options(steps=100, forced_steps=30, lr=2e-3)
    Distiller(random_corpus(), teacher, KNOWN, tmp_path, options=options).run()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [50, 100]
    assert {"loss", "map_0", "map_1", "pooled", "label", "crops_per_second"} <= set(rows[0])
    assert rows[1]["map_0"] < 0.8 * rows[0]["map_0"]


def test_corpus_is_rendered_once_and_leaks_are_refused(tmp_path: Path) -> None:
    picture(4).save(tmp_path / "still.png")
    clip = tmp_path / "clip.mp4"
    write_video(clip, [np.asarray(picture(k)) for k in range(12)], fps=10)
    stills = [_item(tmp_path / "still.png", "Animation", None, "s")]
    clips = [_item(clip, "Gaming", "train", "c"), _item(clip, "Gaming", "val", "d")]
    options = CorpusOptions(picture_size=32, frames_per_clip=2)
    sources = list_sources(stills, clips, options)
    assert [source.is_clip for source in sources] == [False, True, True]
    done: list[int] = []
    folder = tmp_path / "corpus"
    corpus = build_corpus(sources, folder, options=options, workers=1, progress=done.append)
    assert sum(done) == 2 * len(sources)
    assert [r.pictures.shape for r in corpus.rounds] == [(3, 2, 32, 32, 3), (3, 3, 32, 32, 3)]
    assert not corpus.rounds[0].applied[:, 0].any()
    assert corpus.rounds[0].applied[:, 1].any()
    before = np.array(corpus.rounds[1].pictures)
    again = build_corpus(sources, folder, options=options, workers=1)
    assert np.array_equal(before, again.rounds[1].pictures)
    with pytest.raises(ConfigError, match="other sources or options"):
        build_corpus(sources[:2], folder, options=options, workers=1)
    with pytest.raises(LibraryError, match="'d' is in the stills"):
        list_sources([_item(tmp_path / "still.png", "Animation", None, "d")], clips, options)
    same = [dataclasses.replace(stills[0], source_id="d")]
    with pytest.raises(LibraryError, match="'d' is in the stills"):  # by its recording only
        list_sources(same, clips, options)


def test_monitor_measures_student_and_teacher(tmp_path: Path, teacher: Path) -> None:
    clips = []
    for k in range(6):
        clip = tmp_path / f"{k}.mp4"
        write_video(clip, [np.asarray(picture(k + 10 * (k % 2)))] * 5, fps=10)
        split = "train" if k < 4 else "val"
        clips.append(_item(clip, ("Animation", "Gaming")[k % 2], split, str(k)))
    monitor = build_monitor(
        clips, load_backbone(teacher), tmp_path / "monitor.npz", size=32, num_frames=2
    )
    assert monitor is not None
    assert 0 <= monitor.teacher_accuracy() <= 100
    accuracy = monitor.student_accuracy(Student(TINY).eval(), 32, torch.device("cpu"))
    assert 0 <= accuracy <= 100
    assert (
        build_monitor(
            clips[:4], load_backbone(teacher), tmp_path / "none.npz", size=32, num_frames=2
        )
        is None
    )


def test_a_monitor_of_other_clips_or_teacher_is_made_anew(
    tmp_path: Path, teacher: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clips = []
    for k in range(7):
        clip = tmp_path / f"{k}.mp4"
        write_video(clip, [np.asarray(picture(k))] * 3, fps=10)
        clips.append(_item(clip, "ab"[k % 2], "train" if k < 4 else "val", str(k)))
    backbone, cache = load_backbone(teacher), tmp_path / "monitor.npz"

    def build(used: list[VideoItem], backbone=backbone, size: int = 32):
        read: list[int] = []
        monitor = build_monitor(
            used, backbone, cache, size=size, num_frames=2, progress=read.append
        )
        assert monitor is not None
        assert len(monitor.frames) == len(monitor.teacher) == len(monitor.is_train) == len(used)
        return monitor, sum(read)

    caplog.set_level("INFO")
    first, read = build(clips[:6])
    assert read == 6 and "made anew" not in caplog.text
    again, read = build(clips[:6])
    assert read == 0 and np.array_equal(first.teacher, again.teacher)
    other, read = build([*clips[:5], clips[6]])
    assert read == 6 and not np.array_equal(first.frames[5], other.frames[5])
    assert "made from other clips or another teacher" in caplog.text
    assert build(clips[:5])[1] == 5
    small, read = build(clips[:5], size=16)
    assert read == 5 and small.frames.shape[2:4] == (16, 16)

    class Untaught:
        card = dataclasses.replace(backbone.card, sha256="f" * 64)

        def embed(self, frames: np.ndarray) -> np.ndarray:
            return np.zeros((len(frames), 12), np.float32)

    assert not build(clips[:5], Untaught(), 16)[0].teacher.any()
    np.savez(cache, frames=first.frames, teacher=first.teacher)  # as written before there was a key
    assert build(clips[:6])[1] == 6


def _item(path: Path, label: str, split: str | None, group: str) -> VideoItem:
    return VideoItem(
        path=str(path), key=path.name, label=label, split=split, group=group, source_id=group
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda: DistillOptions(steps=0),
        lambda: DistillOptions(steps=5, forced_steps=9),
        lambda: DistillOptions(teacher_crop_size=0),
        lambda: DistillOptions(zoom=(0.9, 0.5)),
        lambda: DistillOptions(lr=-1.0),
        lambda: DistillOptions(lr=float("nan")),
        lambda: DistillOptions(seed=-1),
        lambda: StudentOptions(
            stem_width=8, channels=(8,), hidden=(8,), strides=(1, 2), kernels=(3,)
        ),
        lambda: CorpusOptions(degraded_per_round=()),
        lambda: CorpusOptions(picture_size=8),
    ],
)
def test_options_outside_their_domain_are_refused(make) -> None:
    with pytest.raises(ConfigError, match="expected"):
        make()
