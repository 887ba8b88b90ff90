"""Room is judged by the limits that the kernel itself works by."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kernel.config.paths import DataDir
from kernel.config.sections import DiskSettings, Settings
from kernel.observe.check import telling_line
from kernel.observe.check_data import check_databases, check_space
from kernel.store.evidence import EvidenceStore

GIB = 1 << 30


def under(free: int, *, yellow: int = 0, red: int = 0, black: int = 0) -> Settings:
    """Limits as shares of what is free, in percent."""
    levels = {
        "yellow_free_bytes": free * yellow // 100,
        "red_free_bytes": free * red // 100,
        "black_free_bytes": free * black // 100,
    }
    return Settings(disk=DiskSettings(**levels))


@pytest.mark.parametrize(
    ("limits", "state", "told"),
    [
        ({}, "ok", "GiB free"),
        ({"yellow": 1000}, "warn", "heavy work pauses"),
        ({"yellow": 1000, "red": 1000}, "fail", "nearly full"),
        ({"yellow": 1000, "red": 1000, "black": 1000}, "fail", "captures are refused"),
    ],
)
def test_the_disk_s_limits_are_those_of_the_settings(
    tmp_path: Path, limits: dict[str, int], state: str, told: str
) -> None:
    settings = under(shutil.disk_usage(tmp_path).free, **limits)
    check = check_space(DataDir(tmp_path), settings)
    assert check.state == state, check
    assert told in check.saw
    assert bool(check.remedy) is (state != "ok")


def test_a_second_drive_is_told_and_a_damaged_journal_is_another_check_s_finding(
    tmp_path: Path,
) -> None:
    place = DataDir(tmp_path / "data")
    with EvidenceStore.open(place):
        pass
    place.journal_db.write_bytes(b"garbage " * 1000)
    settings = Settings(
        disk=DiskSettings(
            yellow_free_bytes=0, red_free_bytes=0, black_free_bytes=0, spool_dir=tmp_path
        )
    )
    check = check_space(place, settings)
    assert (check.state, "second drive" in check.saw) == ("ok", True)


def test_the_first_telling_line_of_what_sqlite_found_is_shown(tmp_path: Path) -> None:
    assert (
        telling_line("*** in database main ***\nTree 4 page 2: bad\nmore") == "Tree 4 page 2: bad"
    )
    assert telling_line("ok") == "ok"
    assert telling_line("") == ""
    place = DataDir(tmp_path)
    with EvidenceStore.open(place):
        pass
    data = bytearray(place.journal_db.read_bytes())
    data[4096:8192] = b"\xff" * 4096
    place.journal_db.write_bytes(bytes(data))
    (broken,) = [check for check in check_databases(place) if check.state == "fail"]
    assert "***" not in broken.saw
    assert "\n" not in broken.saw
