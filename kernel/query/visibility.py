"""Lines and when they were on screen: the answers to "find" and "when".

Covers: lines with their first and last frame; stretches; how long. Does not cover: finding the
intervals (`kernel.query.sightings`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from contracts.answer import Citation, Claim
from contracts.base import Box
from contracts.text import TextPage
from kernel.query.citing import CITATIONS_MAX
from kernel.query.containers import BAR_PIECES_MIN, BAR_SHARE
from kernel.query.ordinary import is_ordinary
from kernel.query.places import is_sort_of_window
from kernel.query.plan import Reading
from kernel.query.question import WEAK_WEIGHT, Question
from kernel.query.sightings import (
    ROWS_MAX,
    Sighting,
    Stretch,
    clipped,
    find_within_words,
    frame_after,
    frame_before,
    stream_of,
    stretches_of,
    unseen_within,
)
from kernel.query.similar import fused_order
from kernel.query.sources import Outcome, Sources, sightings_of
from kernel.query.windows import tell_windows, tell_windows_length
from kernel.query.wording import (
    length_text,
    moment_text,
    quoted,
    seen_times_text,
    span_text,
    window_text,
)
from kernel.query.words import spans_in
from kernel.store.folding import squash

_MENTION_SHARE = 4
_LEVEL_CHARS_MIN = 3
_QUALITY_STEP = 60
_STATE_TERMS_MIN, _STATE_WORDS_MAX = 2, 3
_LINES_LOOKED_AT = 4
"""Times the lines that are wanted: some may not verify."""


def find_lines(reading: Reading, sources: Sources) -> Outcome:
    """The lines that hold what is asked about, each with its first and last frame."""
    return _told(sightings_of(reading, sources), reading, sources)


def find_parts(reading: Reading, sources: Sources) -> Outcome:
    """The lines that hold the one word that is looked for within a longer word."""
    question, scope = reading.question, reading.scope
    outcome = _told(find_within_words(sources.timeline, question, scope), reading, sources)
    if outcome.claims:
        outcome.notes.append(f"{quoted(question.terms[0].text)}: part of a longer word")
    return outcome


def _told(sightings: Sequence[Sighting], reading: Reading, sources: Sources) -> Outcome:
    """The lines, best first, as claims that verified."""
    outcome = Outcome(cut=len(sightings) >= ROWS_MAX)
    groups: dict[str, list[Sighting]] = {}
    for sighting in sightings:
        groups.setdefault(squash(sighting.line.text), []).append(sighting)
    ordered = sorted(groups.values(), key=lambda group: _rank(group, sources.order))
    if sources.alike:
        ordered = _with_alike(ordered, reading, sources, outcome)
    with outcome.until_over():
        for group in ordered[: sources.claims_max * _LINES_LOOKED_AT]:
            sources.deadline.check()
            if len(outcome.claims) >= sources.claims_max:
                break
            claim = _line_claim(group, reading, sources)
            if claim is not None:
                outcome.add(claim, sources)
            else:
                # What the index says stands on none of the frames that it names.
                outcome.dropped += 1
    if len(ordered) > len(outcome.claims) + outcome.dropped and outcome.claims:
        outcome.notes.append(f"{len(ordered)} different lines hold it; more with --limit")
    return outcome


def _with_alike(
    groups: Sequence[list[Sighting]], reading: Reading, sources: Sources, outcome: Outcome
) -> list[list[Sighting]]:
    """The lines that hold the words and those of like meaning, in one order."""
    by_words = {squash(group[0].line.text): group for group in groups}
    by_meaning: dict[str, list[Sighting]] = {}
    for alike in sources.alike:
        sources.deadline.check()
        lines = sources.timeline.of_text(alike.text, reading.scope, limit_rows=ROWS_MAX)
        quality = round(1000 * alike.likeness)
        found = [Sighting(line, 0, len(line.text), quality) for line in lines]
        if found:
            by_meaning.setdefault(squash(alike.text) or alike.text, []).extend(found)
    strange = by_meaning.keys() - by_words.keys()
    if strange:
        outcome.notes.append(
            f"{len(strange)} of the lines do not hold the words: they are alike in meaning"
        )
    merged = by_meaning | by_words
    return [merged[name] for name in fused_order(tuple(by_words), tuple(by_meaning))]


def _rank(group: Sequence[Sighting], order: str) -> tuple[object, ...]:
    newest = max(s.line.last_us for s in group)
    best = max(s.quality for s in group)
    text = min(s.line.text for s in group)
    quality = 0 if order == "newest" else -(best // _QUALITY_STEP)
    return (quality, -newest, text)


def _line_claim(group: Sequence[Sighting], reading: Reading, sources: Sources) -> Claim | None:
    stretches = stretches_of(group, reading.scope, sources.evidence)
    newest = max(
        group, key=lambda s: (s.line.last_us, s.quality, stream_of(s.line), s.line.last_event)
    )
    first, last = stretches[0], stretches[-1]
    citations = [
        _cite_edge(sources, newest, reading, late=True),
        _cite_edge(sources, first.lines[0], reading, late=False),
    ]
    kept = tuple(dict.fromkeys(c for c in citations if c is not None))
    if not kept or citations[0] is None:
        return None
    return Claim(
        # As it was read on the frame that is cited.
        text=citations[0].text,
        citations=kept,
        first_us=first.first_us,
        last_us=max(s.last_us for s in stretches),
        visible_us=sum(s.length_us for s in stretches),
        amount=None if last is first else len(stretches),
    )


def _cite_edge(
    sources: Sources, sighting: Sighting, reading: Reading, *, late: bool
) -> Citation | None:
    """The line on the first or the last of its frames that lie in the scope."""
    first, _, last, _ = clipped(sighting.line, reading.scope, sources.evidence)
    event_id = last if late else first
    return sources.citer.cite_line(event_id, sighting.line, (sighting.start, sighting.end))


def tell_when(reading: Reading, sources: Sources) -> Outcome:
    """When what is asked about was on screen, or for how long."""
    outcome = Outcome()
    length = reading.asked.measure == "length"
    if is_sort_of_window(reading.asked.subject.split()[-1] if reading.asked.subject else ""):
        told = tell_windows_length(reading, sources) if length else tell_windows(reading, sources)
        if told.claims:
            return told
    found = sightings_of(reading, sources)
    if reading.asked.measure == "state":
        found = [s for s in found if says_state(s.line.text, reading.question)]
    outcome.cut = len(found) >= ROWS_MAX
    in_bar = _TaskBar(sources)
    sightings = [s for s in found if is_about(s, reading.question) and not in_bar.holds(s)]
    if not sightings:
        return tell_windows_length(reading, sources) if length else tell_windows(reading, sources)
    best = max(s.quality for s in sightings)
    near = [s for s in sightings if s.quality >= best - _QUALITY_STEP]
    stretches = stretches_of(near, reading.scope, sources.evidence)
    if length:
        _add_length(outcome, stretches, reading, sources)
        return outcome
    edge = reading.asked.edge
    wanted = [stretches[0]] if edge == "first" else stretches[::-1]
    wanted = wanted[:1] if edge else wanted[: sources.claims_max]
    with outcome.until_over():
        for stretch in sorted(wanted, key=lambda s: s.first_us):
            sources.deadline.check()
            claim = _stretch_claim(stretch, reading, sources)
            if claim is not None:
                outcome.add(claim, sources)
    if len(stretches) > len(wanted):
        outcome.notes.append(f"it was on screen {len(stretches)} times in all")
    return outcome


def says_state(text: str, question: Question) -> bool:
    """Whether a line says the last word of the question of the one before it, and of no other.

    Few words stand between the two, and no name or number of something else.
    """
    spans = [spans_in(term.needle, text) for term in question.terms]
    if len(spans) < _STATE_TERMS_MIN or not all(spans):
        return False
    for thing in spans[-2]:
        for state in spans[-1]:
            between = text[thing.end : state.start].split()
            near = thing.end <= state.start and len(between) <= _STATE_WORDS_MAX
            if near and not any(map(str.isdigit, "".join(between))):
                return True
    return False


def is_about(sighting: Sighting, question: Question) -> bool:
    """Whether a line shows the thing that is asked for, more than it mentions it.

    A name, number or quotation is met wherever it stands, and so is a word in capitals that is no
    ordinary English ("Klarna"). A single noun ("the ticket") must make up a good part of its line,
    or stand in capitals as the level of a log line does.
    """
    telling = [term for term in question.terms if term.weight > WEAK_WEIGHT] or question.terms
    if len(telling) != 1 or telling[0].required or _is_a_name(telling[0].text):
        return True
    text = sighting.line.text
    if squash(text) and squash(text) in squash(sighting.line.window_title or ""):
        # The title of the window says what the whole of it is.
        return True
    said = text[sighting.start : sighting.end]
    words = re.findall(r"\w*[^\W\d_]\w*", text)
    shares = _MENTION_SHARE * len(re.findall(r"\w+", said)) >= len(words)
    return shares or (said.isupper() and len(said) >= _LEVEL_CHARS_MIN)


def _is_a_name(word: str) -> bool:
    """Whether a word stands in capitals as names do, and is no ordinary English word."""
    return word[:1].isupper() and not is_ordinary(word)


class _TaskBar:
    """Tells lines of a task bar: they name windows that may be out of sight."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._known: dict[tuple[str, Box], bool] = {}

    def holds(self, sighting: Sighting) -> bool:
        """Whether the line stands in a row of several at the lower edge of its frame."""
        line = sighting.line
        box = line.boxes[0].box
        place = (line.text, box)
        if place not in self._known:
            event = self._sources.evidence.find_event(line.first_event)
            stored = self._sources.derived.page_of(event.blob) if event else None
            self._known[place] = stored is not None and _is_in_bar(stored[1], box)
        return self._known[place]


