"""Reading lines over time: by their words, by a substring, by the moment, by the window.

Every result is an interval of the active generation, with both ends exact to the frame. What is
looked at is bounded by the caller; newest first stops as soon as enough was found, and the
order of relevance ranks a bounded number of the newest texts (the plain order of an index scores
every match: seconds for common words). Covers: those reads. Does not cover: what a question
means (`kernel.query`), writing (`kernel.store.chains`).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import apsw
import msgspec

from contracts import canonical
from contracts.derivation import DerivationKey
from contracts.interval import BoxSince, TextInterval
from contracts.text import TextPage
from kernel.config.errors import KernelError
from kernel.store.damage import derived_damaged
from kernel.store.folding import word_parts
from kernel.store.frames import Frame, FrameTable, Place
from kernel.store.interval_rows import (
    COLUMNS,
    END_US,
    OVERLAPPING,
    Movement,
    Row,
    Span,
    Window,
)
from kernel.store.matching import seen_lines
from kernel.store.pagecodec import RecordStore
from kernel.store.runs import Look, Run, look_at, unpack_runs
from kernel.store.texts import SLOT_SHIFT, TEXT_MASK, row_of, slot_of, text_hash

__all__ = ["IntervalReader", "Movement", "Span", "Window"]

TEXTS_MAX = 2_000
RANKED_TEXTS_MAX = 600
"""Of so many texts at most the words are counted for the order of relevance."""
_ENDLESS_SLOT = (1 << 31) - 2
_K1, _B = 1.2, 0.75

Order = Literal["newest", "relevance"]


class IntervalReader:
    """Reads over one connection, which may be read-only."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._db = connection
        self._frames = FrameTable(connection)
        self._records = RecordStore(connection)

    # --- what there is -------------------------------------------------------------------

    def streams(self) -> dict[int, tuple[str, int]]:
        """Stream id -> source and monitor."""
        return self._frames.streams()

    def windows(self, from_us: int = 0, to_us: int = END_US) -> list[Window]:
        """Windows that were in front on a frame of the span, by id."""
        rows = self._db.execute("SELECT window_id, app, title FROM windows ORDER BY window_id")
        found = [Window(*row) for row in rows]
        if from_us <= 0 and to_us >= END_US:
            return found
        streams = tuple(self.streams())
        return [
            window
            for window in found
            if any(self._was_front(window.window_id, s, from_us, to_us - 1) for s in streams)
        ]

    # --- finding -------------------------------------------------------------------------

    def find(
        self,
        match: str,
        span: Span | None = None,
        *,
        limit: int,
        order: Order = "newest",
        texts_max: int = TEXTS_MAX,
    ) -> list[TextInterval]:
        """Intervals of lines that match an FTS5 expression over folded words.

        ``texts_max`` bounds how many texts (each once for a slot in which it was seen) are looked
        at, newest first; `RANKED_TEXTS_MAX` at most for relevance. Newest first: by the last
        moment in the span at which the line was seen. Relevance: by BM25 over the texts looked
        at, then newest first.
        """
        if order == "relevance":
            texts_max = min(texts_max, RANKED_TEXTS_MAX)
        span = span or Span()
        low = row_of(0, slot_of(max(0, span.from_us))) if span.from_us > 0 else row_of(0, 1)
        high = row_of(TEXT_MASK, min(slot_of(span.to_us - 1), _ENDLESS_SLOT))
        hits = self._db.execute(
            "SELECT rowid FROM line_words WHERE line_words MATCH ? AND rowid BETWEEN ? AND ?"
            " ORDER BY rowid DESC LIMIT ?",
            (
                match,
                low,
                high,
                texts_max,
            ),
        )
        slots: dict[int, list[int]] = {}
        for (row,) in hits:
            slots.setdefault(row >> SLOT_SHIFT, []).append(row & TEXT_MASK)
        if order == "newest":
            return self._told(self._newest(slots.values(), span, limit))
        ranked = self._ranked(
            match, list(dict.fromkeys(t for slot in slots.values() for t in slot))
        )
        rows: list[Row] = []
        for text_id in ranked:
            rows += self._newest([(text_id,)], span, limit - len(rows))
            if len(rows) >= limit:
                break
        return self._told(rows)

    def find_holding(
        self, squashed: str, span: Span | None = None, *, limit: int, texts_max: int = TEXTS_MAX
    ) -> list[TextInterval]:
        """Intervals of lines that hold a substring, newest first.

        The substring is in `folding.squash` form and has three or more characters. The
        ``texts_max`` texts learnt last are looked at.
        """
        span = span or Span()
        quoted = squashed.replace('"', '""')
        hits = self._db.execute(
            "SELECT rowid FROM line_grams WHERE line_grams MATCH ? ORDER BY rowid DESC LIMIT ?",
            (f'"{quoted}"', texts_max),
        )
        texts = [text_id for (text_id,) in hits]
        return self._told(self._newest([texts], span, limit))

    def of_text(self, text: str, span: Span | None = None, *, limit: int) -> list[TextInterval]:
        """Intervals of exactly this text, newest first."""
        texts = [self._id_of(text)]
        return self._told(self._newest([texts], span or Span(), limit))

    def during(self, span: Span, *, limit: int) -> list[TextInterval]:
        """Every interval that overlaps the span, those that began first before the others."""
        rows: dict[int, Row] = {}
        for stream_id in sorted(self._streams_of(span)):
            for row in self._carried_in(stream_id, span.from_us):
                rows[row.interval_id] = row
            begun = self._rows(
                "intervals i WHERE i.stream_id=? AND i.first_us>=? AND i.first_us<?"
                " ORDER BY i.first_us, i.first_seq LIMIT ?",
                (stream_id, span.from_us, span.to_us, limit),
            )
            rows |= {row.interval_id: row for row in begun}
        kept = [row for row in rows.values() if self._passes(row, span)]
        kept.sort(key=lambda row: (row.first, row.stream_id, row.runs[0].look.box, row.text_id))
        return self._told(kept[:limit])

    def visible_at(self, stream_id: int, at_us: int) -> list[TextInterval]:
        """The lines on the stream's last frame that is not later than this, in reading order."""
        frame = self._frames.before(stream_id, (at_us + 1, -1))
        if frame is None:
            return []
        rows = self._on_frame(frame)
        return self._told(rows)

    def appeared(self, stream_id: int, from_us: int, to_us: int) -> list[TextInterval]:
        """Lines that were first seen in [from_us, to_us), in order."""
        return self._told(
            self._rows(
                "intervals i WHERE i.stream_id=? AND i.first_us>=? AND i.first_us<?"
                " ORDER BY i.first_us, i.first_seq, i.interval_id",
                (stream_id, from_us, to_us),
            )
        )

    def vanished(self, stream_id: int, from_us: int, to_us: int) -> list[TextInterval]:
        """Lines that were last seen in [from_us, to_us) and are gone on a later frame, in order."""
        return self._told(
            self._rows(
                "intervals i WHERE i.stream_id=? AND i.last_us>=? AND i.last_us<?"
                " ORDER BY i.last_us, i.last_seq, i.interval_id",
                (stream_id, from_us, to_us),
            )
        )

    def movements(self, stream_id: int, from_us: int, to_us: int) -> list[Movement]:
        """Shifts of sets of lines (scrolling, a window that is dragged), in order."""
        rows = self._db.execute(
            "SELECT stream_id, at_us, dx, dy, lines FROM movements"
            " WHERE stream_id=? AND at_us>=? AND at_us<? ORDER BY at_us, seq",
            (stream_id, from_us, to_us),
        )
        return [Movement(*row) for row in rows]

    def former(self, interval: TextInterval) -> TextInterval | None:
        """The line that stood in this one's place on the frame before and is gone: what it grew of.

        None when it appeared where nothing was.
        """
        stream_id = next(
            (
                i
                for i, name in self.streams().items()
                if name == (interval.source, interval.monitor)
            ),
            None,
        )
        first = None if stream_id is None else self._frame_of(stream_id, interval)
        frame = None if first is None else self._frames.before(first.stream_id, first.place)
        if frame is None:
            return None
        box = interval.boxes[0].box
        ended = [
            row
            for row in self._rows(
                "intervals i WHERE i.stream_id=? AND i.last_us=? AND i.last_seq=?",
                (frame.stream_id, *frame.place),
            )
            if _overlap(row.runs[-1].look.box, box)
        ]
        ended.sort(key=lambda row: (-_overlap(row.runs[-1].look.box, box), row.interval_id))
        return self._told(ended[:1])[0] if ended else None

    def _frame_of(self, stream_id: int, interval: TextInterval) -> Frame | None:
        frames = self._frames.following(stream_id, (interval.first_us, -1), limit=64)
        return next((f for f in frames if f.event_id == interval.first_event), None)

    # --- walking -------------------------------------------------------------------------

    def _newest(self, groups: Iterable[Sequence[int]], span: Span, limit: int) -> list[Row]:
        """Rows of texts, newest first; the texts of a group were seen before those of the last."""
        found: dict[int, tuple[int, Row]] = {}
        for texts in groups:
            # Whatever a further group holds was last seen before all of these.
            if len(found) >= limit:
                break
            taken = 0
            for interval_id, ended_us in self._overlapping(texts, span):
                if interval_id in found:
                    continue
                row = self._row(interval_id)
                if self._is_in_front(row, ended_us, span):
                    found[interval_id] = (ended_us, row)
                    taken += 1
                    if taken >= limit:
                        break
        ordered = sorted(found.values(), key=lambda item: (-item[0], *_order(item[1])))
        return [row for _, row in ordered[:limit]]

    def _overlapping(self, texts: Sequence[int], span: Span) -> Iterator[tuple[int, int]]:
        """Ids of the texts' intervals that overlap the span, and when each was last seen in it."""
        streams = None if span.streams is None else json.dumps(sorted(span.streams))
        values = {
            "texts": json.dumps(list(texts)),
            "generation": self._frames.active_generation(),
            "streams": streams,
            "from_us": span.from_us,
            "to_us": span.to_us,
            "end_us": span.to_us - 1,
        }
        yield from self._db.execute(OVERLAPPING, values)

    def _row(self, interval_id: int) -> Row:
        return self._rows("intervals i WHERE i.interval_id=?", (interval_id,))[0]

    def _streams_of(self, span: Span) -> frozenset[int]:
        active = frozenset(self.streams())
        return active if span.streams is None else active & span.streams

    def _is_in_front(self, row: Row, ended_us: int, span: Span) -> bool:
        """Whether one of the span's windows was in front while the line was there."""
        if span.windows is None:
            return True
        start_us = max(row.first[0], span.from_us)
        return any(
            self._was_front(window, row.stream_id, start_us, ended_us) for window in span.windows
        )

    def _passes(self, row: Row, span: Span) -> bool:
        """Whether it overlaps the span, and with one of the span's windows in front."""
        ended_us = min(self._end_of(row), span.to_us - 1)
        if row.first[0] >= span.to_us or ended_us < span.from_us:
            return False
        return self._is_in_front(row, ended_us, span)

    def _was_front(self, window_id: int, stream_id: int, from_us: int, to_us: int) -> bool:
        row = self._db.execute(
            "SELECT 1 FROM frames WHERE window_id=? AND stream_id=? AND at_us BETWEEN ? AND ?"
            " LIMIT 1",
            (window_id, stream_id, from_us, to_us),
        ).fetchone()
        return row is not None

    def _end_of(self, row: Row) -> int:
        """When it was last seen."""
        if row.last is not None:
            return row.last[0]
        newest = self._frames.before(row.stream_id, (END_US, 0))
        return newest.at_us if newest else row.first[0]

    def _carried_in(self, stream_id: int, at_us: int) -> list[Row]:
        """Intervals that were there on the frame before this moment and still at it or after."""
        frame = self._frames.before(stream_id, (at_us, -1))
        return [] if frame is None else self._on_frame(frame)

    def _on_frame(self, frame: Frame) -> list[Row]:
        """The intervals of all lines on a frame, in the order of its page."""
        try:
            page = canonical.decode(self._records.read(frame.result_id), TextPage)
        except msgspec.MsgspecError as error:
            raise derived_damaged(f"the page of frame {frame.event_id} cannot be read") from error
        lines = [Look(self._id_of(s.text), s.box, s.confidence) for s in seen_lines(page)]
        span = Span(frame.at_us, frame.at_us + 1, frozenset({frame.stream_id}))
        texts = sorted({line.text_id for line in lines})
        by_look: dict[Look, Row] = {}
        for interval_id, _ in self._overlapping(texts, span):
            row = self._row(interval_id)
            look = look_at(row.runs, frame.place)
            if look is not None and (row.last is None or row.last >= frame.place):
                by_look[look] = row
        return [by_look[line] for line in lines if line in by_look]

    def _id_of(self, text: str) -> int:
        row = self._db.execute(
            "SELECT text_id FROM texts WHERE text_hash=? AND text=?", (text_hash(text), text)
        ).fetchone()
        return int(row[0]) if row else -1

    def _ranked(self, match: str, text_ids: Sequence[int]) -> list[int]:
        """BM25 with the looked-at texts as the corpus; of equal ones, the newest first."""
        terms = [part for word in match.split() for part in word_parts(word)]
        bags = [Counter(word_parts(self._text(text_id))) for text_id in text_ids]
        sizes = [sum(bag.values()) for bag in bags]
        mean = sum(sizes) / max(1, len(sizes)) or 1.0
        holders = Counter(term for bag in bags for term in set(terms) & bag.keys())
        worth = {t: math.log(1 + (len(bags) - n + 0.5) / (n + 0.5)) for t, n in holders.items()}

        def score(at: int) -> float:
            room = _K1 * (1 - _B + _B * sizes[at] / mean)
            return sum(
                worth[term] * bags[at][term] * (_K1 + 1) / (bags[at][term] + room)
                for term in worth
                if bags[at][term]
            )

        best = sorted(range(len(bags)), key=lambda at: (-score(at), at))
        return [text_ids[at] for at in best]

    def _text(self, text_id: int) -> str:
        return str(self._db.execute("SELECT text FROM texts WHERE text_id=?", (text_id,)).get)

    def _each(self, source: str, values: tuple[int, ...]) -> Iterator[Row]:
        for row in self._db.execute(f"SELECT {COLUMNS} FROM {source}", values):  # noqa: S608 - literals
            interval_id, stream_id, text_id, first_us, first_seq, last_us, last_seq, data = row
            last = None if last_us is None else (last_us, last_seq)
            first = (first_us, first_seq)
            yield Row(interval_id, stream_id, text_id, first, last, unpack_runs(data, first))

    def _rows(self, source: str, values: tuple[int, ...]) -> list[Row]:
        return list(self._each(source, values))

    # --- telling -------------------------------------------------------------------------

    def _told(self, rows: Sequence[Row]) -> list[TextInterval]:
        streams = self.streams()
        return [
            self._tell(row, *streams[row.stream_id]) for row in rows if row.stream_id in streams
        ]

    def _tell(self, row: Row, source: str, monitor: int) -> TextInterval:
        first = self._frames.at(row.stream_id, row.first)
        last_place = row.last or (END_US, 0)
        last = self._frames.before(row.stream_id, (last_place[0], last_place[1] + 1))
        if first is None or last is None:
            raise _misfit(row)
        text = self._text(row.text_id)
        window = self._db.execute(
            "SELECT app, title FROM windows WHERE window_id=?", (first.window_id,)
        ).fetchone()
        if window is None:
            raise _misfit(row)
        maker = self._maker(first.result_id)
        return TextInterval(
            text=text,
            text_digest=canonical.digest_text(text),
            source=source,
            monitor=monitor,
            app=window[0],
            window_title=window[1],
            first_event=first.event_id,
            last_event=last.event_id,
            first_us=first.at_us,
            last_us=last.at_us,
            frames=self._count_frames(row.stream_id, first.place, last.place),
            open=row.last is None,
            confidence_permille=max(run.look.confidence for run in row.runs),
            boxes=tuple(self._boxes(row, first)),
            extractor=maker[0],
            extractor_version=maker[1],
        )

    def _boxes(self, row: Row, first: Frame) -> Iterator[BoxSince]:
        before: Run | None = None
        for run in row.runs:
            if before is not None and run.look.box == before.look.box:
                continue
            frame = first if before is None else self._frames.at(row.stream_id, run.place)
            if frame is None:
                raise _misfit(row)
            yield BoxSince(event_id=frame.event_id, from_us=run.place[0], box=run.look.box)
            before = run

    def _count_frames(self, stream_id: int, first: Place, last: Place) -> int:
        return int(
            self._db.execute(
                "SELECT count(*) FROM frames WHERE stream_id=?"
                " AND (at_us, seq) >= (?, ?) AND (at_us, seq) <= (?, ?)",
                (stream_id, *first, *last),
            ).get
        )

    def _maker(self, result_id: int) -> tuple[str, str]:
        """Plugin and version that made a page."""
        row = self._db.execute("SELECT key FROM results WHERE result_id=?", (result_id,)).fetchone()
        if row is None:
            raise derived_damaged(f"the result {result_id} of a frame is not stored")
        try:
            key = canonical.decode(row[0], DerivationKey)
        except msgspec.MsgspecError as error:
            raise derived_damaged(f"the key of result {result_id} cannot be read") from error
        return key.plugin_id, key.plugin_version


def _misfit(row: Row) -> KernelError:
    return derived_damaged(f"the interval {row.interval_id} does not fit the frames of its stream")


def _order(row: Row) -> tuple[int, tuple[int, int, int, int], int]:
    """Of rows that were last seen at one moment: the youngest first, then by place."""
    return (-row.first[0], row.runs[0].look.box, row.text_id)


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> int:
    """Shared area of two boxes, in square pixels."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across * down if across > 0 and down > 0 else 0
