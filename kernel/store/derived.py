"""What was understood: results by derivation key, and the index over their text.

Everything here can be rebuilt from evidence, so commits survive a crash of the process and
need not survive a power cut (the work is then done again). Covers: idempotent commits of
text pages, the word and substring indexes over distinct lines, reading pages back. Does not
cover: evidence (`kernel.store.evidence`), the meaning of a question (`kernel.query`).

Two FTS5 indexes over each *distinct* line text, both without a copy of the text:

* ``line_words`` (unicode61 over `folding.index_words`, detail=full): splits at every
  character that is neither letter nor digit. ``INV-20871`` is found by part (``20871``) and
  whole, as the phrase "1nv 20871"; so are ``test:integration`` and ``/var/lib/x``.
* ``line_grams`` (trigram over `folding.squash`): substrings of at least three characters,
  for words that OCR glued or split. About three times the text in size.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import apsw
import msgspec

from contracts import canonical
from contracts.capture import CaptureEvent
from contracts.derivation import DerivationKey, StageTiming
from contracts.text import TextPage
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store import derived_schema
from kernel.store.damage import DAMAGE, derived_damaged, told_as_damage
from kernel.store.interval_reader import IntervalReader
from kernel.store.mending import Damaged, DamageFinder
from kernel.store.placing import Placer
from kernel.store.replays import ReplayState
from kernel.store.sqlite import connect, transaction
from kernel.store.stage_store import TEXT_STAGE, StageStore
from kernel.store.texts import NO_SLOT, TextTable, short_hash

__all__ = ["TEXT_STAGE", "DerivedStore", "InconsistentPage"]

_STEPS_BETWEEN_LOOKS = 20_000
_POSTINGS_MAX = 20_000
"""Places of lines looked up for one term; frames that show the same line are many."""
_PARAMETERS_MAX = 500
_BLOBS_BY_INDEX = """
WITH hit AS MATERIALIZED (
  SELECT DISTINCT text_id FROM (
    SELECT rowid & 4294967295 AS text_id FROM {table} WHERE {table} MATCH ?1
    ORDER BY rowid DESC LIMIT ?2)),
seen AS MATERIALIZED (
  SELECT interval_id FROM hit CROSS JOIN intervals USING(text_id)
  UNION SELECT interval_id FROM hit CROSS JOIN variants USING(text_id))
SELECT blob FROM (
  SELECT p.blob AS blob, p.result_id AS result_id
  FROM seen CROSS JOIN intervals i USING(interval_id)
  JOIN streams s ON s.stream_id = i.stream_id AND s.generation = ?3
  CROSS JOIN frames f ON f.stream_id = i.stream_id
    AND (f.at_us, f.seq) >= (i.first_us, i.first_seq)
    AND (f.at_us, f.seq) <= (ifnull(i.last_us, 9223372036854775807), ifnull(i.last_seq, 0))
  CROSS JOIN pages p ON p.result_id = f.result_id
  UNION ALL
  SELECT p.blob, p.result_id FROM hit CROSS JOIN lines l USING(text_id)
  CROSS JOIN pages p ON p.result_id = l.result_id
  LIMIT ?4)
GROUP BY blob ORDER BY max(result_id) DESC
"""


_COUNT_PROCESSED = """
SELECT (SELECT count(*) FROM event) - (
  SELECT count(*) FROM event WHERE blob_id IN (
    SELECT blob_id FROM blob WHERE digest NOT IN (SELECT blob FROM derived.pages)))
"""


class InconsistentPage(KernelError):
    """A text page whose words do not stand where it says; it is not stored."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "text-page-inconsistent",
            f"the text page contradicts itself: {reason}",
            hint="the plugin that made it is at fault; see kernel doctor",
        )


