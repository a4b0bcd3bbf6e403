from __future__ import annotations

import errno
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.tiny import marked_int8, tiny_backbone, tiny_bundle, tiny_manifest, tiny_temporal
from tests.trust import drawn_trust
from vidkind import SingleVideoClassifier
from vidkind.bundle import BundleManifest, add_int8, load_bundle, write_bundle
from vidkind.bundle.backbone import open_backbone
from vidkind.bundle.manifest import FORMAT_VERSION
from vidkind.errors import BundleError, VidkindError
from vidkind.inference import TemporalEnsemble


def test_a_bundle_is_read_back_as_written(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path)
    again = load_bundle(tmp_path / "bundle")
    assert again.manifest == bundle.manifest
    assert again.manifest.format_version == FORMAT_VERSION
    assert BundleManifest.from_json(bundle.manifest.to_json()) == bundle.manifest


def test_a_zip_holds_the_same_bundle(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path, name="bundle.zip")
    assert zipfile.is_zipfile(tmp_path / "bundle.zip")
    assert bundle.backbone_file.is_file()
    assert bundle.manifest == tiny_bundle(tmp_path).manifest


def test_writing_again_replaces_the_bundle_and_nothing_else(tmp_path: Path) -> None:
    tiny_bundle(tmp_path)
    assert tiny_bundle(tmp_path, temperature=2.0).manifest.temperature == 2.0
    tiny_bundle(tmp_path, name="bundle.zip")
    assert tiny_bundle(tmp_path, name="bundle.zip", temperature=2.0).manifest.temperature == 2.0
    (tmp_path / "empty").mkdir()
    assert tiny_bundle(tmp_path, name="empty").manifest.temperature == 1.0
    (tmp_path / "bundle" / "notes.txt").write_text("mine")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("me.jpg", b"")
    (tmp_path / "text.zip").write_text("no zip")
    for name in ("bundle", "photos.zip", "text.zip"):
        with pytest.raises(BundleError, match="exists and is no bundle"):
            tiny_bundle(tmp_path, name=name)


def test_a_bundle_that_cannot_be_moved_aside_is_kept(tmp_path: Path, monkeypatch) -> None:
    path = tiny_bundle(tmp_path).path
    before = {file.name: file.read_bytes() for file in path.iterdir()}

    def busy(self: Path, target: Path) -> Path:
        raise OSError(errno.EBUSY, "Device or resource busy", str(self))

    monkeypatch.setattr(Path, "rename", busy)
    with pytest.raises(OSError, match="busy"):
        tiny_bundle(tmp_path, temperature=2.0)
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before
    assert [file.name for file in tmp_path.iterdir() if file.is_dir()] == ["bundle"]


def test_the_old_bundle_comes_back_where_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch
) -> None:
    path = tiny_bundle(tmp_path).path
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    rename = Path.rename

    def broken(self: Path, target: Path) -> Path:
        if self.suffix == ".partial":
            raise OSError(errno.EIO, "Input/output error", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", broken)
    with pytest.raises(OSError, match="Input/output"):
        tiny_bundle(tmp_path, temperature=2.0)
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before


def test_parts_that_do_not_fit_leave_no_bundle(tmp_path: Path) -> None:
    backbone, temporal = tiny_backbone(tmp_path), tiny_temporal(tmp_path)
    manifest = tiny_manifest(backbone, temporal)
    backbone.write_bytes(b"changed meanwhile")
    with pytest.raises(BundleError, match="damaged or mixed"):
        write_bundle(tmp_path / "bundle", manifest=manifest, backbone=backbone, temporal=temporal)
    assert not (tmp_path / "bundle").exists()
    assert not list(tmp_path.glob(".*"))


def test_the_shipped_bundle_is_the_default(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("vidkind.bundle.default._FOLDER", tmp_path / "bundle")
    with pytest.raises(BundleError, match="carries no default bundle"):
        load_bundle()
    shipped = tiny_bundle(tmp_path)
    assert load_bundle().manifest == shipped.manifest
    assert SingleVideoClassifier().bundle.path == tmp_path / "bundle"
    assert open_backbone(None).card.sha256 == shipped.manifest.backbone.sha256


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: shutil.rmtree(d), "no bundle at"),
        (lambda d: (d / "temporal.onnx").unlink(), "temporal.onnx missing"),
        (lambda d: (d / "backbone.onnx").write_bytes(b"x"), "damaged or mixed"),
        (lambda d: (d / "bundle.json").write_text("{"), "does not fit"),
        (lambda d: (d / "bundle.json").write_bytes(b"\xff\xfe"), "not UTF-8"),
        (lambda d: _edit(d, lambda m: m.pop("sampling")), "does not fit"),
        (lambda d: _edit(d, lambda m: m.update(format_version=99)), "format version 99"),
        (lambda d: _edit(d, lambda m: m["temporal"].update(feature_dim=7)), "not from one run"),
        (lambda d: _edit(d, lambda m: m.update(categories=["a", "a"])), "two or more different"),
        (lambda d: _edit(d, lambda m: m.update(temperature=0)), "expected a number above 0"),
        (lambda d: _edit(d, lambda m: m["backbone"]["input"].update(layout="HW")), "input.layout"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path: Path, damage, message: str) -> None:
    tiny_bundle(tmp_path)
    damage(tmp_path / "bundle")
    with pytest.raises(BundleError, match=message):
        load_bundle(tmp_path / "bundle")


def test_a_bundle_from_before_bars_were_cut_off_keeps_them(tmp_path: Path) -> None:
    assert tiny_bundle(tmp_path).manifest.sampling.crop_bars
    _edit(tmp_path / "bundle", lambda m: m["sampling"].pop("crop_bars"))
    assert not load_bundle(tmp_path / "bundle").manifest.sampling.crop_bars


def _edit(folder: Path, change) -> None:
    file = folder / "bundle.json"
    manifest = json.loads(file.read_text())
    change(manifest)
    file.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("content", "message"), [(b"not a zip", "is no bundle"), (None, "is no bundle")]
)
def test_foreign_files_are_no_bundle(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "b.zip"
    if content is None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("weights.pkl", b"\x80\x04.")
    else:
        path.write_bytes(content)
    with pytest.raises(BundleError, match=message):
        load_bundle(path)


def test_a_damaged_zip_is_no_bundle(tmp_path: Path) -> None:
    tiny_bundle(tmp_path, name="b.zip")
    content = bytearray((tmp_path / "b.zip").read_bytes())
    start = content.index(b"backbone.onnx") + len("backbone.onnx")
    content[start : start + 40] = bytes(range(215, 255))
    (tmp_path / "b.zip").write_bytes(content)
    with pytest.raises(BundleError, match="is no bundle"):
        load_bundle(tmp_path / "b.zip")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["categories"].pop(), "has K = 4, its bundle says 3"),
        (lambda m: m["temporal"].update(num_members=3), "has M = 2, its bundle says 3"),
        (
            lambda m: (m["temporal"].update(feature_dim=5), m["backbone"].update(feature_dim=5)),
            "its card says 5",
        ),
    ],
)
def test_graphs_must_fit_the_manifest(tmp_path: Path, change, message: str) -> None:
    tiny_bundle(tmp_path)
    _edit(tmp_path / "bundle", change)
    with pytest.raises(VidkindError, match=message):
        SingleVideoClassifier(tmp_path / "bundle")


