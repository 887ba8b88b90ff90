"""Anchors outside the database: whole lines, checked, cut lines replaced."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from contracts.ledger import LedgerAnchor
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.check_chain import check_ledger
from kernel.store.evidence import EvidenceStore
from kernel.store.ledger import ANCHORS_NAME, pack_anchor, parse_anchor
from kernel.store.readers import connect_reader
from kernel.store.report import Findings
from kernel.store.verify import verify
from tests.kernel.store.captures import draft

ANCHOR = LedgerAnchor(seq=7, head="ab" * 32, recorded_at_us=99)


@given(st.data())
def test_an_anchor_with_any_changed_bit_is_noticed(data: st.DataObject) -> None:
    line = bytearray(pack_anchor(ANCHOR))
    assert parse_anchor(bytes(line)) == ANCHOR
    bit = data.draw(st.integers(0, (len(line) - 1) * 8 - 1))
    line[bit // 8] ^= 1 << bit % 8
    assert parse_anchor(bytes(line)) is None


def test_a_line_that_a_crash_cut_short_is_replaced_by_the_next(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    EvidenceStore.open(data_dir).close()
    path = data_dir.anchors_dir / ANCHORS_NAME
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:50])
    report = verify(data_dir, quick=False)
    assert report.ok
    assert any("cut short" in note for note in report.notes)
    with EvidenceStore.open(data_dir) as store:
        store.append([draft(b"x")])
    lines = path.read_bytes().splitlines(keepends=True)
    assert lines[0] == whole
    assert [parse_anchor(line) is not None for line in lines] == [True, True]
    assert verify(data_dir, quick=False).ok


def test_the_check_counts_entries_and_finds_a_missing_anchors_file(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    for _ in range(3):
        EvidenceStore.open(data_dir).close()
    connection = connect_reader(data_dir.journal_db)
    findings = Findings()
    path = data_dir.anchors_dir / ANCHORS_NAME
    assert check_ledger(connection, path, findings, quick=False) == 6
    assert findings.result() == ((), 0)
    check_ledger(connection, path.with_name("elsewhere"), findings, quick=False)
    assert [found.code for found in findings.result()[0]] == ["anchors-missing"]
    connection.close()


def test_an_entry_that_breaks_its_contract_leaves_no_trace(tmp_path: Path) -> None:
    with EvidenceStore.open(DataDir(tmp_path / "data")) as store:
        before = store.ledger.head()
        for act, subject in (("", ""), ("x" * 300, ""), ("ok", "s" * 2000), ("ok", "\udc80")):
            with pytest.raises(KernelError) as refused:
                store.ledger.append(act, subject)
            assert refused.value.code == "ledger-entry-invalid"
        assert store.ledger.head() == before
