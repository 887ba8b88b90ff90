"""A damaged store that can be made again is set aside under a dated name; nothing is removed."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from kernel.boot.rebuildable import open_or_set_aside


def make(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE IF NOT EXISTS t (x)")
    return connection


def test_healthy_store_is_opened_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    make(path).execute("INSERT INTO t VALUES (7)")
    connection, aside = open_or_set_aside(path, lambda: make(path))
    assert aside is None
    assert connection.execute("SELECT x FROM t").get == 7


@pytest.mark.parametrize("damage", [b"this is no database at all" * 200, b"\x00" * 5000])
def test_damaged_store_is_kept_under_another_name_and_a_new_one_opened(
    tmp_path: Path, damage: bytes
) -> None:
    path = tmp_path / "some.db"
    path.write_bytes(damage)
    connection, aside = open_or_set_aside(path, lambda: make(path))
    assert aside is not None
    assert aside.read_bytes() == damage
    assert connection.execute("SELECT count(*) FROM t").get == 0


def test_damaged_page_is_met_before_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    connection = make(path)
    for number in range(2000):
        connection.execute("INSERT INTO t VALUES (?)", (f"row {number} " * 5,))
    connection.close()
    data = bytearray(path.read_bytes())
    data[3 * 4096 : 3 * 4096 + 2000] = b"\xff" * 2000
    path.write_bytes(bytes(data))
    _, aside = open_or_set_aside(path, lambda: make(path))
    assert aside is not None


def test_error_that_is_no_damage_is_passed_on(tmp_path: Path) -> None:
    def refuse() -> apsw.Connection:
        raise apsw.CantOpenError("no")

    with pytest.raises(apsw.CantOpenError):
        open_or_set_aside(tmp_path / "some.db", refuse)