class DerivedStore(StageStore):
    """Derived results in ``derived.db``; use from one thread at a time."""

    def __init__(self, connection: apsw.Connection, data_dir: DataDir) -> None:
        super().__init__(connection)
        self._data_dir = data_dir
        self._texts = TextTable(connection)
        self.intervals = IntervalReader(connection)
        self._placer = Placer(connection, self._texts, self._records)
        self.damage = DamageFinder(connection)
        self.left_out: set[str] = set()
        """Blobs and events of which a damaged result was left out."""
        self._leaves_out = False

    @classmethod
    def open(cls, data_dir: DataDir) -> Self:
        """Open for writing, making or migrating the database as needed.

        Raises `KernelError` (``derived-too-new``) for a database of a newer version.
        """
        data_dir.root.mkdir(parents=True, exist_ok=True)
        connection = connect(data_dir.derived_db, durable=False)
        derived_schema.migrate(connection, data_dir.derived_db)
        return cls(connection, data_dir)

    @classmethod
    def open_read_only(cls, data_dir: DataDir, *, leave_out: bool = False) -> Self:
        """Open for reading beside a writer; ``leave_out``: what is damaged counts as not there.

        Raises `KernelError`: ``derived-missing`` when nothing was processed here yet,
        ``derived-damaged``. Leaving the block on a damaged database raises the latter, too.
        """
        path = data_dir.derived_db
        if not path.exists():
            raise derived_missing(path)
        try:
            connection = connect(path, read_only=True)
            derived_schema.check(connection, path)
        except DAMAGE as error:
            raise derived_damaged(f"{path} is damaged: {error}") from error
        store = cls(connection, data_dir)
        store._leaves_out = leave_out
        return store

    def close(self) -> None:
        """Close the database; idempotent."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: object, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        damage = told_as_damage(error, self._data_dir)
        if damage is not None:
            raise damage from error

    def stop_when(self, is_over: Callable[[], bool]) -> None:
        """From now on break off statements (`apsw.InterruptError`) once this says so."""
        self._db.set_progress_handler(is_over, _STEPS_BETWEEN_LOOKS)

    def commit_page(
        self,
        key: DerivationKey,
        page: TextPage,
        timing: StageTiming,
        events: Sequence[CaptureEvent] = (),
    ) -> bool:
        """Store a text page, index its lines and put it in the places of its events, or nothing.

        False, with nothing changed, when a result of this key is stored already. The newest
        committed result of a blob is the one that queries read; older ones stay beside it.
        Raises `InconsistentPage`, and `apsw.Error` when the disk refuses.
        """
        _check_page(key, page)
        with self._placing():
            if self.has(key):
                return False
            like = self._placer.nearest_page(events[0]) if events else None
            replay = self.replays.running()
            is_staged = (
                replay is not None
                and replay.stage == TEXT_STAGE
                and not replay.is_over
                and bool(self.which_processed([page.blob]))
            )
            result_id = self._records.insert(
                key, page.blob, canonical.encode(page), timing, like=like
            )
            if is_staged:
                # Queries go on to see the old page until the replay is switched over.
                self.replays.stage_result(TEXT_STAGE, page.blob, result_id)
                generations = self._frames.generations()[1:]
            else:
                self._point(page.blob, result_id)
                generations = self._frames.generations()
                if not events:
                    self._keep_loose(page, result_id)
                self._come_by_again(result_id)
            for event in events:
                for generation in generations:
                    self._placer.place(event, result_id, generation)
        return True

    def _point(self, blob: str, result_id: int) -> None:
        self._db.execute(
            "INSERT INTO pages(blob, result_id) VALUES(?,?)"
            " ON CONFLICT(blob) DO UPDATE SET result_id=excluded.result_id",
            (bytes.fromhex(blob), result_id),
        )

    def _come_by_again(self, result_id: int) -> None:
        """A page that was lost has come back: the stages over frames look at its frames again."""
        for stream_id, at_us, seq in self._db.execute(
            "SELECT stream_id, at_us, seq FROM frames WHERE result_id=?", (result_id,)
        ).fetchall():
            self._results.rewind(int(str(stream_id)), (int(str(at_us)), int(str(seq))))

    def _keep_loose(self, page: TextPage, result_id: int) -> None:
        """Index a page that no event shows yet."""
        self._db.execute("INSERT OR IGNORE INTO loose(result_id) VALUES(?)", (result_id,))
        self._db.executemany(
            "INSERT OR IGNORE INTO lines(text_id, result_id, position) VALUES(?,?,?)",
            [
                (self._texts.sight(line.text, NO_SLOT), result_id, position)
                for position, line in enumerate(page.lines)
            ],
        )

    @contextlib.contextmanager
    def _placing(self) -> Iterator[None]:
        """A transaction after which nothing is remembered that did not happen."""
        try:
            with transaction(self._db):
                yield
        except BaseException:
            self._placer.forget()
            raise

    def placed_up_to(self) -> int:
        """The journal position up to which `place_events` has looked at events."""
        row = self._db.execute("SELECT value FROM meta WHERE name='placed'").fetchone()
        return int(row[0]) if row else 0

    def place_events(self, events: Sequence[CaptureEvent]) -> None:
        """Put events whose bytes are read in their places, all or none; repeating does nothing."""
        with self._placing():
            for event in events:
                for generation in self._frames.generations():
                    self._place(event, generation)
            self._db.execute(
                "INSERT OR REPLACE INTO meta(name, value) VALUES('placed', ?)",
                (str(events[-1].seq),),
            )

    def place_replayed(self, events: Sequence[CaptureEvent], state: ReplayState) -> None:
        """Put events in their places in the generation that a replay builds; keep how far it is."""
        with self._placing():
            for event in events:
                self._place(event, state.generation)
            self._db.execute(
                "INSERT OR REPLACE INTO meta(name, value) VALUES('replay', ?)",
                (msgspec.json.encode(state).decode(),),
            )

    def _place(self, event: CaptureEvent, generation: int) -> None:
        """Put an event in its place with the page that stands there in this generation."""
        result_id = None
        if generation != self._frames.active_generation():
            result_id = self.replays.staged_result(TEXT_STAGE, event.blob)
        if result_id is None:
            row = self._db.execute(
                "SELECT result_id FROM pages WHERE blob=?", (bytes.fromhex(event.blob),)
            ).fetchone()
            result_id = int(row[0]) if row else None
        if result_id is not None:
            self._placer.place(event, result_id, generation)

    def page_of(self, blob: str) -> tuple[DerivationKey, TextPage] | None:
        """The text page of a blob as queries see it, read back from its stored bytes.

        Raises `KernelError` (``derived-damaged``) when the bytes are not a text page.
        """
        row = self._db.execute(
            "SELECT r.key, r.result_id FROM pages p JOIN results r USING(result_id) WHERE p.blob=?",
            (bytes.fromhex(blob),),
        ).fetchone()
        if row is None:
            return None
        try:
            key = canonical.decode(row[0], DerivationKey)
            return key, self._page(int(row[1]))
        except (KernelError, msgspec.MsgspecError) as error:
            if not self._leaves_out:
                raise derived_damaged(f"the stored text of blob {blob} cannot be read") from error
            self.left_out.add(blob)
            return None

    def record_of(self, stage: str, subject: str) -> bytes | None:
        """As `StageStore.record_of`; a damaged one may be left out."""
        try:
            return super().record_of(stage, subject)
        except KernelError:
            if not self._leaves_out:
                raise
            self.left_out.add(subject)
            return None

    def _page(self, result_id: int) -> TextPage:
        """A stored page; its lines are compared with the index where it has no digest."""
        page = canonical.decode(self._records.read(result_id), TextPage)
        if not self._records.has_digest(result_id):
            for text in {line.text for line in page.lines if line.text.strip()}:
                if not self._texts.is_known(text):
                    raise derived_damaged(f"result {result_id} has a line that nobody read")
        return page

    def lose(self, damaged: Damaged) -> None:
        """Clear the way for a damaged result, made again."""
        with self._placing():
            self.damage.lose(damaged)
        self._records.forget()

    def texts_of(self, digests: Iterable[str]) -> dict[str, str]:
        """Digest -> text of those of the distinct texts that are stored."""
        found: dict[str, str] = {}
        for digest in digests:
            rows = self._db.execute(
                "SELECT text FROM texts WHERE text_hash=?", (short_hash(digest),)
            )
            for (text,) in rows:
                if canonical.digest_text(text) == digest:
                    found[digest] = text
        return found

    def processed_blobs(self) -> Iterator[str]:
        """Digests of the blobs that have a text page, in the order of the digests."""
        for (blob,) in self._db.execute("SELECT blob FROM pages ORDER BY blob"):
            yield blob.hex()

    def count_processed_blobs(self) -> int:
        """How many blobs have a text page."""
        return int(self._db.execute("SELECT count(*) FROM pages").get)

    def count_processed_events(self) -> int:
        """How many events of the evidence beside it show a blob that has a text page."""
        with contextlib.closing(connect(self._data_dir.journal_db, read_only=True)) as journal:
            # An attached database is opened with the flags of the first: both only for reading.
            journal.execute("ATTACH ? AS derived", (str(self._data_dir.derived_db),))
            return int(journal.execute(_COUNT_PROCESSED).get)

    def which_processed(self, blobs: Sequence[str]) -> frozenset[str]:
        """Those of the blobs that have a text page."""
        found: set[str] = set()
        for start in range(0, len(blobs), _PARAMETERS_MAX):
            part = [bytes.fromhex(blob) for blob in blobs[start : start + _PARAMETERS_MAX]]
            marks = ",".join("?" * len(part))
            query = f"SELECT blob FROM pages WHERE blob IN ({marks})"  # noqa: S608 - only marks
            rows = self._db.execute(query, part)
            found.update(blob.hex() for (blob,) in rows)
        return frozenset(found)

    def blobs_matching_words(self, match: str, *, texts_max: int) -> tuple[str, ...]:
        """Blobs with a line that matches an FTS5 expression over folded words.

        Looks at the ``texts_max`` most recently learnt line texts that match, so the cost
        is bounded however common the words are; the latest committed pages first.
        """
        return self._blobs("line_words", match, texts_max)

    def blobs_holding(self, squashed: str, *, texts_max: int) -> tuple[str, ...]:
        """Blobs with a line that holds the substring; bounded as `blobs_matching_words`.

        The substring is in `folding.squash` form and has three or more characters.
        """
        quoted = squashed.replace('"', '""')
        return self._blobs("line_grams", f'"{quoted}"', texts_max)

    def _blobs(self, table: str, match: str, texts_max: int) -> tuple[str, ...]:
        # CROSS JOIN fixes the order: walk the index newest first and stop, then look up pages.
        statement = _BLOBS_BY_INDEX.format(table=table)
        generation = self._frames.active_generation()
        rows = self._db.execute(statement, (match, texts_max, generation, _POSTINGS_MAX))
        return tuple(blob.hex() for (blob,) in rows)


def derived_missing(path: Path) -> KernelError:
    """What is said where nothing was processed yet."""
    return KernelError(
        "derived-missing",
        f"nothing has been processed yet: {path} does not exist",
        hint="run: kernel process --until-drained",
    )


def _check_page(key: DerivationKey, page: TextPage) -> None:
    if key.input_digest != page.blob:
        raise InconsistentPage(f"it is about blob {page.blob}, the task about {key.input_digest}")
    if key.stage != TEXT_STAGE:
        raise InconsistentPage(f"a text page is no result of stage {key.stage}")
    for position, line in enumerate(page.lines):
        for word in line.words:
            if line.text[word.start : word.end] != word.text or word.end <= word.start:
                raise InconsistentPage(
                    f"line {position} has {word.text!r} at {word.start}..{word.end},"
                    " where its text has something else"
                )
