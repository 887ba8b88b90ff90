"""How many lines held something, or how many times it was on screen.

Covers: counting distinct lines and stretches of time, each counted one cited. Does not cover:
a number that stands on the screen (that is a value, `kernel.query.searching`).
"""

from __future__ import annotations

import difflib
from dataclasses import replace

from contracts.answer import Claim
from kernel.query.citing import box_at
from kernel.query.plan import Reading
from kernel.query.question import analyse
from kernel.query.rows import count_rows
from kernel.query.screen_tables import part_of, table_under
from kernel.query.searching import stored_tables
from kernel.query.sightings import Sighting, clipped, stretches_of
from kernel.query.sources import Outcome, Sources, sightings_of
from kernel.query.windows import count_windows
from kernel.query.wording import quoted, span_text
from kernel.store.folding import squash

CITED_MAX = 32
_LISTED_MAX = 8
_FRAMES_LOOKED_AT = 8
_READINGS_COMPARED_MAX = 200
_LETTERS_MISREAD_MAX, _LINE_CHARS_MIN = 2, 20


def count(reading: Reading, sources: Sources) -> Outcome:
    """One claim with the amount; more than can be cited is said to be at least that many."""
    if reading.asked.measure in ("windows", "programs"):
        return count_windows(reading, sources)
    sightings = sightings_of(reading, sources)
    if not sightings:
        return Outcome()
    if reading.asked.measure == "times":
        return _times(sightings, reading, sources)
    if reading.asked.measure == "things":
        rows = _rows(sightings, reading, sources)
        if not rows.claims:
            question = analyse(f"how many {reading.asked.subject}?")
            rows = count_rows(replace(reading, question=question), sources)
        if rows.claims or not _begin_alike(sightings):
            # Lines that mention an incident are not so many incidents.
            return rows
    return _lines(sightings, reading, sources)


def _rows(sightings: list[Sighting], reading: Reading, sources: Sources) -> Outcome:
    """The rows of the table that stands under a line with the word, on its newest frame."""
    outcome = Outcome()
    for sighting in sightings[:_FRAMES_LOOKED_AT]:
        sources.deadline.check()
        _, _, last, last_us = clipped(sighting.line, reading.scope, sources.evidence)
        event = sources.evidence.find_event(last)
        stored = sources.derived.page_of(event.blob) if event else None
        tables = stored_tables(sources.derived, last)
        caption = box_at(sighting.line, last_us)
        table = table_under(tables, caption)
        if event is None or stored is None or table is None:
            continue
        key, page = stored
        named = table.named_cells(caption)
        parts = [part for cell in named[:CITED_MAX] if (part := part_of(page, cell)) is not None]
        if not parts or len(parts) < len(named):
            continue
        said = "; ".join(
            quoted(page.lines[part.line].text[part.start : part.end]) for part in parts
        )
        text = f"{len(parts)} rows stand under {quoted(sighting.line.text)}: {said}"
        citations = tuple(sources.citer.cite(part, key, page, event) for part in parts)
        outcome.add(Claim(text=text, citations=citations, amount=len(parts)), sources)
        break
    return outcome


def _begin_alike(sightings: list[Sighting]) -> bool:
    """Whether the word stands at one place of every line, as the level does in a log."""
    places = {s.start for s in sightings}
    told = [s.line.text[s.start : s.end] for s in sightings]
    return len(places) == 1 and (places == {0} or all(word.isupper() for word in told))


def without_misreadings(sightings: list[Sighting]) -> list[Sighting]:
    """Those of the lines that are no other reading of one before: an engine reads a letter anew.

    Readings of one line have the same figures, differ in few letters, and are never on the screen
    at once.
    """
    kept: list[Sighting] = []
    for sighting in sightings:
        if not any(_is_read_anew(sighting, other) for other in kept[-_READINGS_COMPARED_MAX:]):
            kept.append(sighting)
    return kept


def _is_read_anew(sighting: Sighting, other: Sighting) -> bool:
    first, second = sighting.line, other.line
    if first.first_us <= second.last_us and second.first_us <= first.last_us:
        return False
    one, two = squash(first.text), squash(second.text)
    if [ch for ch in first.text if ch.isdigit()] != [ch for ch in second.text if ch.isdigit()]:
        return False
    if abs(len(one) - len(two)) > _LETTERS_MISREAD_MAX or min(len(one), len(two)) < _LINE_CHARS_MIN:
        return False
    matcher = difflib.SequenceMatcher(None, one, two, autojunk=False)
    same = sum(block.size for block in matcher.get_matching_blocks())
    return max(len(one), len(two)) - same <= _LETTERS_MISREAD_MAX


def _lines(sightings: list[Sighting], reading: Reading, sources: Sources) -> Outcome:
    outcome = Outcome()
    newest: dict[str, Sighting] = {}
    for sighting in sightings:
        key = squash(sighting.line.text)
        if key not in newest or newest[key].line.last_us < sighting.line.last_us:
            newest[key] = sighting
    ordered = sorted(newest.values(), key=lambda s: (s.line.first_us, s.line.text))
    ordered = without_misreadings(ordered)
    citations = []
    counted: list[Sighting] = []
    for sighting in ordered[:CITED_MAX]:
        sources.deadline.check()
        _, _, last, _ = clipped(sighting.line, reading.scope, sources.evidence)
        cited = sources.citer.cite_line(last, sighting.line, (sighting.start, sighting.end))
        if cited is not None:
            citations.append(cited)
            counted.append(sighting)
    if not citations:
        return outcome
    more = "at least " if len(ordered) > len(counted) else ""
    said = "; ".join(quoted(s.line.text) for s in counted[:_LISTED_MAX])
    ending = "; \u2026" if len(counted) > _LISTED_MAX else ""
    noun = "line holds" if len(counted) == 1 else "different lines hold"
    text = f"{more}{len(counted)} {noun} {quoted(reading.asked.subject)}: {said}{ending}"
    outcome.add(Claim(text=text, citations=tuple(citations), amount=len(counted)), sources)
    return outcome


def _times(sightings: list[Sighting], reading: Reading, sources: Sources) -> Outcome:
    outcome = Outcome()
    stretches = stretches_of(sightings, reading.scope, sources.evidence)
    citations = []
    for stretch in stretches[-CITED_MAX:]:
        sources.deadline.check()
        sighting = max(stretch.lines, key=lambda s: (s.quality, -s.line.first_us, s.line.text))
        first, _, _, _ = clipped(sighting.line, reading.scope, sources.evidence)
        cited = sources.citer.cite_line(first, sighting.line, (sighting.start, sighting.end))
        citations += [cited] if cited else []
    if not citations:
        return outcome
    amount = len(citations)
    more = "at least " if len(stretches) > amount else ""
    shown = stretches[-_LISTED_MAX:]
    when = "; ".join(span_text(s.first_us, s.last_us, sources.zone) for s in shown)
    times = "once" if amount == 1 else f"{more}{amount} times"
    text = f"{quoted(reading.asked.subject)} was on screen {times}: {when}"
    outcome.add(
        Claim(
            text=text,
            citations=tuple(dict.fromkeys(citations)),
            first_us=stretches[0].first_us,
            last_us=max(s.last_us for s in stretches),
            visible_us=sum(s.length_us for s in stretches),
            amount=amount,
        ),
        sources,
    )
    return outcome
