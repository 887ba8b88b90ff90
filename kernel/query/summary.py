"""What a stretch of time was about: an extractive list of its most telling lines.

Covers: leaving out what is always there (task bars, menus, clocks), heads of columns last, one
line for what was typed letter by letter, a share for every window that was on screen, and when
those were in front that have no telling line. Does not cover: writing sentences; every other
entry is a stored line, cited.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from contracts.answer import Claim
from contracts.interval import TextInterval
from contracts.text import TextPage
from kernel.query.citing import box_at
from kernel.query.layout import PageLayout, Piece
from kernel.query.ordinary import is_ordinary
from kernel.query.plan import Reading
from kernel.query.scope import Scope
from kernel.query.sightings import clipped
from kernel.query.sources import Outcome, Sources
from kernel.query.standing import standing_frames
from kernel.query.times import MICROS
from kernel.query.windows import tell_untold
from kernel.query.wording import span_text
from kernel.store.folding import squash

ROWS_MAX = 8000
LINES_MAX = 12
_WORDS_MIN = 3
_LETTERS_MIN = 12
_LETTERS_FULL = 60
_WINDOWS_OF_CHROME = 2
_RARE_WEIGHT = 6
_PLACE_PX = 12
_HEADS_MIN = 3
_ROWS_UNDER = 2
_HEAD_REACH = 6.0
_LAYOUTS_MAX = 64
"""Frames whose heads of columns are looked for."""


@dataclass(frozen=True, slots=True)
class _Entry:
    line: TextInterval
    score: int

    @property
    def window(self) -> tuple[str, str]:
        return (self.line.app or "", self.line.window_title or "")


def summarize(reading: Reading, sources: Sources) -> Outcome:
    """The most telling lines of the scope, in order of time, a share for each window.

    Of a second those of the frames that stood then.
    """
    outcome = Outcome()
    scope = reading.scope
    scopes = [
        replace(scope.within(f.captured_at_us, f.captured_at_us + 1), monitor=f.monitor)
        for f in standing_frames(scope, sources)
    ]
    for part in scopes or [scope]:
        told = _summary(replace(reading, scope=part), sources)
        outcome.claims += told.claims
        outcome.notes += told.notes
        outcome.dropped += told.dropped
        outcome.cut = outcome.cut or told.cut
    return outcome


def _summary(reading: Reading, sources: Sources) -> Outcome:
    outcome = Outcome()
    rows = sources.timeline.during(reading.scope, limit_rows=ROWS_MAX)
    outcome.cut = len(rows) >= ROWS_MAX
    entries = _entries(rows, sources)
    groups: dict[tuple[str, str], list[_Entry]] = {}
    for entry in sorted(entries, key=lambda e: (-e.score, e.line.first_us, e.line.text)):
        groups.setdefault(entry.window, []).append(entry)
    wanted = max(sources.claims_max, LINES_MAX)
    with outcome.until_over():
        chosen = _shared(groups, wanted, _ColumnHeads(sources).is_head)
        for entry in sorted(chosen, key=lambda e: (e.line.first_us, e.line.text)):
            sources.deadline.check()
            claim = _claim(entry.line, reading, sources)
            if claim is not None:
                outcome.add(claim, sources)
        for claim in tell_untold(reading, groups.keys(), sources, limit=LINES_MAX):
            outcome.add(claim, sources)
    outcome.claims.sort(key=lambda claim: (claim.first_us or 0, claim.text))
    outcome.notes += _windows_seen(groups, reading, sources)
    return outcome


def _entries(rows: Sequence[TextInterval], sources: Sources) -> list[_Entry]:
    windows: dict[str, set[tuple[str | None, str | None]]] = {}
    for line in rows:
        key = squash(line.text)
        windows.setdefault(key, set()).add((line.app, line.window_title))
    names = {squash(line.window_title or "") for line in rows}
    best: dict[str, _Entry] = {}
    for line in _without_beginnings(rows):
        key = squash(line.text)
        if len(windows[key]) >= _WINDOWS_OF_CHROME or key in names:
            continue
        score = _score(line)
        if score and (key not in best or best[key].score < score):
            best[key] = _Entry(line, score)
    return [entry for entry in best.values() if not _outlasts_windows(entry.line, sources)]


def _outlasts_windows(line: TextInterval, sources: Sources) -> bool:
    """Whether a line stays while windows come and go, as bars and menus of the desktop do."""
    span = Scope(from_us=line.first_us, to_us=line.last_us + 1)
    return len(sources.timeline.windows(span)) > _WINDOWS_OF_CHROME


def _score(line: TextInterval) -> int:
    """How telling a line is by itself: enough words, rare ones, and time on screen."""
    words = line.text.split()
    letters = sum(ch.isalpha() for ch in line.text)
    if len(words) < _WORDS_MIN or letters < _LETTERS_MIN:
        return 0
    rare = sum(
        1
        for word in words
        if any(ch.isalpha() for ch in word) and not is_ordinary(word.strip(".,:;()\"'"))
    )
    lasted_s = (line.last_us - line.first_us) // MICROS
    length = min(letters, _LETTERS_FULL)
    return length + _RARE_WEIGHT * min(rare, 8) + int(4 * math.log2(1 + lasted_s))


def _without_beginnings(rows: Sequence[TextInterval]) -> list[TextInterval]:
    """Without lines that grew into longer ones in the same place, as while typing."""
    ordered = sorted(rows, key=lambda line: (line.first_us, line.text))
    by_place: dict[tuple[str, int, int, int], TextInterval] = {}
    grown = set()
    for line in ordered:
        box = box_at(line, line.first_us)
        place = (line.source, line.monitor, box[0] // _PLACE_PX, box[1] // _PLACE_PX)
        before = by_place.get(place)
        if before is not None and line.text.startswith(before.text):
            grown.add(id(before))
        by_place[place] = line
    return [line for line in ordered if id(line) not in grown]


def _shared(
    groups: dict[tuple[str, str], list[_Entry]],
    wanted: int,
    is_head: Callable[[TextInterval], bool],
) -> list[_Entry]:
    """The best of every window in turn, until there are enough; heads of columns come last."""
    chosen: list[_Entry] = []
    groups = {window: _heads_last(group, wanted, is_head) for window, group in groups.items()}
    rounds = max((len(group) for group in groups.values()), default=0)
    for at in range(rounds):
        for window in sorted(groups, key=lambda w: (groups[w][0].line.first_us, w)):
            if at < len(groups[window]) and len(chosen) < wanted:
                chosen.append(groups[window][at])
    return chosen


def _heads_last(
    group: list[_Entry], wanted: int, is_head: Callable[[TextInterval], bool]
) -> list[_Entry]:
    looked, rest = group[: 2 * wanted], group[2 * wanted :]
    heads = [entry for entry in looked if is_head(entry.line)]
    return [entry for entry in looked if entry not in heads] + rest + heads


class _ColumnHeads:
    """Tells heads of columns: they say what may stand in a table, and nothing of what does."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._heads: dict[str, frozenset[str]] = {}

    def is_head(self, line: TextInterval) -> bool:
        """Whether the line is, or is part of, a row of heads on its first frame."""
        if any(map(str.isdigit, line.text)) or len(self._heads) > _LAYOUTS_MAX:
            return False
        self._sources.deadline.check()
        event = self._sources.evidence.find_event(line.first_event)
        stored = self._sources.derived.page_of(event.blob) if event else None
        if stored is None:
            return False
        key, page = stored
        if key.input_digest not in self._heads:
            self._heads[key.input_digest] = heads_on(page)
        return line.text in self._heads[key.input_digest]


