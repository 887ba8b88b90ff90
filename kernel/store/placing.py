"""Puts pages in their places on the streams of the events that show them.

Covers: one frame at a time, in every generation there is, inside the caller's transaction.
Does not cover: what that does to lines of text over time (`kernel.store.chains`).
"""

from __future__ import annotations

import apsw

from contracts import canonical
from contracts.capture import CaptureEvent
from contracts.text import TextPage
from kernel.store.chains import ChainTable
from kernel.store.frames import Frame, FrameTable
from kernel.store.matching import Seen, seen_lines
from kernel.store.pagecodec import RecordStore
from kernel.store.stage_results import StageResults
from kernel.store.texts import TextTable


class Placer:
    """Works over one connection; begins no transactions of its own."""

    def __init__(self, connection: apsw.Connection, texts: TextTable, records: RecordStore) -> None:
        self._db = connection
        self._texts = texts
        self._records = records
        self._frames = FrameTable(connection)
        self._results = StageResults(connection)
        self._chains = ChainTable(connection, texts, self._lines)

    def forget(self) -> None:
        """A transaction was rolled back: what was learnt in it is not so."""
        self._texts.forget()
        self._chains.forget()
        self._records.forget()

    def place(self, event: CaptureEvent, result_id: int, generation: int) -> None:
        """The event shows this page in this generation; repeating it does nothing."""
        stream_id = self._frames.stream_of(generation, event)
        place = (event.captured_at_us, event.seq)
        known = self._frames.at(stream_id, place)
        if known is not None and known.result_id == result_id:
            return
        if known is not None:
            self._frames.delete(known)
            before, behind = self._neighbours(known)
            self._chains.remove(before, known, behind)
        frame = self._frames.insert(stream_id, event, result_id)
        before, behind = self._neighbours(frame)
        self._chains.insert(before, frame, behind)
        self._results.rewind(stream_id, place)
        self._settle(result_id)

    def nearest_page(self, event: CaptureEvent) -> int | None:
        """The page on the frame before the event's place, or behind it; None on a new stream."""
        stream_id = self._frames.stream_of(self._frames.active_generation(), event)
        place = (event.captured_at_us, event.seq)
        frame = self._frames.before(stream_id, place) or self._frames.behind(stream_id, place)
        return frame.result_id if frame else None

    def _neighbours(self, frame: Frame) -> tuple[Frame | None, Frame | None]:
        before = self._frames.before(frame.stream_id, frame.place)
        return before, self._frames.behind(frame.stream_id, frame.place)

    def _lines(self, result_id: int) -> tuple[Seen, ...]:
        return seen_lines(canonical.decode(self._records.read(result_id), TextPage))

    def _settle(self, result_id: int) -> None:
        """A page that stands in its place is found by its intervals: its own rows can go."""
        loose = self._db.execute("SELECT 1 FROM loose WHERE result_id=?", (result_id,)).fetchone()
        if not loose:
            return
        page = canonical.decode(self._records.read(result_id), TextPage)
        for text in {line.text for line in page.lines}:
            self._db.execute(
                "DELETE FROM lines WHERE text_id=? AND result_id=?",
                (self._texts.id_of(text), result_id),
            )
        self._records.deflate(result_id)
        self._db.execute("DELETE FROM loose WHERE result_id=?", (result_id,))
