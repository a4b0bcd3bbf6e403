"""The distillation room on rendered pictures: small, but the real thing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vidkind.distillation.batches import BatchMaker, augmented, normalise
from vidkind.distillation.corpus import (
    Corpus,
    Round,
    Source,
    build_corpus,
    list_sources,
)
from vidkind.distillation.degrade import STEPS, degrade, overlay, random_crop, random_size
from vidkind.distillation.export import export_student
from vidkind.distillation.options import CorpusOptions, DistillOptions, StudentOptions
from vidkind.distillation.student import Student
from vidkind.distillation.targets import fit_targets, group_weights
from vidkind.distillation.trainer import Distiller
from vidkind.errors import CheckpointError, ConfigError, LibraryError
from vidkind.features.backbones_onnx import OnnxBackbone
from vidkind.records import VideoItem
from vidkind.video.encode import write_video

TINY = StudentOptions(widths=(8, 16), depths=(1, 1), stem_width=8, feature_dim=12)
CATEGORIES = ("Animation", "Flat_Content", "Gaming", "Natural_Content")


def picture(seed: int, width: int = 96, height: int = 64) -> Image.Image:
    """A smooth picture with some flat boxes."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    image.paste(tuple(int(v) for v in rng.integers(0, 256, 3)), (8, 8, 30, 30))
    return image


def random_corpus(num: int = 40, size: int = 32) -> Corpus:
    """Pictures whose brightness is their category, and a teacher that sees it."""
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
    for versions, asked in ((2, 2), (3, 1)):
        noise = rng.integers(0, 60, (num, versions, size, size, 3))
        pixels = (noise + level[:, None, None, None, None]).astype(np.uint8)
        teacher = rng.normal(0, 0.1, (num, asked, 20))
        teacher[np.arange(num), :, np.arange(num) % 4] += 1
        rounds.append(
            Round(
                pixels,
                teacher.astype(np.float16),
                np.zeros((num, versions, len(STEPS)), np.uint8),
            )
        )
    options = CorpusOptions(picture_size=size, frames_per_clip=1)
    return Corpus(sources, tuple(rounds), CATEGORIES, options)


