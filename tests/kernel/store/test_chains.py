"""Intervals against a plain model: whatever order frames come in, both ends exact to the frame."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import canonical
from contracts.capture import CaptureEvent
from contracts.text import TextLine, TextPage
from kernel.config.paths import DataDir
from kernel.store.derived import DerivedStore
from kernel.store.frames import GAP_US_MAX
from kernel.store.matching import Seen, link_pages, seen_lines
from kernel.store.runs import look_at
from kernel.store.texts import row_of, slot_of
from tests.kernel.store.test_derived import TIMING, key_of

SECOND_US = 1_000_000
Lines = tuple[tuple[str, int], ...]
"""Text and row of each line on a page."""

TEXTS = ("alpha", "beta", "beta", "Total l0", "Total 10", "Total 11", "a b", "ab")


def event_of(seq: int, second: int, page: TextPage, *, monitor: int = 0) -> CaptureEvent:
    return CaptureEvent(
        event_id=f"ev-{seq:032x}",
        seq=seq,
        captured_at_us=second * SECOND_US,
        received_at_us=second * SECOND_US,
        tz_name="UTC",
        tz_offset_s=0,
        monotonic_ns=0,
        source="test",
        monitor=monitor,
        app="editor" if second % 2 else None,
        blob=page.blob,
    )


def page_of(lines: Lines, *, salt: str = "") -> TextPage:
    found = tuple(
        TextLine(
            text=text,
            box=(0, 20 * row, 8 * len(text), 20 * row + 16),
            confidence_permille=900 + len(text) + row,
            words=(),
        )
        for text, row in lines
    )
    blob = canonical.digest_bytes(f"{lines} {salt}".encode())
    return TextPage(
        blob=blob, width_px=100, height_px=400, engine="t", engine_version="1", lines=found
    )


def model(frames: Sequence[tuple[CaptureEvent, TextPage]]) -> list[tuple[object, ...]]:
    """Every interval by walking the frames in order of capture, page after page."""
    ordered = sorted(frames, key=lambda item: (item[0].captured_at_us, item[0].seq))
    chains: list[list[tuple[CaptureEvent, Seen]]] = []
    current: dict[int, int] = {}
    before: tuple[CaptureEvent, TextPage] | None = None
    for event, page in ordered:
        seen = seen_lines(page)
        back: dict[int, int] = {}
        if before and event.captured_at_us - before[0].captured_at_us <= GAP_US_MAX:
            forward = link_pages(seen_lines(before[1]), seen).forward
            back = {later: earlier for earlier, later in forward.items()}
        after: dict[int, int] = {}
        for index, line in enumerate(seen):
            if index in back:
                after[index] = current[back[index]]
            else:
                after[index] = len(chains)
                chains.append([])
            chains[after[index]].append((event, line))
        current, before = after, (event, page)
    return sorted(
        (
            chain[0][0].event_id,
            chain[-1][0].event_id,
            len(chain),
            index in current.values(),
            tuple((line.text, line.box, line.confidence) for _, line in chain),
        )
        for index, chain in enumerate(chains)
    )


def stored(store: DerivedStore) -> list[tuple[object, ...]]:
    """What the store holds, unrolled frame by frame."""
    reader, told = store.intervals, []
    texts = dict(store._db.execute("SELECT text_id, text FROM texts"))
    for row in reader._rows("intervals i", ()):
        frames = [
            frame
            for frame in store._frames.following(row.stream_id, (-1, -1), limit=1000)
            if row.first <= frame.place and (row.last is None or frame.place <= row.last)
        ]
        looks = []
        for frame in frames:
            look = look_at(row.runs, frame.place)
            assert look is not None
            looks.append((texts[look.text_id], look.box, look.confidence))
        told.append(
            (frames[0].event_id, frames[-1].event_id, len(frames), row.last is None, tuple(looks))
        )
    return sorted(told)


line_st = st.tuples(st.sampled_from(TEXTS), st.integers(0, 5))
page_st = st.lists(line_st, max_size=5).map(tuple)
frames_st = st.lists(st.tuples(page_st, st.sampled_from((1, 1, 1, 5, 700))), min_size=1, max_size=7)


@settings(max_examples=100, deadline=None)
@given(frames=frames_st, data=st.data())
def test_any_order_of_frames_leads_to_the_rows_of_the_model(
    frames: list[tuple[Lines, int]], data: st.DataObject
) -> None:
    second, shown = 1000, []
    for seq, (lines, step) in enumerate(frames, 1):
        second += step
        page = page_of(lines)
        shown.append((event_of(seq, second, page), page))
    order = data.draw(st.permutations(shown))
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(DerivedStore.open(DataDir(Path(folder)))) as store,
    ):
        done: list[tuple[CaptureEvent, TextPage]] = []
        for event, page in order:
            known = store.page_of(page.blob)
            if known is None:
                store.commit_page(key_of(page), page, TIMING, [event])
            else:
                store.place_events([event])
            done.append((event, page))
            assert stored(store) == model(done)
        check_index(store)


def check_index(store: DerivedStore) -> None:
    """Each text has its rows in the slots in which it was seen, and no two for one."""
    wanted = set()
    for frame in store._db.execute("SELECT at_us, result_id FROM frames"):
        for line in store._placer._lines(frame[1]):
            wanted.add(row_of(store._texts.id_of(line.text), slot_of(frame[0])))
    rows = {row for (row,) in store._db.execute("SELECT id FROM line_words_docsize")}
    assert rows >= wanted


@settings(max_examples=60, deadline=None)
@given(frames=frames_st, which=st.integers(0, 6), lines=page_st)
def test_a_frame_read_again_leaves_what_reading_it_so_at_first_would_have_left(
    frames: list[tuple[Lines, int]], which: int, lines: Lines
) -> None:
    second, shown = 1000, []
    for seq, (texts, step) in enumerate(frames, 1):
        second += step
        page = page_of(texts, salt=str(seq))
        shown.append((event_of(seq, second, page), page))
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(DerivedStore.open(DataDir(Path(folder)))) as store,
    ):
        for event, page in shown:
            store.commit_page(key_of(page), page, TIMING, [event])
        at = which % len(shown)
        event, old = shown[at]
        new = TextPage(
            blob=old.blob,
            width_px=100,
            height_px=400,
            engine="t",
            engine_version="2",
            lines=page_of(lines).lines,
        )
        store.commit_page(key_of(new, version="2.0.0"), new, TIMING, [event])
        shown[at] = (event, new)
        assert stored(store) == model(shown)


def test_a_frame_like_the_one_before_writes_one_row(tmp_path: Path) -> None:
    with closing(DerivedStore.open(DataDir(tmp_path))) as store:
        page = page_of((("alpha", 0), ("beta", 1)))
        store.commit_page(key_of(page), page, TIMING, [event_of(1, 10, page)])
        before = store._db.total_changes()
        store.place_events([event_of(2, 11, page)])
        frame_window_cursor_meta = store._db.total_changes() - before
        assert frame_window_cursor_meta <= 3
        (first, second) = store.intervals.visible_at(1, 11 * SECOND_US)
        assert (first.text, first.frames, first.open) == ("alpha", 2, True)
        assert second.last_event == event_of(2, 11, page).event_id


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("Total l0", "Total 10", True),
        ("Carla Romano10:42", "Carla Romano 10:42", True),
        ("\u201cquoted\u201d text", '"quoted" text', True),
        ("modern times", "modem times", True),
        ("10:41", "10:42", False),
        ("1041", "10 41", False),
        ("hello", "hello w", False),
        ("item 1", "item 7", False),
        ("cat", "car", False),
    ],
)
def test_only_what_looks_alike_is_jitter(before: str, after: str, *, same: bool) -> None:
    one, other = seen_lines(page_of(((before, 3),))), seen_lines(page_of(((after, 3),)))
    assert bool(link_pages(one, other).forward) is same
    elsewhere = seen_lines(page_of(((after, 9),)))
    assert link_pages(one, elsewhere).forward == {}


def test_a_scroll_is_one_movement_and_no_new_line(tmp_path: Path) -> None:
    with closing(DerivedStore.open(DataDir(tmp_path))) as store:
        top = page_of(tuple((f"line number {n}", n) for n in range(10)))
        moved = page_of(tuple((f"line number {n}", n - 3) for n in range(3, 13)))
        for seq, page in ((1, top), (2, moved)):
            store.commit_page(key_of(page), page, TIMING, [event_of(seq, seq, page)])
        assert len(stored(store)) == 13
        (movement,) = store.intervals.movements(1, 0, 10**12)
        assert (movement.dx, movement.dy, movement.lines) == (0, -60, 7)
        (line,) = store.intervals.of_text("line number 5", limit=5)
        assert [entry.box[1] for entry in line.boxes] == [100, 40]
