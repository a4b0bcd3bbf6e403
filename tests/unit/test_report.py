"""Reports: one file that loads nothing, escapes everything, and says what its pictures show."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.clips import render
from tests.reports import HOSTILE, evaluation_material, history, items, small_comparison
from vidkind.errors import MissingExtraError
from vidkind.evaluation.suspects import LabelSuspect
from vidkind.report import (
    EvaluationMaterial,
    write_comparison_report,
    write_evaluation_report,
)
from vidkind.report.cards import title_of
from vidkind.report.plots import training_plots
from vidkind.report.theme import ROLES, Canvas
from vidkind.report.thumbnails import MAX_PICTURES, NUM_FRAMES, film_strip, thumbnails

VOID = {"meta", "link", "img", "br", "input", "hr"}


class Page(HTMLParser):
    """Tags, ids, pictures and text of a page; complains about tags that are not closed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture(scope="module")
def material(tmp_path_factory) -> EvaluationMaterial:
    return evaluation_material(tmp_path_factory.mktemp("videos"))


@pytest.fixture(scope="module")
def evaluation(material: EvaluationMaterial, tmp_path_factory) -> Path:
    return write_evaluation_report(material, tmp_path_factory.mktemp("evaluation"))


@pytest.fixture(scope="module")
def comparison(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("comparison")
    clip = render(folder / "clip.mp4", 12)
    videos = {item.key: clip for item in items()}
    return write_comparison_report(
        small_comparison(), videos, folder / "report", library_name="library <i>"
    )


@pytest.fixture(params=["evaluation", "comparison"])
def page(request) -> Page:
    return Page(request.getfixturevalue(request.param))


def test_a_page_is_whole_and_loads_nothing(page: Page) -> None:
    assert page.open == []
    assert not page.all("script", "iframe", "object", "embed", "base", "form")
    for attributes in page.all("img", "link", "a", "use", "image"):
        for name in ("src", "href", "xlink:href", "srcset"):
            assert (attributes.get(name) or "#").startswith(("data:", "#"))
    styles = re.sub(r'<img src="data:[^"]*"', "", page.source)
    assert not re.search(r"@import|url\((?!#)", styles)
    policy = next(a for a in page.all("meta") if a.get("http-equiv"))
    assert "default-src 'none'" in str(policy["content"])


def test_names_that_are_html_are_shown_as_text(page: Page) -> None:
    assert "<script>" not in page.source
    assert "<b>more" not in page.source
    assert HOSTILE in page.text


def test_ids_are_unique_and_every_reference_has_one(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = re.findall(r'(?:href="#|url\(#|aria-labelledby=")([^")]+)', page.source)
    assert set(wanted) <= set(ids)


def test_pictures_and_tables_say_what_they_show(page: Page) -> None:
    images = page.all("img")
    assert images
    assert all(len(attributes["alt"] or "") > 20 for attributes in images)
    drawn = [attributes for _, attributes in page.tags if attributes.get("role") == "img"]
    assert len(drawn) == len(page.all("svg"))
    assert all(len(attributes["aria-label"] or "") > 40 for attributes in drawn)
    assert all(attributes.get("aria-hidden") == "true" for attributes in page.all("svg"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(attributes.get("scope") in ("row", "col") for attributes in page.all("th"))
    regions = [a for _, a in page.tags if a.get("class") == "scroll"]
    assert all(a["tabindex"] == "0" and a["aria-label"] for a in regions)


def test_a_page_has_one_title_and_headings_in_order(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert dict(page.tags[0][1])["lang"] == "en"


def test_drawings_take_their_colours_from_the_theme(page: Page) -> None:
    drawings = re.findall(r"<svg .*?</svg>", page.source, flags=re.DOTALL)
    for drawing in drawings:
        colours = set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", drawing))
        assert not colours, f"{colours} would not change with the theme"
        assert "var(--ink)" in drawing or "var(--muted)" in drawing
    for role in ROLES:
        assert page.source.count(f"--{role}:") == 3  # light, dark, print


def test_every_section_of_an_evaluation_is_there(evaluation: Path) -> None:
    page = Page(evaluation)
    for heading in ("In short", "Every classifier", "By category", "confidence is worth",
                    "Wrong answers", "Labels that are probably wrong", "Where the ensemble looks",
                    "How it learned"):  # fmt: skip
        assert heading in page.text
    for name in ("majority class", "logistic regression", "member 1 (seed 42)", "ensemble + TTA"):
        assert name in page.text
    assert "cannot be told apart from" in page.text
    assert "NotAVideoError: no frame can be shown" in page.text
    plots = {path.stem for path in (evaluation.parent / "plots").glob("*.png")}
    assert plots == {
        "accuracy", "categories", "confusion", "reliability", "risk_coverage", "training_loss",
        "training_acc", "attention_right", "attention_wrong",
    }  # fmt: skip
    for path in (evaluation.parent / "plots").iterdir():
        assert Image.open(path).size[0] > 800


def test_figures_of_the_page_are_those_of_the_evaluation(
    evaluation: Path, material: EvaluationMaterial
) -> None:
    row = next(row for row in material.result.rows if row.name == "ensemble")
    text = Page(evaluation).text
    accuracy = row.per_source.accuracy
    assert f"{accuracy.value:.1f} %" in text
    assert f"95 % interval {accuracy.low:.1f} to {accuracy.high:.1f} %" in text
    wrong = sum(map(sum, row.confusion)) - sum(row.confusion[k][k] for k in range(4))
    assert f"{wrong} of {material.result.num_videos} clips, the surest first" in text


def test_every_section_of_a_comparison_is_there(comparison: Path) -> None:
    page = Page(comparison)
    assert "old <b> is better than new" in page.text
    assert "clip 9.mp4" in page.text
    assert "NotAVideoError: <not> a video" in page.text
    assert "answers came from a file" in page.text
    assert "0.500" in page.text  # seconds a video
    assert len(page.all("img")) == 16
    assert page.text.count("wrong") >= 10


def test_what_is_not_at_hand_is_left_out(material: EvaluationMaterial, tmp_path: Path) -> None:
    material = replace(material, videos={}, histories={}, suspects=None)
    material = replace(
        material,
        result=replace(material.result, trust=None),
        test=replace(material.test, times=None, paths=None),
    )
    page = Page(write_evaluation_report(material, tmp_path / "report"))
    assert not page.all("img")
    assert "--library" in page.text
    assert "How it learned" not in page.text
    assert "Labels that are probably wrong" not in page.text
    assert "video 1" in page.text


def test_a_run_without_errors_says_so(material: EvaluationMaterial, tmp_path: Path) -> None:
    labels = material.result.probabilities["ensemble"].argmax(axis=1)
    right = replace(material.test, labels=labels.astype(np.int64))
    material = replace(material, test=right, suspects=())
    text = Page(write_evaluation_report(material, tmp_path / "report")).text
    assert "None found." in text
    assert re.search(r"Wrong answers\s+None\.", text)


def test_more_videos_than_fit_are_listed_without_frames(
    material: EvaluationMaterial, tmp_path: Path
) -> None:
    suspects = [
        LabelSuspect(path=f"clip {i}", split="val", given="Gaming", suggested="Animation",
                     score=0.1, suggested_probability=0.8)
        for i in range(MAX_PICTURES + 5)
    ]  # fmt: skip
    text = Page(
        write_evaluation_report(replace(material, suspects=suspects), tmp_path / "report")
    ).text
    assert "5 more, without frames" in text
    assert f"clip {MAX_PICTURES + 4}: given Gaming 10%, suggested Animation 80%" in text


def test_the_same_figures_give_the_same_bytes(
    evaluation: Path, material: EvaluationMaterial, tmp_path: Path
) -> None:
    again = write_evaluation_report(material, tmp_path)
    assert again.read_bytes() == evaluation.read_bytes()


@pytest.mark.parametrize("size", [(64, 48), (48, 64), (40, 400)])
def test_frames_keep_the_shape_of_the_video(tmp_path: Path, size: tuple[int, int]) -> None:
    clip = render(tmp_path / "clip.mp4", [np.full((size[1], size[0], 3), 90, np.uint8)] * 8)
    strip = film_strip(clip)
    assert strip.uri.startswith("data:image/jpeg;base64,")
    frames_wide = 2 if size[0] > size[1] else NUM_FRAMES
    rows = NUM_FRAMES // frames_wide
    width = (strip.width - 3 * (frames_wide - 1)) / frames_wide
    height = (strip.height - 3 * (rows - 1)) / rows
    assert height == 96
    wanted = max(size[0] / size[1], 1 / 2.4)  # a very long one is squeezed
    assert width / height == pytest.approx(wanted, abs=0.02)


def test_a_turned_video_is_shown_upright(tmp_path: Path) -> None:
    clip = render(tmp_path / "clip.mp4", [np.full((48, 64, 3), 90, np.uint8)] * 8, rotation=90)
    strip = film_strip(clip)
    assert strip.width > 3 * strip.height / 2  # four portraits side by side
    assert strip.height == 96


def test_videos_the_library_lacks_have_no_frames(tmp_path: Path) -> None:
    clip = render(tmp_path / "clip.mp4", 8)
    found = thumbnails({"a": clip, "b": tmp_path / "gone.mp4"}, ["a", "a", "b", "c"])
    assert set(found) == {"a", "b"}
    assert found["a"].uri
    assert found["b"].missing == "VideoNotFoundError: no frame can be shown"


def test_long_names_lose_their_beginning_in_plots() -> None:
    assert title_of("a.mp4", "(Gaming)") == "a.mp4 (Gaming)"
    title = title_of("x" * 80 + "/the\nend.mp4", "(Gaming)")
    assert title.startswith("…x")
    assert title.endswith("/the end.mp4 (Gaming)")
    assert len(title) <= 60


def test_a_member_that_never_improved_is_drawn(tmp_path: Path) -> None:
    flat = {name: [1.0] for name in history()}
    loss, _ = training_plots({"member": flat}, {"member": 1}, tmp_path)
    assert "at epoch 1, which was kept, of 1" in loss.alt


def test_the_ring_is_at_the_epoch_that_was_kept(tmp_path: Path) -> None:
    # Without early stopping the last epoch is kept, though an earlier one was better.
    falling = {name: values[::-1] for name, values in history(5).items()}
    _, accuracy = training_plots({"member": falling}, {"member": 5}, tmp_path)
    assert "validation from 80 to 40 at epoch 5, which was kept, of 5" in accuracy.alt
    assert accuracy.title == "Accuracy (%)"


def test_text_between_dollar_signs_is_no_formula(tmp_path: Path) -> None:
    with Canvas(1.0) as canvas:
        canvas.axes[0].set_title("a $x_{1$ b")
        plot = canvas.finish(tmp_path, name="dollars", title="t", alt="a")
    assert "a $x_{1$ b" in plot.svg


@pytest.mark.parametrize(
    ("module", "package", "name"),
    [("theme", "matplotlib.figure", "matplotlib"), ("page", "jinja2", "jinja2"),
     ("thumbnails", "PIL", "pillow")],
)  # fmt: skip
def test_a_missing_package_is_named(monkeypatch, module: str, package: str, name: str) -> None:
    import importlib

    monkeypatch.delitem(sys.modules, f"vidkind.report.{module}")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=f"{name} is not installed"):
        importlib.import_module(f"vidkind.report.{module}")