def test_a_graph_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"expected \['features'\] and"):
        TemporalEnsemble(tiny_backbone(tmp_path), num_members=2)


def test_a_zip_that_claims_gigabytes_is_refused(tmp_path: Path, monkeypatch) -> None:
    tiny_bundle(tmp_path, name="b.zip")
    monkeypatch.setattr("vidkind.bundle.reader._MAX_UNPACKED_BYTES", 10)
    with pytest.raises(BundleError, match="unpacks to more than"):
        load_bundle(tmp_path / "b.zip")


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_trust_statistics_travel_with_the_bundle(tmp_path: Path, name: str) -> None:
    bundle = tiny_bundle(tmp_path, name=name, trust=drawn_trust())
    assert bundle.trust_file is not None
    assert bundle.trust_file.is_file()
    assert load_bundle(tmp_path / name).manifest == bundle.manifest
    assert tiny_bundle(tmp_path, name=name).trust_file is None


def test_a_manifest_of_before_trust_is_still_read(tmp_path: Path) -> None:
    tiny_bundle(tmp_path)
    _edit(tmp_path / "bundle", lambda manifest: manifest.pop("trust"))
    assert load_bundle(tmp_path / "bundle").trust_file is None


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_a_picture_head_travels_with_the_bundle(tmp_path: Path, name: str) -> None:
    plain = tiny_bundle(tmp_path, "plain")
    assert plain.head_file is None
    given = tmp_path / "given.json"
    given.write_text("{}")
    parts = {"backbone": plain.backbone_file, "temporal": plain.temporal_file}
    bundle = write_bundle(tmp_path / name, manifest=plain.manifest, **parts, head=given)
    assert bundle.head_file is not None and bundle.head_file.read_text() == "{}"
    int8 = marked_int8(plain.backbone_file, tmp_path / "int8.onnx")
    assert add_int8(bundle, int8, tmp_path / name).head_file is not None
    (plain.folder / "picture_head.json").write_text("{}")
    _edit(plain.folder, lambda manifest: manifest.update(head={"file": "a", "sha256": "0" * 64}))
    with pytest.raises(BundleError, match=r"picture_head\.json has SHA-256"):
        load_bundle(plain.folder)


def test_missing_or_changed_trust_statistics_are_refused(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path, trust=drawn_trust())
    file = bundle.folder / "trust.npz"
    content = file.read_bytes()
    file.write_bytes(content + b" ")
    with pytest.raises(BundleError, match=r"trust\.npz has SHA-256"):
        load_bundle(bundle.folder)
    file.unlink()
    with pytest.raises(BundleError, match=r"trust\.npz is missing"):
        load_bundle(bundle.folder)


@pytest.mark.parametrize("options", [{"max_error": 0.1}, {"coverage": 0.9}])
def test_a_bundle_without_trust_says_how_to_get_it(tmp_path: Path, options) -> None:
    bundle = tiny_bundle(tmp_path)
    with pytest.raises(BundleError, match=f"no trust statistics, which {next(iter(options))}"):
        SingleVideoClassifier(bundle, **options)
