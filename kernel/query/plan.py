"""What a question wants and which readings of it are tried, in order.

Covers: the type of the answer, the time phrases (a window, or words on the screen), places
("in the terminal"), what remains to be looked for. Does not cover: looking. Pure.

A time of which a screen may speak as well ("on 31 October", "at 16:00") is first looked for on
the screen, with the rest of the question; only when that gives nothing, and the question is
about the past, it is taken for the time of looking. "Yesterday" or "two hours ago" is always
the time of looking, and so is any time in a question about what somebody saw.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kernel.query.asked import PERSON, Asked, asked_of, subject_of
from kernel.query.places import WindowName, find_monitor, find_place, names_a_place, tidy
from kernel.query.question import Kind, Question, analyse
from kernel.query.scope import Scope
from kernel.query.times import find_windows
from kernel.query.timewindow import Window, combined

_ATTRIBUTION = re.compile(
    r",?\s*\b(?:according to (?:the|my) [\w-]+|as (?:(?:the|my) [\w-]+ )?(?:seen|shown|displayed"
    rf"|stated|listed|said|showed|told|{PERSON} saw|{PERSON} read)"
    r"(?: (?:in|on) (?:the|my) [\w-]+)?)"
    rf"(?:,? (?:(?:that|which) )?{PERSON} (?:saw|read|had open|looked(?: at)?|was reading))?\b"
    rf"|\b(?:(?:that|which) )?(?<!did )(?<!have )(?<!had ){PERSON} (?:saw|read|had open"
    r"|had on screen|looked(?: at)?|was reading)\b",
    re.IGNORECASE,
)
_SEEING = re.compile(
    rf"\b{PERSON}\b[\w ]*\b(?:see|saw|seen|read|look|looked|have open|had open|work|working|do"
    r"|doing)\b"
    r"|\bon (?:the|my) screen\b|\bon screen\b|\bvisible\b|\bshowed?\b|\bshown\b|\bdisplayed\b",
    re.IGNORECASE,
)
_PAST = re.compile(r"\b(?:did|was|were|had|said|showed)\b", re.IGNORECASE)
_PAST_VERB = re.compile(r"\b[a-z]{3,}ed\b", re.IGNORECASE)
_PRESENT = re.compile(r"\b(?:is|are|do|does|should|shall|will|must|can|may|has|have)\b", re.I)

_NEWEST = re.compile(
    r",?\s*\b(?:in|on|at|from|of|per|as of|according to) (?:the|my) (?:very )?(?:(?P<old>oldest"
    r"|earliest|first)|newest|latest|most recent|last) (?:reading|frame|capture|screen ?shot"
    r"|snapshot|picture|image|state|measurement|sample)\b",
    re.IGNORECASE,
)
"""Which of the captures is to answer."""
_MEANWHILE = re.compile(
    r",?\s*\b(?:(?:right|just|shortly) )?(?:before|after|once|while|when) (?:"
    rf"(?:{PERSON}|it|they|he|she) \w+"
    r"|the [\w-]+ (?:had )?(?:[a-z]+ed|went|came|was|were|got|fell|rose|broke|began|ran))\b"
    r"[^,?]*(?=[?.!]?$)",
    re.IGNORECASE,
)
"""What happened then: beside a minute that is named it only says why that one."""
_SUPPOSED = re.compile(
    r"\b(?:supposed|meant|expected) to (?:(?:take place|happen|be held|be)\b(?=[\s,]*[?.!]?$))?",
    re.IGNORECASE,
)
_STANDING = frozenset({"lines", "things"})
"""Measures of what stands there at a moment."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to take the question: what to look for, and where.

    ``notes`` say how time and place were understood; ``literal``: a time is taken for words that
    the screen shows.
    """

    asked: Asked
    question: Question
    scope: Scope
    window: Window | None = None
    notes: tuple[str, ...] = ()
    literal: bool = False
    missing: bool = False
    """Whether it asks about a place that no capture names: nothing answers it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The readings of a question, to be tried in order until one answers.

    ``names_a_place``: other names of windows might have given another plan.
    """

    text: str
    readings: tuple[Reading, ...]
    names_a_place: bool = False


def make_plan(
    text: str,
    scope: Scope,
    *,
    now_us: int,
    zone: dt.tzinfo,
    places: Sequence[WindowName] = (),
) -> Plan:
    """The plan for a question inside a scope.

    ``places`` are the applications and window titles that were captured: only what names one
    of them ("in the terminal") is taken for a place.
    """
    bare, scope, notes = _on_monitor(text, scope)
    plan = _plan_within(bare, scope, now_us=now_us, zone=zone, places=places)
    readings = tuple(replace(r, notes=(*notes, *r.notes)) for r in plan.readings)
    return Plan(text, readings, names_a_place(_outside_quotes(bare)))


def _on_monitor(text: str, scope: Scope) -> tuple[str, Scope, tuple[str, ...]]:
    """The text without the monitor that it names, the scope with it, and what is said of that."""
    found = find_monitor(text) if '"' not in text else None
    if found is None:
        return text, scope, ()
    if scope.monitor is not None and scope.monitor != found.monitor:
        note = f"{found.note}; --monitor {scope.monitor} counts"
        return found.left, scope, (note,)
    return found.left, replace(scope, monitor=found.monitor), (found.note,)


def _plan_within(
    text: str,
    scope: Scope,
    *,
    now_us: int,
    zone: dt.tzinfo,
    places: Sequence[WindowName],
) -> Plan:
    text, scope = _of_one_capture(text, scope)
    windows = find_windows(_outside_quotes(text), now_us, zone)
    window = combined(windows)
    seeing = bool(_SEEING.search(text) or _ATTRIBUTION.search(text))
    whole = _cut(text, windows)
    if window is not None and window.at_us is not None:
        whole = tidy(_MEANWHILE.sub("", whole)) or whole
    bare = _without_attribution(whole)
    asked = asked_of(bare)
    if asked.answer_type == "value" and (asked_of(whole).edge or asked_of(whole).measure):
        # "The last time I saw X" is about the seeing.
        bare, asked = whole, asked_of(whole)
    timed = _Timed(text, scope, window, windows, places)
    if window is None:
        return Plan(text, (timed.read(bare if seeing else text, asked, inside=False),))
    inside = timed.read(bare, asked, inside=True)
    then = _at_the_moment(inside)
    if asked.answer_type not in ("value", "find") or asked.measure:
        standing = asked.measure in _STANDING or (
            asked.answer_type == "summary" and window.is_second
        )
        return Plan(text, then if standing else (inside,))
    kind = inside.question.kind
    past = _is_past(text) or kind is Kind.FIND
    if window.sure or (seeing and _is_near(window)) or (_is_near(window) and past) or seeing:
        return Plan(text, then)
    literal = timed.literally(asked)
    return Plan(text, (literal, *then) if past else (literal,))


def _at_the_moment(reading: Reading) -> tuple[Reading, ...]:
    """What was there in the very minute that was named goes before what was there around it.

    Of a second it is what stood there since the frame before.
    """
    scope = reading.scope
    if scope.near is None or reading.window is None or reading.window.at_us is None:
        return (reading,)
    start = scope.from_us if reading.window.is_second else scope.near[0]
    return (replace(reading, scope=scope.within(start, scope.near[1])), reading)


def _of_one_capture(text: str, scope: Scope) -> tuple[str, Scope]:
    """Without "in the newest capture": of like answers the newest, or oldest, comes first.

    Without "supposed to", too: what is to be is told as what is.
    """
    if '"' not in text:
        text = tidy(_SUPPOSED.sub("", text))
    found = _NEWEST.search(_outside_quotes(text))
    if found is None:
        return text, scope
    near = (0, 1) if found.group("old") else None
    return tidy(text[: found.start()] + text[found.end() :]), replace(scope, near=near)


class _Timed:
    """Makes the readings of one question."""

    def __init__(
        self,
        text: str,
        scope: Scope,
        window: Window | None,
        windows: list[Window],
        places: Sequence[WindowName],
    ) -> None:
        self._text = text
        self._scope = scope
        self._window = window
        self._windows = windows
        self._places = places

    def read(self, text: str, asked: Asked, *, inside: bool) -> Reading:
        """With the window as a window, and places as places."""
        scope, window = self._scope, self._window if inside else None
        notes: tuple[str, ...] = ()
        missing = False
        if window is not None:
            scope = scope.within(window.from_us, window.through_us)
            scope = replace(scope, near=window.at_us or scope.near)
            notes = (f"“{window.text}”: {window.understood}", *window.notes)
        place = find_place(text, self._places)
        bare = inside or text != self._text
        if place is not None and not (place.parts or place.missing or bare):
            # It may be no more than a word of the question.
            place = None
        left = text if place is None else place.left
        if asked.answer_type != "value":
            inner = find_place(asked.subject, self._places)
            left = subject_of(asked.subject if inner is None else inner.left)
            asked = replace(asked, subject=left)
            place = place or inner
        if place is not None:
            scope = replace(scope, places=place.parts)
        question = analyse(left)
        if asked.answer_type == "value" and question.kind is Kind.FIND:
            asked = replace(asked, answer_type="find")
        if place is not None:
            place = place.unless_alone(alone=not question.terms)
            missing, notes = place.missing, (*notes, place.note)
        return Reading(asked, question, scope, window, notes, missing=missing)

    def literally(self, asked: Asked) -> Reading:
        """With the time as words that the screen must show."""
        question = analyse(self._text)
        phrases = " ".join(window.text for window in self._windows).casefold()
        terms = tuple(
            replace(term, specific=True) if term.text.casefold() in phrases else term
            for term in question.terms
        )
        question = replace(question, terms=terms)
        if question.kind is Kind.FIND:
            asked = replace(asked, answer_type="find")
        said = ", ".join(window.text for window in self._windows)
        return Reading(
            asked, question, self._scope, None, (f"“{said}”: words on the screen",), literal=True
        )


def _is_past(text: str) -> bool:
    """Whether it asks about what was; "should be reviewed" does not."""
    return bool(_PAST.search(text)) or (bool(_PAST_VERB.search(text)) and not _PRESENT.search(text))


def _is_near(window: Window) -> bool:
    """Whether the phrase is one of looking back: this morning, today, before lunch."""
    said = window.text.casefold()
    return bool(
        re.search(
            r"\b(?:today|this|tonight|lunch|since|until|earlier|weekend|morning|afternoon"
            r"|evening|noon)\b",
            said,
        )
    )


def _cut(text: str, windows: list[Window]) -> str:
    """The text without its time phrases."""
    for window in reversed(windows):
        text = text[: window.start] + " " + text[window.end :]
    return tidy(text)


def _without_attribution(text: str) -> str:
    return tidy(_ATTRIBUTION.sub(" ", text))


def _outside_quotes(text: str) -> str:
    """The text with quoted phrases blanked: a quotation holds no time phrase."""
    return re.sub('["“„«]([^"“”„«»]+)["”“»]', lambda m: "\x00" * len(m.group()), text)
