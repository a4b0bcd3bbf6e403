from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.tiny import tiny_backbone, tiny_bundle, tiny_manifest, tiny_temporal
from vidkind.bundle import BundleManifest, load_bundle, write_bundle
from vidkind.bundle.manifest import FORMAT_VERSION
from vidkind.errors import BundleError


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
    (tmp_path / "photos").mkdir()
    with pytest.raises(BundleError, match="exists and is no bundle"):
        tiny_bundle(tmp_path, name="photos")


def test_a_failing_check_leaves_no_bundle(tmp_path: Path) -> None:
    def refuse(bundle) -> None:
        raise BundleError("no")

    backbone, temporal = tiny_backbone(tmp_path), tiny_temporal(tmp_path)
    with pytest.raises(BundleError, match="no"):
        write_bundle(
            tmp_path / "bundle",
            manifest=tiny_manifest(backbone, temporal),
            backbone=backbone,
            temporal=temporal,
            check=refuse,
        )
    assert not (tmp_path / "bundle").exists()
    assert not list(tmp_path.glob(".*"))


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


def test_a_zip_that_claims_gigabytes_is_refused(tmp_path: Path, monkeypatch) -> None:
    tiny_bundle(tmp_path, name="b.zip")
    monkeypatch.setattr("vidkind.bundle.reader._MAX_UNPACKED_BYTES", 10)
    with pytest.raises(BundleError, match="unpacks to more than"):
        load_bundle(tmp_path / "b.zip")
