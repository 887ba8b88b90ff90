"""Finding stored results and intervals that are damaged, and clearing the way for new ones.

A damaged result that queries see is *lost*: its row stays, so that all that points at it does, and
whoever makes the same result again fills it. Intervals that do not fit their frames are built anew
as another generation, from pages that are there. Covers: looking, in small steps, and those marks.
Does not cover: when it is looked (`kernel.pipeline.mending`).
"""

from __future__ import annotations

from dataclasses import dataclass

import apsw
import msgspec

from contracts import canonical
from contracts.derivation import DerivationKey
from contracts.text import TextPage
from kernel.config.errors import KernelError
from kernel.store.frames import FrameTable, Place
from kernel.store.pagecodec import Codec, RecordStore
from kernel.store.runs import unpack_runs
from kernel.store.texts import TextTable

TEXT_STAGE = "text"
_UNCHECKED = "embed"
"""Its records are digests: the vectors lie elsewhere."""
_MISFIT = """
SELECT i.interval_id, i.first_us, i.first_seq, i.runs,
  f.seq IS NULL OR (i.last_us IS NOT NULL AND l.seq IS NULL)
    OR (i.last_us, i.last_seq) < (i.first_us, i.first_seq)
FROM intervals i JOIN streams s ON s.stream_id = i.stream_id AND s.generation = ?
LEFT JOIN frames f
  ON f.stream_id = i.stream_id AND f.at_us = i.first_us AND f.seq = i.first_seq
LEFT JOIN frames l ON l.stream_id = i.stream_id AND l.at_us = i.last_us AND l.seq = i.last_seq
WHERE i.interval_id > ? ORDER BY i.interval_id LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Damaged:
    """A result in force that cannot be read; ``key`` None: not even what it is about."""

    result_id: int
    stage: str
    key: DerivationKey | None
    reason: str
    captured_at_us: int


class DamageFinder:
    """Rows over one connection, which may be read-only unless something is marked as lost."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._db = connection
        self._records = RecordStore(connection)
        self._texts = TextTable(connection)
        self._frames = FrameTable(connection)

    def results_behind(self, result_id: int, *, limit: int) -> tuple[int | None, list[Damaged]]:
        """Looks at up to ``limit`` results behind this one; the last one, None at the end."""
        rows = self._db.execute(
            "SELECT result_id, stage, key, codec FROM results WHERE result_id>? AND stage!=?"
            " ORDER BY result_id LIMIT ?",
            (result_id, _UNCHECKED, limit),
        ).fetchall()
        found: list[Damaged] = []
        for at, stage, key, codec in rows:
            reason = self._fault(int(str(at)), str(stage), lost=codec == Codec.LOST)
            place = self._in_force(int(str(at)), str(stage)) if reason else None
            if place is not None:
                found.append(Damaged(int(str(at)), str(stage), _key(key), reason, place))
        return (int(str(rows[-1][0])) if rows else None), found

    def intervals_behind(self, interval_id: int, *, limit: int) -> tuple[int | None, int]:
        """Looks at up to ``limit`` intervals that queries see; the last one, and how many misfit.

        None at the end.
        """
        values = (self._frames.active_generation(), interval_id, limit)
        last, misfits = None, 0
        for at, first_us, first_seq, data, misfit in self._db.execute(_MISFIT, values):
            last = int(str(at))
            misfits += bool(misfit) or not _is_chain(data, (first_us, first_seq))
        return last, misfits

    def lose(self, damaged: Damaged) -> None:
        """Clear the way for the same result, made again; inside a transaction."""
        self._records.lose(damaged.result_id)
        if damaged.stage == TEXT_STAGE:
            return
        rows = self._db.execute(
            "SELECT f.stream_id, f.at_us, f.seq FROM latest l CROSS JOIN streams s"
            " ON s.generation=? CROSS JOIN frames f ON f.stream_id = s.stream_id"
            " AND f.event = unhex(substr(l.subject, 4)) WHERE l.stage=? AND l.result_id=?",
            (self._frames.active_generation(), damaged.stage, damaged.result_id),
        ).fetchall()
        for stream_id, at_us, seq in rows:
            self._db.execute(
                "UPDATE cursors SET at_us=?, seq=? WHERE stage=? AND stream_id=?"
                " AND (at_us, seq) >= (?, ?)",
                (at_us, int(str(seq)) - 1, damaged.stage, stream_id, at_us, seq),
            )

    def _fault(self, result_id: int, stage: str, *, lost: bool) -> str:
        """Why the result cannot be read; empty when it can."""
        if lost:
            return "it was lost"
        try:
            record = self._records.read(result_id)
            if stage != TEXT_STAGE or self._records.has_digest(result_id):
                return ""
            page = canonical.decode(record, TextPage)
        except (KernelError, msgspec.MsgspecError) as error:
            return str(error)
        texts = {line.text for line in page.lines if line.text.strip()}
        return "" if all(map(self._texts.is_known, texts)) else "it has a line that nobody read"

    def _in_force(self, result_id: int, stage: str) -> int | None:
        """When what it is about was captured (0: unknown), for one that queries or walks read."""
        if stage != TEXT_STAGE:
            row = self._db.execute(
                "SELECT 0 FROM latest WHERE stage=? AND result_id=?", (stage, result_id)
            ).fetchone()
            return None if row is None else 0
        row = self._db.execute(
            "SELECT min(at_us) FROM frames WHERE result_id=?", (result_id,)
        ).fetchone()
        if row is not None and row[0] is not None:
            return int(str(row[0]))
        page = self._db.execute("SELECT 0 FROM pages WHERE result_id=?", (result_id,)).fetchone()
        return None if page is None else 0


def _key(data: object) -> DerivationKey | None:
    try:
        return canonical.decode(data, DerivationKey) if isinstance(data, bytes) else None
    except msgspec.MsgspecError:
        return None


def _is_chain(data: object, first: Place) -> bool:
    try:
        return isinstance(data, bytes) and bool(unpack_runs(data, first))
    except KernelError:
        return False