def run_options(**changes: object) -> DistillOptions:
    values: dict[str, object] = {
        "steps": 20, "batch_size": 16, "warmup_steps": 4, "sizes": (24, 32),
        "size_shares": (0.5,), "probe_every": 10,
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


def test_student_has_the_documented_size_and_shape() -> None:
    student = Student().eval()
    count = sum(p.numel() for p in student.parameters())
    assert 1_500_000 < count < 3_000_000
    with torch.inference_mode():
        assert student(torch.zeros(2, 3, 160, 160)).shape == (2, 256)
        assert student(torch.zeros(1, 3, 96, 128)).shape == (1, 256)


def test_export_gives_the_same_features_as_torch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    student = Student()
    frames = np.stack([np.asarray(picture(i, 64, 64)) for i in range(9)])
    student(normalise(torch.from_numpy(frames)))  # running statistics that are not the start's
    student.eval()
    card = export_student(student, tmp_path / "tiny.onnx", size=64, pretrained_on="nothing")
    with torch.inference_mode():
        expected = student(normalise(torch.from_numpy(frames))).numpy()
    backbone = OnnxBackbone(tmp_path / "tiny.onnx")
    found = backbone.embed(frames)
    assert card.feature_dim == found.shape[1] == 256
    assert backbone.card == card
    # Weights are stored as float16: relative to the spread of the features.
    assert np.abs(found - expected).max() <= 1e-3 * max(1.0, float(np.abs(expected).max()))
    assert (tmp_path / "tiny.onnx").stat().st_size < 6e6


def test_targets_and_batches_follow_their_seed() -> None:
    corpus = random_corpus()
    targets = fit_targets(corpus, use_clip_labels=False)
    features = np.asarray(corpus.rounds[0].teacher[:, 0], np.float32)
    labels = np.arange(len(features)) % 4
    assert (targets.logits(features).argmax(1) == labels).mean() > 0.9
    assert np.isclose((targets.components(features) ** 2).mean(), 1, rtol=0.1)
    maker = BatchMaker(corpus, targets, size=16, seed=1, use_clip_labels=False)
    first, again, other = maker(3, 0), maker(3, 0), maker(3, 1)
    assert np.array_equal(first.pictures, again.pictures)
    assert not np.array_equal(first.pictures, other.pictures)
    assert set(first.has_label[first.groups < 0]) == {0.0}
    x = augmented(first, 24, torch.device("cpu"))
    assert x.shape == (16, 3, 24, 24) and x.dtype == torch.float32


def test_group_weights_count_groups_and_categories() -> None:
    groups, labels = np.array(["a"] * 9 + ["b", "c", "c"]), np.array([0] * 10 + [1, 1])
    weights = group_weights(groups, labels)
    assert np.isclose(weights[labels == 0].sum(), weights[labels == 1].sum())
    assert np.isclose(weights[:9].sum() / weights[9], 3)  # nine pictures count like three


def test_twenty_steps_learn_and_resume_to_the_same_weights(tmp_path: Path) -> None:
    corpus, options = random_corpus(), run_options()
    whole = Distiller(corpus, tmp_path / "a", options=options, student=TINY).run()
    Distiller(corpus, tmp_path / "b", options=options, student=TINY).run(stop=7)
    resumed = Distiller(corpus, tmp_path / "b", options=options, student=TINY)
    assert resumed.step == 7
    again = resumed.run()
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    assert (tmp_path / "a" / "dashboard.png").stat().st_size > 1000


def test_log_holds_one_json_object_a_line(tmp_path: Path) -> None:
    Distiller(random_corpus(), tmp_path, options=run_options(steps=50), student=TINY).run()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert rows[0]["step"] == 50
    assert {"loss", "cosine", "label", "pictures_per_second"} <= set(rows[0])


def test_run_of_other_options_is_refused(tmp_path: Path) -> None:
    corpus = random_corpus()
    Distiller(corpus, tmp_path, options=run_options(), student=TINY).run(stop=2)
    with pytest.raises(CheckpointError, match="another lr"):
        Distiller(corpus, tmp_path, options=run_options(lr=1e-4), student=TINY)


def test_corpus_is_rendered_once_and_leaks_are_refused(tmp_path: Path) -> None:
    teacher = tmp_path / "teacher.onnx"
    torch.manual_seed(1)
    export_student(Student(TINY), teacher, size=32, pretrained_on="nothing")
    picture(4).save(tmp_path / "still.png")
    clip = tmp_path / "clip.mp4"
    write_video(clip, [np.asarray(picture(k)) for k in range(12)], fps=10)
    stills = [_item(tmp_path / "still.png", "Animation", None, "s")]
    clips = [_item(clip, "Gaming", "train", "c"), _item(clip, "Gaming", "val", "d")]
    options = CorpusOptions(picture_size=32, frames_per_clip=2)
    sources = list_sources(stills, clips, options)
    assert [source.is_clip for source in sources] == [False, True, True]
    done: list[int] = []
    corpus = build_corpus(
        sources, teacher, tmp_path / "corpus", options=options, workers=1, progress=done.append
    )
    assert sum(done) == 2 * len(sources)
    assert [r.pictures.shape for r in corpus.rounds] == [(3, 2, 32, 32, 3), (3, 3, 32, 32, 3)]
    assert [r.teacher.shape for r in corpus.rounds] == [(3, 2, 12), (3, 1, 12)]
    assert not corpus.rounds[0].applied[:, 0].any() and corpus.rounds[0].applied[:, 1].any()
    before = np.array(corpus.rounds[1].pictures)
    again = build_corpus(sources, teacher, tmp_path / "corpus", options=options, workers=1)
    assert np.array_equal(before, again.rounds[1].pictures)
    with pytest.raises(ConfigError, match="other sources or options"):
        build_corpus(sources[:2], teacher, tmp_path / "corpus", options=options, workers=1)
    with pytest.raises(LibraryError, match="'d' is in the stills"):
        list_sources([_item(tmp_path / "still.png", "Animation", None, "d")], clips, options)


def _item(path: Path, label: str, split: str | None, group: str) -> VideoItem:
    return VideoItem(
        path=str(path), key=path.name, label=label, split=split, group=group, source_id=group
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda: DistillOptions(steps=0),
        lambda: DistillOptions(size_shares=(0.5,)),
        lambda: StudentOptions(widths=(8,), depths=(1, 2)),
        lambda: CorpusOptions(degraded_per_round=()),
        lambda: CorpusOptions(picture_size=8),
    ],
)
def test_options_outside_their_domain_are_refused(make) -> None:
    with pytest.raises(ConfigError, match="expected"):
        make()
