"""What has a name of the data dir and is something else is named; nothing is opened for that."""

from __future__ import annotations

import os
from pathlib import Path

from kernel.config.kinds import wrong_kinds
from kernel.config.paths import DataDir


def test_each_name_of_another_kind_is_told_with_both(tmp_path: Path) -> None:
    place = DataDir(tmp_path)
    assert wrong_kinds(place) == []
    place.packs_dir.mkdir()
    place.override_file.write_text("{}")
    assert wrong_kinds(place) == []
    os.mkfifo(place.anchors_dir)
    place.inbox_dir.write_text("")
    (tmp_path / "config.toml").mkdir()
    assert wrong_kinds(place) == [
        f"{place.anchors_dir} is a pipe and should be a folder",
        f"{place.inbox_dir} is a file and should be a folder",
        f"{tmp_path / 'config.toml'} is a folder and should be a file",
    ]


def test_a_link_counts_as_what_it_leads_to(tmp_path: Path) -> None:
    place = DataDir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    place.packs_dir.symlink_to(tmp_path / "elsewhere")
    place.reserve_file.symlink_to(tmp_path / "nowhere")
    assert wrong_kinds(place) == []
