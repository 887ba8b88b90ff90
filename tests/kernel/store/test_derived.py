"""The derived store: idempotent commits, the indexes, and what a reader sees."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from contracts import canonical
from contracts.derivation import DerivationKey, StageTiming
from contracts.text import TextLine, TextPage, Word
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.derived import DerivedStore, InconsistentPage

TIMING = StageTiming(
    queue_wait_us=1,
    load_us=2,
    run_us=3,
    input_bytes=4,
    memory_peak_bytes=5,
    finished_at_us=6,
)


def line_of(text: str, *, y: int = 10) -> TextLine:
    words: list[Word] = []
    at = 0
    for part in text.split():
        start = text.index(part, at)
        at = start + len(part)
        box = (start * 8, y, at * 8, y + 16)
        words.append(
            Word(text=part, box=box, confidence_permille=990, start=start, end=at),
        )
    box = (0, y, len(text) * 8, y + 16)
    return TextLine(text=text, box=box, confidence_permille=990, words=tuple(words))


def page_of(*texts: str, blob: str | None = None) -> TextPage:
    lines = tuple(line_of(text, y=10 + 20 * at) for at, text in enumerate(texts))
    digest = blob or canonical.digest_bytes("\n".join(texts).encode())
    return TextPage(
        blob=digest, width_px=1920, height_px=1080, engine="t", engine_version="1", lines=lines
    )


def key_of(page: TextPage, *, version: str = "1.0.0") -> DerivationKey:
    return DerivationKey(
        input_digest=page.blob,
        stage="text",
        plugin_id="ocr_test",
        plugin_version=version,
        config_digest="0" * 64,
    )


@pytest.fixture
def store(tmp_path: Path) -> DerivedStore:
    return DerivedStore.open(DataDir(tmp_path))


def test_a_committed_page_is_read_back_byte_for_byte(store: DerivedStore) -> None:
    page = page_of("Wifi guest code: maple-otter-59", "Grüße 東京")
    assert store.commit_page(key_of(page), page, TIMING)
    assert store.page_of(page.blob) == (key_of(page), page)
    assert store.has(key_of(page))
    assert list(store.processed_blobs()) == [page.blob]


def test_the_second_commit_of_a_key_changes_nothing(store: DerivedStore, tmp_path: Path) -> None:
    page = page_of("one line")
    assert store.commit_page(key_of(page), page, TIMING)
    other = page_of("another reading", blob=page.blob)
    assert not store.commit_page(key_of(page), other, TIMING)
    assert store.page_of(page.blob) == (key_of(page), page)
    database = apsw.Connection(str(tmp_path / "derived.db"))
    assert database.execute("SELECT count(*) FROM results").get == 1
    assert database.execute("SELECT count(*) FROM lines").get == 1


def test_a_newer_extractor_takes_over_and_the_old_result_stays(
    store: DerivedStore, tmp_path: Path
) -> None:
    old, new = page_of("c0de", blob="a" * 64), page_of("code red", blob="a" * 64)
    store.commit_page(key_of(old), old, TIMING)
    store.commit_page(key_of(new, version="2.0.0"), new, TIMING)
    found = store.page_of("a" * 64)
    assert found is not None
    assert found[1] == new
    assert store.has(key_of(old))
    assert store.blobs_matching_words('"red"', texts_max=10) == ("a" * 64,)
    database = apsw.Connection(str(tmp_path / "derived.db"))
    assert database.execute("SELECT count(*) FROM results").get == 2


def test_a_text_seen_twice_is_indexed_once(store: DerivedStore, tmp_path: Path) -> None:
    for name in ("a", "b"):
        page = page_of("the same line", blob=name * 64)
        store.commit_page(key_of(page), page, TIMING)
    database = apsw.Connection(str(tmp_path / "derived.db"))
    assert database.execute("SELECT count(*) FROM texts").get == 1
    assert set(store.blobs_matching_words('"same"', texts_max=10)) == {"a" * 64, "b" * 64}


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ('"1nv 20871"', True),
        ('"20871"', True),
        ('"var 11b p0stgresq1"', True),
        ('"test 1ntegrat10n"', True),
        ('"e db unreachab1e"', True),
        ('"20872"', False),
        ('"2087"', False),
    ],
)
def test_ids_are_found_whole_and_by_part(store: DerivedStore, match: str, *, found: bool) -> None:
    page = page_of("INV-20871 test:integration", "/var/lib/postgresql E_DB_UNREACHABLE")
    store.commit_page(key_of(page), page, TIMING)
    assert bool(store.blobs_matching_words(match, texts_max=10)) is found


def test_glued_words_are_found_as_substrings(store: DerivedStore) -> None:
    page = page_of("Carla Romano10:42")
    store.commit_page(key_of(page), page, TIMING)
    assert store.blobs_holding("r0man0", texts_max=5) == (page.blob,)
    assert store.blobs_holding("r0man1", texts_max=5) == ()


def test_a_page_about_another_blob_is_refused(store: DerivedStore) -> None:
    page = page_of("x")
    wrong = DerivationKey(
        input_digest="b" * 64,
        stage="text",
        plugin_id="ocr_test",
        plugin_version="1.0.0",
        config_digest="0" * 64,
    )
    with pytest.raises(InconsistentPage):
        store.commit_page(wrong, page, TIMING)


def test_a_page_whose_offsets_lie_is_refused_and_leaves_nothing(store: DerivedStore) -> None:
    word = Word(text="five", box=(0, 0, 9, 9), confidence_permille=1, start=1, end=5)
    line = TextLine(text="five", box=(0, 0, 9, 9), confidence_permille=1, words=(word,))
    page = TextPage(
        blob="c" * 64, width_px=9, height_px=9, engine="t", engine_version="1", lines=(line,)
    )
    with pytest.raises(InconsistentPage):
        store.commit_page(key_of(page), page, TIMING)
    assert store.page_of("c" * 64) is None


def test_a_commit_that_breaks_midway_leaves_nothing(tmp_path: Path) -> None:
    store = DerivedStore.open(DataDir(tmp_path))
    saboteur = apsw.Connection(str(tmp_path / "derived.db"))
    saboteur.execute(
        "CREATE TRIGGER stop BEFORE INSERT ON pages BEGIN SELECT raise(ABORT, 'stop'); END"
    )
    page = page_of("never seen")
    with pytest.raises(apsw.ConstraintError):
        store.commit_page(key_of(page), page, TIMING)
    assert not store.has(key_of(page))
    saboteur.execute("DROP TRIGGER stop")
    assert store.commit_page(key_of(page), page, TIMING)


def test_reading_needs_a_store_and_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KernelError) as caught:
        DerivedStore.open_read_only(DataDir(tmp_path))
    assert caught.value.code == "derived-missing"


def test_a_store_from_the_future_is_refused(tmp_path: Path) -> None:
    DerivedStore.open(DataDir(tmp_path)).close()
    database = apsw.Connection(str(tmp_path / "derived.db"))
    database.execute("PRAGMA user_version=99")
    for opener in (DerivedStore.open, DerivedStore.open_read_only):
        with pytest.raises(KernelError) as caught:
            opener(DataDir(tmp_path))
        assert caught.value.code == "derived-too-new"


def test_a_reader_sees_commits_of_a_writer_beside_it(tmp_path: Path) -> None:
    writer = DerivedStore.open(DataDir(tmp_path))
    reader = DerivedStore.open_read_only(DataDir(tmp_path))
    page = page_of("shared")
    writer.commit_page(key_of(page), page, TIMING)
    assert reader.page_of(page.blob) is not None
    assert reader.which_processed([page.blob, "f" * 64]) == {page.blob}
