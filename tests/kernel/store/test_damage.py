"""Damage to derived data is told as such, with its way out, and never as damage of evidence."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.check_derived import derived_note
from kernel.store.damage import WAY_OUT, derived_damaged, told_as_damage
from kernel.store.derived import DerivedStore
from kernel.store.mending import DamageFinder
from tests.kernel.store.test_chains import event_of
from tests.kernel.store.test_derived import TIMING, key_of, page_of


def filled(tmp_path: Path) -> DataDir:
    data_dir = DataDir(tmp_path)
    page = page_of(*(f"line {number} with words" for number in range(20)))
    with DerivedStore.open(data_dir) as store:
        store.commit_page(key_of(page), page, TIMING, [event_of(1, 1, page)])
    return data_dir


def test_only_damage_is_told_as_damage(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    assert told_as_damage(None, data_dir) is None
    assert told_as_damage(ValueError("no"), data_dir) is None
    told = told_as_damage(apsw.CorruptError("malformed"), data_dir)
    assert told is not None
    assert (told.code, told.hint) == ("derived-damaged", WAY_OUT)
    data_dir.journal_db.write_bytes(b"no database " * 100)
    assert told_as_damage(apsw.CorruptError("malformed"), data_dir) is None


def test_a_broken_off_reading_of_a_damaged_database_is_told(tmp_path: Path) -> None:
    data_dir = filled(tmp_path)
    with pytest.raises(KernelError) as caught, DerivedStore.open_read_only(data_dir):
        raise apsw.CorruptError("malformed")
    assert caught.value.code == derived_damaged("").code
    data_dir.derived_db.write_bytes(b"no database " * 400)
    for path in data_dir.root.glob("derived.db-*"):
        path.unlink()
    with pytest.raises(KernelError) as caught:
        DerivedStore.open_read_only(data_dir)
    assert caught.value.code == "derived-damaged"


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE results SET record=zeroblob(50)", "1 results cannot be read"),
        ("UPDATE results SET record_digest=zeroblob(16)", "1 results cannot be read"),
        ("UPDATE intervals SET first_us=first_us-5", "20 intervals do not fit"),
        ("UPDATE intervals SET runs=x'81'", "20 intervals do not fit"),
    ],
)
def test_what_is_damaged_is_noted(tmp_path: Path, damage: str, told: str) -> None:
    data_dir = filled(tmp_path)
    assert derived_note(data_dir, quick=False) == ""
    with DerivedStore.open(data_dir) as store:
        store._db.execute(damage)
    assert told in derived_note(data_dir, quick=False)
    assert derived_note(data_dir, quick=True) == ""


def test_only_what_is_in_force_counts_and_the_walk_ends(tmp_path: Path) -> None:
    with DerivedStore.open(filled(tmp_path)) as store:
        finder = DamageFinder(store._db)
        store._db.execute("UPDATE results SET record=zeroblob(50)")
        last, found = finder.results_behind(0, limit=10)
        assert last is not None
        assert [(damaged.stage, damaged.captured_at_us) for damaged in found] == [
            ("text", 1_000_000)
        ]
        assert finder.results_behind(last, limit=10) == (None, [])
        store._db.execute("PRAGMA foreign_keys=OFF")
        store._db.execute("DELETE FROM frames; DELETE FROM pages")
        assert finder.results_behind(0, limit=10)[1] == []
