"""The derived store as the stages see it: frames in order, results, how far each stage is.

Covers: commits of every stage but the text stage, each one transaction. Does not cover: text
pages and queries (`kernel.store.derived`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import apsw
import msgspec

from contracts import canonical
from contracts.derivation import DerivationKey, StageTiming
from contracts.embedding import TextBatch
from kernel.config.errors import KernelError
from kernel.store.frames import Frame, FrameTable, Place
from kernel.store.pagecodec import RecordStore
from kernel.store.replays import REPLAY, Replays
from kernel.store.sqlite import transaction
from kernel.store.stage_results import StageResults

TEXT_STAGE = "text"
"""The stage whose results are text pages."""
_Graph = list[tuple[str, str, str, str, str]]


class StageStore:
    """What pipeline stages read and write; use from one thread at a time."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._db = connection
        self._records = RecordStore(connection)
        self._results = StageResults(connection)
        self._frames = FrameTable(connection)
        self.replays = Replays(connection)

    def has(self, key: DerivationKey) -> bool:
        """Whether a result of this key is stored."""
        return self._results.find(key) is not None

    def record_of(self, stage: str, subject: str) -> bytes | None:
        """The stored bytes of the current result about a blob (text) or an event; None without."""
        if stage != TEXT_STAGE:
            return self._results.record_of(stage, subject)
        row = self._db.execute(
            "SELECT result_id FROM pages WHERE blob=?", (bytes.fromhex(subject),)
        ).fetchone()
        return self._records.read(int(row[0])) if row else None

    def commit_record(
        self, key: DerivationKey, subject: str, record: bytes, timing: StageTiming
    ) -> bool:
        """Store another stage's result once; False when it is stored already.

        It becomes current when the stage's cursor comes by (`settle_frame`), in order of capture.
        """
        del subject
        with transaction(self._db):
            if self.has(key):
                return False
            self._results.insert(key, record, timing)
        return True

    def count_results(self) -> dict[str, int]:
        """How many events or spans have a current result, for each stage but the text stage."""
        rows = self._db.execute("SELECT stage, count(*) FROM latest GROUP BY stage ORDER BY stage")
        return {str(stage): int(str(count)) for stage, count in rows}

    def text_batch(self, span: str) -> bytes:
        """The texts of a span of text ids (``first:last``) as an encoded `TextBatch`."""
        first, _, last = span.partition(":")
        rows = self._db.execute(
            "SELECT text FROM texts WHERE text_id BETWEEN ? AND ? ORDER BY text_id",
            (int(first), int(last)),
        )
        return canonical.encode(TextBatch(texts=tuple(text for (text,) in rows)))

    def texts_behind(self, text_id: int, *, limit: int) -> list[int]:
        """Ids of up to ``limit`` texts that became known after this one, in order."""
        rows = self._db.execute(
            "SELECT text_id FROM texts WHERE text_id>? ORDER BY text_id LIMIT ?", (text_id, limit)
        )
        return [int(str(row[0])) for row in rows]

    def embedded_up_to(self, maker: str, vectors: str) -> int:
        """The id of the last text that this maker of vectors is done with; 0 before the first.

        ``vectors``: the id of the database in which they are (`VectorStore.store_id`).
        """
        row = self._db.execute(
            "SELECT value FROM meta WHERE name=?", (_embedded(maker, vectors),)
        ).fetchone()
        return int(row[0]) if row else 0

    def set_embedded(self, maker: str, vectors: str, text_id: int) -> None:
        """This maker of vectors is done with the texts up to this one."""
        self._db.execute(
            "INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)",
            (_embedded(maker, vectors), str(text_id)),
        )

    def count_texts(self) -> int:
        """How many distinct texts there are; none is ever taken away, so the last id tells."""
        return int(self._db.execute("SELECT max(text_id) FROM texts").get or 0)

    def embed_maker(self) -> str | None:
        """Who makes vectors by the graph that was in force last; None when nobody does."""
        known = self._db.execute("SELECT value FROM meta WHERE name='graph'").fetchone()
        graph = msgspec.msgpack.decode(bytes.fromhex(known[0]), type=_Graph) if known else []
        for name, plugin_id, version, config_digest, _ in graph:
            if name == "embed":
                return embed_maker_name(plugin_id, version, config_digest)
        return None

    def active_streams(self) -> tuple[int, ...]:
        """Streams that queries see."""
        return tuple(self._frames.streams())

    def frames_following(self, stream_id: int, place: Place, *, limit: int) -> list[Frame]:
        """Up to ``limit`` frames after this place on the stream, in order."""
        return list(self._frames.following(stream_id, place, limit=limit))

    def frame_before(self, frame: Frame) -> Frame | None:
        """The frame before it on its stream."""
        return self._frames.before(frame.stream_id, frame.place)

    def cursor(self, stage: str, stream_id: int) -> Place:
        """Up to where on the stream the stage is done."""
        return self._results.cursor(stage, stream_id)

    def settle_frame(self, stage: str, frame: Frame, key: DerivationKey | None) -> None:
        """The stage is done with this frame: by the result of this key, or without any."""
        result_id = None if key is None else self._results.find(key)
        with transaction(self._db):
            if result_id is None:
                self._results.unpoint(stage, frame.event_id)
            else:
                self._results.point(stage, frame.event_id, result_id)
            self._results.set_cursor(stage, frame.stream_id, frame.place)

    def staged_record_of(self, stage: str, subject: str) -> bytes | None:
        """The stored bytes of a result that a replay staged."""
        result_id = self.replays.staged_result(stage, subject)
        return None if result_id is None else self._records.read(result_id)

    def stage_frame(self, stage: str, frame: Frame, key: DerivationKey | None) -> None:
        """A replay of the stage is done with this frame."""
        result_id = None if key is None else self._results.find(key)
        with transaction(self._db):
            if result_id is not None:
                self.replays.stage_result(stage, frame.event_id, result_id)
            self._results.set_cursor(stage + REPLAY, frame.stream_id, frame.place)

    def stage_page(self, blob: str, key: DerivationKey) -> bool:
        """Stage a stored page in place of the current one; False when it is still to be made.

        A page that is current already needs no staging; a damaged one is to be made again.
        """
        result_id = self._results.find(key)
        if result_id is None:
            return False
        try:
            self._records.read(result_id)
        except KernelError:
            with transaction(self._db):
                self._records.lose(result_id)
            return False
        with transaction(self._db):
            current = self._db.execute(
                "SELECT result_id FROM pages WHERE blob=?", (bytes.fromhex(blob),)
            ).fetchone()
            if current and current[0] != result_id:
                self.replays.stage_result(TEXT_STAGE, blob, result_id)
        return True

    def is_current(self, stage: str, subject: str, maker: DerivationKey) -> bool:
        """Whether the current result about the subject is of this plugin, version and settings."""
        if stage == TEXT_STAGE:
            row = self._db.execute(
                "SELECT r.key FROM pages p JOIN results r USING(result_id) WHERE p.blob=?",
                (bytes.fromhex(subject),),
            ).fetchone()
        else:
            row = self._db.execute(
                "SELECT r.key FROM latest l JOIN results r USING(result_id)"
                " WHERE l.stage=? AND l.subject=?",
                (stage, subject),
            ).fetchone()
        if row is None:
            return False
        key = canonical.decode(row[0], DerivationKey)
        return (key.plugin_id, key.plugin_version, key.config_digest) == (
            maker.plugin_id,
            maker.plugin_version,
            maker.config_digest,
        )

    def remember_stages(self, stages: Iterable[tuple[str, str, str, str, str]]) -> bool:
        """Keep the graph in force: name, plugin, its version, digest of settings, inputs.

        Returns whether it differs from what was in force before.
        """
        wanted = sorted(stages)
        known = self._db.execute("SELECT value FROM meta WHERE name='graph'").fetchone()
        text = canonical.encode_any([list(stage) for stage in wanted]).hex()
        if known and known[0] == text:
            return False
        now_us = time.time_ns() // 1000
        with transaction(self._db):
            self._db.execute("INSERT OR REPLACE INTO meta(name, value) VALUES('graph', ?)", (text,))
            self._db.executemany(
                "INSERT OR REPLACE INTO stages(stage, plugin_id, plugin_version, config_digest,"
                " inputs, since_us) VALUES(?,?,?,?,?,?)",
                [(*stage, now_us) for stage in wanted],
            )
        return True


def embed_maker_name(plugin_id: str, version: str, config_digest: str) -> str:
    """What a maker of vectors is known by."""
    return f"{plugin_id}@{version}/{config_digest}"


def _embedded(maker: str, vectors: str) -> str:
    return f"embedded {vectors} {maker}" if vectors else f"embedded {maker}"
