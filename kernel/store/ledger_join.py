"""One ledger out of what a data dir and its backup still have of it.

Covers: reading a chain as far as it holds, choosing, the anchors of both. Does not cover:
writing the new journal (`kernel.store.rebuild`), checking (`kernel.store.check_chain`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw
import blake3
import msgspec

from contracts.canonical import decode
from contracts.ledger import LedgerAnchor, LedgerEntry
from kernel.store.batch import GENESIS
from kernel.store.ledger import parse_anchor

LOST_ACT = "ledger.lost"
"""Act of the entry that tells of entries which an anchor knew and no copy has."""
CARRIED_ACT = "ledger.carried"
"""Act under which entries of a ledger that was begun anew are told again."""


@dataclass(frozen=True, slots=True)
class LedgerRows:
    """Records of a ledger: the unbroken chain from its first entry, and what lies behind."""

    chain: tuple[bytes, ...] = ()
    later: tuple[bytes, ...] = ()


def read_ledger(connection: apsw.Connection) -> LedgerRows:
    """What can be read; never raises for damage."""
    chain: list[bytes] = []
    later: list[bytes] = []
    previous = GENESIS
    try:
        for seq, head, record in connection.execute(
            "SELECT seq, head, record FROM ledger ORDER BY seq"
        ):
            entry = _entry(record)
            if entry is None or blake3.blake3(record).digest() != head:
                later.append(b"")
            elif not later and (entry.seq, entry.previous) == (seq, previous):
                previous = head.hex()
                chain.append(record)
            else:
                later.append(record)
    except (apsw.Error, TypeError):
        # As far as it goes.
        pass
    return LedgerRows(tuple(chain), tuple(record for record in later if record))


def join_ledgers(own: LedgerRows, spare: LedgerRows, anchors: Sequence[bytes]) -> LedgerRows:
    """The chain to go on with, and records that no longer chain and are told again. Pure.

    The backup's entries fill what the own ledger lost. Where both go on differently, the one
    that earlier anchors tell of wins: a ledger that was begun anew fits only later ones.
    """
    common = _common(own.chain, spare.chain)
    chain, later = own.chain, own.later
    if len(spare.chain) > common:
        if len(own.chain) > common and _since(own.chain, anchors) <= _since(spare.chain, anchors):
            return own
        chain, later = spare.chain, (*own.chain[common:], *own.later)
    known = set(chain)
    by_previous = {_previous(record): record for record in later if record not in known}
    joined = list(chain)
    head = blake3.blake3(joined[-1]).hexdigest() if joined else GENESIS
    while joined and (record := by_previous.pop(head, None)) is not None:
        joined.append(record)
        head = blake3.blake3(record).hexdigest()
    known = set(joined)
    return LedgerRows(tuple(joined), tuple(record for record in later if record not in known))


def join_anchors(own: bytes, spare: bytes) -> bytes:
    """The lines of both files: the backup's whole ones, then those that came after them. Pure."""
    whole = [line for line in spare.splitlines(keepends=True) if parse_anchor(line) is not None]
    lines = own.splitlines(keepends=True)
    shared = [number for number, line in enumerate(lines, 1) if line in set(whole)]
    behind = lines[shared[-1] if shared else 0 :]
    return b"".join([*whole, *behind])


def unknown_anchors(chain: Sequence[bytes], anchors: bytes) -> int:
    """How many whole anchors tell of entries that the chain does not have. Pure."""
    found = _anchors(anchors.splitlines())
    return len(found) - _known(chain, anchors.splitlines())


def _known(chain: Sequence[bytes], lines: Sequence[bytes]) -> int:
    heads = {seq: blake3.blake3(record).hexdigest() for seq, record in enumerate(chain, 1)}
    return sum(heads.get(anchor.seq) == anchor.head for anchor in _anchors(lines))


def _since(chain: Sequence[bytes], lines: Sequence[bytes]) -> int:
    """The first line whose anchor is of this chain; behind the last when none is."""
    known = (at for at, line in enumerate(lines) if _known(chain, [line]))
    return next(known, len(lines))


def _anchors(lines: Sequence[bytes]) -> list[LedgerAnchor]:
    return [anchor for line in lines if (anchor := parse_anchor(line)) is not None]


def _common(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _entry(record: bytes) -> LedgerEntry | None:
    try:
        return decode(record, LedgerEntry)
    except (msgspec.MsgspecError, TypeError):
        return None


def _previous(record: bytes) -> str:
    entry = _entry(record)
    return entry.previous if entry else ""
