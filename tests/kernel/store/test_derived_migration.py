"""A derived.db of version 1, as that version wrote it: kept, and its pages become intervals."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from kernel.config.paths import DataDir
from kernel.pipeline.arranger import Arranger
from kernel.store import derived_schema
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore
from tests.kernel.store.test_chains import stored
from tests.kernel.store.test_derived import TIMING

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    root = tmp_path / "old data"
    shutil.copytree(FIXTURES / "journal_v1", root)
    shutil.copy(FIXTURES / "derived_v1" / "derived.db", root / "derived.db")
    for path in (root, *root.rglob("*")):
        path.chmod(0o700)
    return DataDir(root)


def version_of(data_dir: DataDir) -> int:
    with closing(apsw.Connection(str(data_dir.derived_db))) as database:
        return int(str(database.execute("PRAGMA user_version").get))


def test_pages_of_version_1_are_read_and_found_before_they_are_in_their_places(
    data_dir: DataDir,
) -> None:
    assert version_of(data_dir) == 1
    with closing(DerivedStore.open(data_dir)) as store:
        assert version_of(data_dir) == derived_schema.VERSION
        assert store.count_processed_blobs() == 4
        assert len(store.blobs_matching_words('"0"', texts_max=10)) == 0
        assert len(store.blobs_matching_words('"20871"', texts_max=10)) == 1
        assert len(store.blobs_matching_words('"ed1t"', texts_max=10)) == 4
        assert len(store.blobs_holding("gru\u03b2e".replace("\u03b2", "ss"), texts_max=10)) == 4
        for blob in store.processed_blobs():
            found = store.page_of(blob)
            assert found is not None
            assert found[1].lines[0].text == "File Edit View"


def test_pages_of_version_1_become_the_intervals_of_a_fresh_store(
    data_dir: DataDir, tmp_path: Path
) -> None:
    with (
        EvidenceStore.open(data_dir) as evidence,
        closing(DerivedStore.open(data_dir)) as store,
        closing(DerivedStore.open(DataDir(tmp_path / "fresh"))) as fresh,
    ):
        arranger = Arranger(evidence, store)
        arranger.step()
        assert not arranger.is_behind
        for event in evidence.events_after(0, limit_rows=100):
            found = store.page_of(event.blob)
            assert found is not None
            if not fresh.commit_page(*found, TIMING, [event]):
                fresh.place_events([event])
        assert stored(store) == stored(fresh)
        assert store._db.execute("SELECT count(*) FROM lines").get == 0
        (line,) = store.intervals.find('"ed1t"', limit=5)
        assert (line.text, line.frames, line.app, line.monitor) == (
            "File Edit View",
            6,
            "editor",
            1,
        )
        assert len(store.blobs_matching_words('"ed1t"', texts_max=10)) == 4


def test_a_migration_that_breaks_midway_leaves_version_1(
    data_dir: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = (*derived_schema._MIGRATIONS[:1], derived_schema._MIGRATIONS[1] + "; nonsense")
    monkeypatch.setattr(derived_schema, "_MIGRATIONS", broken)
    with pytest.raises(apsw.SQLError):
        DerivedStore.open(data_dir)
    assert version_of(data_dir) == 1
    monkeypatch.undo()
    with closing(DerivedStore.open(data_dir)) as store:
        assert store.count_processed_blobs() == 4