def _is_in_bar(page: TextPage, box: Box) -> bool:
    low = box[1] >= BAR_SHARE * page.height_px
    beside = [line for line in page.lines if line.box[1] < box[3] and box[1] < line.box[3]]
    return low and len(beside) >= BAR_PIECES_MIN


def _stretch_claim(stretch: Stretch, reading: Reading, sources: Sources) -> Claim | None:
    citations = _edges(stretch, reading, sources)
    if not citations:
        return None
    best = _best(stretch)
    asked, zone = reading.asked, sources.zone
    name = quoted(best.line.text)
    where = window_text(best.line)
    if asked.side == "appeared" or asked.edge == "first":
        text = f"{name} {_appeared(stretch, sources)}{where}"
    elif asked.side == "vanished" or asked.edge == "last":
        text = f"{name} {_vanished(stretch, sources)}{where}"
    else:
        lasted = f" ({length_text(stretch.length_us)})" if stretch.length_us else " (one frame)"
        when = span_text(stretch.first_us, stretch.last_us, zone)
        text = f"{name} was on screen {when}{lasted}{where}"
    return Claim(
        text=text,
        citations=citations,
        first_us=stretch.first_us,
        last_us=stretch.last_us,
        visible_us=stretch.length_us,
    )


def _appeared(stretch: Stretch, sources: Sources) -> str:
    at = moment_text(stretch.first_us, sources.zone)
    line = stretch.lines[0].line
    before = frame_before(sources.evidence, stream_of(line), stretch.first_us)
    if before is None:
        return f"was first seen at {at}, on the first frame there is"
    when = moment_text(before.captured_at_us, sources.zone)
    if sources.derived.page_of(before.blob) is None:
        return f"was first seen at {at}; the frame before, at {when}, has not been read"
    return f"was first seen at {at}; the frame before, at {when}, does not show it"


