"""Lines over time as queries read them: bounded, newest first, exact to the frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from contracts.capture import CaptureEvent
from kernel.config.paths import DataDir
from kernel.store.derived import DerivedStore
from kernel.store.interval_reader import Span
from kernel.store.texts import SLOT_US
from tests.kernel.store.test_chains import SECOND_US, Lines, event_of, page_of
from tests.kernel.store.test_derived import TIMING, key_of


class Screen:
    """A store that is shown one frame after the other."""

    def __init__(self, store: DerivedStore) -> None:
        self.store = store
        self.reader = store.intervals
        self.seq = 0

    def show(
        self,
        second: int,
        *texts: str,
        lines: Lines = (),
        monitor: int = 0,
        app: str | None = None,
        title: str | None = None,
    ) -> CaptureEvent:
        self.seq += 1
        page = page_of(lines or tuple((text, row) for row, text in enumerate(texts)))
        event = msgspec.structs.replace(
            event_of(self.seq, second, page, monitor=monitor), app=app, window_title=title
        )
        if not self.store.commit_page(key_of(page), page, TIMING, [event]):
            self.store.place_events([event])
        return event


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    with closing(DerivedStore.open(DataDir(tmp_path))) as store:
        yield Screen(store)


def test_an_interval_tells_its_first_and_last_frame_and_where_it_stood(screen: Screen) -> None:
    first = screen.show(10, "build failed", app="terminal", title="make")
    screen.show(11, lines=(("build failed", 4),), app="editor")
    last = screen.show(12, lines=(("build failed", 4),))
    screen.show(13, "something else")
    (found,) = screen.reader.find("bu11d fa11ed", limit=5)
    assert (found.text, found.first_event, found.last_event) == (
        "build failed",
        first.event_id,
        last.event_id,
    )
    assert (found.first_us, found.last_us, found.frames) == (10 * SECOND_US, 12 * SECOND_US, 3)
    assert (found.app, found.window_title, found.open) == ("terminal", "make", False)
    assert [(entry.from_us, entry.box[1]) for entry in found.boxes] == [
        (10 * SECOND_US, 0),
        (11 * SECOND_US, 80),
    ]
    assert (found.extractor, found.extractor_version) == ("ocr_test", "1.0.0")


def test_newest_first_and_no_more_than_asked_for(screen: Screen) -> None:
    for at in range(20):
        screen.show(10 + 4 * at, f"error number {at}")
        screen.show(12 + 4 * at, "quiet")
    found = screen.reader.find("err0r", limit=3)
    assert [interval.text for interval in found] == [f"error number {n}" for n in (19, 18, 17)]
    assert len(screen.reader.find("err0r", limit=100)) == 20


def test_a_text_learnt_long_ago_and_seen_yesterday_is_found_where_it_was_seen(
    screen: Screen,
) -> None:
    day_s = 24 * SLOT_US // SECOND_US
    screen.show(10 * day_s, "an old friend")
    screen.show(10 * day_s + 1, "nothing")
    for at in range(300):
        screen.show(11 * day_s + at, f"another friend {at}")
    again = screen.show(12 * day_s, "an old friend")
    (newest, *_) = screen.reader.find("fr1end", limit=1)
    assert (newest.text, newest.first_event) == ("an old friend", again.event_id)
    span = Span(from_us=12 * day_s * SECOND_US, to_us=13 * day_s * SECOND_US)
    (only,) = screen.reader.find("fr1end", span, limit=10)
    assert only.first_event == again.event_id


def test_a_span_of_time_is_exact_to_the_frame(screen: Screen) -> None:
    screen.show(10, "deadline Friday")
    screen.show(20, "deadline Friday")
    screen.show(30, "gone")

    def found(from_s: int, to_s: int) -> int:
        span = Span(from_s * SECOND_US, to_s * SECOND_US)
        return len(screen.reader.find("dead11ne", span, limit=5))

    assert [found(0, 10), found(0, 11), found(12, 15), found(20, 21), found(21, 99)] == [
        0,
        1,
        1,
        1,
        0,
    ]


def test_a_line_that_stays_over_slots_of_the_index_is_found_in_both(screen: Screen) -> None:
    slot_s = SLOT_US // SECOND_US
    screen.show(5 * slot_s - 2, "still here")
    screen.show(5 * slot_s + 2, "still here")
    for start in (5 * slot_s - 5, 5 * slot_s):
        span = Span(start * SECOND_US, (start + 4) * SECOND_US)
        assert len(screen.reader.find("here", span, limit=5)) == 1


def test_windows_and_streams_filter(screen: Screen) -> None:
    screen.show(10, "exit code 1", app="terminal", title="build")
    screen.show(11, "no result")
    screen.show(10, "exit code 2", monitor=1, app="browser", title="docs")
    windows = {window.app: window.window_id for window in screen.reader.windows()}
    span = Span(windows=frozenset({windows["terminal"]}))
    assert [i.text for i in screen.reader.find("ex1t", span, limit=5)] == ["exit code 1"]
    streams = {name: stream for stream, name in screen.reader.streams().items()}
    span = Span(streams=frozenset({streams["test", 1]}))
    assert [i.text for i in screen.reader.find("ex1t", span, limit=5)] == ["exit code 2"]
    assert [w.app for w in screen.reader.windows(11 * SECOND_US, 12 * SECOND_US)] == [None]


def test_a_line_counts_for_a_window_that_came_to_the_front_later(screen: Screen) -> None:
    screen.show(10, "shared line", app="editor")
    screen.show(11, "shared line", app="terminal")
    windows = {window.app: window.window_id for window in screen.reader.windows()}
    for app in ("editor", "terminal"):
        span = Span(windows=frozenset({windows[app]}))
        assert len(screen.reader.find("shared", span, limit=5)) == 1
    span = Span(0, 11 * SECOND_US, windows=frozenset({windows["terminal"]}))
    assert screen.reader.find("shared", span, limit=5) == []


def test_relevance_puts_the_shorter_line_with_more_of_the_words_first(screen: Screen) -> None:
    screen.show(10, "error error")
    screen.show(11, "an error somewhere in a very long line of other words that say little")
    screen.show(12, "no mistake at all")
    found = screen.reader.find("err0r", limit=5, order="relevance")
    assert len(found) == 2
    assert found[0].text == "error error"


def test_substrings_are_found(screen: Screen) -> None:
    screen.show(10, "Carla Romano10:42")
    assert [i.text for i in screen.reader.find_holding("r0man0", limit=5)] == ["Carla Romano10:42"]
    assert screen.reader.find_holding("nowhere", limit=5) == []


def test_a_misread_line_is_one_interval_found_by_both_readings(screen: Screen) -> None:
    screen.show(10, lines=(("Tota1 sum", 2),))
    screen.show(11, lines=(("Total sum", 2),))
    screen.show(12, "end")
    (found,) = screen.reader.of_text("Tota1 sum", limit=5)
    assert found == screen.reader.of_text("Total sum", limit=5)[0]
    assert found.frames == 2


def test_what_is_visible_appears_and_vanishes(screen: Screen) -> None:
    screen.show(10, "one", "two")
    screen.show(20, "two", "three")
    (stream,) = screen.reader.streams()

    def texts(found: list[object]) -> list[str]:
        return [interval.text for interval in found]  # type: ignore[attr-defined]

    assert texts(list(screen.reader.visible_at(stream, 9 * SECOND_US))) == []
    assert texts(list(screen.reader.visible_at(stream, 15 * SECOND_US))) == ["one", "two"]
    assert texts(list(screen.reader.visible_at(stream, 99 * SECOND_US))) == ["two", "three"]
    assert texts(list(screen.reader.appeared(stream, 11 * SECOND_US, 99 * SECOND_US))) == ["three"]
    assert texts(list(screen.reader.vanished(stream, 0, 99 * SECOND_US))) == ["one"]
    during = screen.reader.during(Span(12 * SECOND_US, 21 * SECOND_US), limit=10)
    assert texts(list(during)) == ["two", "three"], "both ends are frames that showed the line"


def test_typed_text_knows_what_it_grew_of(screen: Screen) -> None:
    screen.show(10, "hello")
    screen.show(11, "hello wo")
    (grown,) = screen.reader.of_text("hello wo", limit=5)
    former = screen.reader.former(grown)
    assert former is not None
    assert former.text == "hello"
    assert screen.reader.former(former) is None
