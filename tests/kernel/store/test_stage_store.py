"""What the stages read and write: results once, frames in order, the graph in force."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from contracts import canonical
from contracts.derivation import DerivationKey
from contracts.embedding import TextBatch
from kernel.config.paths import DataDir
from kernel.store.derived import DerivedStore
from kernel.store.frames import NOWHERE, Frame, FrameTable
from kernel.store.placing import Placer
from kernel.store.replays import Replays
from kernel.store.stage_results import StageResults
from kernel.store.stage_store import StageStore
from tests.kernel.store.test_chains import event_of, page_of
from tests.kernel.store.test_derived import TIMING, key_of


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DerivedStore]:
    with closing(DerivedStore.open(DataDir(tmp_path))) as opened:
        yield opened


def state_key(name: str) -> DerivationKey:
    return DerivationKey(
        input_digest=canonical.digest_bytes(name.encode()),
        stage="state",
        plugin_id="watcher",
        plugin_version="1.0.0",
        config_digest="0" * 64,
    )


def show(store: DerivedStore, seconds: tuple[int, ...]) -> list[Frame]:
    for seq, second in enumerate(seconds, 1):
        page = page_of(((f"at {second}", 0),))
        store.commit_page(key_of(page), page, TIMING, [event_of(seq, second, page)])
    (stream,) = store.active_streams()
    return store.frames_following(stream, NOWHERE, limit=100)


def test_frames_stand_in_order_of_capture_however_they_came(store: DerivedStore) -> None:
    frames = show(store, (30, 10, 20))
    assert [frame.at_us for frame in frames] == [10_000_000, 20_000_000, 30_000_000]
    assert store.frame_before(frames[1]) == frames[0]
    assert store.frame_before(frames[0]) is None
    table: FrameTable = store._frames
    assert list(table.preceding(frames[0].stream_id, frames[2].place, limit=1)) == [frames[1]]


def test_a_result_is_stored_once_and_current_when_its_frame_is_settled(
    store: DerivedStore,
) -> None:
    frame = show(store, (10,))[0]
    key = state_key("a")
    assert isinstance(store, StageStore)
    assert store.commit_record(key, frame.event_id, b"one", TIMING)
    assert not store.commit_record(key, frame.event_id, b"another", TIMING)
    assert store.record_of("state", frame.event_id) is None
    store.settle_frame("state", frame, key)
    assert store.record_of("state", frame.event_id) == b"one"
    assert store.cursor("state", frame.stream_id) == frame.place
    store.settle_frame("state", frame, None)
    assert store.record_of("state", frame.event_id) is None


def test_a_late_frame_moves_every_cursor_back_to_its_place(store: DerivedStore) -> None:
    early, late = show(store, (10, 30))
    for stage in ("state", "delta"):
        store.settle_frame(stage, late, None)
    page = page_of((("between", 0),))
    store.commit_page(key_of(page), page, TIMING, [event_of(3, 20, page)])
    for stage in ("state", "delta"):
        cursor = store.cursor(stage, early.stream_id)
        (first, *_) = store.frames_following(early.stream_id, cursor, limit=9)
        assert first.at_us == 20_000_000


def test_a_frame_behind_the_cursor_leaves_it(store: DerivedStore) -> None:
    (first,) = show(store, (10,))
    store.settle_frame("state", first, None)
    page = page_of((("later", 0),))
    store.commit_page(key_of(page), page, TIMING, [event_of(2, 20, page)])
    assert store.cursor("state", first.stream_id) == first.place


def test_texts_come_in_batches(store: DerivedStore) -> None:
    show(store, (10, 20, 30))
    batch = canonical.decode(store.text_batch("2:3"), TextBatch)
    assert batch.texts == ("at 20", "at 30")


def test_the_graph_in_force_is_kept_and_a_change_is_told(store: DerivedStore) -> None:
    graph = [("text", "echo", "1.0.0", "0" * 64, "pixel_blob")]
    assert store.remember_stages(graph)
    assert not store.remember_stages(graph)
    assert store.remember_stages([("text", "echo", "2.0.0", "0" * 64, "pixel_blob")])
    rows = store._db.execute("SELECT plugin_version FROM stages ORDER BY since_us").fetchall()
    assert [row[0] for row in rows] == ["1.0.0", "2.0.0"]


def test_parts_share_one_connection(store: DerivedStore) -> None:
    assert isinstance(store._placer, Placer)
    assert isinstance(store.replays, Replays)
    assert isinstance(store._results, StageResults)
    assert store.replays.find() is None
