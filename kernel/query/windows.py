"""Windows by their names: how many there were, and for how long one was on the screen.

Covers: which windows a noun means ("the sheet", "the calendar"), the stretches of time in which
one was in front, counting different ones; each cited on frames that show it, whether there is
text on them or not. Does not cover: places as filters (`kernel.query.places`), lines of text
(`kernel.query.visibility`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from contracts.answer import Citation, Claim
from contracts.capture import CaptureEvent
from kernel.query.asked import Asked
from kernel.query.candidates import Part
from kernel.query.citing import CITATIONS_MAX
from kernel.query.covering import pages_of, window_names
from kernel.query.places import WindowName, is_of_kind, is_sort_of_window
from kernel.query.plan import Reading
from kernel.query.question import Question, analyse
from kernel.query.scope import Scope
from kernel.query.sightings import is_unseen
from kernel.query.sources import Outcome, Sources
from kernel.query.wording import moment_text, quoted, seen_times_text, span_text
from kernel.query.words import spans_in
from kernel.store.folding import squash
from kernel.store.frames import GAP_US_MAX

CITED_MAX = 32
_WATCHING: Final = frozenset(
    "watch watched watching play played playing view viewed viewing".split()
)

_EDGES: Final = {"appeared": "first", "vanished": "last"}


@dataclass(slots=True)
class Shown:
    """A stretch of frames of one stream with one window in front: its first and last frame.

    ``unseen_us``: how much of it passed between frames so far apart that nothing is known of it.
    """

    name: WindowName
    first: CaptureEvent
    last: CaptureEvent
    unseen_us: int = 0

    @property
    def length_us(self) -> int:
        """From the first frame to the last, as far as it was seen."""
        return self.last.captured_at_us - self.first.captured_at_us - self.unseen_us


def windows_meant(question: Question, names: Sequence[WindowName]) -> list[WindowName]:
    """The windows whose title or program holds every word of the question, or is of that kind."""
    terms = [t for t in question.terms if not is_sort_of_window(t.text)] or question.terms
    return [
        (app, title)
        for app, title in names
        if terms
        and all(
            any(spans_in(term.needle, name) for name in (app, title) if name)
            or is_of_kind(term.text, (app, title))
            for term in terms
        )
    ]


def stretches_of_windows(reading: Reading, sources: Sources) -> list[Shown]:
    """Every stretch of the scope with one window in front, in order of time.

    A frame of another window on the same monitor ends it, and so does a long pause.
    """
    running: dict[tuple[str, int], Shown] = {}
    found: list[Shown] = []
    for event in _events(reading, sources):
        name = (event.app, event.window_title)
        stream = (event.source, event.monitor)
        last = running.get(stream)
        if (
            last is not None
            and last.name == name
            and event.captured_at_us - last.last.captured_at_us <= GAP_US_MAX
        ):
            if is_unseen(last.last, event):
                last.unseen_us += event.captured_at_us - last.last.captured_at_us
            last.last = event
            continue
        running[stream] = Shown(name, event, event)
        found.append(running[stream])
    return found


def names_in(scope: Scope, sources: Sources) -> list[WindowName]:
    """Applications and titles of all captures in a scope, read or not, in a fixed order."""
    known = sources.timeline.windows(scope)
    if sources.derived.count_processed_events() >= sources.evidence.count_events():
        return known
    captured = window_names(sources.evidence, scope)
    return sorted({*known, *captured}, key=lambda name: (name[0] or "", name[1] or ""))


def as_watched(reading: Reading) -> Reading:
    """A question for what was watched or played is one for what was on the screen then."""
    words = [term.text.casefold() for term in reading.question.terms]
    scope = reading.scope
    if (
        reading.asked.answer_type != "value"
        or not words
        or not _WATCHING.issuperset(words)
        or not (scope.is_timed or scope.names_windows)
    ):
        return reading
    return replace(reading, asked=Asked("summary"), question=analyse(""))


def tell_windows(reading: Reading, sources: Sources) -> Outcome:
    """When the windows that are meant were in front, one claim for each time."""
    outcome = Outcome()
    stretches = _stretches_meant(reading, sources)
    edge = reading.asked.edge or _EDGES.get(reading.asked.side, "")
    wanted = stretches[:1] if edge == "first" else stretches[-1 if edge else -sources.claims_max :]
    with outcome.until_over():
        for shown in wanted:
            sources.deadline.check()
            claim = _stretch_claim(shown, edge, sources)
            outcome.add(claim, sources)
    if len(stretches) > len(wanted):
        outcome.notes.append(f"it was on screen {len(stretches)} times in all")
    return outcome


def tell_untold(
    reading: Reading, told: Collection[tuple[str, str]], sources: Sources, *, limit: int
) -> list[Claim]:
    """A claim for every window of the scope that is not told of, with the times it was in front.

    What was captured without text, or is not read yet, is found by its time and its window.
    """
    untold = {n for n in names_in(reading.scope, sources) if (n[0] or "", n[1] or "") not in told}
    if not untold:
        return []
    times: dict[WindowName, list[Shown]] = {}
    for shown in stretches_of_windows(reading, sources):
        if shown.name in untold:
            times.setdefault(shown.name, []).append(shown)
    longest = sorted(
        times.values(),
        key=lambda own: (-sum(s.length_us for s in own), own[0].first.captured_at_us),
    )
    return [_times_claim(own, sources) for own in longest[:limit]]


def _times_claim(stretches: Sequence[Shown], sources: Sources) -> Claim:
    return Claim(
        text=f"{_called(stretches[0].name)} was in front {spans_said(stretches, sources)}",
        citations=citations_of(stretches, sources),
        first_us=stretches[0].first.captured_at_us,
        last_us=stretches[-1].last.captured_at_us,
        visible_us=sum(s.length_us for s in stretches),
        amount=len(stretches) if len(stretches) > 1 else None,
    )


def _stretch_claim(shown: Shown, edge: str, sources: Sources) -> Claim:
    first_us, last_us = shown.first.captured_at_us, shown.last.captured_at_us
    if edge:
        at = moment_text(first_us if edge == "first" else last_us, sources.zone)
        said = f"was {edge} seen in front at {at}"
    else:
        said = f"was in front {span_text(first_us, last_us, sources.zone)}"
    return Claim(
        text=f"{_called(shown.name)} {said}",
        citations=_citations((shown,), sources),
        first_us=first_us,
        last_us=last_us,
        visible_us=shown.length_us,
    )


def _citations(stretches: Sequence[Shown], sources: Sources) -> tuple[Citation, ...]:
    """First and last frame of every stretch."""
    cited = [_cite(event, sources) for s in stretches for event in (s.first, s.last)]
    return tuple(dict.fromkeys(cited))


def citations_of(stretches: Sequence[Shown], sources: Sources) -> tuple[Citation, ...]:
    """First and last frame of the last stretches, as many as a claim may cite."""
    return _citations(stretches[-(CITATIONS_MAX // 2) :], sources)


def spans_said(stretches: Sequence[Shown], sources: Sources) -> str:
    """When the last stretches were, as many as a claim may cite."""
    return _spans_text(stretches[-(CITATIONS_MAX // 2) :], sources)


def _spans_text(stretches: Sequence[Shown], sources: Sources) -> str:
    return "; ".join(
        span_text(s.first.captured_at_us, s.last.captured_at_us, sources.zone) for s in stretches
    )


def _stretches_meant(reading: Reading, sources: Sources) -> list[Shown]:
    """The stretches of the windows that the question means, in order of time."""
    meant = set(windows_meant(reading.question, names_in(reading.scope, sources)))
    if not meant:
        return []
    return [s for s in stretches_of_windows(reading, sources) if s.name in meant]


def tell_windows_length(reading: Reading, sources: Sources) -> Outcome:
    """For how long the windows that are meant were in front, in one claim."""
    outcome = Outcome()
    stretches = _stretches_meant(reading, sources)
    if not stretches:
        return outcome
    shown = stretches[-(CITATIONS_MAX // 2) :]
    total_us = sum(s.length_us for s in stretches)
    unseen_us = sum(s.unseen_us for s in stretches)
    names = "; ".join(dict.fromkeys(quoted(_name(s.name)) for s in shown))
    when = _spans_text(shown, sources)
    lasted = seen_times_text(total_us, unseen_us, len(stretches))
    claim = Claim(
        text=f"{names} was on screen for {lasted}: {when}",
        citations=_citations(shown, sources),
        first_us=stretches[0].first.captured_at_us,
        last_us=max(s.last.captured_at_us for s in stretches),
        visible_us=total_us,
        amount=len(stretches),
    )
    outcome.add(claim, sources)
    return outcome


def count_windows(reading: Reading, sources: Sources) -> Outcome:
    """How many different windows, or programs, were in front, in one claim."""
    outcome = Outcome()
    programs = reading.asked.measure == "programs"
    first: dict[str, CaptureEvent] = {}
    for shown in stretches_of_windows(reading, sources):
        key = (shown.name[0] if programs else _name(shown.name)) or ""
        if key:
            first.setdefault(key, shown.first)
    if not first:
        outcome.notes.append("no capture of that time names its window")
    names, citations = [], []
    for name, event in list(first.items())[:CITED_MAX]:
        sources.deadline.check()
        names.append(name)
        citations.append(_cite(event, sources))
    if not citations:
        return outcome
    more = "at least " if len(first) > len(names) else ""
    noun = "program" if programs else "window"
    were = f"different {noun}s were" if len(names) > 1 else f"{noun} was"
    text = f"{more}{len(names)} {were} on screen: {'; '.join(map(quoted, names))}"
    outcome.add(Claim(text=text, citations=tuple(citations), amount=len(names)), sources)
    if len(first) > len(names):
        outcome.notes.append(f"{len(first)} names in all, more than are cited")
    return outcome


def _events(reading: Reading, sources: Sources) -> Iterator[CaptureEvent]:
    for page in pages_of(sources.evidence, reading.scope):
        for event in page:
            sources.deadline.check()
            if reading.scope.admits(event):
                yield event


def _name(name: WindowName) -> str:
    app, title = name
    return title or app or ""


def _called(name: WindowName) -> str:
    return quoted(_name(name)) if any(name) else "a window without a name"


def _cite(event: CaptureEvent, sources: Sources) -> Citation:
    """The line of a frame that names its window best, else the topmost, else the whole frame."""
    stored = sources.derived.page_of(event.blob)
    if stored is None:
        return sources.citer.cite_frame(event)
    key, page = stored
    wanted = squash(event.window_title or event.app or "")

    def telling(at: int) -> tuple[bool, bool, int, int]:
        line = page.lines[at]
        own = squash(line.text)
        held = bool(own) and (own in wanted or wanted in own)
        return (own != wanted, not held, line.box[1], at)

    lines = [at for at, line in enumerate(page.lines) if line.text.strip()]
    if not lines:
        return sources.citer.cite_frame(event)
    at = min(lines, key=telling)
    text = page.lines[at].text
    start = len(text) - len(text.lstrip())
    return sources.citer.cite(Part(at, start, len(text.rstrip())), key, page, event)
