"""Distinct texts, each stored once, and the two indexes over them.

``line_words`` (FTS5, detail=full) has a row for each text and *slot* of ten minutes in which it
was on screen, with the row id ``slot << 32 | text id``: a range of time is a range of row ids,
newest first is row id descending, and what was learnt years ago and seen yesterday is found where
it was seen. The slot 0 holds texts of pages that no event shows yet. ``line_grams`` (trigrams) has
a row for each text: it is three times the size of the text, and a text that is seen again costs
nothing there.

Covers: those tables. Does not cover: reading them (`kernel.store.interval_reader`).
"""

from __future__ import annotations

from collections import OrderedDict

import apsw

from contracts import canonical
from kernel.store import folding

SLOT_US = 600_000_000
SLOT_SHIFT = 32
TEXT_MASK = (1 << SLOT_SHIFT) - 1
NO_SLOT = 0

_HASH_BYTES = 8
_IDS_KEPT = 8_192


def row_of(text_id: int, slot: int) -> int:
    """The row of `line_words` for a text in a slot (of `slot_of`)."""
    return slot << SLOT_SHIFT | text_id


def slot_of(at_us: int) -> int:
    """The slot of a moment, counted from 1970; a moment in the first slot of all counts as 1."""
    return max(1, at_us // SLOT_US)


def text_hash(text: str) -> int:
    """What a text is looked up by: a signed 64-bit number."""
    return short_hash(canonical.digest_text(text))


def short_hash(digest: str) -> int:
    """The same from the digest of the text."""
    return int(digest[: 2 * _HASH_BYTES], 16) - (1 << 63)


class TextTable:
    """Rows over one connection; begins no transactions of its own."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._db = connection
        self._ids: OrderedDict[str, int] = OrderedDict()

    def forget(self) -> None:
        """A transaction was rolled back: what was learnt in it is not so."""
        self._ids.clear()

    def id_of(self, text: str) -> int:
        """The id of a text; it is stored and put into the index of substrings when it is new."""
        known = self._ids.get(text)
        if known is not None:
            self._ids.move_to_end(text)
            return known
        short = text_hash(text)
        row = self._db.execute(
            "SELECT text_id FROM texts WHERE text_hash=? AND text=?", (short, text)
        ).fetchone()
        text_id = int(row[0]) if row else self._insert(short, text)
        self._ids[text] = text_id
        while len(self._ids) > _IDS_KEPT:
            self._ids.popitem(last=False)
        return text_id

    def is_known(self, text: str) -> bool:
        """Whether the text is stored."""
        row = self._db.execute(
            "SELECT 1 FROM texts WHERE text_hash=? AND text=?", (text_hash(text), text)
        ).fetchone()
        return row is not None

    def _insert(self, short: int, text: str) -> int:
        self._db.execute("INSERT INTO texts(text_hash, text) VALUES(?,?)", (short, text))
        text_id = self._db.last_insert_rowid()
        self._db.execute(
            "INSERT INTO line_grams(rowid, squashed) VALUES(?,?)", (text_id, folding.squash(text))
        )
        return text_id

    def sight(self, text: str, slot: int) -> int:
        """The text was on screen in this slot: index its words there, once; returns its id."""
        text_id = self.id_of(text)
        row = row_of(text_id, slot)
        # The shadow table of row sizes is the one place that knows the rows of an index without
        # a copy of its text.
        if not self._db.execute("SELECT 1 FROM line_words_docsize WHERE id=?", (row,)).fetchone():
            self._db.execute(
                "INSERT INTO line_words(rowid, words) VALUES(?,?)", (row, folding.index_words(text))
            )
        return text_id
