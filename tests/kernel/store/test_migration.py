"""A data dir of every earlier schema is opened, verified and gone on with by today's code."""

from __future__ import annotations

import shutil
from pathlib import Path

import apsw
import pytest

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store import schema, sqlite
from kernel.store.evidence import EvidenceStore
from kernel.store.repair import repair
from kernel.store.verify import verify
from tests.architecture.tree import REPOSITORY
from tests.kernel.store.captures import START_US, draft
from tests.kernel.store.packing import pack_all, reclaim_all

EARLIER = sorted((REPOSITORY / "tests" / "fixtures").glob("journal_v*"))
"""Data dirs as the released program of each schema wrote them: never made again."""


@pytest.fixture(params=EARLIER, ids=lambda path: path.name)
def data_dir(request: pytest.FixtureRequest, tmp_path: Path) -> DataDir:
    shutil.copytree(request.param, tmp_path / "data")
    return DataDir(tmp_path / "data")


def version_of(data_dir: DataDir) -> int:
    connection = sqlite.connect(data_dir.journal_db, read_only=True)
    version = schema.read_version(connection)
    connection.close()
    return version


def test_there_is_a_fixture_of_every_earlier_schema() -> None:
    assert [path.name for path in EARLIER] == [f"journal_v{n}" for n in range(1, schema.VERSION)]


def test_it_is_backed_up_migrated_verified_and_appended_to(data_dir: DataDir) -> None:
    before = version_of(data_dir)
    with pytest.raises(KernelError) as refused:
        EvidenceStore.open_read_only(data_dir)
    assert refused.value.code == "schema-older"
    with EvidenceStore.open(data_dir) as store:
        events = store.events_after(0, limit_rows=100)
        assert [event.captured_at_us for event in events] == [
            START_US + number * 500_000 for number in range(6)
        ]
        assert len({event.blob for event in events}) == 4
        assert all(store.read_blob(event.blob).startswith(b"\x89PNG") for event in events)
        first = store.find_blob(events[0].blob)
        assert first is not None
        assert (first.pixel_digest or "").startswith("866b8a70f8bd6aed")
        ack = store.append([draft(b"after the migration")])[0]
        assert ack.event.seq == 7
        assert "store.migrated" in [entry.act for entry in store.ledger.entries()]
    assert version_of(data_dir) == schema.VERSION
    (copy,) = (data_dir.root / "migrations").iterdir()
    connection = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)
    assert schema.read_version(connection) == before
    connection.close()
    report = verify(data_dir, quick=False)
    assert report.ok, report.findings


def test_its_frames_can_be_packed(data_dir: DataDir) -> None:
    with EvidenceStore.open(data_dir) as store:
        store.append([draft(b"later")])
        pack_all(store)
        reclaim_all(store)
        assert all(store.read_blob(e.blob) for e in store.events_after(0, limit_rows=100))
    report = verify(data_dir, quick=False)
    assert report.ok, report.findings


def test_its_journal_can_be_built_again_from_its_packs(data_dir: DataDir) -> None:
    for path in data_dir.root.glob("journal.db*"):
        path.unlink()
    after = repair(data_dir).after
    # Events and pixels are all back; the ledger was nowhere else, and that stays told.
    assert [finding.code for finding in after.findings] == ["ledger-lost"]
    with EvidenceStore.open(data_dir) as store:
        assert store.count_events() == 6


def test_a_migration_that_fails_in_the_middle_changes_nothing(
    data_dir: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: apsw.Connection) -> None:
        raise apsw.FullError("no room")

    before = version_of(data_dir)
    steps = (*schema.MIGRATIONS, fail)
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    monkeypatch.setattr(schema, "VERSION", len(steps))
    with pytest.raises(KernelError, match="no space"):
        EvidenceStore.open(data_dir)
    monkeypatch.undo()
    assert version_of(data_dir) == before
    with EvidenceStore.open(data_dir) as store:
        assert store.count_events() == 6
