"""Reading labelled libraries: layouts, manifests, and every complaint about them."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from vidkind.dataset import read_library
from vidkind.errors import LibraryError


def fill(root: Path, *keys: str) -> Path:
    """Empty files: the catalog opens none of them."""
    for key in keys:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).touch()
    return root


def manifest(root: Path, *lines: str, name: str = "list.csv") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    path = root / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_category_folders_are_read_in_sorted_order(tmp_path: Path) -> None:
    fill(tmp_path, "b/2.mp4", "b/deep/er/1.webm", "a/x.mov", "a/notes.txt", ".cache/z/q.mp4")
    library = read_library(tmp_path)
    assert [item.key for item in library.items] == ["a/x.mov", "b/2.mp4", "b/deep/er/1.webm"]
    assert [item.label for item in library.items] == ["a", "b", "b"]
    assert library.categories == ("a", "b")
    assert not library.has_splits
    assert library.root == tmp_path
    for item in library.items:
        assert item.group == item.source_id == item.key
        assert item.split is None
        assert Path(item.path).is_file()
    assert "3 videos of a, b; unsplit 3" in repr(library)


def test_split_folders_are_read_with_their_synonyms(tmp_path: Path) -> None:
    fill(tmp_path, "train/a/1.mp4", "train/b/2.mp4", "validation/a/3.mp4", "Test/b/4.mp4")
    library = read_library(str(tmp_path))
    assert library.has_splits
    assert {item.key: (item.split, item.label) for item in library.items} == {
        "train/a/1.mp4": ("train", "a"),
        "train/b/2.mp4": ("train", "b"),
        "validation/a/3.mp4": ("val", "a"),
        "Test/b/4.mp4": ("test", "b"),
    }


def test_manifest_defaults_and_order(tmp_path: Path) -> None:
    path = manifest(
        tmp_path,
        "label,path,source_id,group,colour",
        "b,./x/2.mp4,,,red",
        "",
        "a,1.mp4,film,,",
        "a,3.mp4,film,look-alikes,",
    )
    library = read_library(path, strict=False)
    keys = [(item.key, item.source_id, item.group) for item in library.items]
    assert keys == [
        ("x/2.mp4", "x/2.mp4", "x/2.mp4"),
        ("1.mp4", "film", "film"),
        ("3.mp4", "film", "look-alikes"),
    ]
    assert library.items[0].path == str(tmp_path / "x" / "2.mp4")
    assert not library.has_splits


def test_a_listed_file_that_does_not_exist_is_kept(tmp_path: Path) -> None:
    library = read_library(manifest(tmp_path, "path,label", "gone.mp4,a", "gone2.mp4,b"))
    assert len(library.items) == 2


def test_manifest_with_splits_and_byte_order_mark(tmp_path: Path) -> None:
    lines = ("\ufeffpath,label,split", "1.mp4,a,train", "2.mp4,b,Valid", "3.mp4,b,test")
    library = read_library(manifest(tmp_path, *lines))
    assert library.has_splits
    assert [item.split for item in library.items] == ["train", "val", "test"]


def test_manifest_in_a_folder_has_the_say(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fill(tmp_path, "a/1.mp4", "b/2.mp4", "c/3.mp4")
    manifest(tmp_path, "path,label", "a/1.mp4,x", "b/2.mp4,y", name="manifest.csv")
    with caplog.at_level(logging.INFO):
        library = read_library(tmp_path)
    assert library.categories == ("x", "y")
    assert "manifest" in caplog.text


def test_absolute_paths_in_a_manifest(tmp_path: Path) -> None:
    away = fill(tmp_path / "away", "1.mp4") / "1.mp4"
    library = read_library(manifest(tmp_path / "here", "path,label", f"{away},a", "2.mp4,b"))
    assert library.items[0].path == str(away)
    assert library.items[0].key == away.as_posix()


def test_one_file_is_listed_once_however_it_is_spelt(tmp_path: Path) -> None:
    for spelling in (tmp_path / "1.mp4", f"../{tmp_path.name}/1.mp4"):
        path = manifest(tmp_path, "path,label", "1.mp4,a", "2.mp4,b", f"{spelling},a")
        with pytest.raises(LibraryError, match="twice, on lines 2 and 4"):
            read_library(path)


def test_empty_cells_beyond_the_columns_say_nothing(tmp_path: Path) -> None:
    path = manifest(tmp_path, ",path,label", "0,1.mp4,a,", "1,2.mp4,b,,")
    assert [item.key for item in read_library(path).items] == ["1.mp4", "2.mp4"]


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ((), "no videos found .* expected <Category>"),
        (("a/1.txt",), "no videos found"),
        (("a/1.mp4", "a/2.mp4"), "two or more categories expected, only 'a' found"),
        (("a/1.mp4", "b/1.mp4", "stray.mp4"), "stray.mp4 lies in no category folder"),
        (("train/a/1.mp4", "val/stray.mp4"), "val/stray.mp4 lies in no category folder"),
        (("train/a/1.mp4", "b/1.mp4"), r"mixes split folders \(train\) with others \(b\)"),
    ],
)
def test_complaints_about_folders(tmp_path: Path, keys: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(LibraryError, match=complaint):
        read_library(fill(tmp_path, *keys))


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (("Path,lable", "1.mp4,a"), r"path \(did you mean 'Path'\?\) and label \(did you mean 'la"),
        (("file,kind", "1.mp4,a"), "no column path and label; found file, kind"),
        (("path,label",), "lists no videos"),
        (("path,label", "1.mp4,a"), "only 'a' found"),
        (("path,label", ",a"), "line 2: path is empty"),
        (("path,label", "1.mp4, "), "line 2: label is empty"),
        (("path,label", "1.mp4"), "line 2: label is empty"),
        (("path,label,split", "1.mp4,a,train", "2.mp4,b,dev"), "line 3: split is 'dev'"),
        (("path,label,split", "1.mp4,a,train", "2.mp4,b,"), r"1 of 2 rows .*first: line 3"),
        (("path,label", "1.mp4,a", "2.mp4,b", "./1.mp4,b"), "1.mp4 twice, on lines 2 and 4"),
        (("path,label", "x/1.mp4,a", "2.mp4,b", "x/../2.mp4,b"), "2.mp4 twice, on lines 3 and 4"),
        (("path;label", "1.mp4;a"), "columns separated by ';'; expected commas"),
        (("path\tlabel", "1.mp4\ta"), r"columns separated by '\\t'; expected commas"),
        (("path,label", "1.mp4,a", "x, y.mp4,b"), "line 3: more cells than columns; put a name"),
        (
            ("path,label,split,source_id", "1.mp4,a,train,film", "2.mp4,b,val,film"),
            "source 'film' is in two splits",
        ),
        (
            ("path,label,split,group", "1.mp4,a,train,g", "2.mp4,b,test,g"),
            "group 'g' is in two splits: 1.mp4 in train, 2.mp4 in test",
        ),
        (
            ("path,label,split,group,source_id", "1.mp4,a,train,g,film", "2.mp4,b,val,h,film"),
            "source 'film' is in two splits: 1.mp4 in train, 2.mp4 in val; put the whole source",
        ),
    ],
)
def test_complaints_about_manifests(tmp_path: Path, lines: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(LibraryError, match=complaint) as caught:
        read_library(manifest(tmp_path, *lines))
    assert "\n" not in str(caught.value)


def test_groups_that_share_a_source_are_joined(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = ("1.mp4,a,g2,film", "2.mp4,a,g1,film", "3.mp4,b,g1,", "4.mp4,b,alone,")
    path = manifest(tmp_path, "path,label,group,source_id", *lines)
    assert [i.group for i in read_library(path, strict=False).items] == ["g2", "g1", "g1", "alone"]
    assert caplog.text == ""
    assert [i.group for i in read_library(path).items] == ["g1", "g1", "g1", "alone"]
    assert "2 groups share recordings (source_id) and are kept together as 1" in caplog.text
    assert "the first is 'g1'" in caplog.text


def test_no_such_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"no library at .*absent"):
        read_library(tmp_path / "absent")


@pytest.mark.parametrize("content", [b"path,label\n\xff\xfe.mp4,a\n", b""])
def test_a_manifest_that_is_no_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(LibraryError, match=r"not a readable manifest|no column"):
        read_library(path)


@pytest.mark.shared
def test_the_real_clips(shared_dir: Path) -> None:
    library = read_library(shared_dir / "clips")
    assert len(library.items) == 605
    assert library.categories == ("Animation", "Flat_Content", "Gaming", "Natural_Content")
    assert library.has_splits
    assert len({item.source_id for item in library.items}) == 373
    assert {item.split for item in library.items} == {"train", "val"}
    assert all(Path(item.path).is_file() for item in library.items)
