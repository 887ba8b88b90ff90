"""Windows by their names: how many there were, and for how long one was on the screen.

Covers: which windows a noun means ("the sheet", "the calendar"), the stretches of time in which
one was in front, counting different ones; each cited on frames that show it. Does not cover:
places as filters (`kernel.query.places`), lines of text (`kernel.query.visibility`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.answer import Citation, Claim
from contracts.capture import CaptureEvent
from kernel.query.candidates import Part
from kernel.query.citing import CITATIONS_MAX
from kernel.query.covering import pages_of
from kernel.query.places import WindowName, kinds_of_program
from kernel.query.plan import Reading
from kernel.query.question import Question
from kernel.query.sources import Outcome, Sources
from kernel.query.wording import length_text, quoted, span_text
from kernel.query.words import spans_in
from kernel.store.folding import squash, word_parts
from kernel.store.frames import GAP_US_MAX

CITED_MAX = 32


@dataclass(slots=True)
class Shown:
    """A stretch of frames of one stream with one window in front: its first and last frame."""

    name: WindowName
    first: CaptureEvent
    last: CaptureEvent

    @property
    def length_us(self) -> int:
        """From the first frame to the last."""
        return self.last.captured_at_us - self.first.captured_at_us


def windows_meant(question: Question, names: Sequence[WindowName]) -> list[WindowName]:
    """The windows whose title or program holds every word of the question, or is of that kind."""
    terms = question.terms
    return [
        (app, title)
        for app, title in names
        if terms
        and all(
            any(spans_in(term.needle, name) for name in (app, title) if name)
            or _is_of_kind(term.text, app)
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
            last.last = event
            continue
        running[stream] = Shown(name, event, event)
        found.append(running[stream])
    return [shown for shown in found if any(shown.name)]


def tell_windows_length(reading: Reading, sources: Sources) -> Outcome:
    """For how long the windows that are meant were in front, in one claim."""
    outcome = Outcome()
    meant = set(windows_meant(reading.question, sources.timeline.windows(reading.scope)))
    if not meant:
        return outcome
    stretches = [s for s in stretches_of_windows(reading, sources) if s.name in meant]
    shown = stretches[-(CITATIONS_MAX // 2) :]
    cited = [_cite(event, sources) for s in shown for event in (s.first, s.last)]
    citations = tuple(dict.fromkeys(c for c in cited if c is not None))
    if not citations:
        return outcome
    total_us = sum(s.length_us for s in stretches)
    names = "; ".join(dict.fromkeys(quoted(_name(s.name)) for s in shown))
    when = "; ".join(
        span_text(s.first.captured_at_us, s.last.captured_at_us, sources.zone) for s in shown
    )
    times = "" if len(stretches) == 1 else f" in all, {len(stretches)} times"
    claim = Claim(
        text=f"{names} was on screen for {length_text(total_us)}{times}: {when}",
        citations=citations,
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
        cited = _cite(event, sources)
        if cited is not None:
            names.append(name)
            citations.append(cited)
    if not citations:
        return outcome
    more = "at least " if len(first) > len(names) else ""
    noun = "program" if programs else "window"
    were = f"different {noun}s were" if len(names) > 1 else f"{noun} was"
    text = f"{more}{len(names)} {were} on screen: {'; '.join(map(quoted, names))}"
    outcome.add(Claim(text=text, citations=tuple(citations), amount=len(names)), sources)
    if len(first) > len(names):
        outcome.notes.append(f"{len(first)} names in all; the others are not read yet")
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


def _is_of_kind(word: str, app: str | None) -> bool:
    own = {squash(part) for part in word_parts(app or "")}
    return bool(own & set(map(squash, kinds_of_program(word))))


def _cite(event: CaptureEvent, sources: Sources) -> Citation | None:
    """The line of a frame that names its window best, else the topmost; None where none is read."""
    stored = sources.derived.page_of(event.blob)
    if stored is None:
        return None
    key, page = stored
    wanted = squash(event.window_title or event.app or "")

    def telling(at: int) -> tuple[bool, bool, int, int]:
        line = page.lines[at]
        own = squash(line.text)
        held = bool(own) and (own in wanted or wanted in own)
        return (own != wanted, not held, line.box[1], at)

    lines = [at for at, line in enumerate(page.lines) if line.text.strip()]
    if not lines:
        return None
    at = min(lines, key=telling)
    text = page.lines[at].text
    start = len(text) - len(text.lstrip())
    return sources.citer.cite(Part(at, start, len(text.rstrip())), key, page, event)
