"""Frames in their places: which event stands where on which stream, with which page.

A *stream* is one source and monitor; its frames are ordered by time of capture, then by place in
the journal. A *generation* is a whole set of streams: queries see the active one, a replay
builds another beside it. Covers: the tables streams, windows, frames. Does not cover: the text
on frames (`kernel.store.chains`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import apsw

from contracts.capture import CaptureEvent
from contracts.identity import EVENT_ID_PREFIX
from kernel.store.journal import event_key

Place: TypeAlias = tuple[int, int]
"""A frame's place on its stream: time of capture in microseconds, sequence number."""

GAP_US_MAX = 600_000_000
"""Frames further apart than this are not compared: nothing is known of what lay between."""

NOWHERE: Place = (-1, -1)
"""Before every frame."""

_FIRST_GENERATION = 1
_COLUMNS = "stream_id, at_us, seq, event, result_id, window_id"


@dataclass(frozen=True, slots=True)
class Frame:
    """One event on its stream, and the page that is read for it in this generation."""

    stream_id: int
    place: Place
    event_id: str
    result_id: int
    window_id: int

    @property
    def at_us(self) -> int:
        """Time of capture."""
        return self.place[0]


class FrameTable:
    """Rows over one connection; begins no transactions of its own."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._db = connection

    def active_generation(self) -> int:
        """The generation that queries see."""
        found = self._db.execute("SELECT value FROM meta WHERE name='generation'").fetchone()
        return int(found[0]) if found else _FIRST_GENERATION

    def generations(self) -> tuple[int, ...]:
        """The active one, and one that a replay builds."""
        building = self._db.execute("SELECT value FROM meta WHERE name='building'").fetchone()
        active = self.active_generation()
        return (active, int(building[0])) if building else (active,)

    def streams(self, generation: int | None = None) -> dict[int, tuple[str, int]]:
        """Stream id -> source and monitor, of one generation (the active one)."""
        wanted = self.active_generation() if generation is None else generation
        rows = self._db.execute(
            "SELECT stream_id, source, monitor FROM streams WHERE generation=? ORDER BY stream_id",
            (wanted,),
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def stream_of(self, generation: int, event: CaptureEvent) -> int:
        """The stream of an event; made when it is the first of it."""
        name = (generation, event.source, event.monitor)
        found = self._db.execute(
            "SELECT stream_id FROM streams WHERE generation=? AND source=? AND monitor=?", name
        ).fetchone()
        if found:
            return int(found[0])
        self._db.execute("INSERT INTO streams(generation, source, monitor) VALUES(?,?,?)", name)
        return self._db.last_insert_rowid()

    def insert(self, stream_id: int, event: CaptureEvent, result_id: int) -> Frame:
        """Put an event in its place, which must be free."""
        window_id = self._window(event.app, event.window_title)
        place = (event.captured_at_us, event.seq)
        self._db.execute(
            f"INSERT INTO frames({_COLUMNS}) VALUES(?,?,?,?,?,?)",
            (stream_id, *place, event_key(event.event_id), result_id, window_id),
        )
        return Frame(stream_id, place, event.event_id, result_id, window_id)

    def delete(self, frame: Frame) -> None:
        """Take a frame out of its place."""
        self._db.execute(
            "DELETE FROM frames WHERE stream_id=? AND at_us=? AND seq=?",  # not evidence: derived
            (frame.stream_id, *frame.place),
        )

    def at(self, stream_id: int, place: Place) -> Frame | None:
        """The frame in this place."""
        return self._one("stream_id=? AND at_us=? AND seq=?", (stream_id, *place))

    def before(self, stream_id: int, place: Place) -> Frame | None:
        """The frame before this place."""
        where = "stream_id=? AND (at_us, seq) < (?, ?) ORDER BY at_us DESC, seq DESC LIMIT 1"
        return self._one(where, (stream_id, *place))

    def behind(self, stream_id: int, place: Place) -> Frame | None:
        """The frame after this place."""
        return next(self.following(stream_id, place, limit=1), None)

    def following(self, stream_id: int, place: Place, *, limit: int) -> Iterator[Frame]:
        """Up to ``limit`` frames after this place, in order."""
        where = "stream_id=? AND (at_us, seq) > (?, ?) ORDER BY at_us, seq LIMIT ?"
        return self._many(where, (stream_id, *place, limit))

    def preceding(self, stream_id: int, place: Place, *, limit: int) -> Iterator[Frame]:
        """Up to ``limit`` frames before this place, the nearest first."""
        where = "stream_id=? AND (at_us, seq) < (?, ?) ORDER BY at_us DESC, seq DESC LIMIT ?"
        return self._many(where, (stream_id, *place, limit))

    def _window(self, app: str | None, title: str | None) -> int:
        found = self._db.execute(
            "SELECT window_id FROM windows"
            " WHERE ifnull(app, char(0))=ifnull(?, char(0))"
            " AND ifnull(title, char(0))=ifnull(?, char(0))",
            (app, title),
        ).fetchone()
        if found:
            return int(found[0])
        self._db.execute("INSERT INTO windows(app, title) VALUES(?,?)", (app, title))
        return self._db.last_insert_rowid()

    def _one(self, where: str, values: tuple[int, ...]) -> Frame | None:
        return next(self._many(where, values), None)

    def _many(self, where: str, values: tuple[int, ...]) -> Iterator[Frame]:
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM frames WHERE {where}", values)  # noqa: S608 - literals of this module
        for stream_id, at_us, seq, event, result_id, window_id in rows:
            event_id = EVENT_ID_PREFIX + event.hex()
            yield Frame(stream_id, (at_us, seq), event_id, result_id, window_id)