def _vanished(stretch: Stretch, sources: Sources) -> str:
    at = moment_text(stretch.last_us, sources.zone)
    line = max(stretch.lines, key=lambda s: s.line.last_us).line
    after = frame_after(sources.evidence, stream_of(line), stretch.last_us)
    if after is None:
        return f"was last seen at {at}, on the newest frame there is"
    when = moment_text(after.captured_at_us, sources.zone)
    if sources.derived.page_of(after.blob) is None:
        return f"was last seen at {at}; the frame after, at {when}, has not been read"
    return f"was last seen at {at}; gone from the frame at {when}"


def _best(stretch: Stretch) -> Sighting:
    """The line that stands for a stretch: the best match, then the longest there."""
    return max(
        stretch.lines,
        key=lambda s: (s.quality, s.line.last_us - s.line.first_us, -s.line.first_us, s.line.text),
    )


def _edges(stretch: Stretch, reading: Reading, sources: Sources) -> tuple[Citation, ...]:
    """The stretch's first and last frame, each with a line that is on it."""
    made = []
    for late in (False, True):
        at_us = stretch.last_us if late else stretch.first_us
        for sighting in (_best(stretch), *stretch.lines):
            first, first_us, last, last_us = clipped(sighting.line, reading.scope, sources.evidence)
            if (last_us if late else first_us) == at_us:
                span = (sighting.start, sighting.end)
                cited = sources.citer.cite_line(last if late else first, sighting.line, span)
                made += [cited] if cited else []
                break
    return tuple(dict.fromkeys(made))


def _add_length(
    outcome: Outcome, stretches: Sequence[Stretch], reading: Reading, sources: Sources
) -> None:
    """One claim about all stretches together."""
    unseen_us = sum(unseen_within(s, sources.evidence) for s in stretches)
    total_us = sum(s.length_us for s in stretches) - unseen_us
    shown = stretches[-(CITATIONS_MAX // 2) :]
    citations = dict.fromkeys(c for s in shown for c in _edges(s, reading, sources))
    if not citations:
        return
    best = _best(max(stretches, key=lambda s: (s.length_us, s.last_us)))
    when = "; ".join(span_text(s.first_us, s.last_us, sources.zone) for s in shown)
    lasted = seen_times_text(total_us, unseen_us, len(stretches))
    text = f"{quoted(best.line.text)} was on screen for {lasted}: {when}{window_text(best.line)}"
    outcome.add(
        Claim(
            text=text,
            citations=tuple(citations)[:CITATIONS_MAX],
            first_us=stretches[0].first_us,
            last_us=max(s.last_us for s in stretches),
            visible_us=total_us,
            amount=len(stretches),
        ),
        sources,
    )
