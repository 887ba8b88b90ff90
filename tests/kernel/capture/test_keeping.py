import json
from pathlib import Path

import pytest

from kernel.capture.keeping import CannotMove, OtherFileSystem, move_aside, quarantine


def write(folder: Path, *names: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text(name)
    return [folder / name for name in names]


def test_files_move_together_under_their_names(tmp_path: Path) -> None:
    kept = move_aside(write(tmp_path, "a.png", "a.json"), tmp_path / "x" / "y", "mark")
    assert [path.name for path in kept.paths] == ["a.png", "a.json"]
    assert not kept.renamed
    assert (tmp_path / "x" / "y" / "a.json").read_text() == "a.json"


def test_taken_name_marks_all_and_nothing_is_written_over(tmp_path: Path) -> None:
    there = tmp_path / "there"
    write(there, "a.json")
    for expected in ("a.mark", "a.mark-2", "a.mark-3"):
        kept = move_aside(write(tmp_path, "a.png", "a.json"), there, "mark")
        assert [path.name for path in kept.paths] == [f"{expected}.png", f"{expected}.json"]
        assert kept.renamed
    assert len(list(there.iterdir())) == 7


def test_reason_lies_beside_the_file(tmp_path: Path) -> None:
    reason = {"code": "empty"}
    kept = quarantine(write(tmp_path, "a.png"), [tmp_path / "q"], "mark", reason)
    written = kept.paths[0].with_name("a.png.reason.json")
    assert json.loads(written.read_bytes()) == reason


def test_move_that_fails_leaves_no_reason_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = write(tmp_path, "a.png")

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "open elsewhere", str(self), None, str(target))

    monkeypatch.setattr(Path, "rename", refuse)
    for _ in range(3):
        with pytest.raises(CannotMove):
            quarantine([first], [tmp_path / "q"], "mark", {"code": "empty"})
    assert list((tmp_path / "q").iterdir()) == []
    assert first.exists()


def test_missing_companion_is_passed_over_and_missing_file_is_an_error(tmp_path: Path) -> None:
    (first,) = write(tmp_path, "a.png")
    kept = move_aside([first, tmp_path / "a.json"], tmp_path / "x", "mark")
    assert [path.name for path in kept.paths] == ["a.png"]
    with pytest.raises(CannotMove):
        move_aside([first], tmp_path / "x", "mark")


def test_folder_on_another_file_system_is_passed_over(tmp_path: Path) -> None:
    other = Path("/dev/shm")  # noqa: S108 - a file system of its own, on every Linux
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system to write to")
    files = write(tmp_path, "a.png")
    with pytest.raises(OtherFileSystem):
        move_aside(files, other, "mark", {"code": "empty"})
    with pytest.raises(CannotMove, match="no quarantine folder"):
        quarantine(files, [other], "mark", {})
    kept = quarantine(files, [other, tmp_path / "q"], "mark", {})
    assert kept.paths == (tmp_path / "q" / "a.png",)
    assert not (other / "a.png.reason.json").exists()


@pytest.mark.parametrize("name", ["n" * 255, "n" * 251 + ".png", "." + "n" * 254, "é" * 127])
def test_longest_names_are_shortened_until_their_reason_fits(tmp_path: Path, name: str) -> None:
    for _ in range(2):
        kept = quarantine(write(tmp_path, name), [tmp_path / "q"], "1" * 16, {})
        assert kept.renamed
        assert kept.paths[0].read_text() == name
    assert len(list((tmp_path / "q").iterdir())) == 4
