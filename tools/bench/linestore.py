"""Derived stores with as many distinct lines as wished, for measuring searches over years of use.

Words follow Zipf's law (s = 1.07 over 120,000 words), lines have 48 characters on average, ten new
lines come with each frame. The rows are those that the store itself would have written; they are
put in directly, since laying out millions of pages would take hours.

Covers: making the lines and filling our store and its rivals. Does not cover: asking
(`tools/bench/query_scale.py`).
"""

from __future__ import annotations

import bisect
import itertools
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import apsw

from contracts import canonical
from contracts.derivation import DerivationKey
from contracts.text import TextPage
from kernel.config.paths import DataDir
from kernel.store import folding
from kernel.store.derived import DerivedStore
from kernel.store.runs import Look, Run, pack_runs
from kernel.store.sqlite import connect
from kernel.store.texts import row_of, slot_of, text_hash
from tools.bench.intervals import TIMING

WORDS: Final = 120_000
ZIPF: Final = 1.07
CHARS_MEAN: Final = 48
LINES_PER_FRAME: Final = 10
FRAME_US: Final = 5_000_000
START_US: Final = 1_700_000_000_000_000
BATCH: Final = 5_000
_LETTERS: Final = "etaoinshrdlucmfwypvbgkjqxz"


class Vocabulary:
    """Words, the common ones short, and drawing from them; the same for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - repeatable
        seen: set[str] = set()
        for number in range(WORDS):
            size = 2 + len(str(number)) + self._chance.randrange(3)
            word = "".join(self._chance.choices(_LETTERS, k=size))
            while word in seen:
                word += self._chance.choice(_LETTERS)
            seen.add(word)
        self.words = sorted(seen, key=lambda word: (len(word), word))
        weights = (1 / (rank + 1) ** ZIPF for rank in range(WORDS))
        self._cumulative = list(itertools.accumulate(weights))

    def draw(self) -> str:
        """A word, by its weight."""
        point = self._chance.random() * self._cumulative[-1]
        return self.words[bisect.bisect_left(self._cumulative, point)]

    def lines(self, count: int) -> Iterator[str]:
        """Distinct lines: each ends in a number of its own, as many real lines do."""
        for number in range(count):
            size = self._chance.randint(CHARS_MEAN - 36, CHARS_MEAN + 24)
            words, length = [], 8
            while length < size:
                words.append(self.draw())
                length += len(words[-1]) + 1
            yield " ".join((*words, f"n{number:07}"))


def moment_of(number: int) -> int:
    """When the line of that number was first seen."""
    return START_US + number // LINES_PER_FRAME * FRAME_US


def fill_ours(folder: Path, count: int, seed: int) -> None:
    """A derived store with ``count`` lines, each an interval of two frames."""
    DerivedStore.open(DataDir(folder)).close()
    database = connect(DataDir(folder).derived_db, durable=False)
    with database:
        result_id = _insert_result(database)
        database.execute("INSERT INTO streams VALUES(1, 1, 'bench', 0)")
        database.execute("INSERT INTO windows VALUES(1, 'bench', 'bench')")
        frames = range(count // LINES_PER_FRAME + 2)
        database.executemany(
            "INSERT INTO frames(stream_id, at_us, seq, event, result_id, window_id)"
            " VALUES(1,?,?,?,?,1)",
            ((START_US + n * FRAME_US, n + 1, n.to_bytes(16, "big"), result_id) for n in frames),
        )
    numbered = enumerate(Vocabulary(seed).lines(count))
    while batch := list(itertools.islice(numbered, BATCH)):
        with database:
            _insert_lines(database, batch)
    database.close()


def _insert_result(database: apsw.Connection) -> int:
    blob = "0" * 64
    key = DerivationKey(
        input_digest=blob,
        stage="text",
        plugin_id="bench",
        plugin_version="1.0.0",
        config_digest=blob,
    )
    page = TextPage(
        blob=blob, width_px=1, height_px=1, engine="bench", engine_version="1", lines=()
    )
    database.execute(
        "INSERT INTO results(key_digest, input_digest, stage, key, record, timing, finished_at_us)"
        " VALUES(?,?,?,?,?,?,0)",
        (
            bytes.fromhex(canonical.digest(key)),
            bytes.fromhex(blob),
            "text",
            *map(canonical.encode, (key, page, TIMING)),
        ),
    )
    return database.last_insert_rowid()


def _insert_lines(database: apsw.Connection, batch: Sequence[tuple[int, str]]) -> None:
    database.executemany(
        "INSERT INTO texts(text_id, text_hash, text) VALUES(?,?,?)",
        ((number + 1, text_hash(text), text) for number, text in batch),
    )
    database.executemany(
        "INSERT INTO line_words(rowid, words) VALUES(?,?)",
        (
            (row_of(number + 1, slot_of(moment_of(number))), folding.index_words(text))
            for number, text in batch
        ),
    )
    database.executemany(
        "INSERT INTO line_grams(rowid, squashed) VALUES(?,?)",
        ((number + 1, folding.squash(text)) for number, text in batch),
    )
    database.executemany(
        "INSERT INTO intervals(stream_id, text_id, first_us, first_seq, last_us, last_seq, runs)"
        " VALUES(1,?,?,?,?,?,?)",
        (_interval(number, text) for number, text in batch),
    )


def _interval(number: int, text: str) -> tuple[Any, ...]:
    frame = number // LINES_PER_FRAME
    first, last = (moment_of(number), frame + 1), (moment_of(number) + FRAME_US, frame + 2)
    top = 100 + number % LINES_PER_FRAME * 24
    look = Look(number + 1, (40, top, 40 + 8 * len(text), top + 18), 950)
    return number + 1, *first, *last, pack_runs((Run(first, look),))


def fill_plain(path: Path, count: int, seed: int) -> None:
    """The plain way: one FTS5 table over the lines, nothing else."""
    database = connect(path, durable=False)
    database.execute("CREATE VIRTUAL TABLE lines USING fts5(text)")
    numbered = Vocabulary(seed).lines(count)
    while batch := list(itertools.islice(numbered, BATCH)):
        with database:
            database.executemany("INSERT INTO lines(text) VALUES(?)", ((text,) for text in batch))
    database.close()


def fill_tantivy(folder: Path, count: int, seed: int) -> None:
    """The same lines in tantivy, with the moment as a fast field."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", stored=True)
    builder.add_integer_field("at", stored=True, indexed=True, fast=True)
    folder.mkdir()
    index = tantivy.Index(builder.build(), path=str(folder))
    writer = index.writer(256 << 20, 1)
    for number, text in enumerate(Vocabulary(seed).lines(count)):
        writer.add_document(tantivy.Document(text=text, at=moment_of(number)))
    writer.commit()
    writer.wait_merging_threads()
