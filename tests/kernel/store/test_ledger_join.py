"""One ledger out of two; the halves of a repair that need no whole data dir."""

from __future__ import annotations

from pathlib import Path

import blake3

from contracts.canonical import encode
from contracts.ledger import LedgerAnchor, LedgerEntry
from kernel.config.paths import DataDir
from kernel.store.backup_segment import missing_segment
from kernel.store.batch import GENESIS
from kernel.store.journal_swap import finish_swap, is_half_swapped, swap_journal
from kernel.store.ledger import pack_anchor
from kernel.store.ledger_join import LedgerRows, join_anchors, join_ledgers, unknown_anchors
from kernel.store.repair_backup import is_of_this


def chain(*acts: str) -> tuple[bytes, ...]:
    records: list[bytes] = []
    previous = GENESIS
    for seq, act in enumerate(acts, 1):
        entry = LedgerEntry(
            seq=seq, previous=previous, recorded_at_us=1, act=act, subject="", detail={}
        )
        records.append(encode(entry))
        previous = blake3.blake3(records[-1]).hexdigest()
    return tuple(records)


def anchor(records: tuple[bytes, ...]) -> bytes:
    head = blake3.blake3(records[-1]).hexdigest()
    return pack_anchor(LedgerAnchor(seq=len(records), head=head, recorded_at_us=1))


def test_a_backup_fills_a_hole_and_what_followed_goes_on() -> None:
    whole = chain("a", "b", "c", "d")
    joined = join_ledgers(LedgerRows(whole[:1], whole[2:]), LedgerRows(whole[:2]), [])
    assert joined == LedgerRows(whole)


def test_of_two_ledgers_the_one_of_the_earlier_anchors_goes_on() -> None:
    old, new = chain("a", "b"), chain("x", "y", "z")
    lines = [anchor(old), anchor(new)]
    assert join_ledgers(LedgerRows(new), LedgerRows(old), lines) == LedgerRows(old, new)
    assert join_ledgers(LedgerRows(old), LedgerRows(new), lines) == LedgerRows(old)


def test_anchors_of_both_are_joined_and_those_without_an_entry_counted() -> None:
    records = chain("a", "b", "c")
    lines = [anchor(records[:count]) for count in (1, 2, 3)]
    own = b"damaged\n" + lines[1] + lines[2]
    assert join_anchors(own, b"".join(lines[:2])) == b"".join(lines)
    assert unknown_anchors(records[:1], b"".join(lines)) == 2


def test_journals_change_places_and_a_cut_is_finished(tmp_path: Path) -> None:
    data_dir, fresh = DataDir(tmp_path), tmp_path / "journal-1.new"
    data_dir.journal_db.write_text("old")
    fresh.write_text("new")
    swap_journal(data_dir, fresh, tmp_path / "aside")
    assert data_dir.journal_db.read_text() == "new"
    assert (tmp_path / "aside" / "journal.db").read_text() == "old"
    data_dir.journal_db.rename(tmp_path / "journal.ready")
    assert is_half_swapped(data_dir)
    finish_swap(data_dir, tmp_path / "aside")
    assert data_dir.journal_db.read_text() == "new"


def test_a_folder_that_is_no_backup_is_of_nobody(tmp_path: Path) -> None:
    assert not is_of_this(DataDir(tmp_path), tmp_path)
    (finding,) = missing_segment(tmp_path / "gone", tmp_path / "never").findings
    assert finding.code == "segment-missing"