def heads_on(page: TextPage) -> frozenset[str]:
    """Texts of the lines that make rows of heads: pieces without a figure over columns with some.

    In one column of three or more the next two pieces must have figures.
    """
    layout = PageLayout(page)
    heads = set()
    for piece in layout.pieces:
        row = layout.row_of(piece)
        if len(row) < _HEADS_MIN or any(_has_figure(p.text) for p in row):
            continue
        if any(_is_over_figures(layout, p) for p in row):
            heads.add(page.lines[piece.line].text)
    return frozenset(heads)


def _is_over_figures(layout: PageLayout, head: Piece) -> bool:
    under = layout.below(head, reach=_HEAD_REACH)[:_ROWS_UNDER]
    return len(under) == _ROWS_UNDER and all(_has_figure(piece.text) for piece in under)


def _has_figure(text: str) -> bool:
    return any(map(str.isdigit, text))


def _claim(line: TextInterval, reading: Reading, sources: Sources) -> Claim | None:
    first, first_us, _, last_us = clipped(line, reading.scope, sources.evidence)
    cited = sources.citer.cite_line(first, line)
    if cited is None:
        return None
    return Claim(
        text=line.text,
        citations=(cited,),
        first_us=first_us,
        last_us=last_us,
        visible_us=last_us - first_us,
    )


def _windows_seen(
    groups: dict[tuple[str, str], list[_Entry]], reading: Reading, sources: Sources
) -> list[str]:
    """Which windows the lines come from, and when."""
    said = []
    for window in sorted(groups, key=lambda w: (min(e.line.first_us for e in groups[w]), w)):
        first = min(e.line.first_us for e in groups[window])
        last = max(e.line.last_us for e in groups[window])
        first = max(first, reading.scope.from_us)
        last = min(last, reading.scope.to_us)
        name = " \u2014 ".join(part for part in window if part) or "a window without a name"
        said.append(f"{span_text(first, last, sources.zone)}: {name}")
    return said[:LINES_MAX]
