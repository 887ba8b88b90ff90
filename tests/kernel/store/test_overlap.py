"""Two folders that are one, or one in the other, are found under every name."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.store.overlap import lies_within, overlap


@pytest.mark.parametrize(
    "name", ["data", "data/.", "data/../data", "link", "data/in/deep", "link/in"]
)
def test_a_folder_lies_within_itself_and_what_is_around_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "data" / "in").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "data")
    assert lies_within(tmp_path / name, tmp_path / "data")
    assert overlap(tmp_path / "data", tmp_path / name)


def test_folders_beside_each_other_do_not_overlap(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert not overlap(tmp_path / "data", tmp_path / "data2")
    assert not lies_within(tmp_path, tmp_path / "data")
    assert overlap(tmp_path, tmp_path / "data")
