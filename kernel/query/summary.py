"""What a stretch of time was about: an extractive list of its most telling lines.

Covers: leaving out what is always there (task bars, menus, clocks), one line for what was
typed letter by letter, a share for every window that was on screen, and when those were in front
that have no telling line. Does not cover: writing sentences; every other entry is a stored line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.answer import Claim
from contracts.interval import TextInterval
from kernel.query.citing import box_at
from kernel.query.ordinary import is_ordinary
from kernel.query.plan import Reading
from kernel.query.scope import Scope
from kernel.query.sightings import clipped
from kernel.query.sources import Outcome, Sources
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


@dataclass(frozen=True, slots=True)
class _Entry:
    line: TextInterval
    score: int

    @property
    def window(self) -> tuple[str, str]:
        return (self.line.app or "", self.line.window_title or "")


def summarize(reading: Reading, sources: Sources) -> Outcome:
    """The most telling lines of the scope, in order of time, a share for each window."""
    outcome = Outcome()
    rows = sources.timeline.during(reading.scope, limit_rows=ROWS_MAX)
    outcome.cut = len(rows) >= ROWS_MAX
    entries = _entries(rows, sources)
    groups: dict[tuple[str, str], list[_Entry]] = {}
    for entry in sorted(entries, key=lambda e: (-e.score, e.line.first_us, e.line.text)):
        groups.setdefault(entry.window, []).append(entry)
    wanted = max(sources.claims_max, LINES_MAX)
    for entry in sorted(_shared(groups, wanted), key=lambda e: (e.line.first_us, e.line.text)):
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


def _shared(groups: dict[tuple[str, str], list[_Entry]], wanted: int) -> list[_Entry]:
    """The best of every window in turn, until there are enough."""
    chosen: list[_Entry] = []
    rounds = max((len(group) for group in groups.values()), default=0)
    for at in range(rounds):
        for window in sorted(groups, key=lambda w: (groups[w][0].line.first_us, w)):
            if at < len(groups[window]) and len(chosen) < wanted:
                chosen.append(groups[window][at])
    return chosen


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
