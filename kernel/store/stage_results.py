"""Results of the stages behind the text stage: states, deltas, observations.

Covers: their records, which one is current for which event, how far each stage has come on
each stream. Does not cover: text pages (`kernel.store.derived`), vectors.
"""

from __future__ import annotations

import apsw

from contracts import canonical
from contracts.derivation import DerivationKey, StageTiming
from kernel.store.frames import NOWHERE, Place
from kernel.store.pagecodec import Codec, RecordStore


class StageResults:
    """Rows over one connection; begins no transactions of its own."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._db = connection
        self._records = RecordStore(connection)

    def find(self, key: DerivationKey) -> int | None:
        """Row id of the result of this key; None where it was lost."""
        row = self._db.execute(
            "SELECT result_id FROM results WHERE key_digest=? AND codec!=?",
            (bytes.fromhex(canonical.digest(key)), int(Codec.LOST)),
        ).fetchone()
        return int(row[0]) if row else None

    def insert(self, key: DerivationKey, record: bytes, timing: StageTiming) -> int:
        """Store a result that is not there yet; returns its row id."""
        return self._records.insert(key, key.input_digest, record, timing)

    def point(self, stage: str, subject: str, result_id: int, *, staged: bool = False) -> None:
        """From now on this is the current result about the subject (``staged``: to be)."""
        table = "staged" if staged else "latest"
        self._db.execute(
            f"INSERT OR REPLACE INTO {table}(stage, subject, result_id) VALUES(?,?,?)",
            (stage, subject, result_id),
        )

    def unpoint(self, stage: str, subject: str) -> None:
        """There is no current result about the subject any more."""
        self._db.execute("DELETE FROM latest WHERE stage=? AND subject=?", (stage, subject))

    def record_of(self, stage: str, subject: str) -> bytes | None:
        """The stored bytes of the current result about an event."""
        row = self._db.execute(
            "SELECT result_id FROM latest WHERE stage=? AND subject=?", (stage, subject)
        ).fetchone()
        return self._records.read(int(row[0])) if row else None

    def cursor(self, stage: str, stream_id: int) -> Place:
        """Up to where on the stream the stage is done."""
        row = self._db.execute(
            "SELECT at_us, seq FROM cursors WHERE stage=? AND stream_id=?", (stage, stream_id)
        ).fetchone()
        return (int(row[0]), int(row[1])) if row else NOWHERE

    def set_cursor(self, stage: str, stream_id: int, place: Place) -> None:
        """The stage is done on the stream up to here."""
        self._db.execute(
            "INSERT OR REPLACE INTO cursors(stage, stream_id, at_us, seq) VALUES(?,?,?,?)",
            (stage, stream_id, *place),
        )

    def rewind(self, stream_id: int, place: Place) -> None:
        """A frame came or went at this place: every stage comes by here again."""
        self._db.execute(
            "UPDATE cursors SET at_us=?, seq=? WHERE stream_id=? AND (at_us, seq) >= (?, ?)",
            (place[0], place[1] - 1, stream_id, *place),
        )
