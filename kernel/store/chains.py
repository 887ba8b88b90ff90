"""Lines of text over time: rows that grow, are cut and are joined as frames come, in any order.

A row of `intervals` is one chain (`kernel.store.runs`): all frames from the first to the last
that showed the line. When a frame is put between two others, only what the three pages say
about each other matters: a chain that goes on through the new frame is left alone, one that does
not is cut in two, and lines that it links are joined. So the rows depend on the frames that are
there, not on the order in which they came, and a frame that shows what the one before showed
writes nothing. A chain is *open* while the newest frame of its stream shows it.

Covers: the tables intervals, variants, movements. Does not cover: which lines belong together
(`kernel.store.matching`), reading (`kernel.store.interval_reader`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import apsw

from kernel.store.damage import derived_damaged
from kernel.store.frames import GAP_US_MAX, Frame, Place
from kernel.store.matching import NO_LINK, Link, Seen, link_pages
from kernel.store.runs import (
    Look,
    Run,
    Runs,
    best_text,
    cut,
    join,
    look_at,
    other_texts,
    pack_runs,
    unpack_runs,
)
from kernel.store.texts import TextTable, slot_of

K = TypeVar("K")
V = TypeVar("V")
_PAGES_KEPT = 64
_LINKS_KEPT = 64


@dataclass(slots=True)
class Chain:
    """A row of `intervals`; without an id it is not stored yet. ``last`` None: it is open."""

    stream_id: int
    runs: Runs
    last: Place | None
    interval_id: int | None = None


@dataclass(slots=True)
class _Change:
    """What one frame does to chains, until it is written."""

    written: dict[int, Chain] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)

    def write(self, chain: Chain) -> None:
        self.written[id(chain)] = chain

    def drop(self, chain: Chain) -> None:
        self.written.pop(id(chain), None)
        if chain.interval_id is not None:
            self.gone.add(chain.interval_id)


@dataclass(frozen=True, slots=True)
class _Spot:
    """A frame with its neighbours on the stream, their lines, and how these belong together."""

    before: Frame | None
    frame: Frame
    behind: Frame | None
    lines_before: tuple[Seen, ...]
    lines: tuple[Seen, ...]
    lines_behind: tuple[Seen, ...]
    into: Link
    out: Link
    across: Link
    """From the frame before to the one behind, as if this one were not there."""


class ChainTable:
    """Rows over one connection; begins no transactions of its own."""

    def __init__(
        self,
        connection: apsw.Connection,
        texts: TextTable,
        lines_of: Callable[[int], tuple[Seen, ...]],
    ) -> None:
        self._db = connection
        self._texts = texts
        self._pages = _Kept(lines_of, _PAGES_KEPT)
        self._links = _Kept(self._compare, _LINKS_KEPT)

    def forget(self) -> None:
        """A transaction was rolled back: rows learnt in it may come to be others."""
        self._pages.clear()
        self._links.clear()

    def insert(self, before: Frame | None, frame: Frame, behind: Frame | None) -> None:
        """A frame came between these two, which followed each other until now."""
        spot = self._look_around(before, frame, behind)
        change = _Change()
        lefts: dict[int, Chain] = {}
        rights: dict[int, Chain] = {}
        settled = self._cross(spot, change, lefts, rights)
        self._end_at(spot, change, lefts, settled)
        back = _turned(spot.across.forward)
        for line, later in spot.out.forward.items():
            if later not in back and behind is not None:
                rights[line] = self._find(behind, spot.lines_behind[later])
        for index, seen in enumerate(spot.lines):
            if index not in settled:
                self._set_in(spot, seen, lefts.get(index), rights.get(index), change)
        self._write(change)
        self._sight(spot)
        self._note_movement(frame, spot.into)
        if behind is not None:
            self._note_movement(behind, spot.out)

    def remove(self, before: Frame | None, frame: Frame, behind: Frame | None) -> None:
        """A frame goes from between these two, which follow each other from now on."""
        spot = self._look_around(before, frame, behind)
        change = _Change()
        lefts: dict[int, Chain] = {}
        rights: dict[int, Chain] = {}
        back = _turned(spot.into.forward)
        for index, seen in enumerate(spot.lines):
            chain = self._find(frame, seen)
            earlier, later = back.get(index), spot.out.forward.get(index)
            if later is not None and behind is not None:
                runs, rest = cut(chain.runs, frame.place, behind.place)
                rights[later] = Chain(chain.stream_id, rest, chain.last)
                change.write(rights[later])
                chain.runs = runs
            if earlier is None or before is None:
                change.drop(chain)
                continue
            chain.runs = cut(chain.runs, before.place, frame.place)[0]
            chain.last = before.place
            change.write(chain)
            lefts[earlier] = chain
        self._mend(spot, change, lefts, rights)
        self._write(change)
        self._db.execute(
            "DELETE FROM movements WHERE stream_id=? AND at_us=? AND seq=?",
            (frame.stream_id, *frame.place),
        )
        if behind is not None:
            self._note_movement(behind, spot.across)

    # --- looking around ------------------------------------------------------------------

    def _look_around(self, before: Frame | None, frame: Frame, behind: Frame | None) -> _Spot:
        return _Spot(
            before,
            frame,
            behind,
            self._pages[before.result_id] if before else (),
            self._pages[frame.result_id],
            self._pages[behind.result_id] if behind else (),
            self._link(before, frame),
            self._link(frame, behind),
            self._link(before, behind),
        )

    def _link(self, earlier: Frame | None, later: Frame | None) -> Link:
        if earlier is None or later is None or later.at_us - earlier.at_us > GAP_US_MAX:
            return NO_LINK
        return self._links[earlier.result_id, later.result_id]

    def _compare(self, pair: tuple[int, int]) -> Link:
        if pair[0] == pair[1]:
            return Link({index: index for index in range(len(self._pages[pair[0]]))})
        return link_pages(self._pages[pair[0]], self._pages[pair[1]])

    def _look(self, seen: Seen) -> Look:
        return Look(self._texts.id_of(seen.text), seen.box, seen.confidence)

    def _find(self, frame: Frame, seen: Seen) -> Chain:
        """The chain to which the line belongs on this frame."""
        look = self._look(seen)
        columns = "i.interval_id, i.first_us, i.first_seq, i.last_us, i.last_seq, i.runs"
        where = "i.stream_id=? AND i.first_us<=? AND (i.last_us IS NULL OR i.last_us>=?)"
        values = (look.text_id, frame.stream_id, frame.at_us, frame.at_us)
        for source in (
            "intervals i WHERE i.text_id=?",
            "variants v CROSS JOIN intervals i USING(interval_id) WHERE v.text_id=?",
        ):
            rows = self._db.execute(
                f"SELECT {columns} FROM {source} AND {where} ORDER BY i.first_us DESC",  # noqa: S608 - literals
                values,
            )
            for interval_id, first_us, first_seq, last_us, last_seq, data in rows:
                last = None if last_us is None else (last_us, last_seq)
                if (first_us, first_seq) > frame.place or (last and last < frame.place):
                    continue
                runs = unpack_runs(data, (first_us, first_seq))
                if look_at(runs, frame.place) == look:
                    return Chain(frame.stream_id, runs, last, interval_id)
        raise derived_damaged(f"no interval holds a line that frame {frame.event_id} shows")

    # --- a frame comes -------------------------------------------------------------------

    def _cross(
        self, spot: _Spot, change: _Change, lefts: dict[int, Chain], rights: dict[int, Chain]
    ) -> set[int]:
        """Chains from before to behind: left alone, bent, or cut; lines that need no more."""
        settled: set[int] = set()
        before, behind = spot.before, spot.behind
        if before is None or behind is None:
            return settled
        back = _turned(spot.out.forward)
        for earlier, later in spot.across.forward.items():
            here = spot.into.forward.get(earlier)
            was = spot.lines_before[earlier]
            if here is not None and spot.out.forward.get(here) == later:
                settled.add(here)
                if spot.lines[here] != was:
                    chain = self._find(before, was)
                    change.write(self._bend(chain, spot, here, later))
                continue
            chain = self._find(before, was)
            left, right = cut(chain.runs, before.place, behind.place)
            rest = Chain(chain.stream_id, right, chain.last)
            chain.runs, chain.last = left, before.place
            change.write(chain)
            change.write(rest)
            if here is not None:
                lefts[here] = chain
            if later in back:
                rights[back[later]] = rest
        return settled

    def _bend(self, chain: Chain, spot: _Spot, here: int, later: int) -> Chain:
        """The chain goes on, but the line looks different on the new frame."""
        assert spot.behind is not None
        place, look = spot.frame.place, self._look(spot.lines[here])
        then = self._look(spot.lines_behind[later])
        left = tuple(run for run in chain.runs if run.place < place)
        right = tuple(run for run in chain.runs if run.place > spot.behind.place)
        turn = (Run(spot.behind.place, then),) if then != look else ()
        chain.runs = (*left, Run(place, look), *turn, *right)
        return chain

    def _end_at(
        self, spot: _Spot, change: _Change, lefts: dict[int, Chain], settled: set[int]
    ) -> None:
        """Chains whose last frame is the one before: they go on to the new frame, or end there."""
        before = spot.before
        if before is None:
            return
        for earlier, seen in enumerate(spot.lines_before):
            if earlier in spot.across.forward:
                continue
            here = spot.into.forward.get(earlier)
            if here is None:
                if spot.behind is None:
                    chain = self._find(before, seen)
                    chain.last = before.place
                    change.write(chain)
            elif spot.behind is None and spot.lines[here] == seen:
                # It was open and stays so: what does not change is not written.
                settled.add(here)
            else:
                lefts[here] = self._find(before, seen)

    def _set_in(
        self, spot: _Spot, seen: Seen, left: Chain | None, right: Chain | None, change: _Change
    ) -> None:
        """A line of the new frame, between the chains that it continues and that continue it."""
        place, look = spot.frame.place, self._look(seen)
        own: Runs = (Run(place, look),)
        if left is not None:
            own = join(left.runs, left.runs[-1].look, own)
        if right is not None:
            own = join(own, look, right.runs)
        end = None if spot.behind is None else place
        chain = left or right or Chain(spot.frame.stream_id, own, end)
        chain.runs, chain.last = own, right.last if right is not None else end
        change.write(chain)
        if left is not None and right is not None:
            change.drop(right)

    # --- a frame goes --------------------------------------------------------------------

    def _mend(
        self, spot: _Spot, change: _Change, lefts: dict[int, Chain], rights: dict[int, Chain]
    ) -> None:
        before, behind = spot.before, spot.behind
        for earlier, later in spot.across.forward.items():
            assert before is not None
            assert behind is not None
            left = lefts.get(earlier) or self._find(before, spot.lines_before[earlier])
            right = rights.get(later) or self._find(behind, spot.lines_behind[later])
            left.runs = join(left.runs, left.runs[-1].look, right.runs)
            left.last = right.last
            change.drop(right)
            change.write(left)
        if behind is None and before is not None:
            for earlier, seen in enumerate(spot.lines_before):
                chain = lefts.get(earlier) or self._find(before, seen)
                chain.last = None
                change.write(chain)

    # --- rows ----------------------------------------------------------------------------

    def _write(self, change: _Change) -> None:
        for interval_id in change.gone:
            self._db.execute("DELETE FROM intervals WHERE interval_id=?", (interval_id,))
        for chain in change.written.values():
            first, last = chain.runs[0].place, chain.last or (None, None)
            text_id = best_text(chain.runs)
            row = (chain.stream_id, text_id, *first, *last, pack_runs(chain.runs))
            if chain.interval_id is None:
                self._db.execute(
                    "INSERT INTO intervals(stream_id, text_id, first_us, first_seq, last_us,"
                    " last_seq, runs) VALUES(?,?,?,?,?,?,?)",
                    row,
                )
                chain.interval_id = self._db.last_insert_rowid()
            else:
                self._db.execute(
                    "UPDATE intervals SET stream_id=?, text_id=?, first_us=?, first_seq=?,"
                    " last_us=?, last_seq=?, runs=? WHERE interval_id=?",
                    (*row, chain.interval_id),
                )
                self._db.execute("DELETE FROM variants WHERE interval_id=?", (chain.interval_id,))
            self._db.executemany(
                "INSERT INTO variants(text_id, interval_id) VALUES(?,?)",
                [(other, chain.interval_id) for other in sorted(other_texts(chain.runs))],
            )

    def _sight(self, spot: _Spot) -> None:
        """Index what was not on the frame before, or not in this slot of time."""
        slot = slot_of(spot.frame.at_us)
        back = _turned(spot.into.forward)
        same_slot = spot.before is not None and slot_of(spot.before.at_us) == slot
        for index, seen in enumerate(spot.lines):
            earlier = back.get(index)
            if same_slot and earlier is not None and spot.lines_before[earlier].text == seen.text:
                continue
            self._texts.sight(seen.text, slot)

    def _note_movement(self, frame: Frame, link: Link) -> None:
        """One row for the shift that most moved lines share, whatever their number."""
        place = (frame.stream_id, *frame.place)
        move = link.movement
        if move is None:
            self._db.execute("DELETE FROM movements WHERE stream_id=? AND at_us=? AND seq=?", place)
        else:
            self._db.execute(
                "INSERT OR REPLACE INTO movements(stream_id, at_us, seq, dx, dy, lines)"
                " VALUES(?,?,?,?,?,?)",
                (*place, move.dx, move.dy, move.lines),
            )


class _Kept(Generic[K, V]):
    """The last values of a function of immutable rows."""

    def __init__(self, make: Callable[[K], V], size: int) -> None:
        self._make = make
        self._size = size
        self._values: OrderedDict[K, V] = OrderedDict()

    def __getitem__(self, key: K) -> V:
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key]
        value = self._values[key] = self._make(key)
        while len(self._values) > self._size:
            self._values.popitem(last=False)
        return value

    def clear(self) -> None:
        """Forget all: a row id may come to stand for another row after a rollback."""
        self._values.clear()


def _turned(forward: Mapping[int, int]) -> dict[int, int]:
    return {later: earlier for earlier, later in forward.items()}
