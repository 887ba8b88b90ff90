import os
from pathlib import Path

from kernel.capture.filewalk import DEPTH_MAX, walk_files
from kernel.capture.refusal import RefusalCode


def walked(*paths: Path) -> list[tuple[str, RefusalCode | None]]:
    return [(f.path.name, f.refusal.code if f.refusal else None) for f in walk_files(paths)]


def test_folder_is_walked_in_the_order_of_names_and_hidden_ones_are_passed_over(
    tmp_path: Path,
) -> None:
    for name in ("b.png", "a/z.png", "a/.hidden.png", ".git/x.png", "c/d/e.png", "B.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    names = ["B.png", "z.png", "b.png", "e.png"]
    assert walked(tmp_path) == [(name, None) for name in names]


def test_hidden_file_is_taken_when_it_is_named(tmp_path: Path) -> None:
    (tmp_path / ".shot.png").touch()
    assert walked(tmp_path / ".shot.png") == [(".shot.png", None)]


def test_links_are_followed_when_named_and_refused_inside_folders(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "real.png").touch()
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file-link").symlink_to(outside / "real.png")
    (folder / "folder-link").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    assert walked(folder) == [
        ("file-link", RefusalCode.SYMLINK),
        ("folder-link", RefusalCode.SYMLINK),
        ("loop", RefusalCode.SYMLINK),
    ]
    assert walked(folder / "file-link", folder / "folder-link") == [
        ("real.png", None),
        ("real.png", None),
    ]


def test_what_is_not_there_or_no_file_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "ring").symlink_to("ring")
    assert walked(tmp_path / "no", tmp_path / "ring", tmp_path / "pipe", tmp_path / "a") == [
        ("no", RefusalCode.NOT_FOUND),
        ("ring", RefusalCode.SYMLINK),
        ("pipe", RefusalCode.NOT_A_FILE),
        ("a", None),
    ]


def test_paths_are_absolute(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    relative = Path(os.path.relpath(tmp_path))
    assert [f.path for f in walk_files([relative])] == [tmp_path.resolve() / "a"]


def test_folders_nested_too_deep_are_refused(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(DEPTH_MAX + 2):
        deep /= "d"
        deep.mkdir()
    assert walked(tmp_path) == [("d", RefusalCode.UNREADABLE)]
